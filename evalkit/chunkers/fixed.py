"""Passages of one size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.chunkers.pieces import Overlap, Size, Unit, counter, ready
from evalkit.types import Document, Runtime, Span

__all__ = ["Fixed"]

_WORD = re.compile(r"\s*\S+\s*\Z|\s*\S+")


@dataclass(frozen=True, slots=True)
class Fixed:
    """Cuts every `size` characters or tokens, each passage repeating the last `overlap` of the one before.

    Tokens are cut between words; a single word longer than `size` tokens stays whole.

    Args:
        size: how long a passage is at most.
        overlap: how much of a passage the next one repeats; below size.
        unit: what size and overlap count.
    """

    size: Size = 800
    overlap: Overlap = 0
    unit: Unit = "characters"

    def __post_init__(self) -> None:
        if self.overlap >= self.size:
            raise ValueError(f"overlap must be below size, found overlap {self.overlap} and size {self.size}")

    def ready(self) -> None:
        ready(self.unit)

    def chunk(self, document: Document, runtime: Runtime) -> Iterator[Span]:  # noqa: ARG002
        text = document.text
        pieces = self._characters(text) if self.unit == "characters" else self._tokens(text)
        for start, end in pieces:
            if text[start:end].strip():
                yield Span(document.doc_id, start, end)

    def _characters(self, text: str) -> Iterator[tuple[int, int]]:
        step = self.size - self.overlap
        for start in range(0, max(len(text) - self.overlap, 1), step):
            yield start, min(start + self.size, len(text))

    def _tokens(self, text: str) -> Iterator[tuple[int, int]]:
        count = counter(self.unit)
        words = [(m.start(), m.end(), count(m[0])) for m in _WORD.finditer(text)]
        first = 0
        while first < len(words):
            last, used = first + 1, words[first][2]
            while last < len(words) and used + words[last][2] <= self.size:
                used += words[last][2]
                last += 1
            yield words[first][0], words[last - 1][1]
            if last == len(words):
                return
            back, kept = last, 0
            while back - 1 > first and kept + words[back - 1][2] <= self.overlap:
                back -= 1
                kept += words[back][2]
            first = back
