"""Golden questions and their evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evalkit.types.arrays import Ints

__all__ = ["ALL_QUESTIONS", "Evidence", "Golden", "Qrels", "Question"]

ALL_QUESTIONS = ""
"""The name of the slice that holds every question."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What supports the answer: a quote of a document, or with an empty quote the whole document.

    `start` is the quote's offset where the golden set pins it, with the text before and after it (`prefix`,
    `suffix`), else None: then the quote must be found exactly once. An empty `doc` leaves open which document.
    A whole document is pinned by its first and last characters, as `prefix` and `suffix`.
    """

    doc: str
    quote: str = ""
    start: int | None = None
    prefix: str = ""
    suffix: str = ""
    grade: int = 1


@dataclass(frozen=True, slots=True)
class Question:
    """A golden item. No evidence means that the documents cannot answer it.

    `cluster` names what it shares with other questions (source document, topic, conversation).
    """

    id: str
    text: str
    evidence: tuple[Evidence, ...] = ()
    reference: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    cluster: str = ""

    @property
    def answerable(self) -> bool:
        return bool(self.evidence)


@dataclass(frozen=True, slots=True, eq=False)
class Qrels:
    """Anchored evidence as columns, ordered by question row.

    `question`, `doc`, `start`, `end`, `grade`: int32[m]; `whole`: bool[m], True where the evidence is the
    whole document (then start is 0 and end its length).
    """

    question: Ints
    doc: Ints
    start: Ints
    end: Ints
    grade: Ints
    whole: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Golden:
    """A question set anchored to one corpus.

    `unwinnable` maps a question's row to why its evidence no longer stands in the corpus: such a question is
    unscored on every measure that needs evidence, never dropped.
    """

    questions: tuple[Question, ...]
    qrels: Qrels
    unwinnable: Mapping[int, str]
    digest: str

    def slices(self) -> dict[str, list[int]]:
        """Returns rows by slice "tag=value", and all rows under `ALL_QUESTIONS`."""
        rows: dict[str, list[int]] = {ALL_QUESTIONS: list(range(len(self.questions)))}
        for row, question in enumerate(self.questions):
            for tag, value in question.tags.items():
                rows.setdefault(f"{tag}={value}", []).append(row)
        return rows
