"""The cells a gate looks at: one column, one slice, split by state. May import types only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalkit.errors import SuiteError, did_you_mean
from evalkit.types import Labels, Results, Scores, State

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Cells", "pick", "shown", "slices_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The applicable cells of a slice.

    `rows`: the questions' rows, scored and unscored. `value`: float64, one a row, 0 where unscored. `scored`: bool,
    one a row. `clusters`, `ids`: one a row. `labels`: the column's.
    """

    rows: NDArray[np.intp]
    value: NDArray[np.float64]
    scored: NDArray[np.bool_]
    clusters: Sequence[str]
    ids: Sequence[str]
    labels: Labels | str | None = None

    @property
    def unscored(self) -> int:
        return int(np.sum(~self.scored))

    def filled(self, value: float) -> NDArray[np.float64]:
        """Returns the values with every unscored cell at `value`."""
        return np.where(self.scored, self.value, value)

    def only(self, kept: NDArray[np.bool_]) -> Cells:
        """Returns some of the rows, bool one a row."""
        which = np.flatnonzero(kept).tolist()
        return Cells(
            self.rows[which],
            self.value[which],
            self.scored[which],
            [self.clusters[row] for row in which],
            [self.ids[row] for row in which],
            self.labels,
        )

    @property
    def counts(self) -> str:
        """Words such as: over 212 questions in 64 clusters (3 unscored)."""
        clusters = len(set(self.clusters))
        text = f"over {len(self.rows)} questions"
        text += f" in {clusters} clusters" if clusters < len(self.rows) else ""
        return text + (f" ({self.unscored} unscored)" if self.unscored else "")


def pick(results: Results, column: Scores, slice_: str) -> Cells:
    """Returns a slice's applicable cells.

    Raises:
        SuiteError: where no question is in the slice.
    """
    slices = results.golden.slices()
    if slice_ not in slices:
        raise SuiteError(f"slice '{slice_}' holds no question; {did_you_mean(slice_, slices)}")
    rows = np.array(
        [row for row in slices[slice_] if column.state[row] != State.NOT_APPLICABLE], dtype=np.intp
    )
    questions = [results.golden.questions[row] for row in rows]
    return Cells(
        rows=rows,
        value=column.value[rows],
        scored=column.state[rows] == State.VALUE,
        clusters=[q.cluster or f"question {q.id}" for q in questions],
        ids=[q.id for q in questions],
        labels=column.labels,
    )


def slices_of(results: Results, tag: str) -> list[str]:
    """Returns the slices of one tag, by name.

    Raises:
        SuiteError: where no question carries the tag.
    """
    slices = results.golden.slices()
    found = sorted(name for name in slices if name.startswith(f"{tag}="))
    if not found:
        tags = {name.partition("=")[0] for name in slices if name}
        raise SuiteError(f"no question carries the tag '{tag}'; {did_you_mean(tag, tags)}")
    return found


def shown(value: float) -> str:
    """Returns a number as reasons show it."""
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.1f}"
