"""What became of a set's evidence, written back: the moved at once, the changed after a person's word."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.errors import GoldenError
from evalkit.golden.lines import objects
from evalkit.golden.place import Finder, Place, Status, pin
from evalkit.golden.similar import word_diff
from evalkit.types import ALL_QUESTIONS, Corpus, Evidence, Question

__all__ = ["Traced", "counts", "decide", "reanchored", "review", "trace"]


@dataclass(frozen=True, slots=True)
class Traced:
    """Where one piece of evidence stands now: `position` counts the question's evidence from 0."""

    question: Question
    position: int
    place: Place

    @property
    def evidence(self) -> Evidence:
        return self.question.evidence[self.position]


def trace(questions: Iterable[Question], corpus: Corpus) -> tuple[Traced, ...]:
    """Finds every piece of evidence in the corpus."""
    questions = tuple(questions)
    finder = Finder(corpus, [evidence.quote for question in questions for evidence in question.evidence])
    return tuple(
        Traced(question, position, finder.find(evidence))
        for question in questions
        for position, evidence in enumerate(question.evidence)
    )


def counts(traced: Iterable[Traced]) -> dict[str, dict[str, int]]:
    """Returns by slice "tag=value", and for all under `ALL_QUESTIONS`, how many pieces have each status."""
    table: dict[str, dict[str, int]] = {ALL_QUESTIONS: {status.value: 0 for status in Status}}
    for piece in traced:
        tags = piece.question.tags
        for name in (ALL_QUESTIONS, *(f"{tag}={value}" for tag, value in tags.items())):
            row = table.setdefault(name, {status.value: 0 for status in Status})
            row[piece.place.status.value] += 1
    return table


def reanchored(
    questions: Iterable[Question], traced: Iterable[Traced], corpus: Corpus
) -> tuple[Question, ...]:
    """Returns the questions with what stands or moved pinned to where it is now; the rest is left as it was.

    A question whose document was renamed keeps its old name as its cluster, and with it its side of a split.
    """
    pinned = {(piece.question.id, piece.position): _pinned(piece, corpus) for piece in traced}
    return tuple(
        _with(question, tuple(pinned.get((question.id, at), e) for at, e in enumerate(question.evidence)))
        for question in questions
    )


def _with(question: Question, evidence: tuple[Evidence, ...]) -> Question:
    """Changes a question's evidence and not its cluster, even where that is its first document's name."""
    renamed = bool(evidence) and evidence[0].doc != question.evidence[0].doc
    cluster = question.cluster or (question.evidence[0].doc if renamed else "")
    return replace(question, evidence=evidence, cluster=cluster)


def _pinned(piece: Traced, corpus: Corpus) -> Evidence:
    if piece.place.status not in {Status.CURRENT, Status.MOVED}:
        return piece.evidence
    document = corpus[piece.place.row]
    return pin(replace(piece.evidence, doc=document.doc_id), document.text, piece.place.start)


# ---------------------------------------------------------------- review


def review(traced: Iterable[Traced], corpus: Corpus) -> str:
    """Returns the changed evidence as JSON Lines, for a person who sets `accept` to true or false in each."""
    lines = []
    for piece in traced:
        if piece.place.status is not Status.CHANGED:
            continue
        document = corpus[piece.place.row]
        now = document.text[piece.place.start : piece.place.end]
        entry = {
            "question": piece.question.id,
            "text": piece.question.text,
            "position": piece.position,
            "doc": piece.evidence.doc,
            "quote": piece.evidence.quote,
            "now": {"doc": document.doc_id, "start": piece.place.start, "quote": now},
            "diff": word_diff(piece.evidence.quote, now),
            "reason": piece.place.reason,
            "accept": None,
        }
        lines.append(json.dumps(entry, ensure_ascii=False) + "\n")
    return "".join(lines)


def decide(
    questions: Sequence[Question], path: Path, corpus: Corpus
) -> tuple[tuple[Question, ...], dict[str, int]]:
    """Applies a review file: accepted evidence takes the wording and place it has now.

    Returns the questions, and how many entries were accepted, rejected and open. Rejected evidence stays as it was:
    its question is unwinnable until someone gives it other evidence.

    Raises:
        GoldenError: where an entry is no entry, or no longer fits the questions or the corpus; then nothing is applied.
    """
    by_id = {question.id: question for question in questions}
    tally = {"accepted": 0, "rejected": 0, "open": 0}
    problems: list[str] = []
    for number, entry in objects(path, "a review file"):
        try:
            accept = entry["accept"]
            question = by_id[str(entry["question"])]
            if accept is True:
                by_id[question.id] = _accepted(question, entry, corpus)
            tally["accepted" if accept is True else "rejected" if accept is False else "open"] += 1
        except (KeyError, TypeError, ValueError, IndexError) as error:
            problems.append(f"{path}:{number}: {_said(error)}; run `evalkit golden reanchor` again")
    if problems:
        raise GoldenError(problems)
    return tuple(by_id[question.id] for question in questions), tally


def _accepted(question: Question, entry: Mapping[str, object], corpus: Corpus) -> Question:
    now, position = entry["now"], entry["position"]
    if not isinstance(now, dict) or not isinstance(position, int):
        raise TypeError("the entry holds no place")
    old = question.evidence[position]
    if old.quote != entry["quote"]:
        raise ValueError(f"evidence {position} of question '{question.id}' is not the one reviewed")
    row = corpus.row(str(now["doc"]))
    text = "" if row is None else corpus[row].text
    if not now["quote"] or not text.startswith(str(now["quote"]), int(now["start"])):
        raise ValueError(f"the corpus no longer holds the quote at {now['start']} of '{now['doc']}'")
    fresh = pin(replace(old, doc=str(now["doc"]), quote=str(now["quote"])), text, int(now["start"]))
    return _with(question, (*question.evidence[:position], fresh, *question.evidence[position + 1 :]))


def _said(error: Exception) -> str:
    return f"no question or field {error}" if isinstance(error, KeyError) else str(error)
