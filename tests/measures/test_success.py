from __future__ import annotations

import pytest

from evalkit.measures import parse
from evalkit.types import Runtime
from tests.measures.conftest import Piece, asked, cut, quote, ranked, whole

TENS = cut([100, 100], [(doc, at, at + 10) for doc in (0, 1) for at in range(0, 100, 10)])


@pytest.mark.parametrize(
    ("name", "hits", "pieces", "value"),
    [
        ("Success@3", [5, 6, 1], [quote(0, 0, 10), quote(0, 10, 20)], 1),
        ("Success@2", [5, 6, 1], [quote(0, 0, 10), quote(0, 10, 20)], 0),
        ("Success@1", [0], [quote(0, 0, 20)], 1),
        ("Success@1", [0], [quote(0, 0, 21)], 0),
        ("Success@15c", [5, 0], [quote(0, 0, 10)], 1),
        ("Success@14c", [5, 0], [quote(0, 0, 10)], 0),
        ("Success@2", [0, 1, 2, 10], [whole(1)], 1),
        ("Success@1", [0, 1, 2, 10], [whole(1)], 0),
    ],
)
def test_by_hand(name: str, hits: list[int], pieces: list[Piece], value: float, runtime: Runtime) -> None:
    column = parse(name).score(ranked(TENS, [hits]), asked([pieces]), runtime)
    assert column.value.tolist() == [value]
