"""Ways to find passages: passages -> index -> hits. May import backends, registry and types."""

from __future__ import annotations

from evalkit.registry import Registry
from evalkit.types import Retriever

__all__ = ["registry"]

registry: Registry[Retriever] = Registry(
    "retriever",
    {
        "bm25": "evalkit.retrievers.bm25:BM25",
        "dense": "evalkit.retrievers.dense:Dense",
        "hybrid": "evalkit.retrievers.hybrid:Hybrid",
    },
)
