"""TREC topics, qrels and run files: whole documents as evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import GoldenError
from evalkit.golden.lines import collect, lines, whole
from evalkit.types import Evidence, Question
from evalkit.wording import counted

__all__ = ["Trec", "read_run", "write_qrels", "write_run", "write_topics"]

_TOPIC = re.compile(r"<top>(.*?)</top>", re.DOTALL | re.IGNORECASE)
_FIELD = re.compile(r"<(num|title)>\s*(?:Number:\s*)?([^<]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Trec:
    """Topics with their `num` and `title`, judged by qrels lines "topic 0 document grade".

    Args:
        topics: the topics file, relative to the suite.
        qrels: the judgements, relative to the suite; grades below 1 are not evidence.
        source: the corpus source that holds the documents.
    """

    topics: Path
    qrels: Path
    source: str = "docs"

    def questions(self) -> tuple[Question, ...]:
        evidence: dict[str, list[Evidence]] = {}
        for topic, document, grade in self._judgements():
            if grade > 0:
                evidence.setdefault(topic, []).append(Evidence(_under(self.source, document), grade=grade))

        def read(block: str) -> Question:
            fields = {name.lower(): " ".join(value.split()) for name, value in _FIELD.findall(block)}
            if not fields.get("num") or not fields.get("title"):
                raise ValueError(f"a topic without num or title: {block.strip()[:60]!r}")
            number = fields["num"]
            text = _unescaped(fields["title"])
            return Question(number, text, tuple(evidence.get(number, ())), cluster=f"topic {number}")

        questions = collect(self.topics, self._blocks(), read)
        if unknown := evidence.keys() - {question.id for question in questions}:
            raise GoldenError(
                f"{self.qrels}: field 'topic': {counted(len(unknown), 'judged topic')} missing from {self.topics}, "
                f"such as '{min(unknown)}'"
            )
        return questions

    def _blocks(self) -> Iterator[tuple[str, str]]:
        text = whole(self.topics, "TREC topics: <top> elements with num and title")
        for found in _TOPIC.finditer(text):
            yield f"{self.topics}:{text.count(chr(10), 0, found.start()) + 1}", found[1]

    def _judgements(self) -> Iterator[tuple[str, str, int]]:
        for number, line in lines(self.qrels, "TREC judgements: 'topic 0 document grade'"):
            parts = line.split()
            if not parts:
                continue
            try:
                topic, _, document, grade = parts
                yield topic, document, int(grade)
            except ValueError as error:
                raise GoldenError(
                    f"{self.qrels}:{number}: found {line.rstrip()!r:.60}; expected 'topic 0 document grade'"
                ) from error


# ---------------------------------------------------------------- out


def write_topics(questions: Iterable[Question]) -> str:
    """Returns the questions as topics.

    Raises:
        GoldenError: for an id with white space, which no TREC file can hold.
    """
    return "".join(
        f"<top>\n<num>{_word(q.id, q.id)}</num><title>\n{_escaped(' '.join(q.text.split()))}\n</title>\n</top>\n"
        for q in questions
    )


def write_qrels(questions: Iterable[Question], source: str = "") -> str:
    """Returns each question's documents with their highest grade; quotes become whole documents.

    Args:
        questions: the questions.
        source: the corpus source that document ids are written without, where there is only one.

    Raises:
        GoldenError: for an id with white space.
    """
    rows = []
    for question in questions:
        grades: dict[str, int] = {}
        for evidence in question.evidence:
            grades[evidence.doc] = max(evidence.grade, grades.get(evidence.doc, 0))
        for doc, grade in grades.items():
            name = doc.removeprefix(f"{source}/") if source else doc
            rows.append(f"{_word(question.id, question.id)} 0 {_word(name, question.id)} {grade}\n")
    return "".join(rows)


def write_run(ranked: Mapping[str, Sequence[tuple[str, float]]], tag: str) -> str:
    """Returns a run, question id -> (document, score) best first, as lines "topic Q0 document rank score tag"."""
    return "".join(
        f"{_word(topic, topic)} Q0 {_word(document, topic)} {rank} {score!r} {tag}\n"
        for topic, hits in ranked.items()
        for rank, (document, score) in enumerate(hits, 1)
    )


def read_run(path: Path) -> dict[str, list[tuple[str, float]]]:
    """Returns a run file as topic -> (document, score), best first.

    Raises:
        GoldenError: for a line that is none of a run's, or a document that a topic names twice.
    """
    ranked: dict[str, dict[str, float]] = {}
    for number, line in lines(path, "a TREC run: 'topic Q0 document rank score tag'"):
        parts = line.split()
        if not parts:
            continue
        try:
            topic, _, document, _, score, _ = parts
            value = float(score)
        except ValueError as error:
            raise GoldenError(
                f"{path}:{number}: found {line.rstrip()!r:.60}; expected 'topic Q0 document rank score tag'"
            ) from error
        if document in ranked.setdefault(topic, {}):
            raise GoldenError(f"{path}:{number}: topic '{topic}' names document '{document}' twice")
        ranked[topic][document] = value
    return {topic: sorted(hits.items(), key=lambda hit: -hit[1]) for topic, hits in ranked.items()}


def _under(source: str, document: str) -> str:
    return f"{source}/{document}" if source else document


def _word(name: str, question: str) -> str:
    if not name or len(name.split()) != 1 or "<" in name:
        raise GoldenError(
            f"question '{question}': found {name!r}; TREC files hold no name with white space or '<'"
        )
    return name


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&amp;", "&")
