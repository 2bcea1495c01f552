"""Ways to cut a document into passages: document -> spans. May import backends, registry and types."""

from __future__ import annotations

from evalkit.registry import Registry
from evalkit.types import Chunker

__all__ = ["registry"]

registry: Registry[Chunker] = Registry(
    "chunker",
    {
        "fixed": "evalkit.chunkers.fixed:Fixed",
        "recursive": "evalkit.chunkers.recursive:Recursive",
        "sentence": "evalkit.chunkers.sentence:Sentence",
        "heading": "evalkit.chunkers.heading:Heading",
        "semantic": "evalkit.chunkers.semantic:Semantic",
    },
)
