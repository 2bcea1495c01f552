from __future__ import annotations

import numpy as np
import pytest

from evalkit.measures import parse, registry
from evalkit.measures.cutoff import Cutoff, window
from evalkit.measures.evidence import credits_of, once, scores
from evalkit.measures.overlap import Places
from evalkit.measures.ranked import Ranked
from evalkit.types import Golden, Run, Runtime, State
from tests.measures.conftest import asked, cut, quote, ranked, whole

RETRIEVAL = [name for name in registry if name == "Latency" or issubclass(registry.find(name), Ranked)]
TENS = cut([100, 100], [(doc, at, at + 10) for doc in (0, 1) for at in range(0, 100, 10)])


def positions(run: Run, golden: Golden, cutoff: Cutoff | None = None) -> list[int]:
    return [int(position) for position in credits_of(Places(window(run, cutoff)), golden).position]


def test_a_quote_is_credited_when_half_of_it_is_covered() -> None:
    golden = asked([[quote(0, 0, 40)]])
    assert positions(ranked(TENS, [[3, 0, 1]]), golden) == [2]
    assert positions(ranked(TENS, [[3, 12, 5, 2]]), golden) == [4]
    assert positions(ranked(TENS, [[3, 12, 5]]), golden) == [0]


def test_a_character_short_of_half_is_not_half() -> None:
    assert positions(ranked(TENS, [[0]]), asked([[quote(0, 0, 20)]])) == [1]
    assert positions(ranked(TENS, [[0]]), asked([[quote(0, 0, 21)]])) == [0]


def test_covering_the_same_characters_again_brings_no_credit() -> None:
    twice = cut([100], [(0, 0, 10), (0, 2, 12), (0, 30, 40)])
    assert positions(ranked(twice, [[0, 1]]), asked([[quote(0, 0, 30)]])) == [0]
    assert positions(ranked(twice, [[0, 1]]), asked([[quote(0, 0, 24)]])) == [2]


def test_a_passage_with_three_pieces_fills_three_positions() -> None:
    golden = asked([[quote(0, 0, 3), quote(0, 4, 6), quote(0, 7, 9), quote(1, 0, 5)]])
    assert positions(ranked(TENS, [[0, 10]]), golden) == [1, 2, 3, 4]
    assert positions(ranked(TENS, [[15, 16, 0, 10]]), golden) == [3, 3, 3, 4]


def test_pieces_credited_at_one_rank_stand_in_order_of_grade() -> None:
    golden = asked([[quote(0, 0, 3, grade=1), quote(0, 4, 6, grade=3)]])
    credit = credits_of(Places(window(ranked(TENS, [[0]]), None)), golden)
    assert (credit.grade.tolist(), credit.position.tolist()) == ([3, 1], [1, 2])


def test_positions_past_the_cutoff_have_no_credit() -> None:
    golden = asked([[quote(0, 0, 3), quote(0, 4, 6), quote(0, 7, 9)]])
    assert positions(ranked(TENS, [[0]]), golden, Cutoff(2)) == [1, 2, 0]


def test_whole_documents_and_quotes_are_ranked_each_in_their_own_way() -> None:
    # Document 1 is the second distinct document, the quote is covered by the fourth passage.
    golden = asked([[whole(1), quote(1, 0, 10)]])
    assert positions(ranked(TENS, [[0, 1, 11, 10]]), golden) == [2, 4]


def test_evidence_named_twice_is_one_piece_of_the_higher_grade() -> None:
    twice = asked(
        [[whole(1), quote(0, 0, 5), whole(1, grade=3), quote(0, 0, 5)], [whole(1)], [quote(0, 0, 5)]]
    )
    qrels = once(twice).qrels
    columns = (qrels.question, qrels.doc, qrels.start, qrels.end, qrels.grade, qrels.whole)
    assert [tuple(row) for row in np.stack(columns).T.tolist()] == [
        (0, 0, 0, 5, 1, 0),
        (0, 1, 0, 100, 3, 1),
        (1, 1, 0, 100, 1, 1),
        (2, 0, 0, 5, 1, 0),
    ]


@pytest.mark.parametrize("name", RETRIEVAL)
def test_what_has_no_value_says_why(name: str, runtime: Runtime) -> None:
    measure = parse(name if name in {"Latency", "AP", "RR", "nDCG"} else f"{name}@3")
    golden = asked(
        [[quote(0, 0, 10)], [], [quote(0, 0, 5)], [quote(0, 0, 10)]], unwinnable={2: "the quote is gone"}
    )
    seconds = [0.5, 0.5, 0.5, 0.5]
    column = measure.score(ranked(TENS, [[0], [0], [0], []], seconds=seconds), golden, runtime)
    assert np.isfinite(column.value).all()
    if name == "Latency":
        assert column.value.tolist() == seconds
        return
    assert column.state.tolist() == [State.VALUE, State.NOT_APPLICABLE, State.UNSCORED, State.VALUE]
    assert column.value[0] > 0
    assert column.value[1:].tolist() == [0, 0, 0]
    assert column.reason == {1: "the documents do not answer this question", 2: "the quote is gone"}


@pytest.mark.parametrize(
    "name", ["Recall@40c", "P@40c", "IoU@40c", "nDCG@40c", "RR@40c", "AP@40c", "Success@40c"]
)
def test_a_ranking_that_ends_before_the_budget_is_unscored(name: str, runtime: Runtime) -> None:
    golden = asked([[quote(0, 0, 10)], [quote(0, 0, 10)]])
    column = parse(name).score(ranked(TENS, [[0, 1, 2], [0, 1]], depth=3), golden, runtime)
    assert column.state.tolist() == [State.UNSCORED, State.VALUE]
    assert column.reason == {0: "its ranking of 3 passages holds 30c of the 40c; raise the variant's depth"}


def test_lost_evidence_is_a_better_reason_than_a_short_ranking() -> None:
    golden = asked([[quote(0, 0, 10)], []], unwinnable={0: "gone"})
    column = scores(np.ones(2), golden, {0: "short", 1: "short"})
    assert column.state.tolist() == [State.UNSCORED, State.NOT_APPLICABLE]
    assert column.reason[0] == "gone"


@pytest.mark.parametrize("name", ["Recall@3", "P@3", "IoU@3", "nDCG", "RR", "AP", "Success@3"])
@pytest.mark.parametrize("evidence", [[], [[]], [[quote(0, 0, 10)]], [[whole(0)]]])
def test_a_corpus_without_passages_is_scored_all_the_same(
    name: str, evidence: list[list[tuple[int, int, int, int, bool]]], runtime: Runtime
) -> None:
    run = ranked(cut([100], []), [[] for _ in evidence])
    assert not parse(name).score(run, asked(evidence), runtime).value.any()
