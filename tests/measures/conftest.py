"""Runs and evidence by hand: documents of letters, cuts, hits, pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from evalkit.backends.runtime import open_runtime
from evalkit.types import (
    Answer,
    Document,
    Evidence,
    Golden,
    Hits,
    Passages,
    Qrels,
    Question,
    Run,
    Runtime,
    Variant,
)

if TYPE_CHECKING:
    from evalkit.types import Ints

Piece = tuple[int, int, int, int, bool]
"""A piece of evidence: document row, start, end, grade, whether it is the whole document."""


class Letters:
    """A corpus of documents whose lengths are given, in memory."""

    digest = "0" * 64

    def __init__(self, lengths: Sequence[int]) -> None:
        self.lengths = lengths

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, row: int, /) -> Document:
        return Document(str(row), "x" * self.lengths[row])

    def row(self, doc_id: str) -> int | None:
        return int(doc_id)


def ints(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int32)


def quote(doc: int, start: int, end: int, grade: int = 1) -> Piece:
    return doc, start, end, grade, False


def whole(doc: int, length: int = 100, grade: int = 1) -> Piece:
    return doc, 0, length, grade, True


def cut(lengths: Sequence[int], cuts: Sequence[tuple[int, int, int]]) -> Passages:
    """Passages as (document row, start, end)."""
    doc, start, end = (ints([row[n] for row in cuts]) for n in range(3))
    return Passages(Letters(lengths), doc, start, end, ints([0] * len(cuts)), ("",), "digest")


def ranked(
    passages: Passages,
    hits: Sequence[Sequence[int]],
    depth: int = 10,
    *,
    seconds: Sequence[float] | None = None,
    answers: tuple[Answer, ...] | None = None,
) -> Run:
    """A run whose rankings are rows of `passages`, best first."""
    table = np.full((len(hits), depth), -1, dtype=np.int32)
    for row, found in enumerate(hits):
        table[row, : len(found)] = found
    scores = np.where(table >= 0, np.arange(depth, 0, -1, dtype=np.float32), np.float32(0))
    took = np.full(len(hits), -1.0) if seconds is None else np.array(seconds)
    variant = Variant("v", None, None, depth=depth)  # type: ignore[arg-type]
    return Run(variant, passages, Hits(table, scores, took), answers)


def asked(evidence: Sequence[Sequence[Piece]], unwinnable: Mapping[int, str] | None = None) -> Golden:
    """Questions by their pieces of evidence; those of an unwinnable one are not anchored."""
    lost = unwinnable or {}
    rows = [(n, *piece) for n, pieces in enumerate(evidence) if n not in lost for piece in pieces]
    questions = tuple(
        Question(f"q{n}", "?", tuple(Evidence(str(doc)) for doc, *_ in pieces))
        for n, pieces in enumerate(evidence)
    )
    question, doc, start, end, grade = (ints([row[n] for row in rows]) for n in range(5))
    entire = np.array([row[5] for row in rows], dtype=np.bool_)
    return Golden(questions, Qrels(question, doc, start, end, grade, entire), lost, "digest")


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    home: Path = tmp_path_factory.mktemp("home")
    return open_runtime(home, progress=lambda _stage, _done, _total: None)
