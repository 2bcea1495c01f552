from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import GoldenError
from evalkit.golden.jsonl import Jsonl, write
from evalkit.golden.lines import MAX_LINE
from evalkit.types import Evidence, Question

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1).filter(
    str.strip
)
evidence = st.builds(
    Evidence,
    doc=words,
    quote=st.just("") | words,
    start=st.none() | st.integers(0, 10**6),
    prefix=st.just("") | words,
    suffix=st.just("") | words,
    grade=st.integers(1, 3),
)
questions = st.lists(
    st.builds(
        Question,
        id=words,
        text=words,
        evidence=st.lists(evidence, max_size=2).map(tuple),
        reference=st.just("") | words,
        tags=st.dictionaries(words, words, max_size=2),
        cluster=st.just("") | words,
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda q: q.id,
)


@given(questions)
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, golden: list[Question]) -> None:
    path = tmp_path_factory.mktemp("golden") / "golden.jsonl"
    path.write_text(write(golden), encoding="utf-8")
    assert Jsonl(path).questions() == tuple(golden)


def line(**fields: object) -> str:
    return json.dumps({"id": "q1", "text": "why?"} | fields)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no questions"),
        ("\n\n", "holds no questions"),
        ("{", ":1: not valid JSON (Expecting property name"),
        ("[1]", ":1: a question: found [1]; expected a JSON object"),
        (line() + "\n" + line(), ":2: field 'id': 'q1' already stands at"),
        (line(evidense=[]), "unknown field 'evidense'; did you mean 'evidence'?"),
        (line(text=" "), "field 'text' is missing or empty"),
        (line(id=5), "field 'id': found 5; expected text"),
        (line(evidence="x"), "field 'evidence': found 'x'; expected a list"),
        (line(evidence=[{"quote": "x"}]), "field 'evidence[0].doc' is missing or empty"),
        (line(evidence=[{"doc": "d", "start": -1}]), "field 'evidence[0].start': found -1"),
        (line(evidence=[{"doc": "d", "grade": 0}]), "field 'evidence[0].grade': found 0"),
        (line(tags={"kind": 1}), "field 'tags.kind': found 1; expected text"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_bad_file_is_refused_with_line_and_field(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "golden.jsonl"
    path.write_text(content)
    with pytest.raises(GoldenError) as caught:
        Jsonl(path).questions()
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"x" * (MAX_LINE + 5), ":1: the line is longer than 1,000,000 bytes"),
        (line().encode() + b"\n" + "ü".encode("latin-1"), ":2: byte 0 is not UTF-8"),
        (b'{"id": "a\x00"}', ":1: holds a NUL byte"),
        (line().encode("utf-16"), ":1: byte 0 is not UTF-8"),
    ],
)
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "golden.jsonl"
    path.write_bytes(data)
    with pytest.raises(GoldenError) as caught:
        Jsonl(path).questions()
    assert message in str(caught.value)


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / "golden.jsonl"
    path.write_text("\n".join(["{"] * 30))
    with pytest.raises(GoldenError) as caught:
        Jsonl(path).questions()
    assert len(caught.value.problems) == 21
    assert caught.value.problems[-1].endswith("and 10 more problems")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GoldenError, match="no such file"):
        Jsonl(tmp_path / "nowhere.jsonl").questions()
