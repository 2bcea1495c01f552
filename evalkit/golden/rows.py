"""A row of a table -> a question, by a mapping from fields to columns. May import types and below."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest

from evalkit.errors import did_you_mean
from evalkit.types import Evidence, Question

__all__ = ["check_columns", "question"]

_FIELDS = ("id", "text", "doc", "quote", "start", "prefix", "suffix", "grade", "reference", "cluster")
TAG = "tags."
_EMPTY = (None, "")


def check_columns(columns: Mapping[str, str]) -> None:
    """Raises ValueError for a field that questions do not have."""
    for field in columns:
        if field not in _FIELDS and not field.startswith(TAG):
            raise ValueError(f"columns: unknown field '{field}'; {did_you_mean(field, _FIELDS)}")


def question(row: Mapping[str, object], columns: Mapping[str, str], number: int) -> Question:
    """Makes a question of one row.

    Args:
        row: column -> value; a value may be a list, one entry a piece of evidence; an empty list of quotes is no
            evidence. Of several references the first counts.
        columns: field -> column; "answers.text" leads into a column that holds mappings. A field that is not named
            has the column of its own name, where there is one; "tags.NAME" fields become tags.
        number: the row's number, the id where there is no column for it.

    Raises:
        ValueError: naming the field that does not fit.
    """
    value = {field: _at(row, columns.get(field, field), field, columns) for field in _FIELDS}
    tags = {name: name for name in row if name.startswith(TAG)} | {
        field: column for field, column in columns.items() if field.startswith(TAG)
    }
    references = _list(value["reference"])
    return Question(
        id=_text(value["id"], "id") or f"row-{number:05}",
        text=_required(_text(value["text"], "text"), "text"),
        evidence=_evidence(value),
        reference=_text(references[0] if references else "", "reference"),
        tags={
            field.removeprefix(TAG): text
            for field, column in tags.items()
            if (text := _text(_at(row, column, field, columns), field))
        },
        cluster=_text(value["cluster"], "cluster"),
    )


def _at(row: Mapping[str, object], column: str, field: str, columns: Mapping[str, str]) -> object:
    """The value of a column, or of "column.key" inside it."""
    if column in row:
        return row[column]
    outer, _, key = column.partition(".")
    inside = row.get(outer)
    if key and isinstance(inside, Mapping) and key in inside:
        return inside[key]
    if key and isinstance(inside, list) and all(isinstance(item, Mapping) and key in item for item in inside):
        return [item[key] for item in inside]
    if field in columns:
        raise ValueError(f"field '{field}': there is no column '{column}'; {did_you_mean(column, row)}")
    return None


def _evidence(value: Mapping[str, object]) -> tuple[Evidence, ...]:
    quotes, docs = _list(value["quote"]), _list(value["doc"])
    if not quotes:
        return ()
    if len(quotes) > 1 and len(docs) == 1:
        docs = docs * len(quotes)
    others = (_list(value[name]) for name in ("start", "prefix", "suffix", "grade"))
    pieces = []
    for doc, quote, start, prefix, suffix, grade in zip_longest(docs, quotes, *others):
        if doc in _EMPTY and quote in _EMPTY:
            continue
        piece = Evidence(
            doc=_text(doc, "doc"),
            quote=_text(quote, "quote"),
            start=None if start in _EMPTY else _whole(start, "start", 0),
            prefix=_text(prefix, "prefix"),
            suffix=_text(suffix, "suffix"),
            grade=1 if grade in _EMPTY else _whole(grade, "grade", 1),
        )
        if piece not in pieces:
            pieces.append(piece)
    return tuple(pieces)


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _text(value: object, field: str) -> str:
    if value is None:
        return ""
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"field '{field}': found {value!r:.60}; expected text")


def _required(value: str, field: str) -> str:
    if not value.strip():
        raise ValueError(f"field '{field}' is missing or empty")
    return value


def _whole(value: object, field: str, least: int) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = least - 1
    if number < least:
        raise ValueError(f"field '{field}': found {value!r:.60}; expected a whole number from {least}")
    return number
