from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.golden.chroma import Chroma
from evalkit.golden.place import Finder, Place, Status, pin
from evalkit.golden.shingles import SHARED, Shingles
from evalkit.golden.similar import closest, word_diff
from evalkit.types import Evidence
from tests.conftest import Library

DATA = Path(os.environ.get("EVALKIT_DATA", "nowhere"))

LEAVE = "# Leave\n\nUp to five days carry over until 31 March of the next year.\n\nAsk your lead first.\n"
PAY = "# Pay\n\nSalaries are paid on the last working day of a month.\n"
QUOTE = "Up to five days carry over until 31 March of the next year."


def pinned(quote: str = QUOTE, doc: str = "leave", text: str = LEAVE) -> Evidence:
    return pin(Evidence(doc, quote), text, text.index(quote))


def find(evidence: Evidence, **documents: str) -> Place:
    return Finder(Library(documents)).find(evidence)


@pytest.mark.parametrize(
    ("documents", "status", "row"),
    [
        ({"leave": LEAVE, "pay": PAY}, Status.CURRENT, 0),
        ({"leave": "New first line.\n" + LEAVE, "pay": PAY}, Status.MOVED, 0),
        ({"holidays": LEAVE, "pay": PAY}, Status.MOVED, 0),
        ({"leave": "Moved to pay.", "pay": PAY + LEAVE}, Status.MOVED, 1),
        ({"leave": LEAVE.replace("five", "seven"), "pay": PAY}, Status.CHANGED, 0),
        ({"pay": PAY, "people": LEAVE.replace("five", "seven")}, Status.CHANGED, 1),
        ({"leave": "Ask your lead.", "pay": PAY}, Status.GONE, -1),
        ({"pay": PAY}, Status.GONE, -1),
    ],
)
def test_what_became_of_evidence(documents: dict[str, str], status: Status, row: int) -> None:
    place = find(pinned(), **documents)
    assert (place.status, place.row) == (status, row)
    text = list(documents.values())[place.row][place.start : place.end]
    if status in {Status.CURRENT, Status.MOVED}:
        assert text == QUOTE
    if status is Status.CHANGED:
        assert text == QUOTE.replace("five", "seven")


def test_of_equal_words_the_surroundings_decide() -> None:
    twice = "The fee is 5.\n\nFor members: The fee is 5.\n"
    evidence = pin(Evidence("fees", "The fee is 5."), twice, twice.rindex("The fee"))
    assert find(evidence, fees="Intro.\n\n" + twice).start == len("Intro.\n\n") + evidence.start  # type: ignore[operator]
    assert find(evidence, fees="The fee is 5. The fee is 5.").status is Status.CHANGED


def test_an_equal_that_slid_into_its_place_is_not_the_quote() -> None:
    text = "For guests. The fee is 5. For members! The fee is 5."
    evidence = pin(Evidence("fees", "The fee is 5."), text, text.rindex("The fee"))
    assert evidence.start is not None
    slid = " " * (evidence.start - text.index("The fee")) + text
    place = find(evidence, fees=slid)
    assert (place.status, place.start) == (Status.MOVED, slid.rindex("The fee"))


def test_the_edited_quote_in_its_own_document_comes_before_one_like_it_elsewhere() -> None:
    edited = LEAVE.replace("Up to five days", "Up to seven or eight days")
    like = LEAVE.replace("five", "six")
    assert find(pinned(), a_copy=like, leave=edited).row == 1
    assert find(pinned(), a_copy=like, leave="Nothing of the kind.").row == 0


def test_short_words_elsewhere_are_not_taken_for_the_quote() -> None:
    evidence = pinned("first", text=LEAVE)
    assert find(evidence, leave="Ask your lead.", pay="At first, nothing.").status is not Status.MOVED
    assert find(evidence, renamed=LEAVE).status is Status.MOVED


def test_a_quote_may_begin_and_end_inside_words() -> None:
    inside = pinned(QUOTE[4:-7])
    assert find(inside, pay=PAY, renamed=LEAVE).status is Status.MOVED
    chinese = "每年的年假最多可以结转五天,直到次年的三月三十一日为止。请先询问您的主管。"
    assert find(pinned(chinese[3:25], text=chinese), other=PAY, renamed=chinese).row == 1


def test_an_open_document_is_found_where_its_words_stand_once() -> None:
    assert find(Evidence("", QUOTE), pay=PAY, leave=LEAVE).status is Status.CURRENT
    twice = find(Evidence("", QUOTE), copy=LEAVE, leave=LEAVE)
    assert twice.status is Status.GONE
    assert "exactly one document" in twice.reason


texts = st.text(alphabet="abcd \n.é字", min_size=20, max_size=120)
edits = st.lists(
    st.tuples(
        st.sampled_from(["insert", "delete", "replace", "rename", "move", "copy", "drop", "reanchor"]),
        st.integers(0, 200),
        st.integers(0, 40),
        st.text(alphabet="abcd \n.é字", max_size=20),
    ),
    max_size=8,
)


def edited(texts: dict[str, str], kind: str, at: int, size: int, new: str) -> dict[str, str]:
    """One edit of one document, or of which documents there are."""
    texts = dict(texts)
    names = sorted(texts)
    name = names[at % len(names)]
    text = texts[name]
    at = at % (len(text) + 1)
    if kind == "insert":
        texts[name] = text[:at] + new + text[at:]
    elif kind == "delete":
        texts[name] = text[:at] + text[at + size :]
    elif kind == "replace":
        texts[name] = text[:at] + new + text[at + size :]
    elif kind == "rename":
        texts[f"{name}{size}"] = texts.pop(name)
    elif kind == "move":
        other = names[size % len(names)]
        piece = text[at : at + size]
        texts[name] = text[:at] + text[at + size :]
        texts[other] += piece
    elif kind == "copy":
        texts[f"{name}-copy"] = text
    elif len(texts) > 1:
        del texts[name]
    return texts


@given(st.lists(texts, min_size=1, max_size=3), edits, st.data())
def test_no_sequence_of_edits_yields_a_wrong_anchor(
    first: list[str], steps: list[tuple[str, int, int, str]], data: st.DataObject
) -> None:
    corpus = {f"d{number}": text for number, text in enumerate(first)}
    name = data.draw(st.sampled_from(sorted(corpus)))
    start = data.draw(st.integers(0, len(corpus[name]) - 1))
    end = data.draw(st.integers(start + 1, len(corpus[name])))
    evidence = pin(Evidence(name, corpus[name][start:end]), corpus[name], start)
    for kind, at, size, new in steps:
        if kind != "reanchor":
            corpus = edited(corpus, kind, at, size, new)
        documents = Library(corpus)
        place = Finder(documents).find(evidence)
        if place.row >= 0:
            text = documents[place.row].text
            assert 0 <= place.start < place.end <= len(text)
        if place.status in {Status.CURRENT, Status.MOVED}:
            assert text[place.start : place.end] == evidence.quote
            if kind == "reanchor":
                moved = dataclasses.replace(evidence, doc=documents[place.row].doc_id)
                evidence = pin(moved, text, place.start)
        if place.status is Status.GONE and evidence.doc in corpus:
            assert evidence.quote not in corpus[evidence.doc]


@given(st.lists(st.text(alphabet="abc de", max_size=60), min_size=1, max_size=4), st.data())
def test_a_text_is_a_candidate_wherever_it_stands(held: list[str], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(held) - 1))
    start = data.draw(st.integers(0, len(held[row])))
    part = held[row][start : data.draw(st.integers(start, len(held[row])))]
    found = dict(Shingles(held).candidates(part))
    if len(" ".join(part.split())) >= SHARED:
        assert found[row] == 1
    else:
        assert not found


def test_closest_names_whole_words() -> None:
    text = "x " * 400 + "Salaries are paid on the first working day of each month, always." + " y" * 400
    found = closest("Salaries are paid on the last working day of a month", text)
    assert found is not None
    assert text[found[1] : found[2]].startswith("Salaries")
    assert not text[found[1] - 1].isalnum()
    assert not text[found[2]].isalnum()
    assert closest("Nothing of this kind stands anywhere in it", text) is None


def test_word_diff() -> None:
    assert word_diff("Up to five days", "Up to seven days") == "Up to [-five-]{+seven+} days"


@pytest.mark.skipif(not (DATA / "chroma-chunking-eval").is_dir(), reason="EVALKIT_DATA holds no chroma data")
@pytest.mark.parametrize("known", [True, False], ids=["offsets given", "only words around"])
def test_every_published_excerpt_anchors_at_its_offsets(known: bool) -> None:  # noqa: FBT001
    folder = DATA / "chroma-chunking-eval" / "corpora"
    texts = {f"docs/{p.name}": p.read_bytes().decode() for p in sorted(folder.iterdir())}
    finder = Finder(Library(texts))
    unclear = []
    for question in Chroma(DATA / "chroma-chunking-eval" / "questions_df.csv").questions():
        for published in question.evidence:
            assert published.start is not None
            evidence = pin(published, texts[published.doc], published.start)
            place = finder.find(evidence if known else dataclasses.replace(evidence, start=None))
            if place.status is Status.CURRENT:
                assert place.start == published.start
            else:
                unclear.append(question.id)
    # One corpus repeats whole pages: of equal words amid equal words only the offset says which, else a person.
    assert len(unclear) == (0 if known else 94)


@pytest.mark.skipif(not (DATA / "clapnq-dev").is_dir(), reason="EVALKIT_DATA holds no ClapNQ data")
@pytest.mark.parametrize("half", ["answerable", "unanswerable"])
def test_every_clapnq_sentence_anchors_where_it_stands(half: str) -> None:
    path = DATA / "clapnq-dev" / f"clapnq_dev_{half}.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    passages = {f"{row['id']}/{n}": p for row in rows for n, p in enumerate(row["passages"])}
    finder = Finder(Library({name: passage["text"] for name, passage in passages.items()}))
    count = 0
    for name, passage in passages.items():
        end = 0
        for sentence in passage["sentences"]:
            start = passage["text"].index(sentence, end)  # sentences are published in order
            end = start + len(sentence)
            place = finder.find(pin(Evidence(name, sentence), passage["text"], start))
            assert (place.status, place.start, place.end) == (Status.CURRENT, start, end)
            count += 1
    assert count == {"answerable": 2034, "unanswerable": 2974}[half]


@given(st.lists(st.text(alphabet="abc de", max_size=60), min_size=1, max_size=4), st.integers(0, 3))
def test_an_index_of_what_is_wanted_answers_as_the_whole(held: list[str], at: int) -> None:
    wanted = held[at % len(held)]
    assert Shingles(held, [wanted, "something else entirely"]).candidates(wanted) == Shingles(
        held
    ).candidates(wanted)
