from __future__ import annotations

from math import log2

import pytest

from evalkit.measures import parse
from evalkit.types import Runtime
from tests.measures.conftest import Piece, asked, cut, quote, ranked, whole

TENS = cut([100, 100], [(doc, at, at + 10) for doc in (0, 1) for at in range(0, 100, 10)])
BEST = 3 + 2 / log2(3) + 1 / log2(4)
GRADED = [quote(0, 0, 10, grade=1), quote(0, 10, 20, grade=3), quote(0, 20, 30, grade=2)]


@pytest.mark.parametrize(
    ("name", "hits", "pieces", "value"),
    [
        ("nDCG", [1, 2, 0], GRADED, 1),
        ("nDCG", [0, 2, 1], GRADED, (1 + 2 / log2(3) + 3 / log2(4)) / BEST),
        ("nDCG", [5, 1], GRADED, 3 / log2(3) / BEST),
        ("nDCG@1", [0, 1, 2], GRADED, 1 / 3),
        ("nDCG@2", [5, 1, 2], GRADED, (3 / log2(3)) / (3 + 2 / log2(3))),
        # Under a budget the ideal ranking holds every piece.
        ("nDCG@20c", [1, 2, 0], GRADED, (3 + 2 / log2(3)) / BEST),
        ("nDCG@10", [], GRADED, 0),
        # One passage with two pieces fills two positions, so it is no better than the ideal.
        ("nDCG", [0], [quote(0, 0, 4), quote(0, 5, 9)], 1),
        ("nDCG", [3, 0], [quote(0, 0, 4), quote(0, 5, 9)], (2 / log2(3)) / (1 + 1 / log2(3))),
        # Passages of the first document take one rank.
        ("nDCG", [0, 1, 2, 10], [whole(1)], 1 / log2(3)),
    ],
)
def test_by_hand(name: str, hits: list[int], pieces: list[Piece], value: float, runtime: Runtime) -> None:
    column = parse(name).score(ranked(TENS, [hits]), asked([pieces]), runtime)
    assert column.value.tolist() == pytest.approx([value], abs=1e-12)
