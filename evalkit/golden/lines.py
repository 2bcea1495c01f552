"""Text files from strangers, read within bounds; what every format refuses, it refuses here.

Nothing is guessed: a file is UTF-8 text without NUL characters, no line and no file is longer than its limit, and
every problem names its line and field.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from evalkit.errors import GoldenError
from evalkit.types import Question
from evalkit.wording import counted

__all__ = ["MAX_FILE", "MAX_LINE", "collect", "lines", "objects", "refuse", "whole"]

MAX_LINE = 1_000_000
MAX_FILE = 200_000_000
_SHOWN = 20
R = TypeVar("R")


def lines(path: Path, what: str = "the golden question set") -> Iterator[tuple[int, str]]:
    """Yields (number, line with its end) of a file, never holding more than `MAX_LINE` bytes.

    Raises:
        GoldenError: for a file that is absent, a line that is too long, or bytes that are no UTF-8 text.
    """
    try:
        with path.open("rb") as file:
            number = 0
            while raw := file.readline(MAX_LINE + 1):
                number += 1
                if len(raw) > MAX_LINE:
                    raise GoldenError(
                        f"{path}:{number}: the line is longer than {MAX_LINE:,} bytes; expected {what}, "
                        "with shorter lines"
                    )
                yield number, _decoded(raw, f"{path}:{number}", first=number == 1)
    except FileNotFoundError:
        raise GoldenError(f"{path}: no such file; expected {what}") from None
    except OSError as error:
        raise GoldenError(f"{path}: cannot be read ({error.strerror})") from error


def whole(path: Path, what: str) -> str:
    """Returns a file's text.

    Raises:
        GoldenError: for a file that is absent, larger than `MAX_FILE`, or no UTF-8 text.
    """
    try:
        if (size := path.stat().st_size) > MAX_FILE:
            raise GoldenError(f"{path}: {size:,} bytes; at most {MAX_FILE:,} are read of {what}")
        return _decoded(path.read_bytes(), f"{path}:1", first=True)
    except FileNotFoundError:
        raise GoldenError(f"{path}: no such file; expected {what}") from None
    except OSError as error:
        raise GoldenError(f"{path}: cannot be read ({error.strerror})") from error


def objects(path: Path, what: str) -> Iterator[tuple[int, dict[str, object]]]:
    """Yields (line, object) of a JSON Lines file, past empty lines.

    Raises:
        GoldenError: for the first line that holds no JSON object.
    """
    for number, line in lines(path, what):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise GoldenError(f"{path}:{number}: not valid JSON ({error}); expected {what}") from error
        if not isinstance(item, dict):
            raise GoldenError(f"{path}:{number}: found {item!r:.60}; expected a JSON object")
        yield number, item


def collect(
    path: Path, items: Iterable[tuple[str, R]], parse: Callable[[R], Question]
) -> tuple[Question, ...]:
    """Makes questions of what was read, each with where it stands.

    Raises:
        GoldenError: with every problem found by `parse` (ValueError), every id that stands twice, and for no
            questions at all.
    """
    questions: list[Question] = []
    problems: list[str] = []
    first: dict[str, str] = {}
    for where, item in items:
        try:
            question = parse(item)
        except json.JSONDecodeError as error:
            problems.append(f"{where}: not valid JSON ({error.msg} at column {error.colno})")
            continue
        except (ValueError, RecursionError) as error:
            problems.append(f"{where}: {error}")
            continue
        if question.id in first:
            problems.append(
                f"{where}: field 'id': '{question.id}' already stands at {first[question.id]}; ids must differ"
            )
        first.setdefault(question.id, where)
        questions.append(question)
    if not questions and not problems:
        problems.append(f"{path}: holds no questions; expected at least one")
    refuse(path, problems)
    return tuple(questions)


def refuse(path: Path, problems: list[str]) -> None:
    """Raises GoldenError where there are problems, showing the first of many."""
    if problems:
        more = len(problems) - _SHOWN
        raise GoldenError(
            problems[:_SHOWN] + ([f"{path}: and {counted(more, 'more problem')}"] if more > 0 else [])
        )


def _decoded(raw: bytes, where: str, *, first: bool) -> str:
    try:
        text = raw.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError as error:
        raise GoldenError(f"{where}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    if "\x00" in text:
        raise GoldenError(f"{where}: holds a NUL byte; expected text")
    return text
