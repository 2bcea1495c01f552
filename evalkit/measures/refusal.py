"""Refusals: whether the system declines where the documents hold no answer, and only there. No judge is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from evalkit.types import Golden, Run, Runtime, Score, Scores, State

__all__ = ["Answered", "Refusal"]


@dataclass(frozen=True, slots=True)
class _Decision:
    """Whether to answer was decided rightly, over the questions of one kind."""

    CUTOFF: ClassVar[str] = "none"
    NAME: ClassVar[str]
    ANSWERABLE: ClassVar[bool]
    higher_is_better: ClassVar[bool] = True
    timed: ClassVar[bool] = False

    def __str__(self) -> str:
        return self.NAME

    def score(self, run: Run, golden: Golden, runtime: Runtime) -> Scores:  # noqa: ARG002
        cells = [self._cell(row, run, golden) for row in range(len(golden.questions))]
        return Scores(
            np.array([cell.value for cell in cells], dtype=np.float64),
            np.array([cell.state for cell in cells], dtype=np.uint8),
            {row: cell.reason for row, cell in enumerate(cells) if cell.state != State.VALUE},
        )

    def _cell(self, row: int, run: Run, golden: Golden) -> Score:
        if run.answers is None:
            return Score(State.NOT_APPLICABLE, reason="the variant has no answerer")
        if golden.questions[row].answerable is not self.ANSWERABLE:
            kind = "has no evidence" if self.ANSWERABLE else "can be answered"
            return Score(State.NOT_APPLICABLE, reason=f"the question {kind}")
        if row in golden.unwinnable:
            return Score(State.UNSCORED, reason=golden.unwinnable[row])
        answer = run.answers[row]
        if answer.error or not (answer.text.strip() or answer.refused):
            return Score(State.UNSCORED, reason=f"no answer: {answer.error or 'it is empty'}")
        return Score(State.VALUE, float(answer.refused is not self.ANSWERABLE))


@dataclass(frozen=True, slots=True)
class Refusal(_Decision):
    """Of the questions that the documents do not answer, the share that the system refuses."""

    NAME: ClassVar[str] = "Refusal"
    ANSWERABLE: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Answered(_Decision):
    """Of the questions that the documents do answer, the share that the system does not refuse."""

    NAME: ClassVar[str] = "Answered"
    ANSWERABLE: ClassVar[bool] = True
