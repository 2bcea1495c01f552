from __future__ import annotations

import pytest

from evalkit.backends import tokens
from evalkit.measures.cutoff import Cutoff, Window, window
from evalkit.types import Run
from tests.measures.conftest import cut, ranked

TENS = [(0, at, at + 10) for at in range(0, 100, 10)]


@pytest.fixture
def run() -> Run:
    """Ten passages of ten characters; the first ranking fills the depth of three, the second does not."""
    return ranked(cut([100], TENS), [[4, 2, 9], [4, 2]], depth=3)


def inside(found: Window) -> tuple[list[list[int]], list[list[int]]]:
    return found.hits.tolist(), found.kept.tolist()


def test_without_a_cutoff_everything_is_inside(run: Run) -> None:
    found = window(run, None)
    assert inside(found) == ([[4, 2, 9], [4, 2, -1]], [[10, 10, 10], [10, 10, 0]])
    assert (found.limit, found.short) == (None, {})


def test_a_budget_of_characters_cuts_the_passage_that_exceeds_it(run: Run) -> None:
    found = window(run, Cutoff(13, "c"))
    assert inside(found) == ([[4, 2, -1], [4, 2, -1]], [[10, 3, 0], [10, 3, 0]])
    assert found.short == {}


def test_a_budget_spent_exactly_leaves_nothing_over(run: Run) -> None:
    assert inside(window(run, Cutoff(10, "c"))) == ([[4, -1, -1], [4, -1, -1]], [[10, 0, 0], [10, 0, 0]])


def test_a_ranking_cut_off_by_the_depth_is_short_and_one_that_ended_is_not(run: Run) -> None:
    assert window(run, Cutoff(31, "c")).short == {
        0: "its ranking of 3 passages holds 30c of the 31c; raise the variant's depth"
    }


@pytest.mark.parametrize("cutoff", [Cutoff(30, "c"), Cutoff(3), Cutoff(4)])
def test_a_budget_spent_exactly_is_not_short_nor_is_a_rank(run: Run, cutoff: Cutoff) -> None:
    assert window(run, cutoff).short == {}


def test_a_corpus_retrieved_whole_is_not_short() -> None:
    run = ranked(cut([100], TENS[:3]), [[2, 1, 0]], depth=3)
    assert window(run, Cutoff(1000, "c")).short == {}


class Tokeniser:
    """Takes two characters for a token and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, text: str) -> int:
        self.asked += 1
        return -(-len(text) // 2)


@pytest.fixture
def tokeniser(monkeypatch: pytest.MonkeyPatch) -> Tokeniser:
    count = Tokeniser()
    monkeypatch.setattr(tokens, "counter", lambda: count)
    return count


def test_a_budget_of_tokens_keeps_the_share_of_the_characters(run: Run, tokeniser: Tokeniser) -> None:
    found = window(run, Cutoff(8, "t"))
    # The second passage has five tokens and three are left: three fifths of its ten characters.
    assert inside(found) == ([[4, 2, -1], [4, 2, -1]], [[10, 6, 0], [10, 6, 0]])
    assert tokeniser.asked == 2


def test_passages_past_a_spent_budget_are_not_even_counted(run: Run, tokeniser: Tokeniser) -> None:
    assert inside(window(run, Cutoff(5, "t"))) == ([[4, -1, -1], [4, -1, -1]], [[10, 0, 0], [10, 0, 0]])
    assert tokeniser.asked == 1


def test_tokens_fall_short_like_characters(run: Run, tokeniser: Tokeniser) -> None:
    assert window(run, Cutoff(16, "t")).short == {
        0: "its ranking of 3 passages holds 15t of the 16t; raise the variant's depth"
    }
    assert window(run, Cutoff(15, "t")).short == {}


def test_one_character_out_of_a_token_is_outside(tokeniser: Tokeniser) -> None:
    """A share of less than a character keeps nothing, and its passage is not retrieved."""
    run = ranked(cut([10], [(0, 0, 9), (0, 9, 10)]), [[0, 1]], depth=2)
    assert inside(window(run, Cutoff(5, "t"))) == ([[0, -1]], [[9, 0]])


def test_an_empty_corpus_has_empty_windows() -> None:
    run = ranked(cut([5], []), [[], []], depth=2)
    for cutoff in (None, Cutoff(3), Cutoff(3, "c")):
        assert inside(window(run, cutoff)) == ([[-1, -1], [-1, -1]], [[0, 0], [0, 0]])
