"""The cells a gate looks at: one column, one slice, split by state. May import types only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from evalkit.errors import SuiteError, did_you_mean
from evalkit.types import Golden, Labels, Results, Scores, State
from evalkit.wording import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Cells", "pick", "shown", "slices_of", "titled"]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The applicable cells of a slice.

    `rows`: the questions' rows, scored and unscored. `value`: float64, one a row, 0 where unscored. `scored`: bool,
    one a row. `clusters`: one number a row, the same for questions that share something. `ids`: one a row. `labels`
    and `unit`: the column's.
    """

    rows: NDArray[np.intp]
    value: NDArray[np.float64]
    scored: NDArray[np.bool_]
    clusters: NDArray[np.intp]
    ids: NDArray[np.object_]
    labels: Labels | str | None = None
    unit: str = ""

    @property
    def unscored(self) -> int:
        return int(np.sum(~self.scored))

    def filled(self, value: float) -> NDArray[np.float64]:
        """Returns the values with every unscored cell at `value`."""
        return np.where(self.scored, self.value, value)

    def only(self, kept: NDArray[np.bool_]) -> Cells:
        """Returns some of the rows, bool one a row."""
        return Cells(
            self.rows[kept],
            self.value[kept],
            self.scored[kept],
            self.clusters[kept],
            self.ids[kept],
            self.labels,
            self.unit,
        )

    @property
    def counts(self) -> str:
        """Words such as: over 212 questions in 64 clusters (3 unscored)."""
        clusters = len(np.unique(self.clusters))
        text = f"over {counted(len(self.rows), 'question')}"
        text += f" in {counted(clusters, 'cluster')}" if clusters < len(self.rows) else ""
        return text + (f" ({self.unscored} unscored)" if self.unscored else "")


def pick(results: Results, column: Scores, slice_: str) -> Cells:
    """Returns a slice's applicable cells.

    Raises:
        SuiteError: where no question is in the slice.
    """
    asked = _asked(results.golden)
    if slice_ not in asked.slices:
        raise SuiteError(f"slice '{slice_}' holds no question; {did_you_mean(slice_, asked.slices)}")
    rows = asked.slices[slice_]
    rows = rows[column.state[rows] != int(State.NOT_APPLICABLE)]
    return Cells(
        rows=rows,
        value=column.value[rows],
        scored=column.state[rows] == int(State.VALUE),
        clusters=asked.clusters[rows],
        ids=asked.ids[rows],
        labels=column.labels,
        unit=column.unit,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """The questions as columns: rows by slice, and one cluster's number and one id a question."""

    slices: Mapping[str, NDArray[np.intp]]
    clusters: NDArray[np.intp]
    ids: NDArray[np.object_]


@lru_cache(maxsize=4)
def _asked(golden: Golden) -> _Asked:
    """Numbers clusters by name, so that a file's order decides nothing."""
    names = [question.cluster or f"question {question.id}" for question in golden.questions]
    return _Asked(
        {name: np.array(rows, dtype=np.intp) for name, rows in golden.slices().items()},
        np.unique(names, return_inverse=True)[1],
        np.array([question.id for question in golden.questions], dtype=object),
    )


def slices_of(results: Results, tag: str) -> list[str]:
    """Returns the slices of one tag, by name.

    Raises:
        SuiteError: where no question carries the tag.
    """
    slices = _asked(results.golden).slices
    found = sorted(name for name in slices if name.startswith(f"{tag}="))
    if not found:
        tags = {name.partition("=")[0] for name in slices if name}
        raise SuiteError(f"no question carries the tag '{tag}'; {did_you_mean(tag, tags)}")
    return found


def titled(what: str, slice_: str) -> str:
    """Returns a gate's or a verdict's name with its slice: "floor candidate Recall@5 [language=de]"."""
    return f"{what} [{slice_}]" if slice_ and not what.endswith(f" [{slice_}]") else what


def shown(value: float, unit: str = "") -> str:
    """Returns a number as reasons show it, small ones with two digits that count."""
    size = abs(value)
    if size >= 0.01 or not size:
        text = f"{value:,.1f}" if size >= 100 else f"{value:.3f}"
    else:
        text = np.format_float_positional(value, precision=2, fractional=False, trim="-")
    return f"{text} {unit}" if unit else text
