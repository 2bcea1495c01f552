from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import GoldenError
from evalkit.golden.judgements import Judgements, parts, read_candidates
from evalkit.golden.place import Finder, Status, pin
from evalkit.types import Evidence
from tests.conftest import Library

TEXT = "# Leave\n\nFive days carry over. Ask your lead first!\n- In writing\n\nNothing else."


def candidates(path: Path, queries: int = 3, passages: int = 2) -> Path:
    lines = []
    for n in range(queries):
        held = []
        for p in range(passages):
            e = pin(Evidence(f"docs/{p}", TEXT[9:]), TEXT, 9)
            held.append(
                {"doc": e.doc, "quote": e.quote, "start": e.start, "prefix": e.prefix, "suffix": e.suffix}
            )
        lines.append(json.dumps({"id": f"q{n}", "text": f"question {n}?", "candidates": held}))
    path.write_text("\n".join(lines))
    return path


def test_a_sentence_is_evidence_at_its_own_place() -> None:
    found = parts(pin(Evidence("docs/0", TEXT[9:]), TEXT, 9))
    assert [e.quote for e in found] == [
        "Five days carry over.",
        "Ask your lead first!",
        "- In writing",
        "Nothing else.",
    ]
    finder = Finder(Library({"docs/0": TEXT}))
    for evidence in found:
        place = finder.find(evidence)
        assert (place.status, place.start) == (Status.CURRENT, TEXT.index(evidence.quote))
        assert evidence == pin(evidence, TEXT, place.start)


def test_judgements_become_questions(tmp_path: Path) -> None:
    held = read_candidates(candidates(tmp_path / "c.jsonl", queries=4))
    log = Judgements(tmp_path / "log", "ada")
    first = held[0].passages[0]
    log.add("q0", 0, "yes", parts(first)[0])
    log.add("q0", 1, "yes", first)
    log.add("q1", 0, "no")
    log.add("q1", 1, "no")
    log.add("q2", -1, "unanswerable")
    log.add("q3", 0, "yes", first)
    log.add("q3", -1, "drop")
    questions = Judgements(tmp_path / "log", "bob").questions(held)
    assert [(q.id, len(q.evidence)) for q in questions] == [("q0", 2), ("q2", 0)]
    assert questions[0].tags == {"author": "ada", "provenance": "query log"}
    assert log.following(held) is None
    assert log.left(held) == 0


@given(st.lists(st.sampled_from(["yes", "no", "unanswerable", "drop", "undo", "restart"]), max_size=15))
def test_any_order_of_keys_and_restarts_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, keys: list[str]
) -> None:
    tmp = tmp_path_factory.mktemp("review")
    held = read_candidates(candidates(tmp / "c.jsonl"))
    log = Judgements(tmp / "log", "ada")
    for key in keys:
        if key == "restart":
            given_ = log.given
            log = Judgements(tmp / "log", "ada")
            assert log.given == given_
        elif key == "undo":
            before = log.given[:-1]
            log.undo()
            assert log.given == before
        elif (following := log.following(held)) is not None:
            item, number = following
            evidence = item.passages[number] if key == "yes" else None
            whole = key in {"unanswerable", "drop"}
            log.add(item.question.id, -1 if whole else number, key, evidence)  # type: ignore[arg-type]
    assert Judgements(tmp / "log", "ada").questions(held) == log.questions(held)


def test_a_log_cut_at_any_byte_loses_only_the_line_that_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = Judgements(path, "ada")
    for number in range(3):
        log.add(f"q{number}", 0, "yes", Evidence("d", "“Zitat”", 3, "a", "b"))
    whole = path.read_bytes()
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        resumed = Judgements(path, "ada")
        acknowledged = whole[:size].count(b"\n")
        assert resumed.given == log.given[:acknowledged]
        resumed.add("q9", 0, "no")
        assert [entry.question for entry in Judgements(path, "ada").given][-1] == "q9"
        assert len(Judgements(path, "ada").given) == acknowledged + 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"question": "q"}\n', "log:1: not a judgement"),
        (
            '{"question": "q", "candidate": 0, "verdict": "maybe", "evidence": null, "by": "a"}\n',
            "field 'verdict': found 'maybe'",
        ),
        ("{\n", ":1: not valid JSON"),
    ],
)
def test_an_edited_log_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "log").write_text(content)
    with pytest.raises(GoldenError) as caught:
        Judgements(tmp_path / "log", "ada")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "q", "text": ""}', "field 'id' or 'text' is missing or empty"),
        ('{"id": "q", "text": "?", "candidates": [{"doc": "d"}]}', "field 'candidates': KeyError('quote')"),
        ('{"id": "q", "text": "?", "candidates": 5}', "field 'candidates': found 5"),
    ],
)
def test_bad_candidates_are_refused(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "c.jsonl").write_text(line)
    with pytest.raises(GoldenError) as caught:
        read_candidates(tmp_path / "c.jsonl")
    assert f"c.jsonl:1: {message}" in str(caught.value)
