"""BM25 by two engines with one formula and one tokeniser. The only file that imports bm25s, rank_bm25 and Stemmer.

Lucene's variant (Kamphuis et al., 2020, Which BM25 Do You Mean?): idf = ln(1 + (N - df + 0.5) / (df + 0.5)).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from evalkit.errors import MissingDependency, SuiteError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Engine", "Stopwords", "bm25", "ready", "tokenizer"]

Engine = Literal["bm25s", "rank-bm25"]
Stopwords = Literal["none", "en", "de"]
Score = Callable[[Sequence[str]], "NDArray[np.float32]"]
Tokenize = Callable[[str], list[str]]

_WORD = re.compile(r"\w+")


def tokenizer(stemmer: str | None, stopwords: Stopwords) -> Tokenize:
    """Returns a function from a text to its lower-cased words, without stop words, stemmed.

    Raises:
        SuiteError: for a language that Snowball has no stemmer for.
    """
    stop = _stopwords(stopwords)
    stem = _stemmer(stemmer)

    def tokenize(text: str) -> list[str]:
        words = [word for word in _WORD.findall(text.lower()) if word not in stop]
        return stem(words) if stem is not None else words

    return tokenize


def bm25(engine: Engine, texts: Iterable[str], tokenize: Tokenize, *, k1: float, b: float) -> Score:
    """Indexes texts and returns a function from a query's words to float32[n] scores, 0 where no word occurs.

    Raises:
        MissingDependency: where the engine is not installed.
    """
    return (_bm25s if engine == "bm25s" else _rank_bm25)(texts, tokenize, k1, b)


def ready(engine: Engine, stemmer: str | None) -> None:
    """Raises what `bm25` and `tokenizer` would raise."""
    _stemmer(stemmer)
    if engine == "rank-bm25":
        MissingDependency.unless_installed("rank_bm25", "the engine 'rank-bm25'", "rank-bm25", "rank-bm25")


def _bm25s(texts: Iterable[str], tokenize: Tokenize, k1: float, b: float) -> Score:
    import bm25s
    from bm25s.tokenization import Tokenized

    vocabulary: dict[str, int] = {}
    ids = [[vocabulary.setdefault(word, len(vocabulary)) for word in tokenize(text)] for text in texts]
    count = len(ids)
    if not vocabulary:
        return lambda _: np.zeros(count, dtype=np.float32)
    index = bm25s.BM25(k1=k1, b=b, method="lucene")
    index.index(Tokenized(ids=ids, vocab=vocabulary), show_progress=False)

    def score(words: Sequence[str]) -> NDArray[np.float32]:
        known = [vocabulary[word] for word in words if word in vocabulary]
        if not known:
            return np.zeros(count, dtype=np.float32)
        scores: NDArray[np.float32] = index.get_scores_from_ids(known)
        return scores

    return score


def _rank_bm25(texts: Iterable[str], tokenize: Tokenize, k1: float, b: float) -> Score:
    try:
        from rank_bm25 import BM25Okapi
    except ImportError as error:
        raise MissingDependency.needed_by("the engine 'rank-bm25'", "rank-bm25", "rank-bm25") from error

    class Lucene(BM25Okapi):  # type: ignore[misc]
        """BM25Okapi with Lucene's idf, which is never negative."""

        def _calc_idf(self, nd: Mapping[str, int]) -> None:
            self.idf = {
                word: math.log(1 + (self.corpus_size - df + 0.5) / (df + 0.5)) for word, df in nd.items()
            }

    words = [tokenize(text) for text in texts]
    if not any(words):
        return lambda _: np.zeros(len(words), dtype=np.float32)
    index = Lucene(words, k1=k1, b=b)
    # rank-bm25 multiplies by k1 + 1, which Lucene leaves out; the ranking is the same.
    return lambda query: (index.get_scores(list(query)) / (k1 + 1)).astype(np.float32)


@cache
def _stemmer(language: str | None) -> Callable[[list[str]], list[str]] | None:
    if language is None:
        return None
    import Stemmer

    try:
        stem: Callable[[list[str]], list[str]] = Stemmer.Stemmer(language).stemWords
    except KeyError as error:
        known = ", ".join(Stemmer.algorithms())
        raise SuiteError(f"no stemmer for '{language}'; known: {known}") from error
    return stem


def _stopwords(language: Stopwords) -> frozenset[str]:
    if language == "none":
        return frozenset()
    from bm25s.stopwords import STOPWORDS_EN_PLUS, STOPWORDS_GERMAN

    return frozenset(STOPWORDS_EN_PLUS if language == "en" else STOPWORDS_GERMAN)
