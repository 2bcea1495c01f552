"""Measures that a judge decides: faithfulness, relevancy, correctness. May import types only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from evalkit.errors import EvaluationError
from evalkit.types import (
    Answer,
    Exchange,
    Golden,
    Judge,
    Judgement,
    Question,
    Run,
    Runtime,
    Score,
    Scores,
    State,
)
from evalkit.wording import counted

__all__ = ["Judged"]

TOP = 5
"""How many of the best passages a judge sees where no answerer says how many it read."""

_LOWER_IS_BETTER = {"NoiseSensitivity"}
_OF_THE_REFERENCE = {"ContextRecall", "ContextPrecision", "FactualCorrectness", "NoiseSensitivity"}
_OF_RETRIEVAL = {"ContextRecall", "ContextPrecision"}
_OF_CLAIMS = {"Faithfulness", "NoiseSensitivity", "SupportScore"}


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge makes of each question, its answer and its passages, in [0, 1].

    A question without an answer is unscored. A refusal makes no claim, so measures of claims do not apply to it; of an
    answerable question it is worth 0 to the others, and none apply where the documents hold no answer. Measures that
    compare with the reference answer do not apply where there is none.

    Args:
        name: the measure's name.
        judge: who decides; the suite's key `judge` names it.
    """

    CUTOFF: ClassVar[str] = "none"
    timed: ClassVar[bool] = False

    name: str
    judge: Judge | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def higher_is_better(self) -> bool:
        return self.name not in _LOWER_IS_BETTER

    @property
    def needs_answer(self) -> bool:
        """Whether a variant without an answerer has nothing to judge."""
        return self.name not in _OF_RETRIEVAL

    def ready(self) -> None:
        """Raises what the judge would refuse for before it is asked."""
        if (ready := getattr(self.judge, "ready", None)) is not None:
            ready(self.name)

    def score(self, run: Run, golden: Golden, runtime: Runtime) -> Scores:
        """Asks the judge about every question that has something to judge.

        Raises:
            EvaluationError: where the judge is not set, or does not return one judgement an exchange.
        """
        if self.judge is None:
            raise EvaluationError(f"{self.name}: no judge decides it; name one under the suite's key 'judge'")
        asked = self.exchanges(run, golden)
        judgements = self.judge.judge(self.name, tuple(asked.values()), runtime) if asked else ()
        if len(judgements) != len(asked):
            raise EvaluationError(
                f"{self.judge.identity()}: found {counted(len(judgements), 'judgement')} "
                f"of {counted(len(asked), 'exchange')}; expected one each"
            )
        detail = dict(zip(asked, judgements, strict=True))
        rows = range(len(golden.questions))
        cells = [self._settled(row, run, golden) or _cell(detail[row]) for row in rows]
        return _column(cells, detail)

    def exchanges(self, run: Run, golden: Golden) -> dict[int, Exchange]:
        """Returns what the judge would be shown, by the question's row."""
        rows = range(len(golden.questions))
        return {row: _exchange(row, run, golden) for row in rows if self._settled(row, run, golden) is None}

    def _settled(self, row: int, run: Run, golden: Golden) -> Score | None:
        """Returns the cell that needs no judge, or None."""
        question = golden.questions[row]
        if self.name in _OF_THE_REFERENCE:
            if row in golden.unwinnable:
                return Score(State.UNSCORED, reason=golden.unwinnable[row])
            if not question.reference:
                return Score(State.NOT_APPLICABLE, reason="the question has no reference answer")
        if not self.needs_answer:
            return None
        if run.answers is None:
            return Score(State.NOT_APPLICABLE, reason="the variant has no answerer")
        return self._unanswered(question, run.answers[row])

    def _unanswered(self, question: Question, answer: Answer) -> Score | None:
        if answer.error or not (answer.text.strip() or answer.refused):
            return Score(State.UNSCORED, reason=f"no answer: {answer.error or 'it is empty'}")
        if not answer.refused:
            return None
        if self.name in _OF_CLAIMS:
            return Score(State.NOT_APPLICABLE, reason="the answer is a refusal, which makes no claim")
        if not question.answerable:
            return Score(State.NOT_APPLICABLE, reason="refused, and the documents hold no answer")
        return Score(State.VALUE, 0.0)


def _exchange(row: int, run: Run, golden: Golden) -> Exchange:
    question = golden.questions[row]
    answer = run.answers[row].text if run.answers is not None else ""
    top = run.variant.answerer.top if run.variant.answerer is not None else TOP
    hits = run.hits.passage[row][:top]
    texts = tuple(run.passages[int(hit)].text for hit in hits if hit >= 0)
    return Exchange(question.text, answer, texts, question.reference)


def _cell(judgement: Judgement) -> Score:
    if judgement.error:
        return Score(State.UNSCORED, reason=judgement.error)
    if not (math.isfinite(judgement.value) and 0 <= judgement.value <= 1):
        return Score(State.UNSCORED, reason=f"the judge returned {judgement.value}; expected 0 to 1")
    return Score(State.VALUE, judgement.value)


def _column(cells: Sequence[Score], detail: dict[int, Judgement]) -> Scores:
    return Scores(
        np.array([cell.value for cell in cells], dtype=np.float64),
        np.array([cell.state for cell in cells], dtype=np.uint8),
        {row: cell.reason for row, cell in enumerate(cells) if cell.state != State.VALUE},
        detail,
    )
