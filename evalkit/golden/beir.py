"""BEIR: queries.jsonl and qrels TSV; whole documents as evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import GoldenError
from evalkit.golden.lines import collect, lines, objects
from evalkit.types import Evidence, Question
from evalkit.wording import counted

__all__ = ["Beir"]


@dataclass(frozen=True, slots=True)
class Beir:
    """A data set in BEIR's layout; its corpus.jsonl is read by the `beir` connector.

    Args:
        path: the folder that holds queries.jsonl and qrels/<split>.tsv, relative to the suite.
        split: which judgements to read; a query that they do not name is left to another split.
        source: the corpus source that holds the documents.
    """

    path: Path
    split: str = "test"
    source: str = "docs"

    def questions(self) -> tuple[Question, ...]:
        queries = self.path / "queries.jsonl"
        judged: dict[str, list[Evidence]] = {}
        for query, document, grade in self._judgements():
            evidence = judged.setdefault(query, [])
            if grade > 0:
                evidence.append(Evidence(f"{self.source}/{document}", grade=grade))

        def read(item: dict[str, object]) -> Question:
            return Question(
                _text(item, "_id"),
                _text(item, "text"),
                tuple(judged[str(item["_id"])]),
                cluster=f"query {item['_id']}",
            )

        found = (
            (f"{queries}:{number}", item)
            for number, item in objects(queries, "BEIR's queries")
            if item.get("_id") in judged or not isinstance(item.get("_id"), str)
        )
        questions = collect(queries, found, read)
        if unknown := judged.keys() - {question.id for question in questions}:
            raise GoldenError(
                f"{self.path / 'qrels'}: {counted(len(unknown), 'judged query')} missing from queries.jsonl, "
                f"such as '{min(unknown)}'"
            )
        return questions

    def _judgements(self) -> Iterator[tuple[str, str, int]]:
        path = self.path / "qrels" / f"{self.split}.tsv"
        for number, line in lines(path, "BEIR's judgements: query-id, corpus-id and score, parted by tabs"):
            cells = line.rstrip("\r\n").split("\t")
            if number == 1 and cells[-1:] == ["score"]:
                continue
            try:
                query, document, grade = cells
                yield query, document, int(grade)
            except ValueError:
                raise GoldenError(
                    f"{path}:{number}: found {line!r:.60}; expected query-id, corpus-id and score, parted by tabs"
                ) from None


def _text(item: dict[str, object], name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"field '{name}': found {value!r:.60}; expected text")
    return value
