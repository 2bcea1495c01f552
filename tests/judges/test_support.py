"""The offline support score: what it reads, what it finds, what its shipped coefficients reach."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from evalkit.judges.features import Features, Source, describe, read
from evalkit.judges.statements import Statement, statements
from evalkit.judges.support import Support, unsupported
from evalkit.types import Exchange, Judgement, Runtime

PASSAGE = (
    "The Lark 3 sensor runs for 18 months on two cells. Its warranty does not cover frost. "
    "Call Heron Systems in Freiburg."
)
QUESTION = "How long does the Lark 3 run?"


def judge(answer: str, runtime: Runtime, *passages: str) -> Judgement:
    (judgement,) = Support().judge("SupportScore", [Exchange(QUESTION, answer, passages)], runtime)
    return judgement


def features(text: str) -> Features:
    return describe(Statement(text, item=False), Source(read(QUESTION), [read(PASSAGE)]))[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two is 2.5 long! Three?", ["One.", "Two is 2.5 long!", "Three?"]),
        ("Ask Dr. Bell in the U.S. Army. Then stop.", ["Ask Dr. Bell in the U.S. Army.", "Then stop."]),
        (
            "1. First thing.\n2) Second thing. More.\n\n- third",
            ["First thing.", "Second thing.", "More.", "third"],
        ),
        ('He said "no." Then left.', ['He said "no."', "Then left."]),
        (" \n--\n1.\n", []),
    ],
)
def test_statements_are_sentences_without_list_markers(text: str, expected: list[str]) -> None:
    found = statements(text)
    assert [statement.text for statement in found] == expected
    assert all(statement.text in text for statement in found)


def test_items_of_a_list_are_known() -> None:
    assert [s.item for s in statements("Intro:\n* one thing\n3. another")] == [False, True, True]


def test_features_by_hand() -> None:
    # Stems "the lark 3 sensor run for 20 month": of the 7 pairs "for 20" and "20 month" are new, of the 6 triples
    # "run for 20", "for 20 month"; content lark, sensor, run, month, all known and all in the first sentence.
    found = features("The Lark 3 sensor runs for 20 months.")
    assert found.new_words == 0
    assert found.new_pair_share == pytest.approx(2 / 7)
    assert found.new_triple_share == pytest.approx(2 / 6)
    assert found.order == pytest.approx(7 / 8)
    assert found.nearest == 1
    assert found.new_number == 1
    assert found.new_name == found.negation == found.hedges == found.about_sources == found.item == 0


def test_each_kind_of_mismatch_has_its_feature() -> None:
    assert features("It can generally run for 18 months.").hedges == 2
    assert features("Please call Osprey Systems in Freiburg.").new_name == 1
    assert features("The provided passages do not mention it.").about_sources == 3
    assert features("Zebras graze quietly.").new_word_share == 1


def test_numbers_are_compared_as_numbers(runtime: Runtime) -> None:
    source = Source(read(""), [read("It costs 1,200 euros and weighs 2.50 kg.")])
    found = describe(Statement("It costs 1200 euros and weighs 2.5 kg.", item=False), source)
    assert found[0].new_number == 0


@pytest.mark.parametrize(
    ("text", "negates"),
    [
        ("The sensor does not run for 18 months.", 1),
        ("Its warranty doesn't cover cells.", 1),
        ("Its warranty does not cover frost.", 0),
        ("It does not swim.", 0),  # nothing that the passages say
        ("It runs not only on two cells.", 0),
        ("If the sensor does not run, call Heron.", 0),
        ("It is not so, the sensor runs.", 0),
        ("The passages do not mention the cells.", 0),
    ],
)
def test_a_negation_counts_where_the_passages_never_negate(text: str, negates: int) -> None:
    assert features(text).negation == negates


@pytest.mark.parametrize(
    "text",
    ["See passage 7.", "Passages 2, 4 and 9 agree.", "It does [3].", "It does [1, 12].", "Step 3: open it."],
)
def test_a_citation_is_no_number(text: str) -> None:
    assert features(text).new_number == 0
    assert features(f"{text[:-1]} 41.").new_number == 1


def test_a_changed_number_a_stranger_and_an_invention_score_lower(runtime: Runtime) -> None:
    faithful = judge("The Lark 3 runs for 18 months. Its warranty does not cover frost.", runtime, PASSAGE)
    for worse in (
        "The Lark 3 runs for 48 months. Its warranty does not cover frost.",
        "The Lark 3 runs for 18 months. Its warranty does cover frost.",
        "The Osprey runs for 18 months. Its warranty does not cover frost.",
        "The Lark 3 runs for 18 months. Solar panels were invented by Edmond Becquerel in 1839.",
    ):
        assert judge(worse, runtime, PASSAGE).value < faithful.value
    assert faithful.value > 0.8
    assert judge(worse, runtime, PASSAGE).value < 0.5


def test_claims_say_what_no_passage_holds_and_where_they_looked(runtime: Runtime) -> None:
    said = judge(
        "The Lark 3 runs for 18 months. Solar panels cost 1839 euros at Becquerel.",
        runtime,
        "Frogs sing.",
        PASSAGE,
    )
    known, invented = said.claims
    assert (known.supported, known.passage, known.note) == (True, 1, "")
    assert not invented.supported
    assert invented.note == (
        "words in no passage: solar, panels, cost, euros, becquerel; numbers in no passage: 1839; "
        "names in no passage: Becquerel"
    )


def test_the_score_is_the_chance_that_every_statement_is_supported(runtime: Runtime) -> None:
    text = "The Lark 3 runs for 48 months. Call Osprey in Bonn."
    source = Source(read(QUESTION), [read(PASSAGE)])
    chances = [1 - unsupported(describe(s, source)[0]) for s in statements(text)]
    assert judge(text, runtime, PASSAGE).value == pytest.approx(chances[0] * chances[1])


def test_odd_answers_end_as_values_or_reasons(runtime: Runtime) -> None:
    assert judge("…", runtime, PASSAGE).error == "the answer holds no statement"
    assert (
        judge("It runs for 18 months.", runtime).value
        < judge("It runs for 18 months.", runtime, PASSAGE).value
    )
    assert 0 <= judge("x " * 20_000, runtime, PASSAGE).value <= 1


def test_the_identity_follows_the_coefficients() -> None:
    assert Support().identity() == Support().identity()
    assert Support().identity().startswith("support ")


def test_the_shipped_coefficients_are_readable_and_complete() -> None:
    path = Path(__file__).parents[2] / "evalkit" / "judges" / "support.json"
    stated = json.loads(path.read_text(encoding="utf-8"))
    assert list(stated["coefficients"]) == ["intercept", *Features._fields]


def test_it_tells_faithful_answers_from_others(runtime: Runtime) -> None:
    """The quality claimed, by a model that saw no answer of the same source; benchmarks/support.py has the rest."""
    data = os.environ.get("EVALKIT_DATA")
    if data is None:
        pytest.skip("EVALKIT_DATA names no folder of real data")
    pytest.importorskip("sklearn")
    from benchmarks import support

    answers = support.ragtruth(Path(data))
    bad = np.array([answer.bad for answer in answers])
    assert support.auroc(bad, support.crossed(answers, seed=0).score) >= 0.83
    assert np.abs(support.train(answers) - support.shipped()).max() < 1e-3
