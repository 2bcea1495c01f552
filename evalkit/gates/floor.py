"""A minimum level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from pydantic import Field

from evalkit import stats
from evalkit.errors import SuiteError
from evalkit.gates.cells import Cells, pick, shown, slices_of, titled
from evalkit.gates.judged import corrected, mean_bounds
from evalkit.gates.judged import mean as mean_of
from evalkit.types import ALL_QUESTIONS, Outcome, Results, Verdict
from evalkit.wording import counted

__all__ = ["Floor"]

BEST = "best"


@dataclass(frozen=True, slots=True)
class Floor:
    """A measure's mean must be shown to be at least a level.

    PASS where the lower confidence bound reaches the level, FAIL where the upper bound stays below it. Exact bounds
    for 0/1 values, betting bounds for graded ones, Wilson at the effective sample size for clustered questions.

    With `by`, each slice of a tag is judged beside all questions: all questions must PASS; a slice FAILs only where
    Holm's procedure over the slices rejects it, PASSes where its own lower bound reaches the level, and where it is
    undecided its verdict is advisory unless `every_slice` is set.

    Args:
        variant: the variant, or "best": the one with the highest mean, its error divided by the number of variants.
        measure: a measure with values in [0, 1].
        at_least: the level.
        slice: judge one slice, "tag=value", instead of all questions.
        by: a tag whose slices are judged too.
        every_slice: whether an undecided slice leaves the gate undecided.
        alpha: the error of each one-sided bound.
        min_n: fewer questions than this cannot decide.
    """

    variant: str
    measure: str
    at_least: Annotated[float, Field(ge=0, le=1)]
    slice: str = ALL_QUESTIONS
    by: str | None = None
    every_slice: bool = False
    alpha: Annotated[float, Field(gt=0, le=0.2)] = 0.05
    min_n: Annotated[int, Field(ge=1)] = 10

    def __post_init__(self) -> None:
        if self.slice and self.by is not None:
            raise ValueError("give one of slice and by: by judges all questions, and each slice of a tag")

    @property
    def title(self) -> str:
        by = f" by {self.by}" if self.by is not None else ""
        return titled(f"floor {self.variant} {self.measure}{by}", self.slice)

    def __str__(self) -> str:
        return f"{self.title} >= {self.at_least:g}"

    def judge(self, results: Results) -> Sequence[Verdict]:
        variant, tried = self._chosen(results)
        column = results.scores(variant, self.measure)
        alpha = self.alpha / tried
        verdicts = [self._judged(variant, pick(results, column, self.slice), self.slice, alpha)]
        if self.by is not None:
            verdicts += self._slices(results, variant, alpha)
        return verdicts

    def _chosen(self, results: Results) -> tuple[str, int]:
        """Picking the best of several is a union of tests: each gets its share of the error (Bonferroni)."""
        if self.variant != BEST:
            return self.variant, 1
        names = list(results.variants)
        means = [
            pick(results, results.scores(name, self.measure), self.slice).filled(0.0).mean() for name in names
        ]
        return names[int(np.argmax(means))], len(names)

    def _slices(self, results: Results, variant: str, alpha: float) -> list[Verdict]:
        names = slices_of(results, str(self.by))
        cells = [pick(results, results.scores(variant, self.measure), name) for name in names]
        below = stats.holm([self._p_below(cell) for cell in cells], alpha)
        verdicts = []
        for name, cell, failed in zip(names, cells, below, strict=True):
            verdict = self._judged(variant, cell, name, alpha, may_fail=failed)
            undecided = verdict.outcome is Outcome.INCONCLUSIVE
            verdicts.append(replace(verdict, advisory=undecided and not self.every_slice))
        return verdicts

    def _p_below(self, cells: Cells) -> float:
        """The smallest error at which the upper bound stays below the level, by bisection; 1 above `alpha`."""
        low, high = 0.0, self.alpha
        if len(cells.rows) < self.min_n or not self._below(cells, high):
            return 1.0
        for _ in range(12):
            middle = (low + high) / 2
            low, high = (low, middle) if self._below(cells, middle) else (middle, high)
        return high

    def _below(self, cells: Cells, alpha: float) -> bool:
        bounds = mean_bounds(cells, 1.0, alpha)
        return bounds.decisive and bounds.high < self.at_least

    def _judged(
        self, variant: str, cells: Cells, slice_: str, alpha: float, *, may_fail: bool | None = None
    ) -> Verdict:
        values = cells.value[cells.scored]
        if len(values) and not (values.min() >= 0 and values.max() <= 1):
            raise SuiteError(
                f"gate floor on {self.measure}: found values outside [0, 1]; "
                "expected a share (use a ceiling for times and costs)"
            )
        worst = mean_bounds(cells, 0.0, alpha)
        best = mean_bounds(cells, 1.0, alpha) if cells.unscored else worst
        n = len(cells.rows)
        mean = mean_of(cells)
        failed = best.high < self.at_least if may_fail is None else may_fail
        why = worst.why or (f"at least {self.min_n} questions are needed (min_n)" if n < self.min_n else "")
        needed = None
        level = f"{100 * (1 - alpha):.3g}% confidence"
        if corrected(cells) is not None:
            level += f" ({worst.method})"
        if mean is None:
            outcome, reason = Outcome.INCONCLUSIVE, f"no question was scored, {n} were to be"
        elif why:
            outcome, reason = Outcome.INCONCLUSIVE, f"is {shown(mean)} {cells.counts}: {why}"
            needed = max(1, self.min_n - n) if n < self.min_n else None
        elif worst.low >= self.at_least:
            outcome = Outcome.PASS
            reason = (
                f"is {shown(mean)}, at least {shown(worst.low)} with {level} {cells.counts}: "
                f"clears the floor {self.at_least:g}"
            )
        elif failed:
            outcome = Outcome.FAIL
            reason = (
                f"is {shown(mean)}, at most {shown(best.high)} with {level} {cells.counts}: "
                f"below the floor {self.at_least:g}"
            )
        else:
            outcome = Outcome.INCONCLUSIVE
            needed, settle = self._settle(mean, cells, alpha)
            reason = (
                f"is {shown(mean)}, between {shown(worst.low)} and {shown(best.high)} with {level} "
                f"{cells.counts}: the floor {self.at_least:g} lies between; {settle}"
            )
        return Verdict(
            gate="floor",
            variant=variant,
            measure=self.measure,
            outcome=outcome,
            reason=f"{variant}: {self.measure}" + (f" for {slice_}" if slice_ else "") + f" {reason}",
            slice=slice_,
            estimate=mean,
            low=worst.low,
            high=best.high,
            bound=self.at_least,
            n=n,
            needed=needed,
            method=worst.method,
        )

    def _settle(self, mean: float, cells: Cells, alpha: float) -> tuple[int | None, str]:
        if (judged := corrected(cells)) is not None:
            return None, judged.settle(mean, self.at_least, alpha)
        values = cells.value[cells.scored]
        binary = bool(np.all((values == 0) | (values == 1)))
        size, count = stats.effective_size(values, cells.clusters[cells.scored])
        variance = None if binary and count == len(values) else float(values.var()) + 1e-3
        total = stats.needed_for_floor(mean, self.at_least, alpha, variance=variance)
        if total is None:
            return None, "the mean is too near the floor for any affordable number of questions to settle it"
        more = max(1, math.ceil(total * len(values) / size) - len(cells.rows))
        if cells.unscored:
            return None, f"score the {cells.unscored} unscored first"
        return more, f"about {counted(more, 'more question')} would settle it"
