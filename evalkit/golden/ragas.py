"""Test sets as ragas writes them: JSON, JSON Lines or CSV."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import GoldenError
from evalkit.golden.csv import table
from evalkit.golden.lines import collect, objects, whole
from evalkit.types import Evidence, Question

__all__ = ["Ragas"]

_HOP = re.compile(r"\A<\d+-hop>\s*")


@dataclass(frozen=True, slots=True)
class Ragas:
    """`user_input`, `reference_contexts` and `reference`, with the synthesizer's name as a tag.

    ragas keeps a context's text but not its document: it must stand in exactly one document of the corpus. What
    ragas made carries the tag provenance=synthetic.

    Args:
        path: the file, relative to the suite; .json, .jsonl or .csv.
        document: the id of the document that holds every context, where there is only one.
    """

    path: Path
    document: str = ""

    def questions(self) -> tuple[Question, ...]:
        return collect(self.path, self._rows(), self._question)

    def _rows(self) -> Iterator[tuple[str, tuple[int, Mapping[str, object]]]]:
        suffix = self.path.suffix.lower()
        if suffix == ".csv":
            for number, (line, row) in enumerate(
                table(self.path, required=("user_input", "reference_contexts"))
            ):
                yield f"{self.path}:{line}", (number, row)
        elif suffix == ".jsonl":
            for number, (line, item) in enumerate(objects(self.path, "a ragas test set")):
                yield f"{self.path}:{line}", (number, item)
        else:
            try:
                items = json.loads(whole(self.path, "a ragas test set"))
            except (ValueError, RecursionError) as error:
                raise GoldenError(f"{self.path}: not valid JSON ({error})") from error
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise GoldenError(f"{self.path}: found {items!r:.40}; expected a list of samples")
            for number, item in enumerate(items):
                yield f"{self.path}: [{number}]", (number, item)

    def _question(self, numbered: tuple[int, Mapping[str, object]]) -> Question:
        number, row = numbered
        text, reference = row.get("user_input"), row.get("reference") or ""
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"field 'user_input': found {text!r:.60}; expected one question as text")
        if not isinstance(reference, str):
            raise ValueError(f"field 'reference': found {reference!r:.60}; expected text")
        synthesizer = row.get("synthesizer_name")
        tags = {"provenance": "synthetic", "synthesizer": str(synthesizer)} if synthesizer else {}
        return Question(
            id=f"ragas-{number:04}",
            text=text,
            evidence=tuple(
                Evidence(self.document, quote) for quote in _contexts(row.get("reference_contexts"))
            ),
            reference=reference,
            tags=tags,
        )


def _contexts(value: object) -> list[str]:
    """The contexts without ragas' hop marks; a CSV holds them as a list in Python's notation."""
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value) if value.strip() else []
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise ValueError(
                f"field 'reference_contexts': found {value!r:.60}; expected a list of texts"
            ) from None
    contexts = [] if value is None else value
    if not isinstance(contexts, list) or not all(isinstance(text, str) and text.strip() for text in contexts):
        raise ValueError(f"field 'reference_contexts': found {contexts!r:.60}; expected a list of texts")
    return list(dict.fromkeys(_HOP.sub("", text) for text in contexts))
