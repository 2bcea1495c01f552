"""What people said of answers: JSON Lines, one answer a line.

A line holds `question`, `answer`, `passages` as the judge saw them, and `labels`: what each rater said, 0 to 1.
`variant` is the variant that answered, `cluster` what the answer shares with others, `tags` what it can be sliced by.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from evalkit.digest import of_value
from evalkit.errors import SuiteError
from evalkit.types import Exchange
from evalkit.wording import counted

__all__ = ["Labelled", "carried", "key", "read", "sheet"]

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Labelled:
    """One answer with its labels."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    question: str
    answer: str
    passages: tuple[str, ...] = ()
    reference: str = ""
    labels: Mapping[str, Annotated[float, Field(ge=0, le=1)]] = field(default_factory=dict)
    variant: str = ""
    cluster: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def exchange(self) -> Exchange:
        return Exchange(self.question, self.answer, self.passages, self.reference)

    @property
    def label(self) -> float:
        """The mean of what the raters said."""
        return sum(self.labels.values()) / len(self.labels)


def key(exchange: Exchange) -> str:
    """Identifies what was labelled: the question, the answer and the passages, not the reference."""
    return of_value(exchange.question, exchange.answer, exchange.passages)[:32]


def read(path: Path) -> list[Labelled]:
    """Reads a file of labels.

    Raises:
        SuiteError: every problem with its line; an answer without a label is one, since those that people skip are not
            like the others.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"{path}: cannot be read ({error}); expected labels as JSON Lines") from error
    found: list[Labelled] = []
    problems: list[str] = []
    first: dict[tuple[str, str], int] = {}
    adapter = TypeAdapter(Labelled)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            one = adapter.validate_json(line)
        except ValidationError as error:
            for problem in error.errors(include_url=False):
                at = ".".join(map(str, problem["loc"]))
                problems.append(f"{where}: {at + ': ' if at else ''}{problem['msg']}")
            continue
        found.append(one)
        if not one.labels:
            problems.append(f"{where}: no label; label every answer that was drawn, or draw fewer")
        same = first.setdefault((key(one.exchange), one.variant), number)
        if same != number:
            problems.append(f"{where}: the same answer as line {same}; put all raters' labels on one line")
    if not found and not problems:
        problems.append(f"{path}: holds no labels; expected one JSON object a line")
    if problems:
        more = len(problems) - _SHOWN
        raise SuiteError(
            problems[:_SHOWN] + ([f"{path}: and {counted(more, 'more problem')}"] if more > 0 else [])
        )
    return found


def carried(known: Iterable[Labelled], items: Iterable[Labelled]) -> list[Labelled]:
    """Returns the items with the labels that the very same answers have already, whoever gave them."""
    labels = {key(item.exchange): item.labels for item in known}
    return [replace(item, labels=labels.get(key(item.exchange), item.labels)) for item in items]


def sheet(items: Iterable[Labelled]) -> str:
    """Returns answers as JSON Lines, for people to fill in `labels`."""
    return "".join(
        json.dumps(
            {
                "question": item.question,
                "answer": item.answer,
                "passages": list(item.passages),
                "reference": item.reference,
                "labels": dict(item.labels),
                "variant": item.variant,
                "cluster": item.cluster,
                "tags": dict(item.tags),
            },
            ensure_ascii=False,
        )
        + "\n"
        for item in items
    )
