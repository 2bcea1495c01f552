"""evalkit's own format: one question a line, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import did_you_mean
from evalkit.golden.lines import collect, lines
from evalkit.types import Evidence, Question

__all__ = ["Jsonl", "write"]

_QUESTION = ("id", "text", "evidence", "reference", "tags", "cluster")
_EVIDENCE = ("doc", "quote", "start", "prefix", "suffix", "grade")


@dataclass(frozen=True, slots=True)
class Jsonl:
    """A question a line, as JSON: id, text, evidence, reference, tags, cluster.

    Args:
        path: the file, relative to the suite.
    """

    path: Path

    def questions(self) -> tuple[Question, ...]:
        texts = ((f"{self.path}:{number}", line) for number, line in lines(self.path) if line.strip())
        return collect(self.path, texts, lambda text: _question(json.loads(text)))


def write(questions: Iterable[Question]) -> str:
    """Returns the questions as JSON Lines; reading them back gives equal questions."""
    return "".join(json.dumps(_plain(q), ensure_ascii=False) + "\n" for q in questions)


def _question(item: object) -> Question:
    fields = _object(item, "a question", _QUESTION)
    evidence = fields.get("evidence", [])
    if not isinstance(evidence, list):
        raise ValueError(f"field 'evidence': found {evidence!r}; expected a list")
    tags = _object(fields.get("tags", {}), "field 'tags'")
    for tag, value in tags.items():
        if not isinstance(value, str) or not value:
            raise ValueError(f"field 'tags.{tag}': found {value!r}; expected text")
    return Question(
        id=_text(fields, "id", required=True),
        text=_text(fields, "text", required=True),
        evidence=tuple(_evidence(entry, position) for position, entry in enumerate(evidence)),
        reference=_text(fields, "reference"),
        tags={tag: str(value) for tag, value in tags.items()},
        cluster=_text(fields, "cluster"),
    )


def _evidence(item: object, position: int) -> Evidence:
    where = f"evidence[{position}]"
    fields = _object(item, f"field '{where}'", _EVIDENCE)
    start, grade = fields.get("start"), fields.get("grade", 1)
    if start is not None and (not isinstance(start, int) or isinstance(start, bool) or start < 0):
        raise ValueError(f"field '{where}.start': found {start!r}; expected an offset in characters")
    if not isinstance(grade, int) or isinstance(grade, bool) or grade < 1:
        raise ValueError(f"field '{where}.grade': found {grade!r}; expected a whole number from 1")
    return Evidence(
        doc=_text(fields, "doc", where, required=not (fields.get("quote") and fields.get("doc") == "")),
        quote=_text(fields, "quote", where),
        start=start,
        prefix=_text(fields, "prefix", where),
        suffix=_text(fields, "suffix", where),
        grade=grade,
    )


def _object(item: object, what: str, known: tuple[str, ...] = ()) -> Mapping[str, object]:
    if not isinstance(item, dict):
        raise ValueError(f"{what}: found {item!r:.60}; expected a JSON object")
    unknown = [key for key in item if known and key not in known]
    if unknown:
        raise ValueError(f"{what}: unknown field '{unknown[0]}'; {did_you_mean(unknown[0], known)}")
    return item


def _text(fields: Mapping[str, object], name: str, where: str = "", *, required: bool = False) -> str:
    value = fields.get(name, "")
    path = f"{where}.{name}" if where else name
    if not isinstance(value, str):
        raise ValueError(f"field '{path}': found {value!r:.60}; expected text")
    if required and not value.strip():
        raise ValueError(f"field '{path}' is missing or empty")
    return value


def _plain(question: Question) -> dict[str, object]:
    """The question without its empty fields."""
    evidence = [
        {"doc": e.doc}
        | ({"quote": e.quote} if e.quote else {})
        | ({"start": e.start} if e.start is not None else {})
        | ({"prefix": e.prefix} if e.prefix else {})
        | ({"suffix": e.suffix} if e.suffix else {})
        | ({"grade": e.grade} if e.grade != 1 else {})
        for e in question.evidence
    ]
    optional = {
        "reference": question.reference,
        "tags": dict(question.tags),
        "cluster": question.cluster,
    }
    return {"id": question.id, "text": question.text, "evidence": evidence} | {
        name: value for name, value in optional.items() if value
    }
