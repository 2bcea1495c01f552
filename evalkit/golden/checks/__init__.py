"""What is weak about a golden set: each check counts, shows examples, and says what the count means.

A check refuses nothing: a person reads it and mends the set. May import corpus and everything below it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from evalkit.golden.checks import evidence, leaks, mix, twins
from evalkit.golden.checks.finding import Finding
from evalkit.types import Corpus, Question

__all__ = ["Finding", "run"]


def run(
    questions: Sequence[Question],
    corpus: Corpus,
    *,
    prompts: Sequence[Path] = (),
    stages: Mapping[str, Sequence[str]] | None = None,
    test_share: float | None = None,
) -> tuple[Finding, ...]:
    """Returns what every check found, in a fixed order.

    Args:
        questions: the golden set.
        corpus: the documents its evidence stands in.
        prompts: files of prompts and few-shot examples, which must not hold questions or answers of the set.
        stages: question id -> where each variant of a report lost it ("found" where it did not).
        test_share: the suite's split, where it has one.
    """
    pairs = twins.pairs(questions)
    found = [twins.duplicates(questions), twins.near_duplicates(questions, pairs)]
    if test_share is not None:
        found.append(leaks.across_splits(questions, pairs, test_share))
    if prompts:
        found.append(leaks.in_prompts(questions, prompts))
    found += [
        evidence.literal(questions),
        evidence.repeated(questions, corpus),
        mix.authors(questions),
        mix.sources(questions),
        mix.synthetic(questions),
        mix.small_slices(questions),
        mix.languages(questions),
    ]
    if stages is not None:
        found += [mix.easy(questions, stages), mix.hopeless(questions, stages)]
    return tuple(found)
