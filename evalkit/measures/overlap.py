"""Where rankings touch evidence, as columns of integers. May import types and the measures' cutoffs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalkit.measures.cutoff import Window
from evalkit.types import Qrels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Longs = NDArray[np.int64]

__all__ = ["Gains", "Places", "gains"]


@dataclass(frozen=True, slots=True, eq=False)
class Gains:
    """Characters first seen at a rank, ordered by (group, rank): `group`, `rank` from 1, `characters`, int64[n]."""

    group: Longs
    rank: Longs
    characters: Longs


class Places:
    """Finds a document among a question's hits, by binary search in one sorted column.

    Each hit is the integer (question, document, column), so that the hits of one document in one ranking lie next to
    each other in rank order.

    Args:
        inside: the rankings.
    """

    def __init__(self, inside: Window) -> None:
        self.inside = inside
        self._depth = max(inside.hits.shape[1], 1)
        # A hit of -1 takes the document -1 appended for it, which no evidence lies in.
        doc = np.append(inside.passages.doc, np.int32(-1))[inside.hits]
        self._documents = int(doc.max(initial=-1)) + 2
        column = np.arange(inside.hits.shape[1])
        question = np.arange(len(doc))[:, None]
        self._keys = np.sort(self._key(question, doc, column), axis=1).ravel()
        group = self._keys // self._depth
        first = np.diff(group, prepend=-1) != 0
        first &= group % self._documents > 0
        fresh = np.zeros(doc.shape, dtype=np.bool_)
        fresh[group[first] // self._documents, self._keys[first] % self._depth] = True
        self._distinct = np.cumsum(fresh, axis=1, dtype=np.int32)

    def _key(self, question: Longs, doc: NDArray[np.int32], column: Longs | int) -> Longs:
        key: Longs = (question * self._documents + doc + 1) * self._depth + column
        return key

    def _range(self, qrels: Qrels) -> tuple[Longs, Longs]:
        question = qrels.question.astype(np.int64)
        # A document past the last one retrieved would be read as one of the next question.
        known = qrels.doc < self._documents - 1
        first = np.searchsorted(self._keys, self._key(question, qrels.doc, 0))
        last = np.searchsorted(self._keys, self._key(question, qrels.doc, self._depth))
        return first, np.where(known, last, first)

    def document_ranks(self, qrels: Qrels) -> Longs:
        """Returns each piece's document's rank among the distinct ones, from 1; 0 outside the window."""
        first, last = self._range(qrels)
        found = last > first
        rank = np.zeros(len(first), dtype=np.int64)
        rank[found] = self._distinct[qrels.question[found], self._keys[first[found]] % self._depth]
        limit = self.inside.limit
        return rank if limit is None else np.where(rank <= limit, rank, 0)

    def distinct(self) -> Longs:
        """Returns how many distinct documents each question's window holds."""
        count: Longs = self._distinct.max(axis=1, initial=0).astype(np.int64)
        return count if self.inside.limit is None else np.minimum(count, self.inside.limit)

    def touches(self, qrels: Qrels) -> tuple[Longs, Longs, Longs, Longs]:
        """Returns (piece, rank from 1, start, end) of every overlap of a piece with a passage of the window."""
        inside = self.inside
        first, last = self._range(qrels)
        count = last - first
        piece = np.repeat(np.arange(len(count)), count)
        at = np.arange(len(piece)) + np.repeat(first - (np.cumsum(count) - count), count)
        column = self._keys[at] % self._depth
        question = qrels.question[piece]
        begin = inside.passages.start[inside.hits[question, column]].astype(np.int64)
        low = np.maximum(begin, qrels.start[piece])
        high = np.minimum(begin + inside.kept[question, column], qrels.end[piece])
        touching = high > low
        if inside.limit is not None:
            touching &= column < inside.limit
        return piece[touching], column[touching] + 1, low[touching], high[touching]


def gains(group: Longs, rank: Longs, low: Longs, high: Longs) -> Gains:
    """Attributes every character of a group's intervals to the best rank that holds it, so that none counts twice.

    Args:
        group: what an interval's characters belong to, int64[n].
        rank: the interval's rank, from 1.
        low: its start.
        high: its end; an interval that ends where it starts holds nothing.
    """
    width = int(high.max(initial=0)) + 1
    points = np.unique(np.concatenate((group * width + low, group * width + high)))
    first = np.searchsorted(points, group * width + low)
    best = _least(first, np.searchsorted(points, group * width + high), rank, len(points))
    seen = np.flatnonzero(best > 0)
    length = np.diff(points, append=0)[seen]
    order = np.lexsort((best[seen], points[seen] // width))
    return Gains((points[seen] // width)[order], best[seen][order], length[order])


def _least(first: Longs, last: Longs, value: Longs, size: int) -> Longs:
    """Returns, for each of `size` cells, the least value of the ranges [first, last) over it; 0 where there is none.

    A sparse table filled backwards: a range is two blocks whose length is a power of two, and each level hands its
    blocks down as halves.
    """
    none = np.iinfo(np.int64).max
    level = np.frexp(last - first)[1] - 1
    least = np.full(size, none, dtype=np.int64)
    for power in range(int(level.max(initial=0)), -1, -1):
        block = 1 << power
        handed = least.copy()
        np.minimum(handed[block:], least[:-block], out=handed[block:])
        here = level == power
        np.minimum.at(handed, first[here], value[here])
        np.minimum.at(handed, last[here] - block, value[here])
        least = handed
    return np.where(least == none, 0, least)
