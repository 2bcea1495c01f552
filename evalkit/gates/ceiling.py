"""A maximum level of something that is better low: latency, cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from evalkit import stats
from evalkit.gates import judged
from evalkit.gates.cells import Cells, pick, shown, titled
from evalkit.levels import MIN_VALUES, level_bounds
from evalkit.types import ALL_QUESTIONS, Outcome, Results, Verdict
from evalkit.wording import counted

__all__ = ["Ceiling"]


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A quantile of a measure, such as the 95th percentile of the latency, or its mean must be at most a level.

    Bounds of a quantile are order statistics, which assume no shape. Those of a mean are t bounds widened for skewness,
    from 100 questions on, for nothing limits how dear one answer can be; of what a judge gave, those of a floor. An
    unscored cell counts as above any ceiling for PASS, and as 0 for FAIL.

    Args:
        variant: the variant.
        measure: a measure that is better low.
        at_most: the level, in the measure's unit.
        of: what must be at most that: "quantile" or "mean".
        quantile: which quantile.
        slice: judge one slice, "tag=value", instead of all questions.
        alpha: the error of each one-sided bound.
    """

    variant: str
    measure: str
    at_most: float
    of: Literal["quantile", "mean"] = "quantile"
    quantile: Annotated[float, Field(gt=0, lt=1)] = 0.95
    slice: str = ALL_QUESTIONS
    alpha: Annotated[float, Field(gt=0, le=0.2)] = 0.05

    @property
    def title(self) -> str:
        what = "mean" if self.of == "mean" else f"p{100 * self.quantile:.10g}"
        return titled(f"ceiling {self.variant} {self.measure} {what}", self.slice)

    def __str__(self) -> str:
        return f"{self.title} <= {self.at_most:g}"

    def judge(self, results: Results) -> Sequence[Verdict]:
        cells = pick(results, results.scores(self.variant, self.measure), self.slice)
        found = self._estimate(cells)
        worst, best = self._bounds(cells)
        unit = cells.unit
        what = "mean" if self.of == "mean" else f"{100 * self.quantile:g}th percentile"
        level = f"with {100 * (1 - self.alpha):g}% confidence {cells.counts}"
        ceiling = f"the ceiling {self.at_most:g} {unit}".rstrip()
        needed = None
        if found is None:
            outcome, reason = Outcome.INCONCLUSIVE, "has no score"
        elif worst.why:
            outcome, reason = Outcome.INCONCLUSIVE, f"is {shown(found, unit)} {cells.counts}: {worst.why}"
            needed = max(0, MIN_VALUES - len(cells.rows)) or None if cells.labels is None else None
        elif worst.high <= self.at_most:
            outcome = Outcome.PASS
            reason = f"is {shown(found, unit)}, at most {shown(worst.high, unit)} {level}: under {ceiling}"
        elif best.low > self.at_most:
            outcome = Outcome.FAIL
            reason = f"is {shown(found, unit)}, at least {shown(best.low, unit)} {level}: over {ceiling}"
        else:
            outcome = Outcome.INCONCLUSIVE
            needed, settle = self._settle(cells, found)
            reason = f"is {shown(found, unit)}; {level}, {ceiling} is neither kept nor broken{settle}"
        return [
            Verdict(
                gate="ceiling",
                variant=self.variant,
                measure=self.measure,
                outcome=outcome,
                reason=f"{self.variant}: the {what} of {self.measure} {reason}",
                slice=self.slice,
                estimate=found,
                low=best.low if math.isfinite(best.low) else None,
                high=worst.high if math.isfinite(worst.high) else None,
                bound=self.at_most,
                n=len(cells.rows),
                needed=needed,
                method=worst.method,
            )
        ]

    def _estimate(self, cells: Cells) -> float | None:
        values = cells.value[cells.scored]
        if self.of == "mean":
            return judged.mean(cells)
        return float(np.quantile(values, self.quantile)) if len(values) else None

    def _bounds(self, cells: Cells) -> tuple[stats.Bounds, stats.Bounds]:
        """The bounds with every unscored cell at its worst, and at its best."""
        if self.of == "mean" and cells.labels is not None:
            return judged.mean_bounds(cells, 1.0, self.alpha), judged.mean_bounds(cells, 0.0, self.alpha)
        if self.of == "mean":
            best = level_bounds(cells.filled(0.0), cells.clusters, self.alpha)
            return (replace(best, high=math.inf) if cells.unscored else best), best
        if cells.labels is not None:
            why = "labels correct a judge's mean, not a quantile; gate the mean, of: mean"
            return (stats.Bounds(-math.inf, math.inf, "none", decisive=False, why=why),) * 2
        worst = stats.quantile_bounds(cells.filled(math.inf), self.quantile, self.alpha)
        return worst, stats.quantile_bounds(cells.filled(-math.inf), self.quantile, self.alpha)

    def _settle(self, cells: Cells, found: float) -> tuple[int | None, str]:
        """Returns how many more questions would settle it, where that is known, and words for it."""
        n = len(cells.rows)
        if self.of == "mean" and cells.labels is None:
            if cells.unscored:
                return None, f"; score the {cells.unscored} unscored first"
            if self.at_most <= 0:
                return None, ""
            variance = float(cells.value.var()) / self.at_most**2
            total = stats.needed_for_floor(found / self.at_most, 1.0, self.alpha, variance=variance)
            if total is None:
                return (
                    None,
                    "; the mean is too near the ceiling for any affordable number of questions to settle it",
                )
            size, _ = stats.effective_size(cells.value, cells.clusters)
            more = max(1, math.ceil(total * n / size) - n)
            return more, f"; about {counted(more, 'more question')} would settle it"
        smallest = math.ceil(math.log(self.alpha) / math.log(self.quantile))
        if self.of == "mean" or n >= smallest:
            return None, ""
        return max(1, smallest - n), f"; at least {smallest} questions are needed"
