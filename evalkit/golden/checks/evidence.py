"""Evidence that makes a question too easy, or its judgement unfair."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from evalkit.golden.checks.finding import Finding, finding, grams, words
from evalkit.golden.shingles import Shingles
from evalkit.types import Corpus, Question

__all__ = ["literal", "repeated"]

_LEAST = 4


def literal(questions: Sequence[Question]) -> Finding:
    """Questions that quote their evidence: half of their words, and at least four, stand in it in one run."""
    found = []
    for question in questions:
        asked = words(question.text)
        size = max(_LEAST, (len(asked) + 1) // 2)
        own = grams(asked, size)
        for evidence in question.evidence:
            if own and (shared := own & grams(words(evidence.quote), size)):
                found.append(f"{question.id}: “{' '.join(min(shared))}” stands in its evidence")
                break
    text = "questions repeat their evidence word for word, which flatters lexical search; ask in users' words"
    return finding("literal", found, len(questions), text)


def repeated(questions: Sequence[Question], corpus: Corpus) -> Finding:
    """Quotes that stand in further documents: a system that finds those is right, and scored as wrong."""
    pieces = [(question, piece) for question in questions for piece in question.evidence]
    holders = _holders({piece.quote for _, piece in pieces if piece.quote}, corpus)
    found = []
    for question, piece in pieces:
        own = {other.doc for other in question.evidence}
        others = [doc for doc in holders.get(piece.quote, ()) if doc not in own]
        if others:
            shown = " ".join(piece.quote.split())
            found.append(f"{question.id}: “{shown:.60}” also in {', '.join(others[:3])}")
    text = "quotes also stand in other documents; name those as evidence too, or pick words that stand once"
    return finding("repeated evidence", found, len(pieces), text)


def _holders(quotes: Collection[str], corpus: Corpus) -> dict[str, list[str]]:
    """Returns the documents that hold each quote, reading each document once, however many quotes it may hold."""
    index = Shingles((corpus[row].text for row in range(len(corpus))), quotes)
    asked: dict[int, list[str]] = {}
    for quote in quotes:
        for row, _ in index.candidates(quote, least=1.0):
            asked.setdefault(row, []).append(quote)
    holders: dict[str, list[str]] = {}
    for row in sorted(asked):
        document = corpus[row]
        for quote in asked[row]:
            if quote in document.text:
                holders.setdefault(quote, []).append(document.doc_id)
    return holders
