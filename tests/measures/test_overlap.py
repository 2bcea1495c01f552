from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evalkit.measures.cutoff import Cutoff, window
from evalkit.measures.overlap import Places, gains
from tests.measures.conftest import asked, cut, quote, ranked, whole

INTERVAL = st.tuples(st.integers(0, 3), st.integers(1, 6), st.integers(0, 30), st.integers(1, 12))


@given(st.lists(INTERVAL, max_size=25))
def test_every_character_is_gained_once_at_its_best_rank(intervals: list[tuple[int, int, int, int]]) -> None:
    best: dict[tuple[int, int], int] = {}
    for group, rank, low, length in intervals:
        for at in range(low, low + length):
            best[group, at] = min(rank, best.get((group, at), rank))
    expected: dict[tuple[int, int], int] = {}
    for (group, _), rank in best.items():
        expected[group, rank] = expected.get((group, rank), 0) + 1
    columns = np.array(intervals, dtype=np.int64).reshape(-1, 4)
    found = gains(columns[:, 0], columns[:, 1], columns[:, 2], columns[:, 2] + columns[:, 3])
    keys = list(zip(found.group.tolist(), found.rank.tolist(), strict=True))
    assert keys == sorted(keys)
    total: dict[tuple[int, int], int] = {}
    for key, characters in zip(keys, found.characters.tolist(), strict=True):
        total[key] = total.get(key, 0) + characters
    assert total == expected


def test_documents_rank_among_the_distinct_ones() -> None:
    # Documents 0 to 3, two passages each; the ranking reads 2, 2, 0, 3, 0.
    passages = cut([20] * 4, [(doc, at, at + 10) for doc in range(4) for at in (0, 10)])
    run = ranked(passages, [[5, 4, 0, 7, 1], []])
    pieces = [whole(doc, 20) for doc in range(4)]
    golden = asked([pieces, pieces])
    assert Places(window(run, None)).document_ranks(golden.qrels).tolist() == [2, 0, 1, 3, 0, 0, 0, 0]
    assert Places(window(run, Cutoff(2))).document_ranks(golden.qrels).tolist() == [2, 0, 1, 0, 0, 0, 0, 0]
    assert Places(window(run, None)).distinct().tolist() == [3, 0]
    assert Places(window(run, Cutoff(2))).distinct().tolist() == [2, 0]


def test_evidence_in_a_document_past_all_that_were_retrieved_is_not_found_in_the_next_ranking() -> None:
    passages = cut([10] * 9, [(doc, 0, 10) for doc in range(9)])
    run = ranked(passages, [[0], [0], [0]])
    golden = asked([[whole(doc, 10) for doc in range(1, 9)], [], []])
    assert not Places(window(run, None)).document_ranks(golden.qrels).any()


def test_touches_are_in_rank_order_and_end_with_the_cutoff() -> None:
    run = ranked(cut([100], [(0, 0, 10), (0, 5, 20), (0, 50, 60)]), [[1, 2, 0]])
    golden = asked([[quote(0, 8, 55)]])
    assert [column.tolist() for column in Places(window(run, None)).touches(golden.qrels)] == [
        [0, 0, 0],
        [1, 2, 3],
        [8, 50, 8],
        [20, 55, 10],
    ]
    assert Places(window(run, Cutoff(1))).touches(golden.qrels)[1].tolist() == [1]
