"""The offline baseline: sentences of the passages that say most about the question."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from evalkit.backends.words import sentences, words
from evalkit.types import Answer, Passage, Question, Runtime

__all__ = ["Extractive"]

_REFUSAL = "The documents found do not answer this."


@dataclass(frozen=True, slots=True)
class Extractive:
    """Answers with the sentences that share most of the question's words, rare words counting more.

    A word's weight is its inverse frequency among the sentences retrieved. Where even the best sentence holds a
    smaller share of the question's weight than `support`, it refuses.

    Args:
        sentences: how many sentences an answer has at most.
        support: the least share of the question's weight that the best sentence must hold.
        top: how many of the best passages it reads.
    """

    sentences: Annotated[int, Field(gt=0)] = 2
    support: Annotated[float, Field(ge=0, le=1)] = 0.2
    top: Annotated[int, Field(gt=0)] = 5

    def answer(self, question: Question, passages: Sequence[Passage], runtime: Runtime) -> Answer:  # noqa: ARG002
        start = time.perf_counter()
        found = list(dict.fromkeys(s for passage in passages for s in sentences(passage.text)))
        bags = [words(sentence) for sentence in found]
        seen = Counter(word for bag in bags for word in bag)
        weight = {
            word: math.log(1 + (len(found) - seen[word] + 0.5) / (seen[word] + 0.5))
            for word in sorted(words(question.text))
        }
        whole = sum(weight.values())
        share = [
            sum(w for word, w in weight.items() if word in bag) / whole if whole else 0.0 for bag in bags
        ]
        best = sorted(range(len(found)), key=lambda n: (-share[n], n))[: self.sentences]
        seconds = time.perf_counter() - start
        if not best or share[best[0]] < self.support:
            return Answer(_REFUSAL, refused=True, seconds=seconds)
        kept = [found[n] for n in sorted(best) if share[n] >= self.support]
        return Answer(" ".join(kept), seconds=seconds)
