"""A judged column's mean, its bounds, and differences of two, corrected by labels of the same answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from evalkit import stats
from evalkit.trust import ppi
from evalkit.types import Estimate, Labels
from evalkit.wording import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evalkit.types import Floats

__all__ = ["Reviewed", "paired"]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a judge said of questions, with the labels of some.

    A question that the judge gave no value for, and nobody labelled, may be worth anything from 0 to 1: bounds are
    stretched by the share of those.
    """

    rows: NDArray[np.intp]
    """The questions' rows."""
    value: Floats
    scored: NDArray[np.bool_]
    clusters: Sequence[str] | NDArray[Any]
    """Names or numbers, one a row."""
    ids: Sequence[str] | NDArray[Any]
    labels: Labels

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Whether each row is labelled."""
        return np.isin(self.rows, self.labels.row)

    @property
    def unknown(self) -> float:
        """The share of questions of which nothing is known."""
        return float(np.mean(~self.scored & ~self.labelled))

    def sample(self) -> ppi.Sample:
        """Returns the labelled answers beside the others."""
        labelled = self.labelled
        places = np.searchsorted(self.labels.row, self.rows[labelled])
        names = [str(name) for name in self.clusters]
        rest = self.scored & ~labelled
        return ppi.Sample(
            self.labels.judged[places],
            self.labels.label[places],
            [names[row] for row in np.flatnonzero(labelled)],
            [str(name) for name, own in zip(self.ids, labelled, strict=True) if own],
            self.value[rest],
            [names[row] for row in np.flatnonzero(rest)],
        )

    def mean(self) -> float:
        """The corrected mean of the questions of which something is known; the judge's own where none is labelled."""
        if not self.labelled.any():
            return float(self.value[self.scored].mean()) if self.scored.any() else 0.0
        sample = self.sample()
        return float(sample.label.mean()) if sample.few else ppi.corrected(sample).mean

    def bounds(self, alpha: float) -> stats.Bounds:
        """Returns one-sided bounds of the mean label."""
        if not self.labelled.any():
            why = "none of these answers is labelled"
            return stats.Bounds(0.0, 1.0, "none", decisive=False, why=why)
        known = ppi.bounds(self.sample(), alpha)
        share = 1 - self.unknown
        return replace(
            known,
            low=share * known.low,
            high=share * known.high + self.unknown,
            method=f"{known.method}, card {self.labels.card[:8]}",
        )

    def interval(self, level: float = 0.95) -> Estimate:
        """Returns the corrected mean with its two-sided interval, over all the questions."""
        bounds = self.bounds((1 - level) / 2)
        unscored = int(np.sum(~self.scored))
        return Estimate(
            self.mean(), bounds.low, bounds.high, len(self.rows) - unscored, unscored, bounds.method
        )

    def settle(self, mean: float, floor: float, alpha: float) -> str:
        """Says about how many more labels would show that the mean is above a floor, or below it."""
        sample = self.sample()
        count = len(sample.label)
        error = ppi.corrected(sample).error
        total = stats.needed_for_floor(mean, floor, alpha, variance=count * error * error)
        if total is None:
            return "the mean is too near the floor for any affordable number of labelled answers to settle it"
        return f"about {counted(max(1, total - count), 'more labelled answer')} would settle it"


def paired(ours: Reviewed, theirs: Reviewed, alpha: float) -> tuple[float | None, stats.Bounds]:
    """Returns the corrected difference over the same questions, and its one-sided bounds."""
    one, two = ours.sample(), theirs.sample()
    if one.few or two.few:
        why = f"a corrected difference takes {ppi.MIN_RARER} labels of the rarer kind for each variant"
        return None, stats.Bounds(-1.0, 1.0, "none", decisive=False, why=why)
    mean, bounds = ppi.difference(ppi.corrected(one), ppi.corrected(two), alpha)
    unknown = ours.unknown + theirs.unknown
    return mean, replace(
        bounds,
        low=max(-1.0, bounds.low - unknown),
        high=min(1.0, bounds.high + unknown),
        method=f"{bounds.method}, card {ours.labels.card[:8]}",
    )
