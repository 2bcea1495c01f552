"""Not worse than the baseline by more than a margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from evalkit import stats
from evalkit.errors import SuiteError
from evalkit.gates import judged
from evalkit.gates.cells import pick, titled
from evalkit.types import ALL_QUESTIONS, Outcome, Results, Verdict
from evalkit.wording import counted

__all__ = ["NoRegression"]


@dataclass(frozen=True, slots=True)
class NoRegression:
    """The loss against the baseline, question by question, must be shown to be below a margin (non-inferiority).

    PASS where the lower bound of the mean paired difference is above -margin, FAIL where the upper bound is below
    it. Tango's score bounds for 0/1 values; paired or cluster-robust t for graded ones, once 100 questions are
    paired and 10 changed.

    Args:
        variant: the candidate.
        measure: a measure that is better high.
        margin: the loss that is tolerated, in the measure's unit.
        baseline: the reference variant; the suite's baseline by default.
        slice: judge one slice, "tag=value", instead of all questions.
        alpha: the error of each one-sided bound.
        strict: betting bounds, which assume nothing and need more questions.
    """

    variant: str
    measure: str
    margin: Annotated[float, Field(gt=0, lt=1)]
    baseline: str | None = None
    slice: str = ALL_QUESTIONS
    alpha: Annotated[float, Field(gt=0, le=0.2)] = 0.05
    strict: bool = False

    @property
    def title(self) -> str:
        against = f" against {self.baseline}" if self.baseline is not None else ""
        return titled(f"no_regression {self.variant} {self.measure}{against}", self.slice)

    def __str__(self) -> str:
        return f"{self.title} margin {self.margin:g}"

    def judge(self, results: Results) -> Sequence[Verdict]:
        baseline = self.baseline or results.baseline
        if baseline is None:
            raise SuiteError(
                f"gate no_regression on {self.measure}: no baseline to compare with; "
                "name one in the gate or as the suite's baseline"
            )
        ours = pick(results, results.scores(self.variant, self.measure), self.slice)
        theirs = pick(results, results.scores(baseline, self.measure), self.slice)
        both = np.intersect1d(ours.rows, theirs.rows)
        own, other = np.isin(ours.rows, both), np.isin(theirs.rows, both)
        clusters = ours.clusters[own]
        # An unscored cell is the worst for the candidate and the best for the baseline, or the other way round.
        worst = ours.filled(0.0)[own] - theirs.filled(1.0)[other]
        best = ours.filled(1.0)[own] - theirs.filled(0.0)[other]
        scored = ours.scored[own] & theirs.scored[other]
        low = stats.paired_bounds(worst, clusters, self.alpha, strict=self.strict)
        high = low if scored.all() else stats.paired_bounds(best, clusters, self.alpha, strict=self.strict)
        difference = float(worst[scored].mean()) if scored.any() else None
        by_people = judged.paired(ours.only(own), theirs.only(other), self.alpha)
        if by_people is not None:
            difference, low = by_people
            high = low
        n, unscored = len(both), int(np.sum(~scored))
        counts = f"over {counted(n, 'question')}" + (f" ({unscored} unscored)" if unscored else "")
        changed = f"{int(np.sum(worst[scored] > 0))} better, {int(np.sum(worst[scored] < 0))} worse"
        level = f"with {100 * (1 - self.alpha):g}% confidence {counts}, {changed}"
        needed = None
        if difference is None:
            outcome, reason = Outcome.INCONCLUSIVE, f"cannot be compared: {low.why or 'nothing was scored'}"
        elif low.decisive and low.low > -self.margin:
            outcome = Outcome.PASS
            reason = (
                f"differs by {difference:+.3f}, at worst {low.low:+.3f} {level}: "
                f"within the margin {self.margin:g}"
            )
        elif high.decisive and high.high < -self.margin:
            outcome = Outcome.FAIL
            reason = (
                f"differs by {difference:+.3f}, at best {high.high:+.3f} {level}: "
                f"a loss beyond the margin {self.margin:g}"
            )
        else:
            outcome = Outcome.INCONCLUSIVE
            total = stats.needed_for_margin(difference, float(worst[scored].var()), self.margin, self.alpha)
            if total is not None and low.why:
                total = max(total, stats.MIN_PAIRS)
            needed = max(1, total - n) if total is not None and by_people is None else None
            settle = low.why or (
                "more labels, or a wider margin, would settle it"
                if by_people is not None
                else f"about {counted(needed, 'more question')}, or a wider margin, would settle it"
                if needed
                else "the loss is too near the margin for any affordable number of questions to settle it"
            )
            reason = (
                f"differs by {difference:+.3f}, between {low.low:+.3f} and {high.high:+.3f} {level}: {settle}"
            )
        return [
            Verdict(
                gate="no_regression",
                variant=self.variant,
                measure=self.measure,
                outcome=outcome,
                reason=f"{self.variant} against {baseline}: {self.measure} {reason}",
                slice=self.slice,
                estimate=difference,
                low=low.low,
                high=high.high,
                bound=-self.margin,
                n=n,
                needed=needed,
                method=low.method,
            )
        ]
