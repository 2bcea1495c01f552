"""Golden question sets: formats, anchoring of evidence to a corpus, checks.

May import corpus and everything below it.
"""

from __future__ import annotations

from evalkit.registry import Registry
from evalkit.types import QuestionSet

__all__ = ["registry"]

registry: Registry[QuestionSet] = Registry(
    "golden format",
    {
        "jsonl": "evalkit.golden.jsonl:Jsonl",
        "chroma": "evalkit.golden.chroma:Chroma",
        "trec": "evalkit.golden.trec:Trec",
    },
)
