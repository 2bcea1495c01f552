"""Sources of documents, called by `evalkit sync` only. May import corpus and everything below it."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.registry import Registry
from evalkit.types import Connector, Document, Unreadable

__all__ = ["documents", "registry"]

registry: Registry[Connector] = Registry(
    "connector",
    {
        "archive": "evalkit.connectors.archive:Archive",
        "confluence": "evalkit.connectors.confluence:Confluence",
        "folder": "evalkit.connectors.folder:Folder",
        "beir": "evalkit.connectors.beir:Beir",
        "gdrive": "evalkit.connectors.gdrive:GDrive",
        "git": "evalkit.connectors.git:Git",
        "github": "evalkit.connectors.github:GitHub",
        "notion": "evalkit.connectors.notion:Notion",
        "trec": "evalkit.connectors.trec:Trec",
    },
)


def documents(connector: Connector) -> Iterator[Document | Unreadable]:
    """Yields everything that a source lists, read one at a time."""
    for listed in connector.listing():
        if (document := connector.fetch(listed)) is not None:
            yield document
