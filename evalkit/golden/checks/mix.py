"""Who asked, about what, in which language, how hard: a set of one kind measures one kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from evalkit.golden.checks.finding import Finding, finding
from evalkit.golden.checks.language import guess
from evalkit.golden.split import cluster_of
from evalkit.stats import MIN_CLUSTERS
from evalkit.types import Question
from evalkit.wording import counted

__all__ = ["authors", "easy", "hopeless", "languages", "small_slices", "sources", "synthetic"]

_MOST = 0.9
_FEW = 10
_GOT = {"found", "ignored by the answer", "unfaithful"}
"""Where retrieval did its part, whatever the answer made of it."""


def authors(questions: Sequence[Question]) -> Finding:
    """Questions by the set's main author, where that is nearly everyone: one person's habits of asking."""
    return _concentrated("single author", [q.tags.get("author", "") for q in questions], "the tag 'author'")


def sources(questions: Sequence[Question]) -> Finding:
    """Questions about the main source of documents, where that is nearly every one."""
    names = [q.evidence[0].doc.partition("/")[0] for q in questions if q.evidence]
    return _concentrated("single source", names, "a document's id")


def synthetic(questions: Sequence[Question]) -> Finding:
    """Questions that a model wrote (tag provenance=synthetic)."""
    found = [f"{q.id}: {q.text:.80}" for q in questions if q.tags.get("provenance") == "synthetic"]
    text = "questions are synthetic: written from the documents, in their words; judge them apart by that tag"
    return finding("synthetic", found, len(questions), text)


def small_slices(questions: Sequence[Question]) -> Finding:
    """Slices with too few questions or clusters for any gate to decide."""
    slices: dict[str, list[Question]] = {}
    for question in questions:
        for tag, value in question.tags.items():
            slices.setdefault(f"{tag}={value}", []).append(question)
    found = []
    for name, held in sorted(slices.items()):
        clusters = len({cluster_of(q) for q in held})
        if len(held) < _FEW or (clusters < len(held) and clusters < MIN_CLUSTERS):
            found.append(f"{name}: {counted(len(held), 'question')} in {counted(clusters, 'cluster')}")
    text = f"slices cannot be decided: under {_FEW} questions, or questions that share under {MIN_CLUSTERS} clusters"
    return finding("small slices", found, len(slices), text)


def languages(questions: Sequence[Question]) -> Finding:
    """Questions in another language than their evidence, guessed from common words and scripts."""
    asked = [(q, q.tags.get("language") or guess(q.text)) for q in questions]
    found = []
    for question, own in asked:
        other = guess(" ".join(e.quote for e in question.evidence))
        if own and other and own != other:
            found.append(f"{question.id}: asked in {own}, evidence in {other}: {question.text:.60}")
    mixed = Counter(own or "unknown" for _, own in asked)
    shares = ", ".join(f"{name} {count}" for name, count in mixed.most_common())
    return finding(
        "language", found, len(questions), f"questions differ in language from their evidence ({shares})"
    )


def easy(questions: Sequence[Question], stages: Mapping[str, Sequence[str]]) -> Finding:
    """Questions that every variant of a report gets: they tell no variant from another."""
    held = [q for q in questions if q.evidence and q.id in stages]
    found = [f"{q.id}: {q.text:.80}" for q in held if set(stages[q.id]) == {"found"}]
    return finding("all easy", found, len(held), "questions are got by every variant of the report")


def hopeless(questions: Sequence[Question], stages: Mapping[str, Sequence[str]]) -> Finding:
    """Questions that no variant of a report gets: hard ones, or judged wrongly."""
    held = [q for q in questions if q.evidence and q.id in stages]
    found = [f"{q.id}: {q.text:.80}" for q in held if _GOT.isdisjoint(stages[q.id])]
    return finding(
        "none gets", found, len(held), "questions are got by no variant: read whether their evidence is right"
    )


def _concentrated(check: str, names: Sequence[str], where: str) -> Finding:
    known = Counter(name for name in names if name)
    if not known:
        return Finding(check, 0, len(names), f"unknown: no question says (expected in {where})")
    name, most = known.most_common(1)[0]
    shares = tuple(f"{other}: {count}" for other, count in known.most_common(5))
    if most < _MOST * sum(known.values()):
        return Finding(check, 0, len(names), f"{len(known)} in all, the largest share is {name}'s", shares)
    return Finding(check, most, len(names), f"questions come from '{name}' alone, or nearly", shares)
