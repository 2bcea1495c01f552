"""Evidence against rankings, as columns: characters covered, and the rank at which each piece is credited.

May import types and the measures' cutoffs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evalkit.measures.cutoff import Window
from evalkit.types import Golden, Qrels, Scores, State

__all__ = ["Coverage", "Credits", "coverage", "credits_of", "scores"]

_HALF = 0.5
_UNANSWERABLE = "the documents do not answer this question"


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """Per question, float64[n]: `covered` of `total` evidence characters inside the window, and `pieces` of it.

    Whole documents count apart: `found` of `whole` documents. `retrieved`: the window's characters, counted as often
    as they were retrieved.
    """

    covered: np.ndarray
    total: np.ndarray
    pieces: np.ndarray
    found: np.ndarray
    whole: np.ndarray
    retrieved: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Credits:
    """One row a piece of evidence, ordered by (question, position): `position` from 1, 0 where never credited.

    `question`, `grade`, `position`: int64[m].
    """

    question: np.ndarray
    grade: np.ndarray
    position: np.ndarray


def coverage(inside: Window, golden: Golden, *, characters: bool = False) -> Coverage:
    """Measures how much of each question's evidence a window holds; overlapping evidence counts once.

    Args:
        inside: what was retrieved.
        golden: the evidence.
        characters: count whole documents by their characters too, as if they were quotes.
    """
    n = len(golden.questions)
    spans = _merged(golden.qrels if characters else _select(golden.qrels, ~golden.qrels.whole))
    pair_piece, _, gained = _gains(inside, spans)
    covered = np.bincount(spans.question[pair_piece], weights=gained, minlength=n).astype(float)
    total = np.bincount(spans.question, weights=spans.end - spans.start, minlength=n).astype(float)
    whole = golden.qrels.whole
    rank = _document_ranks(inside, golden.qrels, whole)
    return Coverage(
        covered=covered,
        total=total,
        pieces=np.bincount(golden.qrels.question[~whole], minlength=n).astype(float),
        found=np.bincount(golden.qrels.question[whole], weights=rank > 0, minlength=n),
        whole=np.bincount(golden.qrels.question[whole], minlength=n).astype(float),
        retrieved=(inside.end - inside.start).sum(axis=1).astype(np.float64),
    )


def credits_of(inside: Window, golden: Golden, limit: int | None) -> Credits:
    """Credits each piece of evidence once.

    A quote is credited at the rank where the passages so far hold at least half of its characters, so that small
    passages are not held against a long quote; a whole document at its rank among distinct documents. The j-th
    piece credited stands at position max(rank, j): a passage that carries two pieces fills two positions.

    Args:
        inside: the ranking.
        golden: the evidence.
        limit: positions past this one are not credited.
    """
    qrels = golden.qrels
    rank = np.zeros(len(qrels.question), dtype=np.int64)
    rank[qrels.whole] = _document_ranks(inside, qrels, qrels.whole)
    if not qrels.whole.all():
        spans = _select(qrels, ~qrels.whole)
        pair_piece, pair_rank, gained = _gains(inside, spans)
        rank[~qrels.whole] = _half_ranks(spans, pair_piece, pair_rank, gained)
    last = np.iinfo(np.int64).max
    order = np.lexsort((-qrels.grade, np.where(rank > 0, rank, last), qrels.question))
    question, rank = qrels.question[order].astype(np.int64), rank[order]
    first = np.searchsorted(question, question, side="left")
    position = np.where(rank > 0, np.maximum(rank, np.arange(len(rank)) - first + 1), 0)
    if limit is not None:
        position = np.where(position <= limit, position, 0)
    return Credits(question, qrels.grade[order].astype(np.int64), position)


def scores(values: np.ndarray, golden: Golden, short: Mapping[int, str]) -> Scores:
    """Makes a column: unanswerable questions are not applicable, unwinnable ones and short rankings unscored."""
    state = np.full(len(values), State.VALUE, dtype=np.uint8)
    reason: dict[int, str] = {}
    for row, question in enumerate(golden.questions):
        if not question.answerable:
            state[row], reason[row] = State.NOT_APPLICABLE, _UNANSWERABLE
        elif row in golden.unwinnable:
            state[row], reason[row] = State.UNSCORED, golden.unwinnable[row]
        elif row in short:
            state[row], reason[row] = State.UNSCORED, short[row]
    return Scores(np.where(state == State.VALUE, values, 0.0).astype(np.float64), state, reason)


def _select(qrels: Qrels, keep: np.ndarray) -> Qrels:
    return Qrels(
        qrels.question[keep],
        qrels.doc[keep],
        qrels.start[keep],
        qrels.end[keep],
        qrels.grade[keep],
        qrels.whole[keep],
    )


def _merged(qrels: Qrels) -> Qrels:
    """Joins the quotes of one question that overlap, so that no character counts twice."""
    order = np.lexsort((qrels.start, qrels.doc, qrels.question))
    spans = _select(qrels, order)
    if not len(order):
        return spans
    same = (spans.question[1:] == spans.question[:-1]) & (spans.doc[1:] == spans.doc[:-1])
    # Offsets are lifted by group, so that the running maximum of the ends never reaches into the next group.
    lift = np.concatenate(([0], np.cumsum(~same))) * (int(spans.end.max()) + 1)
    reach = np.maximum.accumulate(spans.end + lift)
    fresh = np.concatenate(([True], (spans.start + lift)[1:] >= reach[:-1]))
    last = np.concatenate((np.flatnonzero(fresh)[1:] - 1, [len(order) - 1]))
    joined = _select(spans, fresh)
    end = (reach - lift)[last].astype(np.int32)
    return Qrels(joined.question, joined.doc, joined.start, end, joined.grade, joined.whole)


def _gains(inside: Window, spans: Qrels) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns (piece, rank from 1, characters of the piece not covered at a better rank) of every overlap."""
    doc, question = inside.doc, spans.question
    piece, at = np.nonzero(doc[question] == spans.doc[:, None])
    low = np.maximum(inside.start[question[piece], at], spans.start[piece])
    high = np.minimum(inside.end[question[piece], at], spans.end[piece])
    touching = high > low
    piece, at, low, high = piece[touching], at[touching], low[touching], high[touching]
    gained = (high - low).astype(np.float64)
    # Only pieces that several passages touch can be covered twice.
    several = np.flatnonzero(np.bincount(piece, minlength=len(question)) > 1)
    starts = np.searchsorted(piece, several)
    ends = np.searchsorted(piece, several, side="right")
    for first, last in zip(starts, ends, strict=True):
        taken: list[tuple[int, int]] = []
        for row in range(first, last):
            gained[row] = _uncovered(taken, int(low[row]), int(high[row]))
            taken.append((int(low[row]), int(high[row])))
    return piece, at + 1, gained


def _uncovered(taken: list[tuple[int, int]], low: int, high: int) -> int:
    left = high - low
    for start, end in sorted(taken):
        if end > low and start < high:
            left -= max(0, min(end, high) - max(start, low))
            low = max(low, min(end, high))
    return left


def _half_ranks(
    spans: Qrels, pair_piece: np.ndarray, pair_rank: np.ndarray, gained: np.ndarray
) -> np.ndarray:
    """Returns each piece's rank at which half of it is covered, 0 where that never happens."""
    running = np.cumsum(gained)
    before = np.concatenate(([0.0], running))[np.searchsorted(pair_piece, pair_piece)]
    enough = running - before >= _HALF * (spans.end - spans.start)[pair_piece]
    ranks = np.zeros(len(spans.question), dtype=np.int64)
    credited, first = np.unique(pair_piece[enough], return_index=True)
    ranks[credited] = pair_rank[enough][first]
    return ranks


def _document_ranks(inside: Window, qrels: Qrels, whole: np.ndarray) -> np.ndarray:
    """Returns the ranks, among distinct documents, of the whole documents that are evidence; 0 where absent."""
    if not whole.any():
        return np.zeros(0, dtype=np.int64)
    doc = inside.doc
    order = np.argsort(doc, axis=1, kind="stable")
    in_order = np.take_along_axis(doc, order, axis=1)
    fresh = np.ones(doc.shape, dtype=np.bool_)
    fresh[:, 1:] = in_order[:, 1:] != in_order[:, :-1]
    first = np.empty_like(fresh)
    np.put_along_axis(first, order, fresh, axis=1)
    distinct = np.cumsum(first & (doc >= 0), axis=1)
    question = qrels.question[whole]
    match = doc[question] == qrels.doc[whole][:, None]
    at = match.argmax(axis=1)
    return np.where(match.any(axis=1), distinct[question, at], 0)
