from __future__ import annotations

from dataclasses import replace

from evalkit.measures.refusal import Answered, Refusal
from evalkit.types import Answer, Runtime, State
from tests.measures.conftest import asked, cut, quote, ranked

SAID, REFUSED, LOST = Answer("x"), Answer("I do not know", refused=True), Answer("", error="timeout")


def test_refusals_are_right_where_there_is_no_answer_and_only_there(runtime: Runtime) -> None:
    answers = (SAID, REFUSED, LOST, SAID, REFUSED, SAID)
    run = ranked(cut([100], [(0, 0, 10)]), [[0]] * 6, answers=answers)
    golden = replace(asked([[quote(0, 0, 10)]] * 3 + [[]] * 3), unwinnable={0: "the document is gone"})
    refusal, answered = Refusal().score(run, golden, runtime), Answered().score(run, golden, runtime)
    assert [refusal[row].state for row in range(6)] == [State.NOT_APPLICABLE] * 3 + [State.VALUE] * 3
    assert [refusal[row].value for row in (3, 4, 5)] == [0.0, 1.0, 0.0]
    assert [answered[row].state for row in range(6)] == [
        State.UNSCORED,
        State.VALUE,
        State.UNSCORED,
        *[State.NOT_APPLICABLE] * 3,
    ]
    assert answered[1].value == 0.0
    assert answered.reason[0] == "the document is gone"
    assert answered.reason[2] == "no answer: timeout"
    assert refusal.reason[0] == "the question can be answered"


def test_a_variant_that_only_retrieves_has_nothing_to_refuse(runtime: Runtime) -> None:
    run, golden = ranked(cut([100], [(0, 0, 10)]), [[0]]), asked([[]])
    assert Refusal().score(run, golden, runtime)[0].state == State.NOT_APPLICABLE
