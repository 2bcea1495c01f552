"""Answers cut into statements: what judges decide on one at a time. May import the standard library only."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Statement", "statements"]

_MARKER = re.compile(r"\s*(?:\(?\d{1,2}[.)]|[-*•–])\s+")
_SPACE = re.compile(r"[^\S\n]+")
_OPENING = re.compile(r"[\"'“‘(\[]*[A-Z0-9À-ÖØ-ÞΑ-ΩА-Я]")
_END = re.compile(r"[.!?…][\"'”’)\]]*$")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mrs?|Ms|Drs?|Prof|St|No|Nr|vs|etc|Inc|Ltd|Co|Corp|Fig|approx|ca|bzw|z\.B|e\.g|i\.e)|\b[A-Z])\.$"
)
_LOOK = 16
"""How many characters before a gap tell whether a sentence ends there."""


class Statement(NamedTuple):
    """One sentence as the answer writes it, without its list marker; `item` tells whether it had one."""

    text: str
    item: bool


def statements(text: str) -> list[Statement]:
    """Cuts a text at line ends and between sentences; what holds no word of two letters is left out."""
    found: list[Statement] = []
    for line in text.split("\n"):
        marker = _MARKER.match(line)
        start = begin = marker.end() if marker else 0
        for gap in _SPACE.finditer(line, begin):
            before = line[max(start, gap.start() - _LOOK) : gap.start()]
            if _END.search(before) and not _ABBREVIATION.search(before) and _OPENING.match(line, gap.end()):
                found.append(Statement(line[start : gap.start()], marker is not None))
                start = gap.end()
        found.append(Statement(line[start:].strip(), marker is not None))
    return [statement for statement in found if re.search(r"\w{2}", statement.text)]
