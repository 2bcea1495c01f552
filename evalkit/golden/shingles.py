"""An index from runs of characters to texts: which of many may hold this quote? May import types and below.

Runs are sampled by winnowing (Schleimer, Wilkerson & Aiken, SIGMOD 2003): of every eight neighbouring runs of eight
characters the one with the smallest hash is kept. Two texts that share fifteen characters share a kept run, in any
language, wherever words begin or end; about two in nine runs are kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint32]

__all__ = ["LENGTH", "SHARED", "Shingles", "plain", "runs", "sample"]

LENGTH = 8
"""How many characters a run has."""
_DOUBLINGS = 3
SHARED = LENGTH + (1 << _DOUBLINGS) - 1
"""From how many characters on a text has a kept run."""


class Shingles:
    """The kept runs of many texts, as two sorted columns: hash (uint32) and number of the text (int32).

    Args:
        texts: the texts; a text's number is its position.
        wanted: keep only what these have in common with the texts, where nothing else will be asked for; the index
            is then as small as they are, however many texts there are.
    """

    def __init__(self, texts: Iterable[str], wanted: Iterable[str] | None = None) -> None:
        kept = None if wanted is None else _union(sample(text) for text in wanted)
        keys = [
            sample(text) if kept is None else np.intersect1d(sample(text), kept, assume_unique=True)
            for text in texts
        ]
        key = np.concatenate([np.empty(0, np.uint32), *keys])
        owner = np.repeat(np.arange(len(keys), dtype=np.int32), [len(own) for own in keys])
        order = np.argsort(key, kind="stable")
        self._key, self._owner = key[order], owner[order]

    def candidates(self, text: str, least: float = 0.0) -> list[tuple[int, float]]:
        """Returns (number, share of the text's kept runs it holds), best first; ties to the lower number.

        Those with a share below `least` are left out.

        A text that stands in another, give or take its white space and case, has share 1 there. One of fewer than
        `SHARED` characters has no kept run, and no candidates.
        """
        wanted = sample(text)
        low = np.searchsorted(self._key, wanted, "left")
        high = np.searchsorted(self._key, wanted, "right")
        owners = [self._owner[a:b] for a, b in zip(low, high, strict=True)]
        found, count = np.unique(np.concatenate([np.empty(0, np.int32), *owners]), return_counts=True)
        found, count = (column[count >= least * len(wanted)] for column in (found, count))
        order = np.lexsort((found, -count))
        return [(int(found[at]), float(count[at]) / len(wanted)) for at in order]


def _union(samples: Iterable[Hashes]) -> Hashes:
    return np.unique(np.concatenate([np.empty(0, np.uint32), *samples]))


def plain(text: str) -> str:
    """Returns the text with single spaces and without case."""
    return " ".join(text.casefold().split())


def sample(text: str) -> Hashes:
    """Returns the kept runs of a text, sorted, each once."""
    least = runs(plain(text))
    for doubling in range(_DOUBLINGS):
        width = 1 << doubling
        least = np.minimum(least[:-width], least[width:])
    return np.unique(least)


def runs(text: str) -> Hashes:
    """Returns the hash of every run, in order of its start."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    count = max(0, len(codes) - LENGTH + 1)
    hashed = np.zeros(count, dtype=np.uint32)
    for offset in range(LENGTH):
        hashed = hashed * np.uint32(0x01000193) + codes[offset : offset + count]
    # The finaliser of MurmurHash3: without it the smallest hash would favour some letters.
    hashed ^= hashed >> np.uint32(16)
    hashed *= np.uint32(0x85EBCA6B)
    hashed ^= hashed >> np.uint32(13)
    hashed *= np.uint32(0xC2B2AE35)
    return hashed ^ (hashed >> np.uint32(16))
