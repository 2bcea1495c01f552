from __future__ import annotations

import pytest

from evalkit.wording import counted


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (0, "question", "0 questions"),
        (1, "question", "1 question"),
        (1200, "more question", "1,200 more questions"),
        (1, "query", "1 query"),
        (2, "query", "2 queries"),
    ],
)
def test_a_count_and_its_noun_agree(count: int, noun: str, said: str) -> None:
    assert counted(count, noun) == said
