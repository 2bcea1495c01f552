"""Reciprocal rank fusion of BM25 and embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from pydantic import Field

from evalkit.backends import encoder
from evalkit.retrievers.bm25 import BM25
from evalkit.retrievers.dense import Dense
from evalkit.retrievers.top import columns
from evalkit.types import Hits, Index, Passages, Runtime

__all__ = ["Hybrid"]


@dataclass(frozen=True, slots=True)
class Hybrid:
    """Sums 1 / (k + rank) over two rankings (Cormack, Clarke & Büttcher, 2009, SIGIR).

    Args:
        encoder: the embedding model of the dense half.
        k: how little the first ranks stand out.
        bm25: the parameters of the lexical half.
        weight: the dense half's share of the sum.
    """

    encoder: str = encoder.DEFAULT
    k: Annotated[int, Field(gt=0)] = 60
    bm25: BM25 = field(default_factory=BM25)
    weight: Annotated[float, Field(ge=0, le=1)] = 0.5

    def identity(self) -> str:
        return f"{self!r} {encoder.identity(self.encoder)}"

    def ready(self) -> None:
        encoder.ready(self.encoder)
        self.bm25.ready()

    def warm(self, passages: Passages, queries: Sequence[str], runtime: Runtime) -> None:
        """Embeds what this and other variants will ask for."""
        Dense(self.encoder).warm(passages, queries, runtime)

    def index(self, passages: Passages, runtime: Runtime) -> Index:
        halves = (self.bm25.index(passages, runtime), Dense(self.encoder).index(passages, runtime))
        return _Index(self, halves)


@dataclass(frozen=True, slots=True)
class _Index:
    how: Hybrid
    halves: tuple[Index, Index]

    def search(self, queries: Sequence[str], depth: int) -> Hits:
        lexical, dense = (half.search(queries, depth) for half in self.halves)
        weights = (1 - self.how.weight, self.how.weight)
        found = []
        for query in range(len(queries)):
            sums: dict[int, float] = {}
            for weight, hits in zip(weights, (lexical, dense), strict=True):
                for rank, row in enumerate(hits.passage[query][hits.passage[query] >= 0].tolist(), 1):
                    sums[row] = sums.get(row, 0.0) + weight / (self.how.k + rank)
            ranked = sorted(sums.items(), key=lambda entry: (-entry[1], entry[0]))[:depth]
            found.append(
                (
                    np.array([row for row, _ in ranked], dtype=np.int64),
                    np.array([value for _, value in ranked], dtype=np.float32),
                )
            )
        timed = (lexical.seconds >= 0) & (dense.seconds >= 0)
        seconds = np.where(timed, lexical.seconds + dense.seconds, -1.0)
        return columns(found, depth, seconds, cut=dense.cut)
