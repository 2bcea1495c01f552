"""BM25."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from evalkit.backends import lexical
from evalkit.retrievers.top import best, columns
from evalkit.types import Hits, Index, Passages, Runtime

__all__ = ["BM25"]


@dataclass(frozen=True, slots=True)
class BM25:
    """Words in common, weighed by rarity (Robertson & Zaragoza, 2009; Lucene's variant).

    Every query is timed on its own. A passage that shares no word with the query is no hit.

    Args:
        k1: how fast a repeated word stops counting.
        b: how much a long passage is held against its words.
        stemmer: a Snowball language ("english", "german"); words as they stand by default.
        stopwords: leave out a language's function words: none, en or de.
        engine: bm25s, or rank-bm25, which gives the same ranking slowly.
    """

    k1: Annotated[float, Field(ge=0)] = 1.5
    b: Annotated[float, Field(ge=0, le=1)] = 0.75
    stemmer: str | None = None
    stopwords: lexical.Stopwords = "none"
    engine: lexical.Engine = "bm25s"

    def ready(self) -> None:
        lexical.ready(self.engine, self.stemmer)

    def index(self, passages: Passages, runtime: Runtime) -> Index:  # noqa: ARG002
        tokenize = lexical.tokenizer(self.stemmer, self.stopwords)
        score = lexical.bm25(self.engine, passages.texts(), tokenize, k1=self.k1, b=self.b)
        return _Index(tokenize, score)


@dataclass(frozen=True, slots=True)
class _Index:
    tokenize: lexical.Tokenize
    score: lexical.Score

    def search(self, queries: Sequence[str], depth: int) -> Hits:
        found, seconds = [], np.zeros(len(queries))
        for number, query in enumerate(queries):
            start = time.perf_counter()
            scores = self.score(self.tokenize(query))
            rows = best(scores, depth)
            rows = rows[scores[rows] > 0]
            seconds[number] = time.perf_counter() - start
            found.append((rows, scores[rows]))
        return columns(found, depth, seconds)
