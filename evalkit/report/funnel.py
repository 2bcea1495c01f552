"""Where a question was lost: the first stage that failed, which names who can mend it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from evalkit.types import Claim, Corpus, Golden, Question, Run

__all__ = ["OF_THE_ANSWER", "STAGES", "Coverage", "Stage", "answered", "coverage", "gone", "stage"]


@dataclass(frozen=True, slots=True)
class Stage:
    """What became of a question there, and who can mend it: nobody need where it is not lost."""

    meaning: str
    mends: str = ""


STAGES = {
    "unanswerable": Stage("the documents do not answer it"),
    "not synced": Stage(
        "its evidence is not in the snapshot",
        "the owner of the source; of the golden set where the text was edited",
    ),
    "parse lost": Stage(
        "the source lists the document of its evidence, but it could not be read", "whoever runs the sync"
    ),
    "split by the chunker": Stage("no passage holds its evidence whole", "the chunker"),
    "not retrieved": Stage("no retrieved passage holds its evidence", "the retriever"),
    "ranked too low": Stage("retrieved, but below the first passages", "the ranking"),
    "ignored by the answer": Stage(
        "its evidence was read, but the answer refuses, or stands on other passages",
        "the answerer and its prompt",
    ),
    "unfaithful": Stage("a judge found a statement that no passage supports", "the answerer and its prompt"),
    "found": Stage("its evidence stands among the first passages, and no answer is known to have lost it"),
}
"""Every stage, in order."""

OF_THE_ANSWER = {"Faithfulness", "SupportScore"}
"""The measures whose claims are statements of the answer, held against the passages."""

_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Coverage:
    """Where each piece of a question's evidence turned up.

    `rank`: for each piece, the rank (from 1) at which the passages so far hold at least half of its
    characters, or None. `whole`: whether some passage of the corpus holds all of it. `holding`: the ranks, from 1, of
    the passages that hold any of its characters.
    """

    rank: tuple[int | None, ...]
    whole: tuple[bool, ...]
    holding: frozenset[int] = frozenset()


def coverage(run: Run, golden: Golden, question: int) -> Coverage:
    """Follows one question's evidence through the chunker and the ranking."""
    passages, hits = run.passages, run.hits.passage[question]
    hits = hits[hits >= 0]
    ranks: list[int | None] = []
    whole: list[bool] = []
    holding: set[int] = set()
    qrels = golden.qrels
    for piece in np.flatnonzero(qrels.question == question):
        doc, start, end = int(qrels.doc[piece]), int(qrels.start[piece]), int(qrels.end[piece])
        inside = np.flatnonzero(
            (passages.doc[hits] == doc) & (passages.start[hits] < end) & (passages.end[hits] > start)
        )
        holding.update(int(position) + 1 for position in inside)
        if qrels.whole[piece]:
            ranks.append(int(inside[0]) + 1 if len(inside) else None)
            whole.append(True)
            continue
        covered = np.zeros(end - start, dtype=np.bool_)
        rank = None
        for position in inside:
            hit = hits[position]
            low, high = max(start, int(passages.start[hit])), min(end, int(passages.end[hit]))
            covered[low - start : high - start] = True
            if covered.mean() >= _HALF:
                rank = int(position) + 1
                break
        ranks.append(rank)
        first, last = np.searchsorted(passages.doc, [doc, doc + 1])
        rows = slice(int(first), int(last))
        whole.append(bool(np.any((passages.start[rows] <= start) & (passages.end[rows] >= end))))
    return Coverage(tuple(ranks), tuple(whole), frozenset(holding))


def stage(found: Coverage, *, top: int) -> str:
    """Names the first stage at which retrieval lost a question, for the piece of evidence that fared worst.

    Args:
        found: where its evidence turned up.
        top: how many passages count as the first ones: those that the answerer reads, where there is one.
    """
    if not found.rank:
        return "unanswerable"
    missing = [whole for rank, whole in zip(found.rank, found.whole, strict=True) if rank is None]
    if missing:
        return "not retrieved" if all(missing) else "split by the chunker"
    return "found" if all(rank is not None and rank <= top for rank in found.rank) else "ranked too low"


def gone(question: Question, corpus: Corpus, unreadable: Collection[str]) -> str:
    """Names the stage at which evidence never reached the corpus.

    It was lost in parsing where a document that it names is absent and the last sync found it unreadable. Whatever
    else took it away (deleted, never listed, edited since) counts as not synced.
    """
    lost = any(e.doc in unreadable and corpus.row(e.doc) is None for e in question.evidence)
    return "parse lost" if lost else "not synced"


def answered(before: str, found: Coverage, *, refused: bool, claims: Iterable[Claim]) -> str:
    """Names the stage of a question once its answer is known; what retrieval lost stays lost there.

    The evidence was ignored where the answer refuses although the answerer read it, or where a judge traces what the
    answer says to passages of which none holds any of it. Where no judge names passages, only a refusal shows that. An
    answer is unfaithful where a judge finds any of its statements unsupported, also to a question that the documents do
    not answer. Without a judge, and where no answer was obtained, nothing is known, and the question stays as it was.

    Args:
        before: the stage by retrieval alone.
        found: where the evidence turned up.
        refused: whether the answer refuses.
        claims: its statements, as judged against the passages.
    """
    if before not in {"found", "unanswerable"}:
        return before
    claims = tuple(claims)
    used = {claim.passage + 1 for claim in claims if claim.supported and claim.passage >= 0}
    if before == "found" and (refused or (used and not used & found.holding)):
        return "ignored by the answer"
    return "unfaithful" if any(not claim.supported for claim in claims) else before
