"""BM25 over 100,000 passages, beside rank-bm25.

Passages of 60 words from a Zipfian vocabulary of 50,000; queries of 8 words.
"""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.sidebyside import table
from evalkit.backends.runtime import open_runtime
from evalkit.retrievers.bm25 import BM25
from evalkit.types import Document, Hits, Passages

PASSAGES, WORDS, VOCABULARY, QUERIES, SLOW, DEPTH, SEED = 100_000, 60, 50_000, 1000, 20, 10, 7


class Words:
    """A corpus of synthetic documents, made as they are read; one passage each."""

    digest = ""

    def __init__(self, count: int) -> None:
        self.ids = zipfian(np.random.default_rng(SEED), (count, WORDS))

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int, /) -> Document:
        return Document(str(row), " ".join(f"w{word}" for word in self.ids[row]))

    def row(self, doc_id: str) -> int | None:
        return int(doc_id)

    def passages(self) -> Passages:
        count = len(self)
        doc, zeros = np.arange(count, dtype=np.int32), np.zeros(count, dtype=np.int32)
        return Passages(self, doc, zeros, np.full(count, 1 << 20, dtype=np.int32), zeros, ("",), "")


def zipfian(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    weights = 1 / np.arange(1, VOCABULARY + 1)
    return rng.choice(VOCABULARY, size=shape, p=weights / weights.sum()).astype(np.int32)


def queries(count: int) -> list[str]:
    return [
        " ".join(f"w{word}" for word in row) for row in zipfian(np.random.default_rng(SEED + 1), (count, 8))
    ]


def main(data: Path | None) -> str:  # noqa: ARG001
    passages, asked = Words(PASSAGES).passages(), queries(QUERIES)
    runtime = open_runtime(Path("unused"), progress=lambda _stage, _done, _total: None)
    rows, rates, rankings = [], {}, {}
    for engine, count in (("bm25s", QUERIES), ("rank-bm25", SLOW)):
        start = perf_counter()
        index = BM25(engine=engine).index(passages, runtime)  # type: ignore[arg-type]
        built = perf_counter() - start
        start = perf_counter()
        hits = index.search(asked[:count], DEPTH)
        rates[engine] = count / (perf_counter() - start)
        rankings[engine] = hits
        rows.append((engine, f"{built:.1f} s", count, f"{rates[engine]:,.1f}"))
    same = agreement(rankings["bm25s"], rankings["rank-bm25"])
    return (
        table(("engine", "index", "queries", "queries a second"), rows)
        + f"\n{rates['bm25s'] / rates['rank-bm25']:.0f}× the queries a second; "
        f"{same} of {SLOW} rankings the same to the order of equal scores.\n"
    )


def agreement(ours: Hits, theirs: Hits) -> int:
    """Counts the queries whose best passages score the same at every rank."""
    return sum(
        np.allclose(a, b, rtol=1e-4)
        for a, b in zip(ours.score[: len(theirs.score)], theirs.score, strict=True)
    )
