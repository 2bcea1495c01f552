"""Test questions that were seen before the test: in the development half, or in prompts and few-shot examples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evalkit.golden.checks.finding import Finding, finding, grams, words
from evalkit.golden.lines import whole
from evalkit.golden.split import side
from evalkit.types import Question

__all__ = ["across_splits", "in_prompts"]

_GRAM = 4
_SHARE = 0.75


def across_splits(
    questions: Sequence[Question], pairs: Sequence[tuple[int, int]], test_share: float
) -> Finding:
    """Test questions that nearly repeat a development question: what was tuned on one is no news on the other."""
    found = []
    for a, b in pairs:
        sides = {side(questions[row], test_share): questions[row] for row in (a, b)}
        if len(sides) == 2:
            found.append(f"{sides['test'].id} repeats {sides['dev'].id}: {sides['test'].text:.80}")
    text = "test questions nearly repeat a development question; give both one cluster, or drop one"
    return finding("leaked to dev", found, len(questions), text)


def in_prompts(questions: Sequence[Question], files: Sequence[Path]) -> Finding:
    """Questions or reference answers whose runs of four words stand in a prompt, at least three in four."""
    seen = {path: grams(words(whole(path, "prompts as text")), _GRAM) for path in files}
    found = []
    for question in questions:
        for what, text in (("question", question.text), ("answer", question.reference)):
            own = grams(words(text), _GRAM)
            leaks = [path.name for path, held in seen.items() if own and len(own & held) >= _SHARE * len(own)]
            if leaks:
                found.append(f"{question.id}: its {what} stands in {', '.join(leaks)}: {text:.80}")
    return finding("leaked to prompts", found, len(questions), "questions or answers stand in a prompt file")
