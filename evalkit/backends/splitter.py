"""The only file that imports semantic-text-splitter."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.errors import EvaluationError

__all__ = ["sentences_up_to"]


def sentences_up_to(text: str, size: int) -> Iterator[tuple[int, int]]:
    """Yields stretches of whole sentences (Unicode's rules) of up to `size` characters, as offsets.

    Raises:
        EvaluationError: where the library's offsets do not give back its text.
    """
    from semantic_text_splitter import TextSplitter

    for start, chunk in TextSplitter(size, trim=False).chunk_indices(text):
        if not text.startswith(chunk, start):
            raise EvaluationError(
                f"semantic-text-splitter: found offset {start} for {chunk[:40]!r}; the text differs there"
            )
        yield start, start + len(chunk)
