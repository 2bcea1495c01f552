"""One check's answer. May import types and below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Finding", "finding", "grams", "words"]

_EXAMPLES = 5
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check counted among `total`, in a sentence, with a few examples."""

    check: str
    count: int
    total: int
    text: str
    examples: tuple[str, ...] = ()

    def plain(self) -> dict[str, object]:
        """Returns what JSON carries."""
        return {
            "check": self.check,
            "count": self.count,
            "total": self.total,
            "text": self.text,
            "examples": list(self.examples),
        }


def finding(check: str, found: Sequence[str], total: int, text: str) -> Finding:
    """Makes a finding of everything found, which becomes its count, and shows the first few."""
    return Finding(check, len(found), total, text, tuple(found[:_EXAMPLES]))


def words(text: str) -> list[str]:
    """Returns a text's words without case."""
    return _WORD.findall(text.casefold())


def grams(tokens: Sequence[str], size: int) -> set[tuple[str, ...]]:
    """Returns every run of `size` words."""
    return {tuple(tokens[at : at + size]) for at in range(len(tokens) - size + 1)}
