"""What is on record of a judge, and when it lets the judge gate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evalkit.errors import SuiteError
from evalkit.trust.agreement import Figure
from evalkit.trust.card import Card, Pair, problems, read_cards, usable, write_card
from evalkit.trust.labels import Labelled, key, read, sheet
from evalkit.types import Exchange, Labels

TODAY = dt.date(2026, 6, 1)
EXCHANGES = {row: Exchange(f"q{row}", f"a{row}", ("p",)) for row in range(150)}


def card(count: int = 120, variant: str = "new") -> Card:
    known = Figure(0.8, 0.7, 0.9)
    return Card(
        judge="support 1",
        measure="SupportScore",
        made_on=dt.date(2026, 3, 1),
        expires_on=TODAY,
        labels=count,
        rarer=count // 3,
        clusters=count,
        unscored=0,
        agreement={"auroc": known, "balanced_accuracy": known, "kappa": known},
        slices={},
        people=None,
        repeats={"answers": 50, "repeats": 1, "flipped": 0.0, "mean_change": 0.0},
        pairs=tuple(
            Pair(key(EXCHANGES[row]), variant, row / 200, float(row % 3 > 0)) for row in range(count)
        ),
    )


def found(
    *cards: Card,
    judge: str = "support 1",
    exchanges: Mapping[int, Exchange] = EXCHANGES,
    today: dt.date | None = TODAY,
) -> Labels | str:
    return usable(cards, judge=judge, measure="SupportScore", variant="new", exchanges=exchanges, today=today)


def test_a_valid_card_gives_labels_by_the_question_s_row() -> None:
    labels = found(card())
    assert isinstance(labels, Labels)
    assert labels.row.tolist() == list(range(120))
    assert labels.judged[3] == 3 / 200
    assert labels.label.mean() == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c: replace(c, labels=60), "its card rests on 60 labels; label 40 more"),
        (lambda c: replace(c, rarer=12), "12 labels of the rarer kind; label until there are 30"),
        (
            lambda c: replace(c, agreement={"auroc": Figure(0.7, 0.6, 0.8)}),
            "its AUROC of 0.70 may be as low as 0.60; it must be shown to exceed 0.60",
        ),
        (lambda c: replace(c, agreement={"auroc": Figure(None, None, None)}), "its AUROC is unknown"),
        (
            lambda c: replace(c, expires_on=TODAY - dt.timedelta(days=1)),
            "expired on 2026-05-31; calibrate again",
        ),
        (lambda c: replace(c, judge="support 0"), "the card on record is of 'support 0': label 100 answers"),
        (
            lambda c: replace(c, measure="Faithfulness"),
            "no judge card for 'support 1': label 100 answers drawn",
        ),
        (lambda c: card(80), "holds 80 labels of this variant's answers, 100 are needed; label 20 more"),
        (lambda c: card(variant="old"), "holds 0 labels of this variant's answers"),
    ],
)
def test_what_keeps_a_judge_from_gating(change: Callable[[Card], Card], reason: str) -> None:
    changed = change(card())
    if changed.labels == 80:
        changed = replace(changed, labels=120, rarer=30)
    said = found(changed)
    assert isinstance(said, str)
    assert reason in said


def test_every_reason_is_given_at_once() -> None:
    assert len(problems(replace(card(), labels=10, rarer=2, expires_on=dt.date(2020, 1, 1)), TODAY)) == 3


def test_without_a_date_no_card_is_valid() -> None:
    assert "the date is not known" in str(found(card(), today=None))


def test_an_answer_that_changed_since_must_be_labelled_again() -> None:
    changed = {**EXCHANGES, 7: Exchange("q7", "another answer", ("p",)), 8: Exchange("q8", "a8", ("other",))}
    assert found(card(), exchanges=changed) == (
        "2 of its 120 labelled answers have changed since; label those again"
    )


def test_the_reference_answer_may_change() -> None:
    revised = {row: replace(exchange, reference="new") for row, exchange in EXCHANGES.items()}
    assert isinstance(found(card(), exchanges=revised), Labels)


def test_a_labelled_answer_without_a_judgement_corrects_nothing() -> None:
    pairs = (replace(card().pairs[0], judged=None), *card().pairs[1:])
    labels = found(replace(card(), pairs=pairs))
    assert isinstance(labels, Labels)
    assert labels.row.tolist() == list(range(1, 120))


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = write_card(card(), tmp_path / "judge-cards")
    assert read_cards(path.parent) == (card(),)
    assert write_card(replace(card(), labels=130), path.parent) == path
    write_card(replace(card(), judge="support 2"), path.parent)
    assert len(read_cards(path.parent)) == 2
    assert read_cards(tmp_path / "none") == ()


@pytest.mark.parametrize("text", ["", "{}", '{"judge": "x"}', "\x00"])
def test_a_file_that_is_no_card_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(SuiteError, match=r"x.json: not a judge card .*calibrate again"):
        read_cards(tmp_path)


def test_labels_are_read_as_a_sheet_writes_them(tmp_path: Path) -> None:
    item = Labelled("q", "ä", ("p1", "p2"), "r", {"ann": 1, "bob": 0}, "new", "doc", {"lang": "de"})
    (tmp_path / "l.jsonl").write_text(sheet([item]), encoding="utf-8")
    assert read(tmp_path / "l.jsonl") == [item]
    assert item.label == 0.5


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"question": "q", "answer": "a", "labels": {}}', "l.jsonl:1: no label; label every answer"),
        (
            '{"question": "q", "answer": "a", "labels": {"ann": 2}}',
            "l.jsonl:1: labels.ann: Input should be less",
        ),
        ('{"question": "q", "labels": {"ann": 1}}', "l.jsonl:1: answer: Field required"),
        ('{"question": "q", "answer": "a", "label": 1}', "l.jsonl:1: label: Unexpected"),
        ("{", "l.jsonl:1: Invalid JSON"),
        ("\n", "holds no labels"),
        (
            """{"question": "q", "answer": "a", "labels": {"ann": 1}}
            {"question": "q", "answer": "a", "labels": {"bob": 0}}""",
            "l.jsonl:2: the same answer as line 1; put all raters' labels on one line",
        ),
    ],
)
def test_a_problem_with_labels_names_its_line(line: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "l.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(SuiteError) as caught:
        read(tmp_path / "l.jsonl")
    assert problem in str(caught.value)


def test_absent_labels_are_named(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="expected labels as JSON Lines"):
        read(tmp_path / "none.jsonl")


def test_keys_tell_answers_and_passages_apart() -> None:
    assert len({key(Exchange("q", "a", p)) for p in ((), ("x",), ("x", "y"), ("xy",))}) == 4
    assert np.unique([key(exchange) for exchange in EXCHANGES.values()]).size == len(EXCHANGES)
