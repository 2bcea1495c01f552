"""TREC topics and qrels: whole documents as evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import GoldenError
from evalkit.types import Evidence, Question

__all__ = ["Trec"]

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
                evidence.setdefault(topic, []).append(Evidence(f"{self.source}/{document}", grade=grade))
        questions = tuple(
            Question(number, text, tuple(evidence.get(number, ())), cluster=f"topic {number}")
            for number, text in self._topics()
        )
        if not questions:
            raise GoldenError(f"{self.topics}: holds no topics; expected <top> elements with num and title")
        return questions

    def _topics(self) -> Iterator[tuple[str, str]]:
        for block in _TOPIC.findall(_text(self.topics)):
            fields = {name.lower(): value.strip() for name, value in _FIELD.findall(block)}
            if not fields.get("num") or not fields.get("title"):
                raise GoldenError(f"{self.topics}: a topic without num or title: {block.strip()[:60]!r}")
            yield fields["num"], " ".join(fields["title"].split())

    def _judgements(self) -> Iterator[tuple[str, str, int]]:
        for number, line in enumerate(_text(self.qrels).splitlines(), 1):
            parts = line.split()
            if not parts:
                continue
            try:
                topic, _, document, grade = parts
                yield topic, document, int(grade)
            except ValueError as error:
                raise GoldenError(
                    f"{self.qrels}:{number}: found {line!r:.60}; expected 'topic 0 document grade'"
                ) from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise GoldenError(f"{path}: no such file; expected a TREC file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise GoldenError(f"{path}: cannot be read as UTF-8 text ({error})") from error
