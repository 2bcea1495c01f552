"""An index from runs of words to documents: where in a corpus may this quote stand? May import corpus and below."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from evalkit.types import Corpus

__all__ = ["Shingles"]

_WORD = re.compile(r"\w+")
_LENGTH = 3


class Shingles:
    """Every run of three words of every document, as two sorted columns: hash (uint32) and row (int32).

    Args:
        corpus: the documents.
        rows: the documents to index; all by default.
    """

    def __init__(self, corpus: Corpus, rows: Sequence[int] | None = None) -> None:
        keys: list[np.ndarray] = []
        owners: list[np.ndarray] = []
        for row in range(len(corpus)) if rows is None else rows:
            unique = np.fromiter(set(_hashes(corpus[row].text)), dtype=np.uint32)
            keys.append(unique)
            owners.append(np.full(len(unique), row, dtype=np.int32))
        key = np.concatenate(keys) if keys else np.empty(0, np.uint32)
        row_ = np.concatenate(owners) if owners else np.empty(0, np.int32)
        order = np.argsort(key, kind="stable")
        self._key, self._row = key[order], row_[order]

    def candidates(self, quote: str) -> list[tuple[int, float]]:
        """Returns (document row, share of the quote's runs it holds), best first; ties to the lower row."""
        wanted = np.unique(np.fromiter(_hashes(quote), dtype=np.uint32))
        counts: Counter[int] = Counter()
        for low, high in zip(
            np.searchsorted(self._key, wanted, "left"),
            np.searchsorted(self._key, wanted, "right"),
            strict=True,
        ):
            counts.update(self._row[low:high].tolist())
        ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
        return [(row, count / len(wanted)) for row, count in ranked]


def _hashes(text: str) -> Iterator[int]:
    words = [match[0].lower() for match in _WORD.finditer(text)]
    if 0 < len(words) < _LENGTH:
        yield zlib.crc32(" ".join(words).encode())
    for start in range(len(words) - _LENGTH + 1):
        yield zlib.crc32(" ".join(words[start : start + _LENGTH]).encode())
