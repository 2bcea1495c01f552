"""Chroma's corpora cold, beside sentence-transformers' defaults into chromadb.

Both start as a new process with empty stores and end with the five nearest passages of every question. The passages are
the same: recursive, 1,000 characters. Questions and evidence are the published ones (`chroma-chunking-eval`).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.sidebyside import alternate, table
from evalkit.backends.encoder import DEFAULT, _folder
from evalkit.backends.runtime import open_runtime
from evalkit.chunkers.recursive import Recursive
from evalkit.connectors import documents
from evalkit.connectors.folder import Folder
from evalkit.corpus.snapshot import Store
from evalkit.golden.anchor import anchor
from evalkit.golden.chroma import Chroma
from evalkit.measures import parse
from evalkit.retrievers.dense import Dense
from evalkit.stages import cut, run_variants
from evalkit.types import Corpus, Document, Golden, Hits, Passages, Run, Runtime, Variant

DEPTH, REPEATS = 5, 3
OURS = (DEFAULT, f"openvino:{DEFAULT}")


def main(data: Path | None) -> str:
    if data is None:
        raise ImportError("EVALKIT_DATA is not set")
    names = ["chromadb", *OURS]
    recalls = dict.fromkeys(names, 0.0)
    busy: dict[str, list[float]] = {name: [] for name in names}

    def run(name: str) -> None:
        command = [sys.executable, "-m", "benchmarks.cold", name, str(data)]
        before = os.times()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        after = os.times()
        busy[name].append(sum(after[2:4]) - sum(before[2:4]))
        recalls[name] = float(done.stdout.split()[-1])

    contenders: list[Callable[[], object]] = [partial(run, name) for name in names]
    took = alternate(contenders, REPEATS)
    cpu = {name: median(seconds) for name, seconds in busy.items()}
    rows = [
        (
            name,
            timed,
            f"{took[0].median / timed.median:.1f}×",
            f"{cpu[name]:.0f} s",
            f"{cpu['chromadb'] / cpu[name]:.1f}×",
            f"{recalls[name]:.4f}",
        )
        for name, timed in zip(names, took, strict=True)
    ]
    head = ("path", "whole process", "chromadb / it", "processor time", "chromadb / it", f"Recall@{DEPTH}")
    return table(head, rows) + f"\nMedian of {REPEATS}, in turns.\n"


def contend(name: str, data: Path) -> None:
    """One contender's whole work; prints its recall."""
    with TemporaryDirectory() as folder:
        runtime = open_runtime(Path(folder), progress=lambda _stage, _done, _total: None)
        store = Store(Path(folder) / "corpus")
        source = data / "chroma-chunking-eval"
        named = (
            replace(found, doc_id=f"docs/{found.doc_id}")
            for found in documents(Folder(source / "corpora"))
            if isinstance(found, Document)
        )
        corpus = store.snapshot(named)
        golden = anchor(Chroma(source / "questions_df.csv").questions(), corpus)
        run = naive(corpus, golden, runtime) if name == "chromadb" else ours(name, corpus, golden, runtime)
        column = parse(f"Recall@{DEPTH}").score(run, golden, runtime)
        print(column.value.mean())


def ours(name: str, corpus: Corpus, golden: Golden, runtime: Runtime) -> Run:
    variant = Variant("v", Recursive(size=1000, overlap=0), Dense(encoder=name), depth=DEPTH)
    return run_variants([variant], corpus, golden, runtime)["v"]


def naive(corpus: Corpus, golden: Golden, runtime: Runtime) -> Run:
    import chromadb
    from chromadb.config import Settings
    from sentence_transformers import SentenceTransformer

    passages = cut(corpus, Recursive(size=1000, overlap=0), runtime)
    model = SentenceTransformer(str(_folder(DEFAULT)))
    client = chromadb.EphemeralClient(Settings(anonymized_telemetry=False))
    collection = client.create_collection("passages", configuration={"hnsw": {"space": "cosine"}})
    texts = list(passages.texts())
    for start in range(0, len(texts), 500):
        part = texts[start : start + 500]
        ids = [str(row) for row in range(start, start + len(part))]
        collection.add(ids=ids, documents=part, embeddings=model.encode(part))
    queries = [question.text for question in golden.questions]
    found = collection.query(query_embeddings=model.encode(queries), n_results=DEPTH)
    hits = np.array([[int(row) for row in ids] for ids in found["ids"]], dtype=np.int32)
    return as_run(passages, hits)


def as_run(passages: Passages, hits: np.ndarray) -> Run:
    score = np.tile(np.arange(DEPTH, 0, -1, dtype=np.float32), (len(hits), 1))
    variant = Variant("v", None, None, depth=DEPTH)  # type: ignore[arg-type]
    return Run(variant, passages, Hits(hits, score, np.full(len(hits), -1.0)))


if __name__ == "__main__":
    contend(sys.argv[1], Path(sys.argv[2]))
