"""CSV: a row a piece of evidence."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from evalkit.errors import GoldenError
from evalkit.golden import rows
from evalkit.golden.lines import collect, lines
from evalkit.types import Question
from evalkit.wording import counted

__all__ = ["Csv", "table"]


@dataclass(frozen=True, slots=True)
class Csv:
    """A row a question; rows that share id, text and reference are one question with more evidence.

    Columns: id, text, doc, quote, start, prefix, suffix, grade, reference, cluster, and tags.NAME for each tag. Only
    text is required. A row without doc and quote adds no evidence.

    Args:
        path: the file, relative to the suite; UTF-8, with a header.
        columns: field -> the column that holds it, where the names differ.
    """

    path: Path
    columns: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows.check_columns(self.columns)

    def questions(self) -> tuple[Question, ...]:
        merged: dict[str, tuple[str, Question]] = {}
        parted: list[tuple[str, Question | ValueError]] = []
        for number, (line, row) in enumerate(table(self.path), 1):
            where = f"{self.path}:{line}"
            try:
                one = rows.question(row, self.columns, number)
            except ValueError as error:
                parted.append((where, error))
                continue
            held = merged.get(one.id)
            if held is not None and replace(one, evidence=()) == replace(held[1], evidence=()):
                more = tuple(piece for piece in one.evidence if piece not in held[1].evidence)
                merged[one.id] = (held[0], replace(held[1], evidence=held[1].evidence + more))
            elif held is not None:
                parted.append((where, one))
            else:
                merged[one.id] = (where, one)
        return collect(self.path, [*merged.values(), *parted], _given)


def table(path: Path, required: Sequence[str] = ()) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yields (line, row) of a CSV file with a header; a row's missing cells are empty.

    Raises:
        GoldenError: for a file that is no CSV, lacks a required column, or has a row with too many cells.
    """
    texts = (text for _, text in lines(path, "a CSV file with a header"))
    reader = csv.DictReader(texts, strict=True, restval="")
    try:
        names = list(reader.fieldnames or ())
        if missing := [name for name in required if name not in names]:
            raise GoldenError(f"{path}:1: column {', '.join(missing)} is missing; found {', '.join(names)}")
        if twice := {name for name in names if names.count(name) > 1}:
            raise GoldenError(f"{path}:1: column {', '.join(sorted(twice))} stands twice")
        for row in reader:
            if None in row:
                raise GoldenError(
                    f"{path}:{reader.line_num}: {counted(len(names) + len(row[None]), 'cell')}; expected {len(names)}"
                )
            yield reader.line_num, row
    except csv.Error as error:
        raise GoldenError(f"{path}:{reader.reader.line_num}: not a readable CSV file ({error})") from error


def _given(item: Question | ValueError) -> Question:
    if isinstance(item, ValueError):
        raise item
    return item
