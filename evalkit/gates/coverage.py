"""A minimum share of cells that hold a score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from evalkit.gates.cells import pick, titled
from evalkit.types import ALL_QUESTIONS, Outcome, Results, Verdict
from evalkit.wording import counted

__all__ = ["Coverage"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Enough of the questions that a measure applies to must have been scored.

    This counts what happened rather than estimating what would, so it has no interval and is never INCONCLUSIVE.

    Args:
        variant: the variant.
        measure: the measure.
        at_least: the share; questions whose evidence is gone from the corpus count as unscored.
        slice: judge one slice, "tag=value", instead of all questions.
    """

    variant: str
    measure: str
    at_least: Annotated[float, Field(gt=0, le=1)] = 0.95
    slice: str = ALL_QUESTIONS

    @property
    def title(self) -> str:
        return titled(f"coverage {self.variant} {self.measure}", self.slice)

    def __str__(self) -> str:
        return f"{self.title} >= {self.at_least:g}"

    def judge(self, results: Results) -> Sequence[Verdict]:
        cells = pick(results, results.scores(self.variant, self.measure), self.slice)
        n, scored = len(cells.rows), int(cells.scored.sum())
        share = scored / n if n else 0.0
        passed = share >= self.at_least
        missing = math.ceil(self.at_least * n) - scored
        reason = f"{self.variant}: {self.measure} was scored for {scored} of {counted(n, 'question')}"
        reason += (
            f", {share:.1%}"
            if passed
            else f", {share:.1%}; score {missing} more to reach {self.at_least:.1%}"
        )
        return [
            Verdict(
                gate="coverage",
                variant=self.variant,
                measure=self.measure,
                outcome=Outcome.PASS if passed else Outcome.FAIL,
                reason=reason,
                slice=self.slice,
                estimate=share,
                low=share,
                high=share,
                bound=self.at_least,
                n=n,
                needed=None,
                method="census",
            )
        ]
