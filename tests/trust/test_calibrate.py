from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from evalkit.errors import EvaluationError
from evalkit.trust.calibrate import calibrate
from evalkit.trust.card import Card
from evalkit.trust.labels import Labelled
from evalkit.types import Exchange, Judgement, Runtime


@dataclass
class Reader:
    """A judge that reads its value off the answer, plus what it is told to add each time; "?" breaks it."""

    drift: float = 0.0
    asked: list[int] = field(default_factory=list)
    short: int = 0

    def identity(self) -> str:
        return "reader"

    def measures(self) -> frozenset[str]:
        return frozenset({"Faithfulness"})

    def judge(self, measure: str, exchanges: Sequence[Exchange], runtime: Runtime) -> Sequence[Judgement]:
        self.asked.append(len(exchanges))
        times = len(self.asked) - 1
        return [
            Judgement(error="half a JSON")
            if e.answer == "?"
            else Judgement(float(e.answer) + self.drift * times)
            for e in exchanges[self.short :]
        ]


def labelled(*rows: tuple[str, float]) -> list[Labelled]:
    return [
        Labelled(f"q{n}", answer, labels={"ann": label}, cluster=f"c{n // 2}", tags={"part": str(n % 2)})
        for n, (answer, label) in enumerate(rows)
    ]


def make(judge: Reader, items: Sequence[Labelled], runtime: Runtime, repeats: int = 1) -> Card:
    today = dt.date(2026, 1, 31)
    return calibrate(judge, "Faithfulness", items, runtime, today=today, days=90, repeats=repeats, seed=7)


ROWS = [("0.9", 1.0), ("0.4", 1.0), ("0.1", 0.0), ("0.6", 0.0)]


def test_a_card_holds_what_was_found(runtime: Runtime) -> None:
    card = make(Reader(), labelled(*ROWS * 30), runtime)
    assert (card.judge, card.measure, card.labels, card.rarer, card.clusters) == (
        "reader",
        "Faithfulness",
        120,
        60,
        60,
    )
    assert card.expires_on == dt.date(2026, 5, 1)
    # Of the pairs (.9, .1), (.9, .6), (.4, .1), (.4, .6) the judge has three right.
    assert card.agreement["auroc"].value == pytest.approx(0.75)
    assert card.agreement["balanced_accuracy"].value == card.agreement["balanced_accuracy"].low == 0.5
    assert card.agreement["kappa"].value == 0
    assert [(pair.judged, pair.label) for pair in card.pairs[:4]] == [(0.9, 1), (0.4, 1), (0.1, 0), (0.6, 0)]
    assert {name: part.labels for name, part in card.slices.items()} == {"part=0": 60, "part=1": 60}
    assert card.slices["part=0"].agreement["auroc"].value == 1.0
    assert card.people is None
    assert card.repeats == {"answers": 50, "repeats": 1, "flipped": 0.0, "mean_change": 0.0}


def test_an_answer_without_a_value_counts_as_misjudged(runtime: Runtime) -> None:
    card = make(Reader(), labelled(("1", 1.0), ("?", 1.0), ("0", 0.0), ("?", 0.0)), runtime)
    assert card.unscored == 2
    assert card.agreement["balanced_accuracy"].value == 0.5
    assert card.agreement["auroc"].value == pytest.approx((1 + 0.5 + 0.5 + 0) / 4)
    assert [pair.judged for pair in card.pairs] == [1, None, 0, None]


def test_repeats_show_the_judge_s_own_noise(runtime: Runtime) -> None:
    judge = Reader(drift=0.05)
    card = make(judge, labelled(("0.46", 1.0), ("0.1", 0.0)), runtime, repeats=2)
    assert judge.asked == [2, 2, 2]
    assert card.repeats is not None
    assert card.repeats["mean_change"] == pytest.approx((0.05 + 0.10) / 2)
    assert card.repeats["flipped"] == pytest.approx(0.5)
    assert make(Reader(), labelled(*ROWS), runtime, repeats=0).repeats is None


def test_several_raters_are_averaged_and_compared(runtime: Runtime) -> None:
    item = Labelled("q", "0.9", labels={"ann": 1.0, "bob": 0.0})
    card = make(Reader(), [item, *labelled(*ROWS)], runtime)
    assert card.pairs[0].label == 0.5
    assert card.rarer == 2  # raters who are divided have not said yes
    assert card.people is not None
    assert card.people["agreement"] == 0


def test_a_judge_that_fails_altogether_makes_no_card(runtime: Runtime) -> None:
    with pytest.raises(EvaluationError, match="gave no value to any of 2 answers"):
        make(Reader(), labelled(("?", 1.0), ("?", 0.0)), runtime)
    with pytest.raises(EvaluationError, match="found 1 judgement of 2 answers"):
        make(Reader(short=1), labelled(*ROWS[:2]), runtime)
