from __future__ import annotations

from itertools import pairwise

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.backends.runtime import open_runtime
from evalkit.errors import SuiteError
from evalkit.measures import parse, registry
from evalkit.types import Golden, Run, Runtime, State
from tests.conftest import Library, golden, passages, run, silent

NAMES = [
    "Recall@5", "Recall@4000c", "Recall@800t", "P@3", "IoU@10", "nDCG", "nDCG@10", "nDCG@500c",
    "RR", "RR@10", "AP", "AP@100", "Success@1", "Latency",
]  # fmt: skip


def values(measure: str, of: Run, against: Golden, runtime: Runtime) -> list[float]:
    return [round(float(v), 6) for v in parse(measure).score(of, against, runtime).value]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_parses_and_prints_back(name: str) -> None:
    assert str(parse(name)) == name
    assert parse(name) == parse(name)


def test_every_registered_measure_is_exercised() -> None:
    assert {name.partition("@")[0] for name in NAMES} == set(registry)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Recal@5", "did you mean 'Recall'?"),
        ("Recall", "needs a cutoff"),
        ("Recall@0", "expected a name and a cutoff"),
        ("Recall@5k", "expected a name and a cutoff"),
        ("Latency@5", "takes no cutoff"),
        ("", "expected a name and a cutoff"),
    ],
)
def test_a_wrong_name_is_answered(name: str, message: str) -> None:
    with pytest.raises(SuiteError) as caught:
        parse(name)
    assert message in str(caught.value)


# ---------------------------------------------------------------- by hand

TEN = Library({"a": "abcdefghij" * 2, "b": "klmnopqrst"})
CUT = passages(TEN, [(0, 0, 8), (0, 4, 12), (0, 12, 20), (1, 0, 10)])


def test_characters_by_hand(runtime: Runtime) -> None:
    against = golden([[(0, 2, 10), (1, 0, 4)]])  # 12 characters of evidence
    found = run(CUT, [[1, 0, 3]])  # 8 + 8 + 10 characters retrieved
    # 4:10 is covered first, then 2:4 as well, then 0:4 of b.
    assert values("Recall@1", found, against, runtime) == [round(6 / 12, 6)]
    assert values("Recall@2", found, against, runtime) == [round(8 / 12, 6)]
    assert values("Recall@3", found, against, runtime) == [1.0]
    assert values("P@2", found, against, runtime) == [round(8 / 16, 6)]
    assert values("IoU@2", found, against, runtime) == [round(8 / (16 + 4), 6)]


def test_a_budget_cuts_the_last_passage(runtime: Runtime) -> None:
    against = golden([[(0, 0, 4), (0, 12, 20)]])
    found = run(CUT, [[2, 0, 1, 3]])
    assert values("Recall@8c", found, against, runtime) == [round(8 / 12, 6)]
    assert values("Recall@10c", found, against, runtime) == [round(10 / 12, 6)]
    assert values("Recall@12c", found, against, runtime) == [1.0]
    assert values("P@10c", found, against, runtime) == [1.0]


def test_a_budget_beyond_a_ranking_cut_at_its_depth_is_unscored(runtime: Runtime) -> None:
    column = parse("Recall@500c").score(run(CUT, [[0, 1], [0]]), golden([[(0, 0, 4)], [(0, 0, 4)]]), runtime)
    assert column[0].state is State.UNSCORED
    assert "2 passages hold 16c of the 500c; raise the variant's depth" in column[0].reason
    assert column[1].value == 1.0  # the retriever found no more


def test_token_budgets_count_tokens(runtime: Runtime) -> None:
    words = Library({"a": "one two three four five six seven eight nine ten"})
    cut = passages(words, [(0, 0, 18), (0, 18, 48)])  # 4 and 6 tokens
    against = golden([[(0, 0, 48)]])
    assert values("Recall@4t", run(cut, [[0, 1]]), against, runtime) == [round(18 / 48, 6)]
    assert values("Recall@10t", run(cut, [[0, 1]]), against, runtime) == [1.0]
    assert values("Recall@7t", run(cut, [[0, 1]]), against, runtime) == [round((18 + 15) / 48, 6)]


def test_a_quote_is_credited_when_half_of_it_is_covered(runtime: Runtime) -> None:
    parts = passages(TEN, [(0, 0, 2), (0, 2, 4), (0, 4, 6), (0, 6, 8)])
    against = golden([[(0, 0, 8)]])
    found = run(parts, [[3, 1, 0, 2]])
    assert values("RR", found, against, runtime) == [0.5]
    assert values("Success@1", found, against, runtime) == [0.0]
    assert values("Success@2", found, against, runtime) == [1.0]


def test_one_passage_with_two_pieces_fills_two_positions(runtime: Runtime) -> None:
    against = golden([[(0, 0, 2), (0, 4, 6)]])
    assert values("nDCG@10", run(CUT, [[0]]), against, runtime) == [1.0]
    assert values("AP", run(CUT, [[0]]), against, runtime) == [1.0]
    second = run(CUT, [[3, 0]])
    # Pieces at positions 2 and 2: gains 2 / log2(3) over 1 + 1 / log2(3); precisions 1/2 and 2/2.
    log3 = np.log2(3)
    assert values("nDCG@10", second, against, runtime) == [round((2 / log3) / (1 + 1 / log3), 6)]
    assert values("AP", second, against, runtime) == [0.75]


def test_states(runtime: Runtime) -> None:
    against = golden([[(0, 0, 2)], [], [(0, 0, 2)], [(0, 0, 2)]], unwinnable={2: "gone"})
    for name in NAMES:
        if name == "Latency":
            continue
        column = parse(name.replace("4000c", "4c").replace("500c", "4c").replace("800t", "1t")).score(
            run(CUT, [[0], [0], [0], []]), against, runtime
        )
        assert [int(s) for s in column.state] == [0, 1, 2, 0], name
        assert column.reason == {1: "the documents do not answer this question", 2: "gone"}
        assert column[3].value == 0.0


def test_latency_is_of_the_timed_sample(runtime: Runtime) -> None:
    found = run(CUT, [[0], [0]])
    found.hits.seconds[:] = [0.25, -1.0]
    column = parse("Latency").score(found, golden([[], []]), runtime)
    assert (column[0].value, column[1].state) == (0.25, State.NOT_APPLICABLE)


# ---------------------------------------------------------------- against ir_measures


@st.composite
def rankings(draw: st.DrawFn) -> tuple[list[list[int]], list[dict[int, int]]]:
    count = draw(st.integers(1, 4))
    hits = [draw(st.permutations(range(12)))[: draw(st.integers(0, 12))] for _ in range(count)]
    grades = [
        draw(st.dictionaries(st.integers(0, 11), st.integers(1, 3), min_size=1, max_size=6))
        for _ in range(count)
    ]
    return hits, grades


@settings(max_examples=60, deadline=None)
@given(rankings())
def test_whole_documents_are_scored_as_ir_measures_scores_them(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[list[list[int]], list[dict[int, int]]]
) -> None:
    hits, grades = drawn
    library = Library({f"d{n:02}": "text" for n in range(12)})
    cut = passages(library, [(n, 0, 4) for n in range(12)])
    against = golden([[(doc, 0, 4, g) for doc, g in sorted(row.items())] for row in grades], whole=True)
    runtime = open_runtime(tmp_path_factory.mktemp("home"), progress=silent)
    qrels = [ir_measures.Qrel(f"q{q}", f"d{d:02}", g) for q, row in enumerate(grades) for d, g in row.items()]
    scored = [
        ir_measures.ScoredDoc(f"q{q}", f"d{d:02}", float(-rank))
        for q, row in enumerate(hits)
        for rank, d in enumerate(row)
    ]
    for ours, theirs in (
        ("Recall@5", ir_measures.R @ 5),
        ("P@5", ir_measures.P @ 5),
        ("nDCG@5", ir_measures.nDCG @ 5),
        ("nDCG", ir_measures.nDCG),
        ("AP", ir_measures.AP),
        ("AP@5", ir_measures.AP @ 5),
        ("RR", ir_measures.RR),
        ("RR@5", ir_measures.RR @ 5),
        ("Success@3", ir_measures.Success @ 3),
    ):
        expected = {m.query_id: m.value for m in ir_measures.iter_calc([theirs], qrels, scored)}
        column = parse(ours).score(run(cut, hits, depth=12), against, runtime)
        for number in range(len(hits)):
            assert column.value[number] == pytest.approx(expected.get(f"q{number}", 0.0), abs=1e-9), ours


# ---------------------------------------------------------------- against characters, one by one


@st.composite
def spans(draw: st.DrawFn, most: int) -> list[tuple[int, int, int]]:
    count = draw(st.integers(1, most))
    found = []
    for _ in range(count):
        start = draw(st.integers(0, 28))
        found.append((draw(st.integers(0, 1)), start, draw(st.integers(start + 1, 30))))
    return sorted(found)


@settings(max_examples=150, deadline=None)
@given(spans(6), spans(3), st.integers(1, 6), st.data())
def test_character_measures_count_characters(
    tmp_path_factory: pytest.TempPathFactory,
    cuts: list[tuple[int, int, int]],
    evidence: list[tuple[int, int, int]],
    k: int,
    data: st.DataObject,
) -> None:
    library = Library({"a": "x" * 30, "b": "y" * 30})
    order = data.draw(st.permutations(range(len(cuts))))
    found, against = run(passages(library, cuts), [order]), golden([evidence])
    runtime = open_runtime(tmp_path_factory.mktemp("home"), progress=silent)
    gold = {(d, c) for d, s, e in evidence for c in range(s, e)}
    got = [(cuts[row][0], c) for row in order[:k] for c in range(cuts[row][1], cuts[row][2])]
    both = len(gold & set(got))
    assert values(f"Recall@{k}", found, against, runtime) == [round(both / len(gold), 6)]
    assert values(f"P@{k}", found, against, runtime) == [round(both / len(got), 6)]
    assert values(f"IoU@{k}", found, against, runtime) == [round(both / (len(got) + len(gold) - both), 6)]
    recalls = [values(f"Recall@{n}", found, against, runtime)[0] for n in range(1, len(cuts) + 1)]
    assert recalls == sorted(recalls)
    budgets = [values(f"Recall@{n}c", found, against, runtime)[0] for n in (1, 5, 20, 60)]
    assert all(a <= b or b == 0 for a, b in pairwise(budgets))
    for name in ("nDCG", "nDCG@3", "AP", "RR", "Success@2"):
        assert 0 <= values(name, found, against, runtime)[0] <= 1
