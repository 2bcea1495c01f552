"""Assembles what stages share: cache, embeddings, workers, progress."""

from __future__ import annotations

from pathlib import Path

from evalkit.backends.cache import DiskCache
from evalkit.backends.vectors import VectorStore
from evalkit.backends.workers import Serial
from evalkit.types import Progress, Runtime

__all__ = ["open_runtime"]


def open_runtime(home: Path, *, progress: Progress) -> Runtime:
    """Opens the stores below a home folder; nothing is created before it is used."""
    return Runtime(DiskCache(home / "cache"), VectorStore(home / "vectors"), Serial(), progress)
