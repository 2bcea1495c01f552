from __future__ import annotations

import pytest

from evalkit.report.funnel import Coverage, answered, coverage, gone, stage
from evalkit.types import Claim, Evidence, Question
from tests.conftest import Library, golden, passages, run

CORPUS = Library({"docs/a": "x" * 100, "docs/b": "y" * 100})
CUT = passages(CORPUS, [(0, 0, 50), (0, 50, 100), (1, 0, 100)])


@pytest.mark.parametrize(
    ("evidence", "hits", "top", "expected"),
    [
        ((0, 10, 20), [0, 1, 2], 2, "found"),
        ((0, 10, 20), [1, 2, 0], 2, "ranked too low"),
        ((0, 10, 20), [1, 2, 0], 3, "found"),
        ((0, 10, 20), [1, 2], 2, "not retrieved"),
        ((0, 30, 70), [2], 2, "split by the chunker"),
        ((0, 30, 70), [0, 1], 2, "found"),
    ],
)
def test_retrieval_loses_a_question_at_the_first_stage_that_failed(
    evidence: tuple[int, int, int], hits: list[int], top: int, expected: str
) -> None:
    assert stage(coverage(run(CUT, [hits]), golden([[evidence]]), 0), top=top) == expected


def test_a_question_without_evidence_is_not_lost() -> None:
    assert stage(coverage(run(CUT, [[0]]), golden([[]]), 0), top=5) == "unanswerable"


def test_the_passages_that_hold_evidence_are_known_by_rank() -> None:
    assert coverage(run(CUT, [[2, 1, 0]]), golden([[(0, 30, 70)]]), 0).holding == {2, 3}


@pytest.mark.parametrize(
    ("doc", "unreadable", "expected"),
    [
        ("docs/scan.pdf", {"docs/scan.pdf"}, "parse lost"),
        ("docs/scan.pdf", {"docs/other.pdf"}, "not synced"),
        ("docs/a", set(), "not synced"),
        ("docs/a", {"docs/a"}, "not synced"),
    ],
)
def test_evidence_that_never_reached_the_corpus(doc: str, unreadable: set[str], expected: str) -> None:
    assert gone(Question("q", "?", (Evidence(doc, "gone", 0),)), CORPUS, unreadable) == expected


YES, NO = Claim("it is", supported=True, passage=0), Claim("it is not", supported=False)
UNPLACED = Claim("it is", supported=True)
ELSEWHERE = Claim("it is", supported=True, passage=3)


@pytest.mark.parametrize(
    ("before", "refused", "claims", "expected"),
    [
        ("found", False, [], "found"),
        ("found", False, [YES], "found"),
        ("found", False, [UNPLACED], "found"),
        ("found", True, [], "ignored by the answer"),
        ("found", False, [ELSEWHERE], "ignored by the answer"),
        ("found", False, [ELSEWHERE, NO], "ignored by the answer"),
        ("found", False, [ELSEWHERE, YES], "found"),
        ("found", False, [YES, NO], "unfaithful"),
        ("found", False, [NO], "unfaithful"),
        ("unanswerable", True, [], "unanswerable"),
        ("unanswerable", False, [NO], "unfaithful"),
        ("not retrieved", True, [], "not retrieved"),
        ("ranked too low", False, [NO], "ranked too low"),
    ],
)
def test_an_answer_loses_only_what_retrieval_found(
    before: str,
    refused: bool,  # noqa: FBT001
    claims: list[Claim],
    expected: str,
) -> None:
    found = Coverage((1,), (True,), frozenset({1}))
    assert answered(before, found, refused=refused, claims=claims) == expected
