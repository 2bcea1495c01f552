"""Passages that end where the subject changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from evalkit.backends import encoder
from evalkit.chunkers.pieces import Piece, Size, stripped
from evalkit.types import Document, Runtime, Span

__all__ = ["Semantic"]

_END = re.compile(r"(?<=[.!?:])[ \t]+(?=[^\W\d_a-z]|\d)|\n\s*\n|\n(?=\s*(?:[-*+|#]|\d+[.)]))")


@dataclass(frozen=True, slots=True)
class Semantic:
    """Joins neighbouring sentences until their embeddings part (Kamradt, 2023, Five Levels of Text Splitting).

    A passage ends where the distance between one sentence and the next is above a percentile of the document's
    distances, or where it would grow beyond `size`.

    Args:
        encoder: the embedding model.
        percentile: which distances end a passage.
        size: how many characters a passage has at most, single sentences apart.
    """

    encoder: str = encoder.DEFAULT
    percentile: Annotated[float, Field(gt=0, lt=100)] = 85.0
    size: Size = 1200

    def identity(self) -> str:
        return f"{self!r} {encoder.identity(self.encoder)}"

    def ready(self) -> None:
        encoder.ready(self.encoder)

    def warm(self, documents: Iterable[Document], runtime: Runtime) -> None:
        """Embeds the sentences of all documents together: each document's few would fill no batch."""
        sentences = (doc.text[start:end] for doc in documents for start, end in _sentences(doc.text))
        encoder.warm(self.encoder, sentences, runtime)

    def chunk(self, document: Document, runtime: Runtime) -> Iterator[Span]:
        text = document.text
        sentences = list(_sentences(text))
        if not sentences:
            return
        vectors = encoder.embed(self.encoder, [text[a:b] for a, b in sentences], runtime).rows
        distances = 1 - np.einsum("ij,ij->i", vectors[1:], vectors[:-1], dtype=np.float32)
        limit = float(np.percentile(distances, self.percentile)) if len(distances) else 0.0
        start, end = sentences[0]
        for (low, high), distance in zip(sentences[1:], distances, strict=True):
            if distance > limit or high - start > self.size:
                yield Span(document.doc_id, start, end)
                start = low
            end = high
        yield Span(document.doc_id, start, end)


def _sentences(text: str) -> Iterator[Piece]:
    start = 0
    for match in _END.finditer(text):
        if (piece := stripped(text, start, match.start())) is not None:
            yield piece
        start = match.start()
    if (piece := stripped(text, start, len(text))) is not None:
        yield piece
