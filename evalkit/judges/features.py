"""What tells an unsupported statement by its words alone: features of a statement against the passages.

English in its stop words, hedges and negations. May import backends and the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from evalkit.backends.lexical import tokenizer
from evalkit.judges.statements import Statement, statements

__all__ = ["Features", "Source", "Text", "describe", "read"]

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_CITATION = re.compile(
    r"\[\d+(?:\s*[,;]\s*\d+)*\]|\b(?:passage|source|document|context|snippet|step)s?\s+\d+(?:(?:,|,?\s+(?:and|or|&))\s*\d+)*",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=[^\s.!?:*•-]\s)[A-Z][\w’'-]+")
_NEGATION = re.compile(r"(?:not|no|never|none|neither|nor|without|cannot|\w+n['’]t)", re.IGNORECASE)
_UNDENIED = re.compile(
    r"\b(?:not|no)\s+(?:only|just|merely|necessarily)\b|\b(?:if|unless)\b[^,.;:]*", re.IGNORECASE
)
_SCOPED = re.compile(r"\w+(?:['’]t\b)?|[.!?;:,]")
_REACH = 2
"""How many content words after a negation it is taken to negate."""
_HEDGE = re.compile(
    r"\b(?:may|might|could|can|possibly|likely|generally|typically|usually|often|some|various|several)\b",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\b(?:passages?|context|provided|information|given|mention\w*|unable|answer)\b", re.IGNORECASE
)
_WORD = re.compile(r"\w+")

Grams = set[tuple[str, ...]]


class Features(NamedTuple):
    """One statement against its passages; words are stems, and what the question says is not new."""

    new_words: float
    """How many content words no passage holds."""
    new_word_share: float
    """Their share of the statement's content words."""
    new_pair_share: float
    """The share of neighbouring word pairs that no passage holds."""
    new_triple_share: float
    """The same of three words."""
    order: float
    """The longest common subsequence with a passage, as a share of the statement's words."""
    nearest: float
    """The share of content words in the passages' sentence that shares most of them."""
    new_number: float
    """1 where it states a number that no passage holds; citations of passages are none."""
    new_name: float
    """1 where a capitalised word inside the statement is in no passage."""
    negation: float
    """1 where it negates a word that the passages hold and never negate."""
    hedges: float
    """How many words such as may, generally, various."""
    about_sources: float
    """How many words, at most 3, speak of the passages themselves ("the provided context")."""
    item: float
    """1 for an item of a list."""


@dataclass(frozen=True, slots=True)
class Text:
    """One passage, or a question, as the features read it; `sentences` are the content words of each."""

    stems: list[str]
    pairs: Grams
    triples: Grams
    known: frozenset[str]
    numbers: frozenset[str]
    negated: frozenset[str]
    sentences: list[frozenset[str]]


class Source:
    """Passages and question together.

    Args:
        question: what was asked.
        passages: what was found.
    """

    def __init__(self, question: Text, passages: Sequence[Text]) -> None:
        self.passages = passages
        texts = (question, *passages)
        self.known = frozenset().union(*(text.known for text in texts))
        self.numbers = frozenset().union(*(text.numbers for text in texts))
        self.pairs = set().union(*(text.pairs for text in texts))
        self.triples = set().union(*(text.triples for text in texts))
        self.negated = frozenset().union(*(text.negated for text in texts))

    def nearest(self, content: frozenset[str]) -> tuple[int, int]:
        """Returns (passage, shared words) of the sentence that shares most words; passage -1 where none does."""
        best = (-1, 0)
        for row, passage in enumerate(self.passages):
            shared = max((len(content & words) for words in passage.sentences), default=0)
            if shared > best[1]:
                best = (row, shared)
        return best


@lru_cache(maxsize=2048)
def read(text: str) -> Text:
    """Prepares a passage or a question; those read lately are kept, since answers share them."""
    stems = _stems(text)
    return Text(
        stems,
        _grams(stems, 2),
        _grams(stems, 3),
        frozenset(stems) | frozenset(_words(text)),
        frozenset(_numbers(text)),
        frozenset(_negated(text)),
        [frozenset(_content(statement.text)) for statement in statements(text)],
    )


def describe(statement: Statement, source: Source) -> tuple[Features, int, str]:
    """Returns a statement's features, the passage nearest to it (-1 where none), and what was found, in words."""
    from rapidfuzz.distance import LCSseq

    text = statement.text
    stems = _stems(text)
    content = _content(text)
    new = [word for word in content if word not in source.known]
    numbers = [number for number in _numbers(text) if number not in source.numbers]
    names = [
        name
        for name in _NAME.findall(_CITATION.sub(" ", text))
        if not source.known.issuperset(_words(name) + _stems(name))
    ]
    about = len(_ABOUT.findall(text))
    # "The passages do not mention it" negates nothing that the passages say.
    denied = [] if about else _negated(text)
    negated = [word for word in denied if word in source.known and word not in source.negated]
    row, shared = source.nearest(frozenset(content))
    features = Features(
        new_words=len(new),
        new_word_share=len(new) / max(1, len(content)),
        new_pair_share=_new(_grams(stems, 2), source.pairs),
        new_triple_share=_new(_grams(stems, 3), source.triples),
        order=max((LCSseq.similarity(stems, p.stems) for p in source.passages), default=0)
        / max(1, len(stems)),
        nearest=shared / max(1, len(set(content))),
        new_number=float(bool(numbers)),
        new_name=float(bool(names)),
        negation=float(bool(negated)),
        hedges=len(_HEDGE.findall(text)),
        about_sources=min(3, about),
        item=float(statement.item),
    )
    return features, row, "; ".join(_noted(text, new, numbers, names, negated))


def _noted(
    text: str, new: Sequence[str], numbers: Sequence[str], names: Sequence[str], negated: Sequence[str]
) -> Iterator[str]:
    for what, found in (
        ("words in no passage", _spelt(text, new)),
        ("numbers in no passage", numbers),
        ("names in no passage", names),
        ("negated in no passage", _spelt(text, negated)),
    ):
        if found:
            yield f"{what}: {', '.join(dict.fromkeys(found))}"


def _spelt(text: str, stems: Sequence[str]) -> list[str]:
    """Returns the text's words of these stems."""
    wanted = set(stems)
    return [word for word in _words(text) if wanted.intersection(_stems(word))]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _stems(text: str) -> list[str]:
    return _tokenizers()[0](text)


def _content(text: str) -> list[str]:
    return [word for word in _tokenizers()[1](text) if not word.isdigit()]


@cache
def _tokenizers() -> tuple[Callable[[str], list[str]], Callable[[str], list[str]]]:
    """All words stemmed, and those of content: made once, on first use."""
    return tokenizer("english", "none"), tokenizer("english", "en")


def _numbers(text: str) -> list[str]:
    """Numbers without separators, citations ("passage 2", "[2]", "step 2") left out: 1,200 is 1200, and 2.50 is 2.5."""
    plain = (found.replace(",", "") for found in _NUMBER.findall(_CITATION.sub(" ", text)))
    return [number.rstrip("0").rstrip(".") if "." in number else number for number in plain]


def _negated(text: str) -> list[str]:
    """Returns the stems of the content words that a negation reaches within its clause, conditions left out."""
    found, left = [], 0
    for word in _SCOPED.findall(_UNDENIED.sub(" ", text)):
        if _NEGATION.fullmatch(word):
            left = _REACH
        elif not word[0].isalnum():
            left = 0
        elif left and (stems := _content(word)):
            found += stems
            left -= 1
    return found


def _grams(words: Sequence[str], size: int) -> Grams:
    return set(zip(*(words[start:] for start in range(size)), strict=False))


def _new(grams: Grams, known: Grams) -> float:
    return len(grams - known) / max(1, len(grams))
