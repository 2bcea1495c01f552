"""Words and sentences of texts, and which passage is nearest to a statement. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["nearest", "sentences", "words"]

_WORD = re.compile(r"\w+")
_END = re.compile(r"(?<=[.!?])\s+|\n+")


def words(text: str) -> set[str]:
    """Returns the distinct words, in lower case."""
    return set(_WORD.findall(text.lower()))


def sentences(text: str) -> list[str]:
    """Splits at line ends and after '.', '!' and '?'; pieces without a word are left out."""
    return [piece.strip() for piece in _END.split(text) if _WORD.search(piece)]


def nearest(statement: str, passages: Sequence[str]) -> int:
    """Returns the index of the passage that shares most words with a statement, -1 where none shares any."""
    wanted = words(statement)
    shared = [len(wanted & words(passage)) for passage in passages]
    return shared.index(max(shared)) if any(shared) else -1
