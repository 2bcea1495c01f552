"""Which half a question is in: what is tuned on `dev` is gated on `test`. May import types and below."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Literal

from evalkit.types import Question

__all__ = ["Side", "cluster_of", "select", "side"]

Side = Literal["dev", "test"]


def side(question: Question, test_share: float) -> Side:
    """Returns the half of a question's cluster.

    A cluster's hash decides, so that questions about one document are never on both sides, and one that is added
    moves no other.
    """
    hashed = hashlib.sha256(cluster_of(question).encode()).digest()
    return "test" if int.from_bytes(hashed[:8]) < test_share * 2**64 else "dev"


def select(questions: Iterable[Question], test_share: float, wanted: Side) -> tuple[Question, ...]:
    """Returns one half, in order."""
    return tuple(question for question in questions if side(question, test_share) == wanted)


def cluster_of(question: Question) -> str:
    """Returns what a question shares with others: stated, or its first evidence's document, or nothing but itself."""
    first = question.evidence[0].doc if question.evidence else ""
    return question.cluster or first or f"question {question.id}"
