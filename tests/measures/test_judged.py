"""Judged cells: who is asked about what, and what every other cell says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from evalkit.errors import EvaluationError
from evalkit.measures.judged import Judged
from evalkit.types import Answer, Claim, Exchange, Golden, Judgement, Run, Runtime, State
from tests.measures.conftest import asked, cut, quote, ranked


@dataclass(frozen=True, slots=True)
class Fixed:
    """A judge that was told what to say."""

    says: tuple[Judgement, ...]

    def identity(self) -> str:
        return "fixed"

    def measures(self) -> frozenset[str]:
        return frozenset({"Faithfulness"})

    def judge(self, measure: str, exchanges: Sequence[Exchange], runtime: Runtime) -> Sequence[Judgement]:
        assert measure
        return self.says


def answered(*answers: Answer, reference: str = "so it is", answerable: bool = True) -> tuple[Run, Golden]:
    passages = cut([100], [(0, 0, 10), (0, 10, 30)])
    run = ranked(passages, [[1, 0]] * len(answers), answers=answers)
    golden = asked([[quote(0, 0, 10)] if answerable else []] * len(answers))
    questions = tuple(replace(question, reference=reference) for question in golden.questions)
    return run, replace(golden, questions=questions)


def test_a_value_and_its_claims_are_kept(runtime: Runtime) -> None:
    said = Judgement(0.5, claims=(Claim("a", supported=True, passage=1), Claim("b", supported=False)))
    scores = Judged("Faithfulness", Fixed((said,))).score(*answered(Answer("x")), runtime)
    assert (scores[0].state, scores[0].value) == (State.VALUE, 0.5)
    assert scores.detail == {0: said}


def test_the_judge_sees_what_was_retrieved_best_first() -> None:
    run, golden = answered(Answer("x"))
    assert Judged("Faithfulness").exchanges(run, golden)[0].passages == ("x" * 20, "x" * 10)


@pytest.mark.parametrize(
    ("name", "answer", "reference", "answerable", "state", "reason"),
    [
        ("Faithfulness", Answer("", error="timeout"), "r", True, State.UNSCORED, "no answer: timeout"),
        ("Faithfulness", Answer(" "), "r", True, State.UNSCORED, "no answer: it is empty"),
        ("Faithfulness", Answer("no", refused=True), "r", True, State.NOT_APPLICABLE, "a refusal"),
        ("FactualCorrectness", Answer("no", refused=True), "r", True, State.VALUE, ""),
        (
            "FactualCorrectness",
            Answer("no", refused=True),
            "r",
            False,
            State.NOT_APPLICABLE,
            "hold no answer",
        ),
        ("FactualCorrectness", Answer("x"), "", True, State.NOT_APPLICABLE, "no reference answer"),
        ("ContextRecall", Answer("", error="timeout"), "", True, State.NOT_APPLICABLE, "no reference answer"),
    ],
)
def test_what_needs_no_judge_is_settled_without_one(
    runtime: Runtime,
    name: str,
    answer: Answer,
    reference: str,
    answerable: bool,  # noqa: FBT001
    state: State,
    reason: str,
) -> None:
    run, golden = answered(answer, reference=reference, answerable=answerable)
    score = Judged(name, Fixed(())).score(run, golden, runtime)[0]
    assert (score.state, score.value) == (state, 0.0)
    assert reason in score.reason


def test_a_reference_whose_evidence_is_gone_is_not_judged(runtime: Runtime) -> None:
    run, golden = answered(Answer("x"))
    score = Judged("ContextRecall", Fixed(())).score(run, replace(golden, unwinnable={0: "moved"}), runtime)[
        0
    ]
    assert (score.state, score.reason) == (State.UNSCORED, "moved")


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.1, 1.1])
def test_a_number_outside_the_scale_is_no_value(runtime: Runtime, value: float) -> None:
    score = Judged("Faithfulness", Fixed((Judgement(value),))).score(*answered(Answer("x")), runtime)[0]
    assert (score.state, score.value) == (State.UNSCORED, 0.0)
    assert "expected 0 to 1" in score.reason


def test_an_error_is_the_reason(runtime: Runtime) -> None:
    judge = Fixed((Judgement(1.0, error="half a JSON"),))
    score = Judged("Faithfulness", judge).score(*answered(Answer("x")), runtime)[0]
    assert (score.state, score.value, score.reason) == (State.UNSCORED, 0.0, "half a JSON")


def test_a_judge_that_loses_exchanges_is_refused(runtime: Runtime) -> None:
    with pytest.raises(EvaluationError, match="found 0 judgements of 1 exchange"):
        Judged("Faithfulness", Fixed(())).score(*answered(Answer("x")), runtime)
