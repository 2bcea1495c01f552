from __future__ import annotations

import pytest

from evalkit.measures import parse
from evalkit.types import Answer, Runtime, State
from tests.measures.conftest import asked, cut, ranked

TENS = cut([100], [(0, 0, 10)])


def test_a_query_s_seconds_are_its_score_and_the_untimed_have_none(runtime: Runtime) -> None:
    run = ranked(TENS, [[0], [], [0]], seconds=[0.25, -1, 0])
    column = parse("Latency").score(run, asked([[], [], []]), runtime)
    assert column.value.tolist() == [0.25, 0, 0]
    assert column.state.tolist() == [State.VALUE, State.NOT_APPLICABLE, State.VALUE]
    assert column.reason == {1: "not in the timed sample"}


def test_an_answer_takes_its_time_too(runtime: Runtime) -> None:
    answers = (Answer("yes", seconds=1.5), Answer("no", seconds=2))
    run = ranked(TENS, [[0], [0]], seconds=[0.25, -1], answers=answers)
    column = parse("Latency").score(run, asked([[], []]), runtime)
    assert column.value.tolist() == pytest.approx([1.75, 0])
