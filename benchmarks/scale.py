"""A million passages, beside a hundred thousand.

Synthetic: words for BM25; for the dense retriever, vectors put into the store beforehand, so that nothing is encoded.
Each size runs in a process of its own, whose peak memory is read at the end.
"""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from benchmarks.lexical import Words, queries
from benchmarks.sidebyside import table
from evalkit.backends import encoder
from evalkit.backends.runtime import open_runtime
from evalkit.retrievers import bm25, dense
from evalkit.types import Index, Runtime

SIZES, QUERIES, DEPTH, DIMENSIONS, BLOCK = (100_000, 1_000_000), 1000, 100, 384, 20_000


def main(data: Path | None) -> str:  # noqa: ARG001
    rows = []
    for retriever in ("bm25", "dense"):
        took = [
            json.loads(
                subprocess.run(
                    [sys.executable, "-m", "benchmarks.scale", retriever, str(size)],
                    check=True,
                    capture_output=True,
                    text=True,
                ).stdout
            )
            for size in SIZES
        ]
        rows += [
            (
                retriever,
                f"{size:,}",
                f"{one['index']:.1f} s",
                f"{one['search']:.1f} s",
                f"{one['gib']:.2f} GiB",
                f"{(one['index'] + one['search']) / (took[0]['index'] + took[0]['search']):.1f}×",
            )
            for size, one in zip(SIZES, took, strict=True)
        ]
    head = ("retriever", "passages", "index", f"{QUERIES:,} queries", "peak memory", "time beside the first")
    return table(head, rows)


def one(retriever: str, size: int) -> dict[str, float]:
    """Indexes and searches one size; returns seconds and the process's peak memory."""
    with TemporaryDirectory() as folder:
        runtime = open_runtime(Path(folder), progress=lambda _stage, _done, _total: None)
        passages, asked = Words(size).passages(), queries(QUERIES)
        if retriever == "dense":
            dense._TIMED = 0  # noqa: SLF001
            prepare(list(asked), runtime)
            prepare(passages.texts(), runtime)
        start = perf_counter()
        how = dense.Dense() if retriever == "dense" else bm25.BM25()
        index: Index = how.index(passages, runtime)
        built = perf_counter()
        index.search(asked, DEPTH)
        done = perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    return {"index": built - start, "search": done - built, "gib": peak}


def prepare(texts: object, runtime: Runtime) -> None:
    """Puts random unit vectors into the store as the embeddings of the texts."""
    who, rng = encoder.identity(encoder.DEFAULT), np.random.default_rng(3)
    stream = iter(texts)  # type: ignore[call-overload]
    while block := [text for _, text in zip(range(BLOCK), stream, strict=False)]:
        rows = rng.normal(size=(len(block), DIMENSIONS)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        keys = [hashlib.sha256(text.encode()).digest() for text in block]
        runtime.vectors.put(who, keys, rows.astype(np.float16), np.zeros(len(block), dtype=np.bool_))


if __name__ == "__main__":
    print(json.dumps(one(sys.argv[1], int(sys.argv[2]))))
