"""A maximum level of something that is better low: latency, cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from evalkit import stats
from evalkit.gates.cells import pick, shown
from evalkit.types import ALL_QUESTIONS, Outcome, Results, Verdict

__all__ = ["Ceiling"]


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A quantile of a measure, such as the 95th percentile of the latency, must be shown to be at most a level.

    Bounds are order statistics, which assume no shape. An unscored cell counts as above the ceiling for PASS.

    Args:
        variant: the variant.
        measure: a measure that is better low.
        at_most: the level, in the measure's unit.
        quantile: which quantile.
        slice: judge one slice, "tag=value", instead of all questions.
        alpha: the error of each one-sided bound.
    """

    variant: str
    measure: str
    at_most: float
    quantile: Annotated[float, Field(gt=0, lt=1)] = 0.95
    slice: str = ALL_QUESTIONS
    alpha: Annotated[float, Field(gt=0, le=0.2)] = 0.05

    def __str__(self) -> str:
        return f"ceiling {self.variant} {self.measure} p{100 * self.quantile:g} <= {self.at_most:g}"

    def judge(self, results: Results) -> Sequence[Verdict]:
        cells = pick(results, results.scores(self.variant, self.measure), self.slice)
        worst = stats.quantile_bounds(cells.filled(math.inf), self.quantile, self.alpha)
        best = stats.quantile_bounds(cells.filled(-math.inf), self.quantile, self.alpha)
        values = cells.value[cells.scored]
        found = float(np.quantile(values, self.quantile)) if len(values) else None
        name = f"{self.variant}: the {100 * self.quantile:g}th percentile of {self.measure}"
        level = f"with {100 * (1 - self.alpha):g}% confidence {cells.counts}"
        needed = None
        if found is None:
            outcome, reason = Outcome.INCONCLUSIVE, "has no score"
        elif cells.labels is not None:
            outcome = Outcome.INCONCLUSIVE
            reason = (
                f"is {shown(found)}: labels correct a judge's mean, not a quantile; gate the mean by a floor"
            )
        elif worst.high <= self.at_most:
            outcome = Outcome.PASS
            reason = (
                f"is {shown(found)}, at most {shown(worst.high)} {level}: under the ceiling {self.at_most:g}"
            )
        elif best.low > self.at_most:
            outcome = Outcome.FAIL
            reason = (
                f"is {shown(found)}, at least {shown(best.low)} {level}: over the ceiling {self.at_most:g}"
            )
        else:
            outcome = Outcome.INCONCLUSIVE
            smallest = math.ceil(math.log(self.alpha) / math.log(self.quantile))
            needed = max(1, smallest - len(cells.rows)) if len(cells.rows) < smallest else None
            settle = f"; at least {smallest} questions are needed" if needed else ""
            reason = (
                f"is {shown(found)}; {level}, the ceiling {self.at_most:g} is neither kept nor broken{settle}"
            )
        return [
            Verdict(
                gate="ceiling",
                variant=self.variant,
                measure=self.measure,
                outcome=outcome,
                reason=f"{name} {reason}",
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
