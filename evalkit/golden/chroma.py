"""The CSV of Chroma's chunking evaluation: question, references (JSON spans), corpus_id."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import GoldenError
from evalkit.types import Evidence, Question

__all__ = ["Chroma"]

_COLUMNS = {"question", "references", "corpus_id"}


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
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                rows = csv.DictReader(file, strict=True)
                if missing := _COLUMNS - set(rows.fieldnames or ()):
                    raise GoldenError(f"{self.path}:1: column {', '.join(sorted(missing))} is missing")
                return tuple(self._question(row, rows.line_num, number) for number, row in enumerate(rows))
        except FileNotFoundError:
            raise GoldenError(f"{self.path}: no such file; expected the golden questions as CSV") from None
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise GoldenError(f"{self.path}: not a readable CSV file ({error})") from error

    def _question(self, row: dict[str, str], line: int, number: int) -> Question:
        doc = self.document.format(corpus_id=row["corpus_id"])
        try:
            evidence = tuple(
                Evidence(doc, str(item["content"]), int(item["start_index"]))
                for item in json.loads(row["references"])
            )
        except (ValueError, KeyError, TypeError) as error:
            raise GoldenError(
                f"{self.path}:{line}: field 'references': {error!r}; expected a JSON list of "
                '{"content", "start_index", "end_index"}'
            ) from error
        tags = {"corpus": row["corpus_id"]}
        return Question(f"{row['corpus_id']}-{number:03}", row["question"], evidence, tags=tags)
