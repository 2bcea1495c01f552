"""Recorded, extractive and callable answerers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.answerers.callable import Callable
from evalkit.answerers.extractive import Extractive
from evalkit.answerers.recorded import Recorded
from evalkit.errors import GoldenError, SuiteError
from evalkit.measures import parse
from evalkit.types import Answer, Passage, Question, Runtime, Span, State
from tests.conftest import Write
from tests.measures.conftest import asked, cut, ranked

PUMPS = Question("q1", "Who repairs the pumps in hall two?")
FOUND = [
    Passage(Span("a", 0, 1), "Lunch is at noon. Team Heron repairs the pumps in hall two."),
    Passage(Span("b", 0, 1), "The roof was painted green.\nVisitors park outside."),
]


def test_recorded_answers_stand_by_their_id(write: Write, runtime: Runtime) -> None:
    lines = [
        {"id": "q1", "answer": "Heron.", "tokens_in": 7, "cost": 0.5, "reference": "x"},
        {"id": "q2", "refused": True},
    ]
    text = "\n\n".join(map(json.dumps, lines))
    recorded = Recorded(write("answers.jsonl", text))
    assert recorded.answer(PUMPS, FOUND, runtime) == Answer("Heron.", tokens_in=7, cost=0.5)
    assert recorded.answer(Question("q2", ""), [], runtime).refused
    assert recorded.answer(Question("q3", ""), [], runtime).error == "answers.jsonl holds no answer to 'q3'"
    before = recorded.identity()
    write("answers.jsonl", text + " ")
    assert recorded.identity() != before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"answer": "x"}', ":1: id: Field required"),
        ('{"id": "a"}\n{"id": "a"}', ":2: a second answer to 'a'; keep one"),
        ("{", ":1: found no JSON object"),
        ('{"id": "a", "tokens_in": -1}', ":1: tokens_in: "),
        ("[1]", ":1: "),
    ],
)
def test_a_file_that_holds_no_answers_is_refused(
    write: Write, runtime: Runtime, text: str, message: str
) -> None:
    with pytest.raises(GoldenError, match=message):
        Recorded(write("answers.jsonl", text)).answer(PUMPS, FOUND, runtime)


def test_an_absent_file_is_named(tmp_path: Path, runtime: Runtime) -> None:
    with pytest.raises(GoldenError, match=r"gone\.jsonl: cannot be read"):
        Recorded(tmp_path / "gone.jsonl").answer(PUMPS, FOUND, runtime)


def test_the_sentence_that_says_most_about_the_question_is_the_answer(runtime: Runtime) -> None:
    answer = Extractive(sentences=1).answer(PUMPS, FOUND, runtime)
    assert (answer.text, answer.refused) == ("Team Heron repairs the pumps in hall two.", False)


@pytest.mark.parametrize("passages", [[], FOUND[1:]])
def test_too_little_support_is_a_refusal(runtime: Runtime, passages: list[Passage]) -> None:
    assert Extractive(support=0.3).answer(PUMPS, passages, runtime).refused


def told(question: str, passages: list[str]) -> object:
    match question:
        case "raise":
            raise RuntimeError("out of order")
        case "none":
            return None
        case "number":
            return 7
        case "whole":
            return Answer("w", tokens_in=3, seconds=9.0)
    return f"{question} {len(passages)}"


@pytest.mark.parametrize(
    ("text", "said", "refused", "error"),
    [
        ("text", "text 2", False, ""),
        ("none", "", True, ""),
        ("whole", "w", False, ""),
        ("number", "", False, "returned a int; expected a text"),
        ("raise", "", False, "raised RuntimeError: out of order"),
    ],
)
def test_a_function_answers_refuses_or_fails(
    runtime: Runtime,
    text: str,
    said: str,
    refused: bool,  # noqa: FBT001
    error: str,
) -> None:
    answer = Callable(f"{__name__}:told").answer(Question("q", text), FOUND, runtime)
    assert (answer.text, answer.refused) == (said, refused)
    assert error in answer.error
    assert bool(answer.error) == bool(error)
    assert answer.seconds > 0


@pytest.mark.parametrize("function", ["nowhere:f", "json:nothing", "json:__name__", "json"])
def test_what_cannot_be_called_is_the_suites_mistake(runtime: Runtime, function: str) -> None:
    with pytest.raises(SuiteError, match="expected"):
        Callable(function).answer(PUMPS, FOUND, runtime)


def test_cost_is_of_answers_and_of_nothing_else(runtime: Runtime) -> None:
    answers = (Answer("x", cost=0.25), Answer("", error="HTTP 500"))
    run = ranked(cut([10], [(0, 0, 10)]), [[0], [0]], answers=answers, seconds=[0.1, 0.1])
    for name, value in (("Cost", 0.25), ("Latency", 0.1)):
        column = parse(name).score(run, asked([[], []]), runtime)
        assert column.value.tolist() == [value, 0.0]
        assert column.state.tolist() == [State.VALUE, State.UNSCORED]
        assert column.reason == {1: "no answer: HTTP 500"}
    bare = parse("Cost").score(ranked(cut([10], [(0, 0, 10)]), [[0]]), asked([[]]), runtime)
    assert bare.state.tolist() == [State.NOT_APPLICABLE]
