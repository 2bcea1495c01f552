from __future__ import annotations

import pytest

from evalkit.measures import parse
from evalkit.types import Runtime
from tests.measures.conftest import Piece, asked, cut, quote, ranked, whole

PASSAGES = cut([100, 100], [(0, 0, 20), (0, 15, 35), (0, 60, 80), (1, 0, 50), (1, 50, 100)])


@pytest.mark.parametrize(
    ("name", "hits", "pieces", "value"),
    [
        ("P@1", [0, 1, 2], [quote(0, 10, 50)], 10 / 20),
        # Five characters were retrieved twice: twice below the line, once above it.
        ("P@2", [0, 1, 2], [quote(0, 10, 50)], 25 / 40),
        ("P@3", [0, 1, 2], [quote(0, 10, 50)], 25 / 60),
        # Fewer hits than the cutoff: what was retrieved is the denominator.
        ("P@9", [0, 1, 2], [quote(0, 10, 50)], 25 / 60),
        ("P@25c", [0, 1, 2], [quote(0, 10, 50)], 10 / 25),
        ("P@5", [], [quote(0, 10, 50)], 0),
        # Documents: relevant ones among the first k distinct, over k.
        ("P@1", [0, 1, 3], [whole(1)], 0),
        ("P@2", [0, 1, 3], [whole(1)], 1 / 2),
        ("P@4", [0, 1, 3], [whole(0), whole(1)], 2 / 4),
        # Under a budget, over the distinct documents inside it.
        ("P@41c", [0, 1, 3], [whole(1)], 1 / 2),
        ("P@40c", [0, 1, 3], [whole(1)], 0),
        # Beside a quote a document is evidence in all its characters.
        ("P@2", [0, 3], [quote(0, 10, 50), whole(1)], (10 + 50) / 70),
    ],
)
def test_by_hand(name: str, hits: list[int], pieces: list[Piece], value: float, runtime: Runtime) -> None:
    column = parse(name).score(ranked(PASSAGES, [hits]), asked([pieces]), runtime)
    assert column.value.tolist() == pytest.approx([value], abs=1e-12)
