"""Passages along a Markdown document's sections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from evalkit.backends.markdown import headings
from evalkit.chunkers.pieces import Size, Unit, ready
from evalkit.chunkers.recursive import Recursive, split
from evalkit.types import Document, Runtime, Span

__all__ = ["Heading"]


@dataclass(frozen=True, slots=True)
class Heading:
    """One passage a section, its breadcrumb ("Guide > Install") kept as the span's heading.

    A section longer than `size` is cut recursively; one of a text without headings, too.

    Args:
        size: how long a passage is at most.
        unit: what size counts: characters, or tokens of cl100k_base.
    """

    size: Size = 1000
    unit: Unit = "characters"

    def ready(self) -> None:
        ready(self.unit)

    def chunk(self, document: Document, runtime: Runtime) -> Iterator[Span]:  # noqa: ARG002
        text, cutter = document.text, Recursive(self.size, unit=self.unit)
        for start, end, trail in _sections(text):
            for piece in split(text, start, end, cutter):
                yield Span(document.doc_id, *piece, heading=trail)


def _sections(text: str) -> Iterator[tuple[int, int, str]]:
    """Yields (start, end, breadcrumb) of each stretch from one heading to the next."""
    trail: list[tuple[int, str]] = []
    found = headings(text)
    yield 0, found[0][0] if found else len(text), ""
    for (start, level, title), following in pairwise([*found, (len(text), 0, "")]):
        trail = [entry for entry in trail if entry[0] < level] + [(level, title)]
        yield start, following[0], " > ".join(entry[1] for entry in trail)
