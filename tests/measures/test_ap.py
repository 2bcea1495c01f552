from __future__ import annotations

import pytest

from evalkit.measures import parse
from evalkit.types import Runtime
from tests.measures.conftest import Piece, asked, cut, quote, ranked, whole

TENS = cut([100, 100, 100], [(doc, at, at + 10) for doc in (0, 1, 2) for at in range(0, 100, 10)])
THREE = [quote(0, 0, 10), quote(0, 10, 20), quote(0, 20, 30)]


@pytest.mark.parametrize(
    ("name", "hits", "pieces", "value"),
    [
        ("AP", [0, 5, 1, 6, 2], THREE, (1 + 2 / 3 + 3 / 5) / 3),
        ("AP@3", [0, 5, 1, 6, 2], THREE, (1 + 2 / 3) / 3),
        ("AP@25c", [0, 5, 1, 6, 2], THREE, (1 + 2 / 3) / 3),
        ("AP@24c", [0, 5, 1, 6, 2], THREE, 1 / 3),
        ("AP", [], THREE, 0),
        ("AP", [4, 0], [quote(0, 0, 4), quote(0, 5, 9)], (1 / 2 + 2 / 2) / 2),
        ("AP", [0, 1, 10, 20], [whole(1), whole(2)], (1 / 2 + 2 / 3) / 2),
    ],
)
def test_by_hand(name: str, hits: list[int], pieces: list[Piece], value: float, runtime: Runtime) -> None:
    column = parse(name).score(ranked(TENS, [hits]), asked([pieces]), runtime)
    assert column.value.tolist() == pytest.approx([value], abs=1e-12)
