"""Evidence -> offsets in a corpus. May import corpus and below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from evalkit.digest import of_value
from evalkit.errors import GoldenError
from evalkit.types import Corpus, Evidence, Golden, Qrels, Question

__all__ = ["anchor"]

_SHOWN = 20


def anchor(questions: Sequence[Question], corpus: Corpus) -> Golden:
    """Finds every question's evidence in the corpus.

    A quote with a pinned `start` stands there, or, where the document was edited, at its only occurrence. One
    without must occur exactly once. Evidence that once was pinned and no longer stands makes its question
    unwinnable; evidence that was never pinned and is not found is a mistake in the golden set.

    A question that names no cluster joins that of its first evidence's document.

    Raises:
        GoldenError: every quote and document that cannot be found.
    """
    rows: list[tuple[int, int, int, int, int, bool]] = []
    unwinnable: dict[int, str] = {}
    problems: list[str] = []
    for number, question in enumerate(questions):
        found: list[tuple[int, int, int, int, int, bool]] = []
        for evidence in question.evidence:
            place = _find(evidence, corpus)
            if not isinstance(place, str):
                found.append((number, *place, evidence.grade, not evidence.quote))
            elif evidence.start is not None:
                unwinnable[number] = place
            else:
                problems.append(f"question '{question.id}': {place}")
        if number not in unwinnable:
            rows += found
    if problems:
        more = len(problems) - _SHOWN
        raise GoldenError(problems[:_SHOWN] + ([f"and {more} more pieces of evidence"] if more > 0 else []))
    clustered = tuple(replace(q, cluster=q.cluster or _default_cluster(q)) for q in questions)
    return Golden(clustered, _columns(rows), unwinnable, of_value(*questions))


def _default_cluster(question: Question) -> str:
    """Questions about one document are not independent; an unanswerable question stands alone."""
    return question.evidence[0].doc if question.evidence else f"question {question.id}"


def _find(evidence: Evidence, corpus: Corpus) -> tuple[int, int, int] | str:
    """Returns (document row, start, end), or why there is no such place."""
    row = corpus.row(evidence.doc)
    if row is None:
        return f"document '{evidence.doc}' is not in the corpus"
    text = corpus[row].text
    if not evidence.quote:
        return row, 0, len(text)
    quote, start = evidence.quote, evidence.start
    if start is not None and text.startswith(quote, start):
        return row, start, start + len(quote)
    first = text.find(quote)
    shown = f"{quote[:60]}…" if len(quote) > 60 else quote
    if first < 0:
        return f"the quote “{shown}” does not stand in '{evidence.doc}'"
    if text.find(quote, first + 1) >= 0:
        return f"the quote “{shown}” stands more than once in '{evidence.doc}'; lengthen it or give its start"
    return row, first, first + len(quote)


def _columns(rows: Sequence[tuple[int, int, int, int, int, bool]]) -> Qrels:
    table = np.array([row[:5] for row in rows], dtype=np.int32).reshape(-1, 5)
    question, doc, start, end, grade = np.ascontiguousarray(table.T)
    return Qrels(question, doc, start, end, grade, np.array([row[5] for row in rows], dtype=np.bool_))
