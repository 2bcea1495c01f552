"""Latency: how long a query took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from evalkit.types import Golden, Run, Runtime, Scores, State

__all__ = ["Latency"]


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from a query's text to its hits; answers, where there are any, add theirs.

    A clock measures it, so no two runs agree. A retriever may time a sample of the queries; the others are not
    applicable. A question without an answer is unscored.
    """

    CUTOFF: ClassVar[str] = "none"
    higher_is_better: ClassVar[bool] = False
    timed: ClassVar[bool] = True

    def __str__(self) -> str:
        return "Latency"

    def score(self, run: Run, golden: Golden, runtime: Runtime) -> Scores:  # noqa: ARG002
        seconds = run.hits.seconds.astype(np.float64)
        if run.answers is not None:
            seconds = seconds + np.array([answer.seconds for answer in run.answers])
        timed = run.hits.seconds >= 0
        state = np.where(timed, State.VALUE, State.NOT_APPLICABLE).astype(np.uint8)
        reasons = {int(row): "not in the timed sample" for row in np.flatnonzero(~timed)}
        for row, answer in enumerate(run.answers or ()):
            if answer.error and timed[row]:
                state[row], reasons[row] = State.UNSCORED, f"no answer: {answer.error}"
        return Scores(np.where(state == State.VALUE, seconds, 0.0), state, reasons, unit="s")
