"""Follows one piece of evidence into a corpus that may have changed since it was pinned.

A pinned quote carries its offset and the text around it (prefix, suffix: the W3C Web Annotation Model's text quote
and text position selectors), which tell equal quotes apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property

from evalkit.golden.shingles import SHARED, Shingles, plain
from evalkit.golden.similar import closest
from evalkit.types import Corpus, Evidence

__all__ = ["Finder", "Place", "Status", "pin"]

CONTEXT = 48
"""How many characters on each side of a quote are kept to tell it from its equals."""

_SHARE = 0.2
_TRIED = 5
_OWN = 10.0
"""By how much (of 100) another document must be more similar than the quote's own."""
_ENOUGH = 8
"""How many characters around a quote must stand as they did to tell it from its equals."""
_TELLING = 40
"""From how many characters on a quote that stands once in a corpus is taken for the same wherever it stands."""


class Status(Enum):
    """What became of a piece of evidence."""

    CURRENT = "current"
    MOVED = "moved"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Place:
    """Where evidence stands now.

    For CURRENT and MOVED the text of document `row` at `start:end` equals the quote. For CHANGED it is the most
    similar text, for a person to judge. For GONE `row` is -1. `reason` is a sentence for all but CURRENT.
    """

    status: Status
    row: int = -1
    start: int = 0
    end: int = 0
    reason: str = ""


class Finder:
    """Finds evidence in one corpus; the index over it is made when a quote has left its document.

    Args:
        corpus: where to look.
        quotes: all that will be looked for; the index then holds nothing else.
    """

    def __init__(self, corpus: Corpus, quotes: Iterable[str] | None = None) -> None:
        self.corpus = corpus
        self._quotes = quotes
        self._text: tuple[int, str] = (-1, "")

    @cached_property
    def _shingles(self) -> Shingles:
        return Shingles((self._read(row) for row in range(len(self.corpus))), self._quotes)

    def find(self, evidence: Evidence) -> Place:
        """Returns where the evidence stands now; never a place whose text differs, unless it says CHANGED."""
        row = self.corpus.row(evidence.doc)
        if not evidence.quote:
            if row is not None:
                return Place(Status.CURRENT, row, 0, len(self._read(row)))
            return self._renamed(evidence)
        if row is not None:
            text = self._read(row)
            start = evidence.start
            if start is not None and text.startswith(evidence.quote, start) and self._stayed(text, evidence):
                return Place(Status.CURRENT, row, start, start + len(evidence.quote))
            found = _best(text, evidence)
            if found is not None:
                return self._moved(row, found, evidence)
            if evidence.quote in text:
                return Place(
                    Status.CHANGED,
                    row,
                    text.find(evidence.quote),
                    text.find(evidence.quote) + len(evidence.quote),
                    f"the quote {_shown(evidence)} stands more than once in '{evidence.doc}'; "
                    "lengthen it or pin its start",
                )
        return self._elsewhere(evidence)

    def _renamed(self, evidence: Evidence) -> Place:
        """Looks for a whole document by how it began and ended."""
        rows = self._ends.get((evidence.prefix, evidence.suffix), []) if evidence.prefix else []
        if len(rows) != 1:
            return self._gone(evidence)
        reason = f"document '{evidence.doc}' is now '{self.corpus[rows[0]].doc_id}'"
        return Place(Status.MOVED, rows[0], 0, len(self._read(rows[0])), reason)

    @cached_property
    def _ends(self) -> dict[tuple[str, str], list[int]]:
        rows: dict[tuple[str, str], list[int]] = {}
        for row in range(len(self.corpus)):
            text = self._read(row)
            rows.setdefault((text[:CONTEXT], text[-CONTEXT:]), []).append(row)
        return rows

    def _stayed(self, text: str, evidence: Evidence) -> bool:
        """Whether the quote at its pinned offset is not merely its equal, swapped into its place."""
        if text.count(evidence.quote) == 1:
            return True
        found = _best(text, evidence)
        return found is None or found == evidence.start

    def _moved(self, row: int, start: int, evidence: Evidence) -> Place:
        doc = self.corpus[row].doc_id
        end = start + len(evidence.quote)
        if evidence.doc in {doc, ""} and evidence.start is None:
            return Place(Status.CURRENT, row, start, end)
        return Place(
            Status.MOVED, row, start, end, f"the quote {_shown(evidence)} now stands in '{doc}' at {start}"
        )

    def _elsewhere(self, evidence: Evidence) -> Place:
        """Looks for the quote, whole or edited, in the documents that share its characters."""
        own = self.corpus.row(evidence.doc)
        candidates = self._candidates(evidence.quote)
        exact = sorted(
            (-context, row, start)
            for row, share in candidates
            if share == 1 and row != own
            for context, start in _places(self._read(row), evidence)
        )
        if exact and self._same(exact, evidence):
            return self._moved(*exact[0][1:], evidence)
        near = [row for row, share in candidates[:_TRIED] if share < 1 and share >= _SHARE]
        return max(
            self._similar(evidence, own, [row for row in near if row != own]),
            key=lambda entry: entry[0],
            default=(0.0, self._gone(evidence)),
        )[1]

    def _candidates(self, quote: str) -> list[tuple[int, float]]:
        """Rows that may hold the quote; for one too short for the index, every row."""
        if len(plain(quote)) < SHARED:
            return [(row, 1.0) for row in range(len(self.corpus))]
        return self._shingles.candidates(quote)

    def _same(self, exact: list[tuple[int, int, int]], evidence: Evidence) -> bool:
        """Whether the first of (-context, row, start) is the quote itself rather than words like it.

        Its surroundings must speak for it more than for any other place. Where the document is left open, or the
        quote is long and stands nowhere else, it needs no surroundings.
        """
        context = -exact[0][0]
        if len(exact) == 1:
            return not evidence.doc or len(evidence.quote) >= _TELLING or _speaks(context, 0, evidence)
        return _speaks(context, -exact[1][0], evidence)

    def _similar(
        self, evidence: Evidence, own: int | None, others: list[int]
    ) -> Iterator[tuple[float, Place]]:
        """Yields (rank, place) of the most similar text in its own document, which is likelier, and in others."""
        for row in others if own is None else [own, *others]:
            found = closest(evidence.quote, self._read(row))
            if found is not None:
                score, start, end = found
                reason = f"the quote {_shown(evidence)} was edited in '{self.corpus[row].doc_id}'"
                yield score + (_OWN if row == own else 0.0), Place(Status.CHANGED, row, start, end, reason)

    def _gone(self, evidence: Evidence) -> Place:
        if not evidence.doc:
            reason = f"the quote {_shown(evidence)} does not stand in exactly one document; name its document"
            return Place(Status.GONE, reason=reason)
        if self.corpus.row(evidence.doc) is None:
            return Place(Status.GONE, reason=f"document '{evidence.doc}' is not in the corpus")
        return Place(Status.GONE, reason=f"the quote {_shown(evidence)} does not stand in '{evidence.doc}'")

    def _read(self, row: int) -> str:
        if self._text[0] != row:
            self._text = (row, self.corpus[row].text)
        return self._text[1]


def pin(evidence: Evidence, text: str, start: int) -> Evidence:
    """Returns the evidence with its offset and surroundings in `text`, which holds the quote at `start`.

    A whole document is pinned by how it begins and ends.
    """
    if not evidence.quote:
        return replace(evidence, prefix=text[:CONTEXT], suffix=text[-CONTEXT:])
    end = start + len(evidence.quote)
    return replace(
        evidence, start=start, prefix=text[max(0, start - CONTEXT) : start], suffix=text[end : end + CONTEXT]
    )


def _best(text: str, evidence: Evidence) -> int | None:
    """Returns the quote's only occurrence, or of several the one whose surroundings fit clearly best."""
    places = sorted(_places(text, evidence), reverse=True)
    if len(places) == 1 or (len(places) > 1 and _speaks(places[0][0], places[1][0], evidence)):
        return places[0][1]
    return None


def _speaks(context: int, other: int, evidence: Evidence) -> bool:
    """Whether the surroundings of one place are the quote's, and more so than the next best place's."""
    return context > other and context >= min(_ENOUGH, len(evidence.prefix) + len(evidence.suffix))


def _places(text: str, evidence: Evidence) -> Iterator[tuple[int, int]]:
    """Yields (context, start) of every occurrence of the quote."""
    at = text.find(evidence.quote)
    while at >= 0:
        yield _context(text, at, evidence), at
        at = text.find(evidence.quote, at + 1)


def _context(text: str, start: int, evidence: Evidence) -> int:
    """Counts how many characters next to the quote stand as they did when it was pinned."""
    end = start + len(evidence.quote)
    before, after = text[max(0, start - CONTEXT) : start], text[end : end + CONTEXT]
    return _common(before[::-1], evidence.prefix[::-1]) + _common(after, evidence.suffix)


def _common(one: str, other: str) -> int:
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length


def _shown(evidence: Evidence) -> str:
    quote = " ".join(evidence.quote.split())
    return f"“{quote[:60]}…”" if len(quote) > 60 else f"“{quote}”"
