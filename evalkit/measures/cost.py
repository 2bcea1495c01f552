"""Cost: what an answer costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from evalkit.types import Golden, Run, Runtime, Scores, State

__all__ = ["Cost"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What each answer's tokens cost, in the currency of the answerer's prices; judging is not counted.

    A question without an answer is unscored; a variant without an answerer has no cost to measure.
    """

    CUTOFF: ClassVar[str] = "none"
    higher_is_better: ClassVar[bool] = False
    timed: ClassVar[bool] = False
    share: ClassVar[bool] = False

    def __str__(self) -> str:
        return "Cost"

    def score(self, run: Run, golden: Golden, runtime: Runtime) -> Scores:  # noqa: ARG002
        rows = len(golden.questions)
        if run.answers is None:
            state = np.full(rows, State.NOT_APPLICABLE, dtype=np.uint8)
            return Scores(np.zeros(rows), state, dict.fromkeys(range(rows), "the variant has no answerer"))
        failed = {row: answer.error for row, answer in enumerate(run.answers) if answer.error}
        return Scores(
            np.array([0.0 if answer.error else answer.cost for answer in run.answers]),
            np.array(
                [State.UNSCORED if answer.error else State.VALUE for answer in run.answers], dtype=np.uint8
            ),
            {row: f"no answer: {error}" for row, error in failed.items()},
        )
