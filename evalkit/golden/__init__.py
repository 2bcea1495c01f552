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
        "csv": "evalkit.golden.csv:Csv",
        "beir": "evalkit.golden.beir:Beir",
        "trec": "evalkit.golden.trec:Trec",
        "squad": "evalkit.golden.squad:Squad",
        "chroma": "evalkit.golden.chroma:Chroma",
        "ragas": "evalkit.golden.ragas:Ragas",
        "huggingface": "evalkit.golden.huggingface:HuggingFace",
    },
)
