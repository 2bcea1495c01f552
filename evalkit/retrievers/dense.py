"""Nearest neighbours of embeddings, exactly."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalkit.backends import encoder
from evalkit.retrievers.top import columns, least
from evalkit.types import Hits, Index, Passages, Runtime

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Dense"]

_BLOCK = 65_536
_QUERIES = 256
_TIMED = 100
_SLACK = np.float32(1e-5)
"""More than two float32 products of one pair can differ by, whatever order a processor adds in."""


@dataclass(frozen=True, slots=True)
class Dense:
    """Cosine similarity of embeddings, compared with every passage.

    Fast products choose the candidates, exact ones score and rank them, so that neither the number of threads nor
    the order in which a processor adds decides a tie. Up to 100 queries, evenly drawn, are timed one by one from text
    to hits; the others are searched together.

    Args:
        encoder: the embedding model: the default, a folder, or a name in the local Hugging Face cache.
        query_prefix: what the model wants before a query ("query: ").
        passage_prefix: what the model wants before a passage ("passage: ").
    """

    encoder: str = encoder.DEFAULT
    query_prefix: str = ""
    passage_prefix: str = ""

    def identity(self) -> str:
        return f"{self!r} {encoder.identity(self.encoder)}"

    def ready(self) -> None:
        encoder.ready(self.encoder)

    def warm(self, passages: Passages, queries: Sequence[str], runtime: Runtime) -> None:
        """Embeds what this and other variants will ask for."""
        encoder.warm(self.encoder, self._texts(passages), runtime, total=len(passages))
        encoder.warm(self.encoder, self._asked(queries), runtime, total=len(queries))

    def index(self, passages: Passages, runtime: Runtime) -> Index:
        return _Index(self, encoder.embed(self.encoder, self._texts(passages), runtime), runtime)

    def _texts(self, passages: Passages) -> Iterator[str]:
        return (self.passage_prefix + text for text in passages.texts())

    def _asked(self, queries: Sequence[str]) -> list[str]:
        return [self.query_prefix + query for query in queries]


@dataclass(frozen=True, slots=True)
class _Index:
    how: Dense
    passages: encoder.Embedded
    runtime: Runtime

    def search(self, queries: Sequence[str], depth: int) -> Hits:
        texts = self.how._asked(queries)  # noqa: SLF001
        wanted = encoder.embed(self.how.encoder, texts, self.runtime).rows
        found: list[tuple[NDArray[np.int64], NDArray[np.float32]]] = []
        for start in range(0, len(wanted), _QUERIES):
            found += self._nearest(wanted[start : start + _QUERIES], depth)
        return columns(found, depth, self._timed(texts, depth), cut=int(self.passages.cut.sum()))

    def _nearest(
        self, wanted: NDArray[np.float16], depth: int
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Keeps every block's candidates for each query, then ranks the best of them all."""
        rows: list[list[NDArray[np.int64]]] = [[] for _ in wanted]
        fast: list[list[NDArray[np.float32]]] = [[] for _ in wanted]
        queries = wanted.astype(np.float32).T
        for start in range(0, len(self.passages.rows), _BLOCK):
            block = self.passages.rows[start : start + _BLOCK].astype(np.float32) @ queries
            for number, scores in enumerate(np.ascontiguousarray(block.T)):
                near = _candidates(scores, depth)
                rows[number].append(near + start)
                fast[number].append(scores[near])
        return [
            self._ranked(query, np.concatenate(kept), np.concatenate(scores), depth)
            if kept
            else (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))
            for query, kept, scores in zip(wanted, rows, fast, strict=True)
        ]

    def _ranked(
        self, query: NDArray[np.float16], rows: NDArray[np.int64], fast: NDArray[np.float32], depth: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        rows = rows[_candidates(fast, depth)]
        exact = np.einsum("ij,j->i", self.passages.rows[rows], query, dtype=np.float64).astype(np.float32)
        order = np.lexsort((rows, -exact))[:depth]
        return rows[order], exact[order]

    def _timed(self, texts: Sequence[str], depth: int) -> NDArray[np.float64]:
        seconds = np.full(len(texts), -1.0)
        sample = np.unique(np.linspace(0, len(texts) - 1, min(_TIMED, len(texts))).astype(int))
        if len(sample):
            encoder.embed_now(self.how.encoder, [texts[sample[0]]])  # the first call is not like the others
        for row in sample:
            start = time.perf_counter()
            self._nearest(encoder.embed_now(self.how.encoder, [texts[row]]).rows, depth)
            seconds[row] = time.perf_counter() - start
        return seconds


def _candidates(scores: NDArray[np.float32], depth: int) -> NDArray[np.int64]:
    """Returns the rows, in order, that may be among the `depth` best once they are scored exactly."""
    if depth >= len(scores):
        return np.arange(len(scores))
    return np.flatnonzero(scores >= least(scores, depth) - _SLACK)
