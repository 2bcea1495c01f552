from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.errors import GoldenError
from evalkit.golden.anchor import anchor
from evalkit.golden.place import pin
from evalkit.golden.reanchor import counts, decide, reanchored, review, trace
from evalkit.types import Evidence, Question
from tests.conftest import Library

LEAVE = "# Leave\n\nUp to five days carry over until 31 March.\n\nAsk your lead at least a week before.\n"
PAY = "# Pay\n\nSalaries are paid on the last working day of a month.\n"
DAYS, LEAD, PAID = (
    "Up to five days carry over until 31 March.",
    "Ask your lead",
    "Salaries are paid on the last",
)
BEFORE = {"leave": LEAVE, "pay": PAY}
AFTER = {"holidays": LEAVE.replace("five", "seven"), "pay": "Money.\n\n" + PAY}


def ask(name: str, doc: str, quote: str, **tags: str) -> Question:
    return Question(name, "?", (pin(Evidence(doc, quote), BEFORE[doc], BEFORE[doc].index(quote)),), tags=tags)


QUESTIONS = (
    ask("days", "leave", DAYS, kind="fact"),
    ask("lead", "leave", LEAD),
    ask("paid", "pay", PAID, kind="fact"),
)


def test_counts_by_slice() -> None:
    table = counts(trace(QUESTIONS, Library(AFTER)))
    assert table[""] == {"current": 0, "moved": 2, "changed": 1, "gone": 0}
    assert table["kind=fact"] == {"current": 0, "moved": 1, "changed": 1, "gone": 0}
    assert counts(trace(QUESTIONS, Library(BEFORE)))[""]["current"] == 3
    assert counts(trace(QUESTIONS, Library({"x": "Nothing."})))[""]["gone"] == 3


def test_the_moved_are_pinned_where_they_are_and_keep_their_cluster() -> None:
    corpus = Library(AFTER)
    days, lead, paid = reanchored(QUESTIONS, trace(QUESTIONS, corpus), corpus)
    assert days == QUESTIONS[0]
    assert (lead.evidence[0].doc, lead.cluster) == ("holidays", "leave")
    assert (paid.evidence[0].start, paid.cluster) == (len("Money.\n\n") + PAY.index(PAID), "")
    assert counts(trace((lead, paid), corpus))[""]["current"] == 2


def test_unpinned_evidence_is_pinned() -> None:
    corpus = Library(BEFORE)
    question = Question("q", "?", (Evidence("leave", DAYS), Evidence("", PAID), Evidence("pay")))
    (fresh,) = reanchored((question,), trace((question,), corpus), corpus)
    assert [e.doc for e in fresh.evidence] == ["leave", "pay", "pay"]
    assert [e.start for e in fresh.evidence] == [LEAVE.index(DAYS), PAY.index(PAID), None]
    assert (fresh.evidence[2].prefix, fresh.evidence[2].suffix) == (PAY[:48], PAY[-48:])
    assert fresh.evidence[0].prefix == "# Leave\n\n"


def test_a_whole_document_is_followed_when_it_is_renamed() -> None:
    text = PAY + LEAVE
    question = Question("q", "?", (pin(Evidence("pay"), text, 0),))
    renamed = Library({"leave": LEAVE, "salaries": text.replace("five", "six")})
    assert anchor((question,), renamed).qrels.doc.tolist() == [1]
    (fresh,) = reanchored((question,), trace((question,), renamed), renamed)
    assert (fresh.evidence[0].doc, fresh.cluster) == ("salaries", "pay")
    for texts in ({"leave": LEAVE}, {"a": text, "b": text}):
        assert list(anchor((question,), Library(texts)).unwinnable) == [0]
    with pytest.raises(GoldenError, match="document 'pay' is not in the corpus"):
        anchor((Question("q", "?", (Evidence("pay"),)),), Library({"leave": LEAVE}))


def entries(tmp_path: Path, **changes: object) -> Path:
    corpus = Library(AFTER)
    path = tmp_path / "review.jsonl"
    lines = [json.loads(line) for line in review(trace(QUESTIONS, corpus), corpus).splitlines()]
    assert [line["question"] for line in lines] == ["days"]
    assert lines[0]["accept"] is None
    assert lines[0]["diff"] == "Up to [-five-]{+seven+} days carry over until 31 March."
    path.write_text("".join(json.dumps(line | changes) + "\n" for line in lines))
    return path


@pytest.mark.parametrize(("accept", "what"), [(True, "accepted"), (False, "rejected"), (None, "open")])
def test_a_person_decides_on_the_changed(tmp_path: Path, accept: bool | None, what: str) -> None:  # noqa: FBT001
    corpus = Library(AFTER)
    decided, tally = decide(QUESTIONS, entries(tmp_path, accept=accept), corpus)
    assert tally == {"accepted": 0, "rejected": 0, "open": 0} | {what: 1}
    if accept:
        assert decided[0].evidence[0].quote == DAYS.replace("five", "seven")
        assert (decided[0].evidence[0].doc, decided[0].cluster) == ("holidays", "leave")
        assert counts(trace(decided, corpus))[""] == {"current": 1, "moved": 2, "changed": 0, "gone": 0}
        assert not anchor(decided, corpus).unwinnable
    else:
        assert decided == QUESTIONS
        assert list(anchor(decided, corpus).unwinnable) == [0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"question": "gone"}, ":1: no question or field 'gone'"),
        ({"quote": "Other words"}, "is not the one reviewed"),
        ({"position": 4}, "out of range"),
        ({"now": {"doc": "pay", "start": 3, "quote": "Up to"}}, "no longer holds the quote at 3 of 'pay'"),
        ({"now": 5}, "holds no place"),
    ],
)
def test_a_review_that_no_longer_fits_changes_nothing(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(GoldenError) as caught:
        decide(QUESTIONS, entries(tmp_path, accept=True, **changes), Library(AFTER))
    assert message in str(caught.value)
