"""Judges of answers and of what was retrieved for them. May import backends, registry and types."""

from __future__ import annotations

from evalkit.registry import Registry
from evalkit.types import Judge

__all__ = ["registry"]

registry: Registry[Judge] = Registry(
    "judge",
    {
        "ragas": "evalkit.judges.ragas:Ragas",
        "support": "evalkit.judges.support:Support",
        "nli": "evalkit.judges.nli:NLI",
    },
)
