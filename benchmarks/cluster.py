"""Ray over two nodes, one of which is killed, beside two processes.

Passages of Chroma's corpora (`chroma-chunking-eval`) are cut, embedded and searched. Each way starts with empty stores;
its workers have one processor each and load the model themselves. Equal digests mean equal bytes of every hit.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Any

from benchmarks.sidebyside import table
from evalkit.backends.runtime import open_runtime
from evalkit.backends.workers import open_workers
from evalkit.chunkers.recursive import Recursive
from evalkit.connectors import documents
from evalkit.connectors.folder import Folder
from evalkit.corpus.snapshot import Store
from evalkit.digest import of_arrays
from evalkit.golden.anchor import anchor
from evalkit.retrievers.bm25 import BM25
from evalkit.retrievers.dense import Dense
from evalkit.stages import run_variants
from evalkit.types import Document, Question, Variant

SIZES, DOCUMENTS = (400, 600), 250_000
VARIANTS = [
    Variant(f"{name}-{size}", Recursive(size=size), retriever, depth=10)
    for size in SIZES
    for name, retriever in (("dense", Dense()), ("bm25", BM25()))
]


def main(data: Path | None) -> str:
    if data is None:
        raise ImportError("EVALKIT_DATA is not set")
    import ray  # noqa: F401

    rows: list[tuple[str, ...]] = []
    processes = (0.0, "")
    for name in ("2 processes", "Ray, 2 nodes", "Ray, 2 nodes, one killed"):
        with TemporaryDirectory() as folder, workers(name) as (spec, kill):
            seconds, digest = measured(data, Path(folder), spec, kill)
        if not rows:
            processes = (seconds, digest)
        same = "the same" if digest == processes[1] else "others"
        rows.append((name, f"{seconds:.1f} s", f"{seconds / processes[0]:.2f}×", same))
    with TemporaryDirectory() as folder:
        seconds, digest = measured(data, Path(folder), "serial", None)
    same = "the same" if digest == processes[1] else "others"
    rows.append(("serial, all threads", f"{seconds:.1f} s", f"{seconds / processes[0]:.2f}×", same))
    return table(("workers", "time", "beside 2 processes", "bytes"), rows)


@contextmanager
def workers(name: str) -> Iterator[tuple[str, Any]]:
    """Yields a workers' specification, and what kills one of its nodes where that is asked for."""
    if "Ray" not in name:
        yield "2", None
        return
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Ray gives way to whatever else runs here; processes do not.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    doomed = cluster.add_node(num_cpus=1)
    os.environ["RAY_ADDRESS"] = cluster.address
    try:
        yield "ray", (lambda: cluster.remove_node(doomed, allow_graceful=False)) if "killed" in name else None
    finally:
        del os.environ["RAY_ADDRESS"]
        cluster.shutdown()


def measured(data: Path, home: Path, spec: str, kill: Any) -> tuple[float, str]:
    """Returns the seconds of a run and the digest of its hits; the node dies once a shard of vectors is stored."""
    source = data / "chroma-chunking-eval" / "corpora"
    store = Store(home / "corpus")
    pieces = (
        Document(f"{found.doc_id}-{start:09}", found.text[start : start + DOCUMENTS])
        for found in documents(Folder(source))
        if isinstance(found, Document)
        for start in range(0, len(found.text), DOCUMENTS)
    )
    corpus = store.snapshot(pieces)
    questions = tuple(
        Question(str(n), corpus[n % len(corpus)].text[1000 * n : 1000 * n + 60]) for n in range(100)
    )
    golden = anchor(questions, corpus)
    start = perf_counter()
    with open_workers(spec) as pool:
        stored = threading.Event()

        def progress(stage: str, done: int, total: int) -> None:
            if stage == "embed new" and 0 < done < total:
                stored.set()

        def killer() -> None:
            stored.wait()
            sleep(1)
            kill()

        if kill is not None:
            threading.Thread(target=killer, daemon=True).start()
        runs = run_variants(VARIANTS, corpus, golden, open_runtime(home, progress=progress, workers=pool))
    seconds = perf_counter() - start
    return seconds, "".join(of_arrays(run.hits.passage, run.hits.score) for run in runs.values())
