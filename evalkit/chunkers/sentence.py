"""Passages of whole sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.backends.splitter import sentences_up_to
from evalkit.chunkers.pieces import Size, stripped
from evalkit.types import Document, Runtime, Span

__all__ = ["Sentence"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """Packs whole sentences, and paragraphs where they fit, into passages; a longer sentence is cut between words.

    Args:
        size: how many characters a passage has at most.
    """

    size: Size = 500

    def chunk(self, document: Document, runtime: Runtime) -> Iterator[Span]:  # noqa: ARG002
        for piece in sentences_up_to(document.text, self.size):
            if (inner := stripped(document.text, *piece)) is not None:
                yield Span(document.doc_id, *inner)
