"""A language model over real HTTP: answers, their cost, failures, and a run that does not pay twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openai", reason="the llm extra is not installed")

from pydantic import SecretStr

from evalkit.answerers.llm import LLM
from evalkit.backends.chat import Prices
from evalkit.backends.runtime import open_runtime
from evalkit.chunkers.fixed import Fixed
from evalkit.retrievers.bm25 import BM25
from evalkit.stages import run_variants
from evalkit.types import Answer, Evidence, Golden, Passage, Question, Runtime, Span, Variant
from tests.conftest import Library, golden, silent
from tests.endpoint import Endpoint, Fault, judging, serve

HERON = "Team Heron repairs the pumps."
FOUND = [Passage(Span("a", 0, 1), "Lunch is at noon."), Passage(Span("a", 1, 2), HERON)]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serve() as running:
        yield running


def test_an_answer_with_its_tokens_and_cost(endpoint: Endpoint, runtime: Runtime) -> None:
    llm = LLM("double", endpoint.url, key=SecretStr("s3cret"), prices=Prices(2.0, 10.0))
    answer = llm.answer(Question("q", "Who?"), FOUND, runtime)
    assert (answer.text, answer.refused, answer.error) == (HERON, False, "")
    assert (answer.tokens_in, answer.tokens_out) == (100, 10)
    assert answer.cost == pytest.approx(3e-4)
    assert answer.seconds > 0
    (body,) = endpoint.bodies
    assert body["authorization"] == "Bearer s3cret"
    assert json.loads(body["messages"][1]["content"]) == {
        "question": "Who?",
        "passages": [p.text for p in FOUND],
    }
    assert (body["model"], body["temperature"]) == ("double", 0.0)
    assert "s3cret" not in repr(llm) + llm.identity()


def test_a_refusal_is_known_by_how_it_begins(endpoint: Endpoint, runtime: Runtime) -> None:
    assert LLM("double", endpoint.url).answer(Question("q", "Who?"), FOUND[:1], runtime).refused


def test_the_prompts_file_is_part_of_the_identity(
    tmp_path: Path, endpoint: Endpoint, runtime: Runtime
) -> None:
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("Answer like a pirate.")
    llm = LLM("double", endpoint.url, prompt=prompt, temperature=None)
    llm.answer(Question("q", "Who?"), FOUND, runtime)
    assert endpoint.bodies[0]["messages"][0]["content"] == "Answer like a pirate."
    assert "temperature" not in endpoint.bodies[0]
    before = llm.identity()
    prompt.write_text("Answer like a judge.")
    assert llm.identity() != before


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(429, b"{}"), "HTTP 429"),
        (Fault(500, b"{}"), "HTTP 500"),
        (Fault(401, b'{"error": {"message": "Incorrect API key s3cret"}}'), "HTTP 401"),
        (Fault(sleep=0.6), "no reply"),
        (Fault(body=b"<html>", kind="text/html"), "no chat completion"),
        (Fault(body=b'{"choices": ['), "cannot be read"),
        ("", "the reply is empty"),
    ],
)
def test_a_failure_is_an_error_in_a_sentence(runtime: Runtime, fault: str | Fault, reason: str) -> None:
    with serve(lambda _data, _keys: fault) as endpoint:
        llm = LLM(
            "double",
            endpoint.url,
            key=SecretStr("s3cret"),
            deadline=0.5 if "no reply" in reason else 10,
            retries=0,
        )
        answer = llm.answer(Question("q", "Who?"), FOUND, runtime)
    assert reason in answer.error
    assert "s3cret" not in answer.error
    assert answer.text == ""


def test_an_endpoint_that_is_not_there(runtime: Runtime) -> None:
    answer = LLM("double", "http://127.0.0.1:9/v1", retries=0).answer(Question("q", "Who?"), FOUND, runtime)
    assert answer.error == "the endpoint cannot be reached"


def answers(home: Path, url: str, **how: Any) -> tuple[tuple[Answer, ...], Runtime]:
    library = Library({f"d{n}": f"Team {n} repairs the pumps of hall {n}." for n in range(12)})
    asked: Golden = golden([[(n, 0, 10)] for n in range(12)])
    questions = tuple(
        Question(
            f"q{n}", f"Who repairs the pumps of hall {n}?", (Evidence("d"),), reference="secret reference"
        )
        for n in range(12)
    )
    asked = Golden(questions, asked.qrels, {}, "digest")
    runtime = open_runtime(home, progress=silent)
    variant = Variant("v", Fixed(100), BM25(), LLM("double", url, top=1, retries=0, **how), depth=5)
    said = run_variants([variant], library, asked, runtime)["v"].answers
    assert said is not None
    return said, runtime


def test_what_was_answered_is_not_asked_again_and_what_failed_is(tmp_path: Path) -> None:
    broken = threading.Event()
    broken.set()

    def says(data: dict[str, Any], keys: str) -> str | Fault:
        if broken.is_set() and "hall 7" in data["question"]:
            return Fault(500, b"{}")
        return judging(data, keys)

    with serve(says) as endpoint:
        first, runtime = answers(tmp_path, endpoint.url, prices=Prices(1.0, 1.0))
        assert [n for n, answer in enumerate(first) if answer.error] == [7]
        assert runtime.tally.made["answer"] == 12
        assert not any("secret reference" in data for data in endpoint.asked)
        broken.clear()
        second, runtime = answers(tmp_path, endpoint.url, prices=Prices(2.0, 2.0))
        assert (runtime.tally.made["answer"], runtime.tally.reused["answer"]) == (1, 11)
        assert len(endpoint.asked) == 13
        assert not any(answer.error for answer in second)
        assert second[0].cost == pytest.approx(2 * first[0].cost), "prices of today, answers of yesterday"
        assert second[0].seconds == first[0].seconds


def test_no_more_are_under_way_than_stated(tmp_path: Path) -> None:
    now, most, lock = 0, 0, threading.Lock()

    def says(data: dict[str, Any], keys: str) -> str | Fault:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.05)
        with lock:
            now -= 1
        return judging(data, keys)

    with serve(says) as endpoint:
        answers(tmp_path, endpoint.url, concurrency=3)
    assert most == 3
