"""Where a question was lost: the first stage that failed, which names who can mend it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evalkit.types import Golden, Run

__all__ = ["STAGES", "Coverage", "coverage", "stage"]

STAGES = {
    "unanswerable": "the documents do not answer it",
    "not synced": "its evidence is not in the snapshot: the owner of the source, or of the golden set",
    "split": "no passage holds its evidence whole: the chunker",
    "not retrieved": "no retrieved passage holds it: the retriever",
    "ranked too low": "retrieved, but below the first passages: the ranking",
    "found": "its evidence stands among the first passages",
}
"""Every stage, in order, and whose it is to mend."""

_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Coverage:
    """Where each piece of a question's evidence turned up.

    `rank`: for each piece, the rank (from 1) at which the passages so far hold at least half of its
    characters, or None. `whole`: whether some passage of the corpus holds all of it.
    """

    rank: tuple[int | None, ...]
    whole: tuple[bool, ...]


def coverage(run: Run, golden: Golden, question: int) -> Coverage:
    """Follows one question's evidence through the chunker and the ranking."""
    passages, hits = run.passages, run.hits.passage[question]
    hits = hits[hits >= 0]
    ranks: list[int | None] = []
    whole: list[bool] = []
    qrels = golden.qrels
    for piece in np.flatnonzero(qrels.question == question):
        doc, start, end = int(qrels.doc[piece]), int(qrels.start[piece]), int(qrels.end[piece])
        inside = np.flatnonzero(passages.doc[hits] == doc)
        if qrels.whole[piece]:
            ranks.append(int(inside[0]) + 1 if len(inside) else None)
            whole.append(True)
            continue
        covered = np.zeros(end - start, dtype=np.bool_)
        rank = None
        for position in inside:
            hit = hits[position]
            low, high = max(start, int(passages.start[hit])), min(end, int(passages.end[hit]))
            covered[low - start : max(low, high) - start] = True
            if covered.mean() >= _HALF:
                rank = int(position) + 1
                break
        ranks.append(rank)
        first, last = np.searchsorted(passages.doc, [doc, doc + 1])
        rows = slice(int(first), int(last))
        whole.append(bool(np.any((passages.start[rows] <= start) & (passages.end[rows] >= end))))
    return Coverage(tuple(ranks), tuple(whole))


def stage(found: Coverage, *, unwinnable: bool, top: int) -> str:
    """Names the first stage at which a question was lost, for the piece of evidence that fared worst.

    Args:
        found: where its evidence turned up.
        unwinnable: whether its evidence is gone from the corpus.
        top: how many passages count as the first ones.
    """
    if unwinnable:
        return "not synced"
    if not found.rank:
        return "unanswerable"
    missing = [whole for rank, whole in zip(found.rank, found.whole, strict=True) if rank is None]
    if missing:
        return "not retrieved" if all(missing) else "split"
    return "found" if all(rank is not None and rank <= top for rank in found.rank) else "ranked too low"
