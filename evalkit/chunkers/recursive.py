"""Passages along the largest separator that fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from evalkit.chunkers.pieces import Overlap, Piece, Size, Unit, counter, ready, stripped
from evalkit.types import Document, Runtime, Span

__all__ = ["Recursive", "split"]

SEPARATORS = ("\n\n", "\n", ".", "?", "!", " ", "")


@dataclass(frozen=True, slots=True)
class Recursive:
    """Splits at the first separator that occurs, splits what is still too long at the next, then merges neighbours.

    A separator stays at the head of what follows it, and white space at a passage's ends is left out: the procedure,
    and with the default separators the passages, of Chroma's chunking evaluation (2024).

    Args:
        size: how long a passage is at most, unless a piece has no separator left to split at.
        overlap: how much of a passage the next one may repeat; below size.
        unit: what size and overlap count: characters, or tokens of cl100k_base.
        separators: from coarse to fine; the empty one splits between characters.
    """

    size: Size = 1000
    overlap: Overlap = 0
    unit: Unit = "characters"
    separators: tuple[str, ...] = SEPARATORS

    def __post_init__(self) -> None:
        if self.overlap >= self.size:
            raise ValueError(f"overlap must be below size, found overlap {self.overlap} and size {self.size}")

    def ready(self) -> None:
        ready(self.unit)

    def chunk(self, document: Document, runtime: Runtime) -> Iterator[Span]:  # noqa: ARG002
        text = document.text
        for start, end in split(text, 0, len(text), self):
            yield Span(document.doc_id, start, end)


def split(text: str, start: int, end: int, how: Recursive) -> Iterator[Piece]:
    """Yields the passages of one stretch of a text, in order."""
    size = counter(how.unit)
    for piece in _split(text, (start, end), how, how.separators, size):
        if (inner := stripped(text, *piece)) is not None:
            yield inner


def _split(
    text: str, piece: Piece, how: Recursive, separators: Sequence[str], size: Callable[[str], int]
) -> Iterator[Piece]:
    inner = text[piece[0] : piece[1]]
    level = next((n for n, sep in enumerate(separators) if sep in inner), len(separators) - 1)
    rest = separators[level + 1 :] if separators[level] else ()
    fitting: list[tuple[Piece, int]] = []
    for part in _parts(text, piece, separators[level]):
        length = size(text[part[0] : part[1]])
        if length < how.size:
            fitting.append((part, length))
            continue
        yield from _merge(fitting, how)
        fitting = []
        if rest:
            yield from _split(text, part, how, rest, size)
        else:
            yield part
    yield from _merge(fitting, how)


def _parts(text: str, piece: Piece, separator: str) -> Iterator[Piece]:
    """Yields the stretches between separators, each separator at the head of the stretch that follows it."""
    start, end = piece
    if not separator:
        yield from ((at, at + 1) for at in range(start, end))
        return
    at = text.find(separator, start, end)
    while at >= 0:
        if at > start:
            yield start, at
        start = at
        at = text.find(separator, at + len(separator), end)
    if start < end:
        yield start, end


def _merge(parts: Sequence[tuple[Piece, int]], how: Recursive) -> Iterator[Piece]:
    """Joins neighbours up to the size, keeping up to `overlap` of the end of one as the head of the next."""
    first, total = 0, 0
    for number, (_, length) in enumerate(parts):
        if total + length > how.size and first < number:
            yield parts[first][0][0], parts[number - 1][0][1]
            while total > how.overlap or (total + length > how.size and total > 0):
                total -= parts[first][1]
                first += 1
        total += length
    if first < len(parts):
        yield parts[first][0][0], parts[-1][0][1]
