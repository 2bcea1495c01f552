"""Synthetic questions about a suite's documents, each with its evidence verified. May import evaluate and below."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from evalkit.backends.testset import Written
from evalkit.chunkers.heading import Heading
from evalkit.errors import EvaluationError
from evalkit.evaluate import read_corpus
from evalkit.golden.place import Finder, Status, pin
from evalkit.stages import cut
from evalkit.suite import Suite
from evalkit.types import Evidence, Passage, Passages, Question, Runtime

__all__ = ["Generated", "generate"]

_LEAST = 200
"""Shorter passages hold too little to ask about."""


class Writer(Protocol):
    """Writes a question about a text; raises EvaluationError where it cannot."""

    def ask(self, text: str) -> Written: ...


@dataclass(slots=True)
class Generated:
    """The questions whose evidence stands verbatim in the corpus, and why others were left out, counted."""

    questions: list[Question] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)


def generate(suite: Suite, writer: Writer, runtime: Runtime, *, count: int, model: str) -> Generated:
    """Has questions written about passages drawn over all documents, by the suite's seed.

    Args:
        suite: whose pinned corpus is asked about.
        writer: writes the questions.
        runtime: what stages may use.
        count: how many passages are asked about; questions that fail are counted, not made up for.
        model: the model's name, kept as a tag.
    """
    corpus = read_corpus(suite)
    finder, made, seen = Finder(corpus), Generated(), set[str]()
    for number, passage in enumerate(_drawn(cut(corpus, Heading(), runtime), count, suite.seed), 1):
        runtime.progress("generate", number, count)
        try:
            written = writer.ask(passage.text)
        except EvaluationError as error:
            made.failed[str(error)] += 1
            continue
        evidence = [
            _verified(Evidence(passage.span.doc, quote), passage, finder) for quote in written.contexts
        ]
        text = " ".join(written.question.split())
        if not text or not written.answer.strip():
            made.failed["the model gave no question or no answer"] += 1
        elif not evidence or None in evidence:
            made.failed["its evidence does not stand verbatim in the document"] += 1
        elif text in seen:
            made.failed["the question was asked before"] += 1
        else:
            seen.add(text)
            kept = tuple(piece for piece in evidence if piece is not None)
            made.questions.append(_question(text, written, kept, model))
    return made


def _drawn(passages: Passages, count: int, seed: int) -> Iterator[Passage]:
    """Yields passages document by document in turn, each at most once, so that few documents do not fill the set."""
    rng = np.random.default_rng(seed)
    by_document: dict[int, list[int]] = {}
    for row in range(len(passages)):
        if passages.end[row] - passages.start[row] >= _LEAST:
            by_document.setdefault(int(passages.doc[row]), []).append(row)
    queues = [rng.permutation(rows).tolist() for rows in by_document.values()]
    queues = [queues[at] for at in rng.permutation(len(queues))]
    turns = [
        queue[turn]
        for turn in range(max(map(len, queues), default=0))
        for queue in queues
        if turn < len(queue)
    ]
    return (passages[row] for row in turns[:count])


def _verified(evidence: Evidence, passage: Passage, finder: Finder) -> Evidence | None:
    """Returns the evidence pinned inside the passage it was made from, or None where its words do not stand there."""
    at = passage.text.find(evidence.quote)
    if at < 0 or not evidence.quote.strip():
        return None
    row = finder.corpus.row(evidence.doc)
    pinned = pin(evidence, "" if row is None else finder.corpus[row].text, passage.span.start + at)
    return pinned if finder.find(pinned).status is Status.CURRENT else None


def _question(text: str, written: Written, evidence: tuple[Evidence, ...], model: str) -> Question:
    tags = {"provenance": "synthetic", "author": model, "persona": written.persona, "style": written.style}
    return Question(
        id=f"synthetic-{hashlib.sha256(text.encode()).hexdigest()[:10]}",
        text=text,
        evidence=evidence,
        reference=written.answer.strip(),
        tags={tag: value for tag, value in tags.items() if value},
    )
