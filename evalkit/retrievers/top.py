"""The best rows of scores, ties to the lower row. numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from evalkit.types import Hits

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["best", "columns", "least"]


def best(scores: NDArray[np.float32], depth: int) -> NDArray[np.int64]:
    """Returns the rows of the `depth` highest scores, best first; of equal scores the lower row."""
    if depth >= len(scores):
        return np.argsort(-scores, kind="stable")
    last = least(scores, depth)
    above = np.flatnonzero(scores > last)
    equal = np.flatnonzero(scores == last)[: depth - len(above)]
    rows = np.concatenate((above[np.argsort(-scores[above], kind="stable")], equal))
    return rows.astype(np.int64)


def least(scores: NDArray[np.float32], depth: int) -> np.float32:
    """Returns the lowest of the `depth` highest scores, of which there are more."""
    score: np.float32 = np.partition(scores, len(scores) - depth)[len(scores) - depth]
    return score


def columns(
    found: Sequence[tuple[NDArray[np.int64], NDArray[np.float32]]],
    depth: int,
    seconds: NDArray[np.float64],
    *,
    cut: int = 0,
) -> Hits:
    """Packs each query's (rows, scores) into columns, -1 and 0 past the last hit."""
    passage = np.full((len(found), depth), -1, dtype=np.int32)
    score = np.zeros((len(found), depth), dtype=np.float32)
    for query, (rows, values) in enumerate(found):
        passage[query, : len(rows)], score[query, : len(rows)] = rows, values
    return Hits(passage, score, seconds, cut)
