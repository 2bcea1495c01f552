"""Evidence against rankings, as columns: how much of it a window holds, and the rank at which each piece is credited.

May import types and the measures' cutoffs and overlaps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evalkit.measures.overlap import Places, gains
from evalkit.types import Golden, Qrels, Scores, State

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evalkit.types import Floats

    Longs = NDArray[np.int64]

__all__ = [
    "Characters",
    "Credits",
    "Documents",
    "characters",
    "credits_of",
    "documents",
    "numbered",
    "once",
    "scores",
]

_UNANSWERABLE = "the documents do not answer this question"


@dataclass(frozen=True, slots=True, eq=False)
class Characters:
    """Per question, int64[n]: `covered` of `total` evidence characters inside the window, which holds `retrieved`.

    `pieces` is how many pieces of evidence these are. Evidence that overlaps counts once, as does what is covered
    twice; characters retrieved twice count twice in `retrieved`.
    """

    covered: Longs
    total: Longs
    pieces: Longs
    retrieved: Longs


@dataclass(frozen=True, slots=True, eq=False)
class Documents:
    """Per question, int64[n]: `found` of `total` relevant documents among the `retrieved` distinct ones."""

    found: Longs
    total: Longs
    retrieved: Longs


@dataclass(frozen=True, slots=True, eq=False)
class Credits:
    """One row a piece of evidence, ordered by (question, position): `position` from 1, 0 where it has no credit.

    `question`, `grade`, `position`: int64[m].
    """

    question: Longs
    grade: Longs
    position: Longs


def once(golden: Golden) -> Golden:
    """Drops evidence that a question names twice, keeping the higher grade: a document can be found only once."""
    qrels = golden.qrels
    columns = (qrels.question, qrels.doc, qrels.start, qrels.end, qrels.whole)
    order = np.lexsort((-qrels.grade, *columns[::-1]))
    table = np.stack(columns)[:, order]
    fresh = (np.diff(table, axis=1, prepend=-1) != 0).any(axis=0)
    return replace(golden, qrels=_select(qrels, order[fresh]))


def characters(places: Places, golden: Golden, *, whole: bool) -> Characters:
    """Measures evidence in characters.

    Args:
        places: what was retrieved.
        golden: the evidence.
        whole: count whole documents too, as quotes of all their characters.
    """
    n, qrels = len(golden.questions), golden.qrels
    if not whole:
        qrels = _select(qrels, ~qrels.whole)
    stride = int(qrels.doc.max(initial=0)) + 1
    place, group = np.unique(qrels.question.astype(np.int64) * stride + qrels.doc, return_inverse=True)
    question, inside = place // stride, places.inside
    piece, rank, low, high = places.touches(qrels)
    held = gains(group[piece], rank, low, high)
    every = gains(
        group, np.ones(len(group), dtype=np.int64), qrels.start.astype(np.int64), qrels.end.astype(np.int64)
    )
    return Characters(
        covered=np.bincount(question[held.group], weights=held.characters, minlength=n).astype(np.int64),
        total=np.bincount(question[every.group], weights=every.characters, minlength=n).astype(np.int64),
        pieces=np.bincount(qrels.question, minlength=n),
        retrieved=inside.kept[:, : inside.limit].sum(axis=1),
    )


def documents(places: Places, golden: Golden) -> Documents:
    """Counts the evidence that is whole documents; a document is retrieved where any passage of it is."""
    n, qrels = len(golden.questions), _select(golden.qrels, golden.qrels.whole)
    found = places.document_ranks(qrels) > 0
    return Documents(
        found=np.bincount(qrels.question[found], minlength=n),
        total=np.bincount(qrels.question, minlength=n),
        retrieved=places.distinct(),
    )


def credits_of(places: Places, golden: Golden) -> Credits:
    """Credits each piece of evidence once.

    A quote is credited at the rank where the passages so far hold at least half of its characters, so that small
    passages are not held against a long quote; a whole document at its rank among distinct documents. In the order of
    their ranks the j-th piece stands at position max(rank, j), so that a passage which carries several pieces cannot
    beat the ideal ranking, one piece a position.
    """
    qrels, limit = golden.qrels, places.inside.limit
    rank = np.zeros(len(qrels.question), dtype=np.int64)
    rank[qrels.whole] = places.document_ranks(_select(qrels, qrels.whole))
    if not qrels.whole.all():
        rank[~qrels.whole] = _half_ranks(places, _select(qrels, ~qrels.whole))
    last = np.iinfo(np.int64).max
    order = np.lexsort((-qrels.grade, np.where(rank > 0, rank, last), qrels.question))
    question, rank = qrels.question[order].astype(np.int64), rank[order]
    position = np.where(rank > 0, np.maximum(rank, numbered(question)), 0)
    if limit is not None:
        position = np.where(position <= limit, position, 0)
    return Credits(question, qrels.grade[order].astype(np.int64), position)


def numbered(question: Longs) -> Longs:
    """Numbers the rows of each question from 1; `question` is sorted."""
    return np.arange(len(question)) - np.searchsorted(question, question) + 1


def scores(values: Floats, golden: Golden, short: Mapping[int, str]) -> Scores:
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


def _half_ranks(places: Places, quotes: Qrels) -> Longs:
    """Returns each quote's rank at which half of it is covered; 0 where that never happens."""
    gained = gains(*places.touches(quotes))
    running = np.cumsum(gained.characters)
    before = np.append(0, running)[np.searchsorted(gained.group, gained.group)]
    enough = 2 * (running - before) >= (quotes.end - quotes.start)[gained.group]
    ranks = np.zeros(len(quotes.question), dtype=np.int64)
    credited, first = np.unique(gained.group[enough], return_index=True)
    ranks[credited] = gained.rank[enough][first]
    return ranks


def _select(qrels: Qrels, keep: NDArray[np.bool_] | Longs) -> Qrels:
    return Qrels(
        qrels.question[keep],
        qrels.doc[keep],
        qrels.start[keep],
        qrels.end[keep],
        qrels.grade[keep],
        qrels.whole[keep],
    )
