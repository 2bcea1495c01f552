"""The stretch of a text that is most like a quote, and how the two differ. May import types and below."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

import numpy as np

from evalkit.golden.shingles import LENGTH, runs

__all__ = ["SIMILAR", "closest", "word_diff"]

SIMILAR = 75.0
"""From what similarity (of 100, rapidfuzz' ratio) a person is asked whether this is the quote, edited."""

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")


def closest(quote: str, text: str) -> tuple[float, int, int] | None:
    """Returns (similarity, start, end) of the stretch of `text` that is most like `quote`, in whole words.

    Only the neighbourhood that shares most runs of characters with the quote is compared, so that a long document
    costs little more than a short one. None where nothing reaches `SIMILAR`.
    """
    from rapidfuzz import fuzz

    low, high = _neighbourhood(quote, text)
    found = fuzz.partial_ratio_alignment(quote, text[low:high], score_cutoff=SIMILAR)
    if found is None or found.dest_end <= found.dest_start:
        return None
    # That window is no longer than the quote and may cut words: fit its ends to whole words, the end first.
    reach = len(quote) // 3 + LENGTH
    bounds = sorted({at + low for token in _TOKEN.finditer(text[low:high]) for at in token.span()})
    start, end = low + found.dest_start, low + found.dest_end
    ends = [at for at in bounds if abs(at - end) <= reach and at > start]
    end = max(ends, key=lambda at: (fuzz.ratio(quote, text[start:at]), -at), default=end)
    starts = [at for at in bounds if abs(at - start) <= reach and at < end]
    start = max(starts, key=lambda at: (fuzz.ratio(quote, text[at:end]), at), default=start)
    return found.score, start, end


def _neighbourhood(quote: str, text: str) -> tuple[int, int]:
    """Three quotes' length around where most of the quote's runs stand; nothing where none does."""
    size = len(quote)
    if size < 2 * LENGTH or len(text) <= 3 * size:
        return 0, len(text)
    held = np.concatenate(([0], np.cumsum(np.isin(runs(text), runs(quote)))))
    within = held[size:] - held[:-size]
    if not within.any():
        return 0, 0
    start = int(np.argmax(within))
    return max(0, start - size), start + 2 * size


def word_diff(old: str, new: str) -> str:
    """Returns one text that shows both: "Up to [-five-]{+six+} days"."""
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    parts = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append("".join(before[a:b]))
            continue
        removed, added = "".join(before[a:b]), "".join(after[c:d])
        parts.append((f"[-{removed}-]" if removed else "") + (f"{{+{added}+}}" if added else ""))
    return "".join(parts)
