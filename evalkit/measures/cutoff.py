"""How much of a ranking a measure looks at: passages, characters or tokens. May import backends and types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from evalkit.backends import tokens
from evalkit.types import Passages, Run
from evalkit.wording import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evalkit.types import Ints

__all__ = ["Cutoff", "Window", "window"]


@dataclass(frozen=True, slots=True)
class Cutoff:
    """`5` passages, `4000c` characters or `800t` tokens (cl100k_base)."""

    size: int
    unit: Literal["", "c", "t"] = ""

    def __str__(self) -> str:
        return f"{self.size}{self.unit}"


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What a cutoff leaves of a run's rankings.

    `hits`: int32[questions, depth], rows of `passages`, -1 outside a budget or past the last hit. `kept`: int64, same
    shape, each passage's characters inside, counted from its start. `limit`: ranks past it are outside, be they ranks
    of passages or of distinct documents; None under a budget or without a cutoff. `short` maps a question's row to why
    its ranking ended before the budget was spent.
    """

    passages: Passages
    hits: Ints
    kept: NDArray[np.int64]
    limit: int | None
    short: dict[int, str]


def window(run: Run, cutoff: Cutoff | None) -> Window:
    """Applies a cutoff to a run.

    A budget is spent passage by passage in rank order. The passage that exceeds it keeps its first characters: as
    many as are left, or under a budget of tokens the same share of its characters as of its tokens.

    A ranking that fills the run's depth and leaves some of a budget, though the corpus has more passages, is `short`:
    what would have followed is unknown. One that the retriever ended of itself is complete.
    """
    hits, passages = run.hits.passage, run.passages
    # A hit of -1 indexes the zero appended for it.
    length = np.append(passages.end.astype(np.int64) - passages.start, 0)[hits]
    if cutoff is None or not cutoff.unit:
        return Window(passages, hits, length, cutoff.size if cutoff else None, {})
    cost = length if cutoff.unit == "c" else _token_counts(passages, hits, cutoff.size)
    spent = np.cumsum(cost, axis=1)
    left = np.clip(cutoff.size - (spent - cost), 0, cost)
    kept = length * left // np.maximum(cost, 1)
    return Window(passages, np.where(kept > 0, hits, -1), kept, None, _short(run, cutoff, cost.sum(axis=1)))


def _short(run: Run, budget: Cutoff, spent: NDArray[np.int64]) -> dict[int, str]:
    """Says of each ranking cut off by the run's depth how much of the budget it `spent`."""
    depth = run.hits.passage.shape[1]
    if depth >= len(run.passages):
        return {}
    full = (run.hits.passage >= 0).all(axis=1)
    size, unit, hold = budget.size, budget.unit, f"its ranking of {counted(depth, 'passage')} holds"
    return {
        int(row): f"{hold} {spent[row]:,}{unit} of the {size:,}{unit}; raise the variant's depth"
        for row in np.flatnonzero(full & (spent < size))
    }


def _token_counts(passages: Passages, hits: Ints, budget: int) -> NDArray[np.int64]:
    """Counts each hit's tokens, rank by rank; 0 where a better rank already spent the budget."""
    count = tokens.counter()
    counts = np.zeros(len(passages), dtype=np.int64)
    cost = np.zeros(hits.shape, dtype=np.int64)
    spent = np.zeros(len(hits), dtype=np.int64)
    for rank in range(hits.shape[1]):
        spending = np.flatnonzero((spent < budget) & (hits[:, rank] >= 0))
        rows = hits[spending, rank]
        for row in np.unique(rows[counts[rows] == 0]):
            counts[row] = count(passages[int(row)].text)
        cost[spending, rank] = counts[rows]
        spent[spending] += counts[rows]
    return cost
