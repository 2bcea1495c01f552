"""Evidence -> offsets in a corpus. May import corpus and below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from evalkit.digest import of_value
from evalkit.errors import GoldenError
from evalkit.golden.place import Finder, Status
from evalkit.golden.split import cluster_of
from evalkit.types import Corpus, Golden, Qrels, Question

__all__ = ["anchor"]

_SHOWN = 20
_UNPINNED = (
    "evidence is followed only once `evalkit golden reanchor` has pinned it; "
    "mend these quotes, or remove the questions"
)


def anchor(questions: Sequence[Question], corpus: Corpus) -> Golden:
    """Finds every question's evidence in the corpus.

    Evidence that stands, or that moved with its wording whole, is anchored where it is now. Pinned evidence that
    was edited or is gone makes its question unwinnable; evidence that was never pinned and is not found exactly
    once in its document is a mistake in the golden set. A question that names no cluster joins that of its first
    evidence's document.

    Raises:
        GoldenError: every quote and document that cannot be found.
    """
    finder = Finder(corpus, [evidence.quote for question in questions for evidence in question.evidence])
    rows: list[tuple[int, int, int, int, int, bool]] = []
    clustered: list[Question] = []
    unwinnable: dict[int, str] = {}
    problems: list[str] = []
    for number, question in enumerate(questions):
        found: list[tuple[int, int, int, int, int, bool]] = []
        for evidence in question.evidence:
            place = finder.find(evidence)
            pinned = evidence.start is not None or bool(evidence.prefix and not evidence.quote)
            if place.status is Status.CURRENT or (pinned and place.status is Status.MOVED):
                whole = not evidence.quote
                found.append((number, place.row, place.start, place.end, evidence.grade, whole))
            elif pinned:
                unwinnable[number] = place.reason
            else:
                problems.append(f"question '{question.id}': evidence in '{evidence.doc}': {place.reason}")
        if number not in unwinnable:
            rows += found
        clustered.append(
            replace(question, cluster=question.cluster or _default_cluster(question, found, corpus))
        )
    if problems:
        more = len(problems) - _SHOWN
        raise GoldenError(
            problems[:_SHOWN] + ([f"and {more} more pieces of evidence"] if more > 0 else []) + [_UNPINNED]
        )
    return Golden(tuple(clustered), _columns(rows), unwinnable, of_value(*questions))


def _default_cluster(
    question: Question, found: Sequence[tuple[int, int, int, int, int, bool]], corpus: Corpus
) -> str:
    """Evidence that names no document names the one it was found in."""
    if question.evidence and not question.evidence[0].doc and found:
        return corpus[found[0][1]].doc_id
    return cluster_of(question)


def _columns(rows: Sequence[tuple[int, int, int, int, int, bool]]) -> Qrels:
    table = np.array([row[:5] for row in rows], dtype=np.int32).reshape(-1, 5)
    question, doc, start, end, grade = np.ascontiguousarray(table.T)
    return Qrels(question, doc, start, end, grade, np.array([row[5] for row in rows], dtype=np.bool_))
