from __future__ import annotations

import pytest

from evalkit.measures import parse
from evalkit.types import Runtime
from tests.measures.conftest import Piece, asked, cut, quote, ranked, whole

PASSAGES = cut([100, 100], [(0, 0, 20), (0, 15, 35), (0, 60, 80), (1, 0, 50), (1, 50, 100)])


@pytest.mark.parametrize(
    ("name", "hits", "pieces", "value"),
    [
        ("IoU@1", [0, 1, 2], [quote(0, 10, 50)], 10 / (20 + 30)),
        # Forty characters retrieved, five of them twice, and fifteen of evidence that were not.
        ("IoU@2", [0, 1, 2], [quote(0, 10, 50)], 25 / (40 + 15)),
        ("IoU@1", [2], [quote(0, 60, 80)], 1),
        ("IoU@25c", [0, 1, 2], [quote(0, 10, 50)], 10 / (25 + 30)),
        ("IoU@5", [], [quote(0, 10, 50)], 0),
        ("IoU@2", [3, 0], [whole(1)], 50 / (70 + 50)),
        ("IoU@2", [3, 4], [whole(1)], 1),
        ("IoU@2", [0, 3], [quote(0, 10, 50), whole(1)], 60 / (70 + 80)),
    ],
)
def test_by_hand(name: str, hits: list[int], pieces: list[Piece], value: float, runtime: Runtime) -> None:
    column = parse(name).score(ranked(PASSAGES, [hits]), asked([pieces]), runtime)
    assert column.value.tolist() == pytest.approx([value], abs=1e-12)
