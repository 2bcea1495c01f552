"""How much of a ranking a measure looks at: passages, characters or tokens. May import backends and types."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evalkit.backends import tokens
from evalkit.types import Passages, Run

__all__ = ["Cutoff", "Window", "window"]


@dataclass(frozen=True, slots=True)
class Cutoff:
    """`5` passages, `4000c` characters or `800t` tokens (cl100k_base)."""

    size: int
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.size}{self.unit}"


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The part of every ranking inside a cutoff, as columns [questions, depth].

    `doc`: the passage's document row, -1 outside the window. `start`, `end`: what of it lies inside, in characters.
    `short` maps a question's row to why its ranking ended before its budget was spent.
    """

    doc: np.ndarray
    start: np.ndarray
    end: np.ndarray
    short: dict[int, str]


def window(run: Run, cutoff: Cutoff | None) -> Window:
    """Returns what a cutoff leaves of a run.

    A budget is spent passage by passage in rank order; the passage that exceeds it is cut to its beginning, in
    proportion where the budget is in tokens.
    """
    hits, passages = run.hits.passage, run.passages
    if cutoff is not None and not cutoff.unit:
        hits = hits[:, : cutoff.size]
    inside = hits >= 0
    if not len(passages):
        empty = np.full(hits.shape, -1, dtype=np.int32)
        return Window(empty, np.zeros_like(empty), np.zeros_like(empty), {})
    rows = np.where(inside, hits, 0)
    doc = np.where(inside, passages.doc[rows], -1)
    start = passages.start[rows]
    end = np.where(inside, passages.end[rows], start)
    if cutoff is None or not cutoff.unit:
        return Window(doc, start, end, {})
    length = end - start
    cost = length if cutoff.unit == "c" else np.where(inside, _token_counts(passages, hits)[rows], 0)
    spent = np.cumsum(cost, axis=1)
    left = np.clip(cutoff.size - (spent - cost), 0, cost)
    kept = np.where(cost > 0, length * left // np.maximum(cost, 1), 0)
    short = {
        int(row): f"its {int(inside[row].sum())} passages hold {int(spent[row, -1]):,}{cutoff.unit} of the "
        f"{cutoff.size:,}{cutoff.unit}; raise the variant's depth"
        for row in np.flatnonzero((spent[:, -1] < cutoff.size) & inside.all(axis=1))
        if hits.shape[1] < len(passages)
    }
    return Window(np.where(kept > 0, doc, -1), start, start + kept, short)


def _token_counts(passages: Passages, hits: np.ndarray) -> np.ndarray:
    """Counts the tokens of the passages that were hit; 0 for the others."""
    count = tokens.counter()
    counts = np.zeros(len(passages), dtype=np.int64)
    for row in np.unique(hits[hits >= 0]):
        counts[row] = count(passages[int(row)].text)
    return counts
