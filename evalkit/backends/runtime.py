"""Assembles what stages share: cache, embeddings, workers, progress."""

from __future__ import annotations

from pathlib import Path

from evalkit.backends.cache import DiskCache
from evalkit.backends.vectors import VectorStore
from evalkit.backends.workers import Serial
from evalkit.types import Progress, Runtime, Workers

__all__ = ["alone", "open_runtime"]


def open_runtime(home: Path, *, progress: Progress, workers: Workers | None = None) -> Runtime:
    """Opens the stores below a home folder; nothing is created before it is used."""
    return Runtime(DiskCache(home / "cache"), VectorStore(home / "vectors"), workers or Serial(), progress)


def alone(runtime: Runtime) -> Runtime:
    """Returns what a worker may use: the same stores, no workers of its own, nobody to tell."""
    return Runtime(runtime.cache, runtime.vectors, Serial(), _silent)


def _silent(stage: str, done: int, total: int) -> None:
    """Fulfils `Progress` where nobody looks."""
