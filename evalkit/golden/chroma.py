"""The CSV of Chroma's chunking evaluation: question, references (JSON spans), corpus_id."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evalkit.golden.csv import table
from evalkit.golden.lines import collect
from evalkit.types import Evidence, Question

__all__ = ["Chroma"]


@dataclass(frozen=True, slots=True)
class Chroma:
    """Questions whose evidence is character spans of one of a few long texts.

    Args:
        path: the CSV file, relative to the suite.
        document: the id of a row's document, with `{corpus_id}` standing for the row's corpus.
    """

    path: Path
    document: str = "docs/{corpus_id}.md"

    def questions(self) -> tuple[Question, ...]:
        numbered = enumerate(table(self.path, required=("question", "references", "corpus_id")))
        rows = ((f"{self.path}:{line}", (number, row)) for number, (line, row) in numbered)
        return collect(self.path, rows, self._question)

    def _question(self, numbered: tuple[int, Mapping[str, str]]) -> Question:
        number, row = numbered
        doc = self.document.format(corpus_id=row["corpus_id"])
        try:
            evidence = tuple(
                Evidence(doc, str(item["content"]), int(item["start_index"]))
                for item in json.loads(row["references"])
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"field 'references': {error!r}; expected a JSON list of {{content, start_index, end_index}}"
            ) from error
        tags = {"corpus": row["corpus_id"]}
        return Question(f"{row['corpus_id']}-{number:03}", row["question"], evidence, tags=tags)
