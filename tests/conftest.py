"""What tests of several rooms share: corpora in memory, runs by hand, a runtime that keeps nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from evalkit.backends.runtime import open_runtime
from evalkit.types import (
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

os.environ.pop("EVALKIT_HOME", None)  # each test project keeps its own things

# The same examples on every machine, whatever its speed: a red build is about the change.
settings.register_profile("evalkit", deadline=None, derandomize=True)
settings.load_profile("evalkit")


class Library:
    """A corpus in memory, rows in the order given."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._documents = [Document(name, text) for name, text in texts.items()]

    digest = "0" * 64

    def __len__(self) -> int:
        return len(self._documents)

    def __getitem__(self, row: int, /) -> Document:
        return self._documents[row]

    def row(self, doc_id: str) -> int | None:
        names = [document.doc_id for document in self._documents]
        return names.index(doc_id) if doc_id in names else None


def ints(values: Sequence[int]) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def passages(corpus: Library, cuts: Sequence[tuple[int, int, int]]) -> Passages:
    doc, start, end = (ints([cut[n] for cut in cuts]) for n in range(3))
    return Passages(corpus, doc, start, end, ints([0] * len(cuts)), ("",), "digest")


def run(cut: Passages, hits: Sequence[Sequence[int]], depth: int | None = None) -> Run:
    depth = depth or max((len(row) for row in hits), default=1) or 1
    table = np.full((len(hits), depth), -1, dtype=np.int32)
    for number, row in enumerate(hits):
        table[number, : len(row)] = row
    scores = np.where(table >= 0, np.arange(depth, 0, -1, dtype=np.float32), 0).astype(np.float32)
    variant = Variant("v", None, None, depth=depth)  # type: ignore[arg-type]
    return Run(variant, cut, Hits(table, scores, np.full(len(hits), 0.01)))


def golden(
    evidence: Sequence[Sequence[tuple[int, int, int] | tuple[int, int, int, int]]],
    *,
    whole: bool = False,
    unwinnable: Mapping[int, str] | None = None,
    tags: Sequence[Mapping[str, str]] | None = None,
    clusters: Sequence[str] | None = None,
) -> Golden:
    """Evidence by question as (document row, start, end[, grade])."""
    rows = [
        (question, *piece[:3], piece[3] if len(piece) > 3 else 1)
        for question, pieces in enumerate(evidence)
        for piece in pieces
    ]
    question, doc, start, end, grade = (ints([row[n] for row in rows]) for n in range(5))
    questions = tuple(
        Question(
            f"q{number}",
            "?",
            tuple(Evidence("d") for _ in pieces),
            tags=tags[number] if tags else {},
            cluster=clusters[number] if clusters else "",
        )
        for number, pieces in enumerate(evidence)
    )
    return Golden(
        questions,
        Qrels(question, doc, start, end, grade, np.full(len(rows), whole)),
        unwinnable or {},
        "digest",
    )


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return open_runtime(tmp_path / "home", progress=silent)


def silent(stage: str, done: int, total: int) -> None:
    """Shows nothing."""


Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file below the test's folder and returns its path."""

    def put(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return put
