"""Whole-document evidence, with grades, against ir_measures, which asks trec_eval: passages reduced to documents."""

from __future__ import annotations

import ir_measures
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evalkit.measures import parse
from evalkit.types import Runtime
from tests.measures.conftest import Piece, asked, cut, ranked, whole

DOCUMENTS, PER_DOCUMENT = 8, 3
PASSAGES = cut(
    [30] * DOCUMENTS, [(doc, at * 10, at * 10 + 10) for doc in range(DOCUMENTS) for at in range(PER_DOCUMENT)]
)
RANKINGS = st.lists(
    st.lists(st.integers(0, DOCUMENTS * PER_DOCUMENT - 1), unique=True, max_size=20), min_size=1, max_size=4
)
GRADES = st.dictionaries(st.integers(0, DOCUMENTS - 1), st.integers(1, 4), min_size=1)
NAMES = {
    **{
        name: name
        for name in ("nDCG", "nDCG@1", "nDCG@3", "nDCG@10", "AP", "AP@3", "RR", "RR@3", "P@1", "P@5")
    },
    "Recall@1": "R@1",
    "Recall@3": "R@3",
    "Recall@10": "R@10",
    "Success@1": "Success@1",
    "Success@3": "Success@3",
}


@given(rankings=RANKINGS, data=st.data())
def test_values_equal_those_of_ir_measures(
    rankings: list[list[int]], data: st.DataObject, runtime: Runtime
) -> None:
    grades = [data.draw(GRADES) for _ in rankings]
    evidence: list[list[Piece]] = [
        [whole(doc, 30, grade) for doc, grade in judged.items()] for judged in grades
    ]
    run, golden = ranked(PASSAGES, rankings, depth=21), asked(evidence)
    qrels = {f"q{n}": {str(doc): grade for doc, grade in judged.items()} for n, judged in enumerate(grades)}
    documents = [list(dict.fromkeys(hit // PER_DOCUMENT for hit in hits)) for hits in rankings]
    listed = {
        f"q{n}": {str(doc): -float(at) for at, doc in enumerate(docs)} for n, docs in enumerate(documents)
    }
    oracle = {str(ir_measures.parse_measure(theirs)): ours for ours, theirs in NAMES.items()}
    expected: dict[tuple[str, str], float] = {
        (oracle[str(metric.measure)], metric.query_id): metric.value
        for metric in ir_measures.iter_calc(
            [ir_measures.parse_measure(name) for name in oracle], qrels, listed
        )
    }
    assert len(expected) == len(NAMES) * len(rankings)
    for name in NAMES:
        values = parse(name).score(run, golden, runtime).value
        theirs = [expected[name, f"q{n}"] for n in range(len(rankings))]
        np.testing.assert_allclose(values, theirs, rtol=0, atol=1e-9, err_msg=name)
