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
_NAME = re.compile(r"(?<=[^\s.!?:*•-]\s)[A-Z][\w’'-]*")
_NEGATION = re.compile(r"\b(?:not|no|never|none|neither|nor|without|cannot|\w+n['’]t)\b", re.IGNORECASE)
_HEDGE = re.compile(
    r"\b(?:may|might|could|can|possibly|likely|generally|typically|usually|often|some|various|several)\b",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\b(?:passages?|context|provided|information|given|mention\w*|unable|answer)\b", re.IGNORECASE
)
_words = tokenizer(None, "none")

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
    new_numbers: float
    """How many numbers no passage holds."""
    new_names: float
    """How many capitalised words inside the statement no passage holds."""
    negation: float
    """1 where the statement is negated and the nearest sentence is not, or the other way round."""
    hedges: float
    """How many words such as may, generally, various."""
    about_sources: float
    """How many words, at most 3, speak of the passages themselves ("the provided context")."""
    item: float
    """1 for an item of a list."""


@dataclass(frozen=True, slots=True)
class Text:
    """One passage, or a question, as the features read it; a sentence has content words, negation."""

    stems: list[str]
    pairs: Grams
    triples: Grams
    known: frozenset[str]
    numbers: frozenset[str]
    sentences: list[tuple[frozenset[str], bool]]


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
        self.sentences = [
            (row, words, negated)
            for row, passage in enumerate(passages)
            for words, negated in passage.sentences
        ]

    def nearest(self, content: frozenset[str]) -> tuple[int, int, bool]:
        """Returns (passage, shared words, negated) of the sentence that shares most words; passage -1 where none."""
        best = (-1, 0, False)
        for row, words, negated in self.sentences:
            if (shared := len(content & words)) > best[1]:
                best = (row, shared, negated)
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
        [(frozenset(_content(s.text)), _negated(s.text)) for s in statements(text)],
    )


def describe(statement: Statement, source: Source) -> tuple[Features, int, str]:
    """Returns a statement's features, the passage nearest to it (-1 where none), and what was found, in words."""
    from rapidfuzz.distance import LCSseq

    text = statement.text
    stems = _stems(text)
    content = _content(text)
    new = [word for word in content if word not in source.known]
    numbers = [number for number in _numbers(text) if number not in source.numbers]
    names = [name for name in _NAME.findall(text) if not source.known.issuperset(_words(name) + _stems(name))]
    row, shared, negated = source.nearest(frozenset(content))
    differs = row >= 0 and negated is not _negated(text)
    features = Features(
        new_words=len(new),
        new_word_share=len(new) / max(1, len(content)),
        new_pair_share=_new(_grams(stems, 2), source.pairs),
        new_triple_share=_new(_grams(stems, 3), source.triples),
        order=max((LCSseq.similarity(stems, p.stems) for p in source.passages), default=0)
        / max(1, len(stems)),
        nearest=shared / max(1, len(set(content))),
        new_numbers=len(numbers),
        new_names=len(names),
        negation=float(differs),
        hedges=len(_HEDGE.findall(text)),
        about_sources=min(3, len(_ABOUT.findall(text))),
        item=float(statement.item),
    )
    return features, row, "; ".join(_noted(text, new, numbers, names, differs=differs))


def _noted(
    text: str, new: Sequence[str], numbers: Sequence[str], names: Sequence[str], *, differs: bool
) -> Iterator[str]:
    stems = set(new)
    words = [word for word in _words(text) if stems.intersection(_stems(word))]
    for what, found in (("words", words), ("numbers", numbers), ("names", names)):
        if found:
            yield f"{what} in no passage: {', '.join(dict.fromkeys(found))}"
    if differs:
        yield "negated unlike the nearest sentence"


def _stems(text: str) -> list[str]:
    return _tokenizers()[0](text)


def _content(text: str) -> list[str]:
    return [word for word in _tokenizers()[1](text) if not word.isdigit()]


@cache
def _tokenizers() -> tuple[Callable[[str], list[str]], Callable[[str], list[str]]]:
    """All words stemmed, and those of content: made once, on first use."""
    return tokenizer("english", "none"), tokenizer("english", "en")


def _numbers(text: str) -> list[str]:
    """Numbers as written without separators: 1,200 and 1200 are the same, and so are 2.50 and 2.5."""
    plain = (found.replace(",", "") for found in _NUMBER.findall(text))
    return [number.rstrip("0").rstrip(".") if "." in number else number for number in plain]


def _negated(text: str) -> bool:
    return _NEGATION.search(text) is not None


def _grams(words: Sequence[str], size: int) -> Grams:
    return set(zip(*(words[start:] for start in range(size)), strict=False))


def _new(grams: Grams, known: Grams) -> float:
    return len(grams - known) / max(1, len(grams))
