"""Questions asked twice: they count as one piece of knowledge, and as two in every mean."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.golden.checks.finding import Finding, finding, words
from evalkit.golden.shingles import Shingles
from evalkit.types import Question

__all__ = ["duplicates", "near_duplicates", "pairs"]

ALIKE = 90.0
"""From what similarity (of 100, rapidfuzz' ratio of their sorted words) two questions are near-duplicates."""

_SHARE = 0.3


def duplicates(questions: Sequence[Question]) -> Finding:
    """Questions with the words of an earlier one, but for case and punctuation."""
    first: dict[tuple[str, ...], str] = {}
    found = []
    for question in questions:
        key = tuple(words(question.text))
        if key in first:
            found.append(f"{question.id} asks what {first[key]} asks: {question.text:.80}")
        first.setdefault(key, question.id)
    return finding("duplicates", found, len(questions), "questions ask in the words of another")


def near_duplicates(questions: Sequence[Question], found: Sequence[tuple[int, int]]) -> Finding:
    """Questions that nearly say what another says."""
    shown = [
        f"{questions[a].id} and {questions[b].id}: {questions[a].text:.60} / {questions[b].text:.60}"
        for a, b in found
        if words(questions[a].text) != words(questions[b].text)
    ]
    return finding("near-duplicates", shown, len(questions), "pairs of questions differ in few letters")


def pairs(questions: Sequence[Question]) -> list[tuple[int, int]]:
    """Returns rows (a < b) of questions that are the same or nearly so, through an index rather than all pairs."""
    from rapidfuzz import fuzz

    texts = [" ".join(sorted(words(question.text))) for question in questions]
    index = Shingles(texts)
    found = []
    for row, text in enumerate(texts):
        for other, _ in index.candidates(text, least=_SHARE):
            if other > row and fuzz.ratio(text, texts[other]) >= ALIKE:
                found.append((row, other))
    return found
