from __future__ import annotations

import pytest

from evalkit.measures import parse
from evalkit.types import Runtime
from tests.measures.conftest import Piece, asked, cut, quote, ranked, whole

TENS = cut([100, 100], [(doc, at, at + 10) for doc in (0, 1) for at in range(0, 100, 10)])


@pytest.mark.parametrize(
    ("name", "hits", "pieces", "value"),
    [
        ("RR", [5, 6, 1, 0], [quote(0, 0, 10), quote(0, 10, 20)], 1 / 3),
        ("RR@3", [5, 6, 1, 0], [quote(0, 0, 10), quote(0, 10, 20)], 1 / 3),
        ("RR@2", [5, 6, 1, 0], [quote(0, 0, 10), quote(0, 10, 20)], 0),
        # Half of the quote is covered at the second of its two passages.
        ("RR", [0, 5, 1], [quote(0, 6, 16)], 1 / 3),
        ("RR", [], [quote(0, 0, 10)], 0),
        ("RR", [0, 1, 2, 10], [whole(1)], 1 / 2),
    ],
)
def test_by_hand(name: str, hits: list[int], pieces: list[Piece], value: float, runtime: Runtime) -> None:
    column = parse(name).score(ranked(TENS, [hits]), asked([pieces]), runtime)
    assert column.value.tolist() == pytest.approx([value], abs=1e-12)
