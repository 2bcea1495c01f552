from __future__ import annotations

import pytest

from evalkit.measures import parse
from evalkit.types import Runtime
from tests.measures.conftest import Piece, asked, cut, quote, ranked, whole

PASSAGES = cut([100, 100], [(0, 0, 20), (0, 15, 35), (0, 60, 80), (1, 0, 50), (1, 50, 100)])


@pytest.mark.parametrize(
    ("name", "hits", "pieces", "value"),
    [
        # Ten of forty evidence characters in the first passage, fifteen more in the second, ten of them in both.
        ("Recall@1", [0, 1, 2], [quote(0, 10, 50)], 10 / 40),
        ("Recall@2", [0, 1, 2], [quote(0, 10, 50)], 25 / 40),
        ("Recall@3", [0, 1, 2], [quote(0, 10, 50)], 25 / 40),
        # Overlapping quotes hold thirty characters, not forty.
        ("Recall@1", [1], [quote(0, 10, 30), quote(0, 20, 40)], 20 / 30),
        ("Recall@5", [3], [quote(0, 10, 50)], 0),
        ("Recall@5", [], [quote(0, 10, 50)], 0),
        # A budget keeps a passage's first characters.
        ("Recall@12c", [0, 1], [quote(0, 10, 50)], 2 / 40),
        ("Recall@30c", [0, 1], [quote(0, 10, 50)], 15 / 40),
        # Documents rank as distinct ones: three passages of document 0 are one rank.
        ("Recall@2", [0, 1, 2, 3], [whole(0), whole(1)], 1),
        ("Recall@1", [0, 1, 2, 3], [whole(0), whole(1)], 1 / 2),
        ("Recall@60c", [0, 1, 2, 3], [whole(0), whole(1)], 1 / 2),
        ("Recall@61c", [0, 1, 2, 3], [whole(0), whole(1)], 1),
        # Two quotes, half of whose characters were found, and a document that was.
        ("Recall@2", [0, 3], [quote(0, 10, 30), whole(1), quote(0, 80, 90)], (2 * 10 / 30 + 1) / 3),
    ],
)
def test_by_hand(name: str, hits: list[int], pieces: list[Piece], value: float, runtime: Runtime) -> None:
    column = parse(name).score(ranked(PASSAGES, [hits]), asked([pieces]), runtime)
    assert column.value.tolist() == pytest.approx([value], abs=1e-12)
