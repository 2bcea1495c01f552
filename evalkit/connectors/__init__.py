"""Sources of documents, called by `evalkit sync` only. May import corpus and everything below it."""

from __future__ import annotations

from evalkit.registry import Registry
from evalkit.types import Connector

__all__ = ["registry"]

registry: Registry[Connector] = Registry(
    "connector",
    {
        "folder": "evalkit.connectors.folder:Folder",
        "beir": "evalkit.connectors.beir:Beir",
        "trec": "evalkit.connectors.trec:Trec",
    },
)
