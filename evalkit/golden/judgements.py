"""A person's judgements of candidate evidence: an append-only log, and the questions it makes.

Each judgement is on disk before the next is asked for. Nothing is ever rewritten: taking one back is a line of its own,
and a line that a crash cut short is dropped, which loses no judgement that was acknowledged.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from evalkit.backends.files import sync_directory
from evalkit.errors import GoldenError
from evalkit.golden.lines import collect, objects
from evalkit.golden.place import CONTEXT
from evalkit.types import Evidence, Question

__all__ = ["Candidates", "Judgement", "Judgements", "parts", "read_candidates"]

Verdict = Literal["yes", "no", "unanswerable", "drop"]
_PART = re.compile(r"[^\n]+?(?:[.!?](?=\s)|(?=\n)|\Z)")


@dataclass(frozen=True, slots=True)
class Candidates:
    """One query, and the passages that may hold its answer."""

    question: Question
    passages: tuple[Evidence, ...]


def read_candidates(path: Path) -> tuple[Candidates, ...]:
    """Reads what `evalkit golden draft` wrote.

    Raises:
        GoldenError: with line and field.
    """
    what = "candidates, as `evalkit golden draft` writes them"
    items = [(f"{path}:{number}", item) for number, item in objects(path, what)]
    passages: dict[str, tuple[Evidence, ...]] = {}

    def read(item: dict[str, object]) -> Question:
        question, listed = (
            Question(str(item.get("id", "")), str(item.get("text", ""))),
            item.get("candidates"),
        )
        if not question.id or not question.text:
            raise ValueError("field 'id' or 'text' is missing or empty")
        if not isinstance(listed, list):
            raise ValueError(f"field 'candidates': found {listed!r:.40}; expected {what}")
        try:
            passages[question.id] = tuple(
                Evidence(str(c["doc"]), str(c["quote"]), int(c["start"]), str(c["prefix"]), str(c["suffix"]))
                for c in listed
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"field 'candidates': {error!r}; expected {what}") from error
        return question

    return tuple(Candidates(question, passages[question.id]) for question in collect(path, items, read))


def parts(passage: Evidence) -> list[Evidence]:
    """Returns a passage's sentences and lines, each as evidence at its own place."""
    found = []
    for match in _PART.finditer(passage.quote):
        text = match[0].strip()
        if text:
            found.append(_within(passage, match.start() + match[0].index(text), len(text)))
    return found


def _within(passage: Evidence, at: int, size: int) -> Evidence:
    before, after = passage.prefix + passage.quote[:at], passage.quote[at + size :] + passage.suffix
    start = (passage.start or 0) + at
    return Evidence(passage.doc, passage.quote[at : at + size], start, before[-CONTEXT:], after[:CONTEXT])


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person said of a candidate; `candidate` is -1 where it is said of the query."""

    question: str
    candidate: int
    verdict: Verdict
    evidence: Evidence | None
    by: str


@dataclass
class Judgements:
    """The log beside a candidates file, replayed; `given` lists the judgements that stand, in order."""

    path: Path
    by: str
    given: list[Judgement] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._mend()
        if self.path.exists() and self.path.stat().st_size:
            for number, item in objects(self.path, "a log of judgements"):
                self._replay(item, f"{self.path}:{number}")

    def add(self, question: str, candidate: int, verdict: Verdict, evidence: Evidence | None = None) -> None:
        """Records a judgement; it is on disk when this returns."""
        piece = None
        if evidence is not None:
            piece = {"doc": evidence.doc, "quote": evidence.quote, "start": evidence.start}
            piece |= {"prefix": evidence.prefix, "suffix": evidence.suffix}
        self._append(
            {
                "question": question,
                "candidate": candidate,
                "verdict": verdict,
                "evidence": piece,
                "by": self.by,
            }
        )
        self.given.append(Judgement(question, candidate, verdict, evidence, self.by))

    def undo(self) -> bool:
        """Takes the last judgement back; False where there is none."""
        if not self.given:
            return False
        self._append({"undo": True, "by": self.by})
        self.given.pop()
        return True

    def following(self, candidates: Sequence[Candidates]) -> tuple[Candidates, int] | None:
        """Returns what is to be judged next, a query and the number of its candidate, or None where all is."""
        return next(((item, open_[0]) for item, open_ in self._open(candidates)), None)

    def left(self, candidates: Sequence[Candidates]) -> int:
        """Returns how many queries have candidates left to judge."""
        return sum(1 for _ in self._open(candidates))

    def questions(self, candidates: Sequence[Candidates]) -> tuple[Question, ...]:
        """Returns the questions that judgements settled: with evidence, or judged unanswerable."""
        settled = []
        for item in candidates:
            given = [entry for entry in self.given if entry.question == item.question.id]
            verdicts = {entry.verdict for entry in given}
            evidence = tuple(entry.evidence for entry in given if entry.evidence is not None)
            if "drop" in verdicts or not (evidence or "unanswerable" in verdicts):
                continue
            tags = {"author": given[-1].by, "provenance": "query log"}
            kept = () if "unanswerable" in verdicts else evidence
            settled.append(Question(item.question.id, item.question.text, kept, tags=tags))
        return tuple(settled)

    def _open(self, candidates: Sequence[Candidates]) -> Iterator[tuple[Candidates, list[int]]]:
        judged = {(entry.question, entry.candidate) for entry in self.given}
        for item in candidates:
            name = item.question.id
            numbers = [n for n in range(len(item.passages)) if (name, n) not in judged]
            if numbers and (name, -1) not in judged:
                yield item, numbers

    def _append(self, entry: dict[str, object]) -> None:
        created = not self.path.exists()
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        if created:
            sync_directory(self.path.parent)

    def _mend(self) -> None:
        """Drops the end of a line that was being written when the machine stopped."""
        if not self.path.exists():
            return
        with self.path.open("rb+") as file:
            content = file.read()
            if content and not content.endswith(b"\n"):
                file.truncate(content.rfind(b"\n") + 1)

    def _replay(self, item: dict[str, object], where: str) -> None:
        if item.get("undo") is True and self.given:
            self.given.pop()
            return
        try:
            piece, verdict, number = item["evidence"], item["verdict"], item["candidate"]
            evidence = Evidence(**piece) if isinstance(piece, dict) else None
            judgement = Judgement(str(item["question"]), int(str(number)), verdict, evidence, str(item["by"]))  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError) as error:
            raise GoldenError(f"{where}: not a judgement ({error!r}); the log was edited") from error
        if verdict not in get_args(Verdict):
            raise GoldenError(f"{where}: field 'verdict': found {verdict!r}; the log was edited")
        self.given.append(judgement)
