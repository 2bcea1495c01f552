from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.errors import SuiteError
from evalkit.gates.ceiling import Ceiling
from evalkit.gates.coverage import Coverage
from evalkit.gates.floor import Floor
from evalkit.gates.no_regression import NoRegression
from evalkit.plan import Planned, plan
from evalkit.suite import Suite, load_suite
from evalkit.types import Evidence, Gate, Question
from tests.conftest import Write

SUITE = """\
name: demo
owner: ines@acme.example
corpus: {docs: {folder: docs}}
golden: golden.jsonl
measures: [Recall@2, Success@2, Latency]
variants:
  old: {chunker: {fixed: 60}, retriever: bm25}
  new: {chunker: {recursive: {size: 60}}, retriever: bm25}
baseline: old
gates: []
"""


@pytest.fixture
def suite(write: Write) -> Suite:
    return load_suite(write("suite.yaml", SUITE))


def questions(count: int, *, share: int = 1, **tags: str) -> list[Question]:
    """Answerable questions, `share` to a document."""
    return [Question(f"q{n}", "?", (Evidence(f"docs/{n // share}"),), tags=tags) for n in range(count)]


def planned(suite: Suite, gate: Gate, asked: list[Question], **assumed: float) -> tuple[Planned, ...]:
    return plan(replace(suite, gates=(gate,)), asked, **assumed)


FLOOR = Floor("new", "Success@2", 0.85)


def test_a_floor_needs_what_the_simulations_say(suite: Suite) -> None:
    (row,) = planned(suite, FLOOR, questions(304))
    assert row.needs == {"true 0.87": 1963, "true 0.90": 304, "true 0.95": 68}
    assert (row.n, row.clusters, row.effective, row.never) == (304, 304, 304, "")
    assert row.detects.startswith("passes from a true 0.90, fails up to a true 0.79")


def test_clusters_count_for_less(suite: Suite) -> None:
    (row,) = planned(suite, FLOOR, questions(300, share=5), icc=0.5)
    assert (row.clusters, row.effective) == (60, 100)
    assert row.needs["true 0.90"] == 3 * 304
    (alone,) = planned(suite, FLOOR, questions(300, share=5), icc=0.0)
    assert alone.effective == 300


@pytest.mark.parametrize(
    ("gate", "asked", "why"),
    [
        (FLOOR, questions(300, share=20), "form only 15 clusters; deciding takes 20"),
        (FLOOR, questions(5), "has 5 questions; min_n asks for 10"),
        (NoRegression("new", "Recall@2", 0.03), questions(100, share=10), "form only 10 clusters"),
        (Ceiling("new", "Latency", 0.5), questions(58), "the 0.95 quantile takes 59"),
    ],
)
def test_what_can_never_be_decided_is_said(suite: Suite, gate: Gate, asked: list[Question], why: str) -> None:
    (row,) = planned(suite, gate, asked)
    assert why in row.never
    assert row.detects == ""


def test_few_questions_decide_nothing_at_a_high_floor(suite: Suite) -> None:
    (row,) = planned(suite, Floor("new", "Success@2", 0.95), questions(40))
    assert row.detects.startswith("passes no true score")


def test_no_regression(suite: Suite) -> None:
    (row,) = planned(suite, NoRegression("new", "Recall@2", 0.03), questions(100))
    assert row.needs == {"5% change": 344, "10% change": 687, "20% change": 1374}
    assert row.detects.startswith("does not pass where nothing changed, fails from a true loss of 0.109")
    (more,) = planned(suite, NoRegression("new", "Recall@2", 0.03), questions(700))
    assert more.detects.startswith("passes where nothing changed")


def test_every_slice_of_a_tag_and_the_best_of_several(suite: Suite) -> None:
    asked = questions(100, kind="fact") + questions(30, share=3, kind="policy")
    rows = planned(suite, Floor("best", "Success@2", 0.5, by="kind"), asked)
    assert [(row.slice, row.n) for row in rows] == [("", 130), ("kind=fact", 100), ("kind=policy", 30)]
    assert "10 clusters" in rows[2].never
    (one,) = planned(suite, replace(FLOOR, variant="best"), questions(304))
    assert (one.needs["true 0.90"] or 0) > 304
    with pytest.raises(SuiteError, match="slice 'kind=fcat' holds no question; did you mean 'kind=fact'"):
        planned(suite, replace(FLOOR, slice="kind=fcat"), asked)


def test_a_census_needs_no_number(suite: Suite) -> None:
    (row,) = planned(suite, Coverage("new", "Recall@2"), questions(3))
    assert "any number of questions" in row.detects
    assert json.dumps(row.needs) == "{}"


def test_unanswerable_questions_do_not_count_where_others_do(suite: Suite) -> None:
    assert planned(suite, FLOOR, [*questions(20), Question("u", "?")])[0].n == 20
    assert planned(suite, FLOOR, [Question(f"u{n}", "?") for n in range(20)])[0].n == 20


def test_nothing_is_computed(suite: Suite) -> None:
    planned(suite, FLOOR, questions(20))
    assert not Path(suite.path.parent, ".evalkit").exists()
