"""Results of stages on disk, by the digest of their inputs. Standard library and numpy only."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from evalkit.backends.files import write_atomic

if TYPE_CHECKING:
    from evalkit.types import Arrays

__all__ = ["DiskCache", "Usage"]

_DIGEST = 32


@dataclass(frozen=True, slots=True)
class Usage:
    """How many entries a store holds, in how many bytes."""

    entries: int
    bytes: int


class DiskCache:
    """Fulfils `Cache`. Each entry is one file: the SHA-256 of what follows, then arrays as npz without pickle.

    An entry that does not match its digest counts as absent and is replaced when its stage runs again.

    Args:
        root: the folder, created on the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.reused: list[str] = []

    def get(self, key: str) -> Arrays | None:
        path = self._path(key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        arrays = _unpacked(content)
        if arrays is not None:
            self.reused.append(key)
            os.utime(path)
        return arrays

    def put(self, key: str, arrays: Arrays) -> None:
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        body = buffer.getvalue()
        write_atomic(self._path(key), hashlib.sha256(body).digest() + body)

    def usage(self) -> Usage:
        """Returns how much the cache holds."""
        sizes = [path.stat().st_size for path in self._entries()]
        return Usage(len(sizes), sum(sizes))

    def damaged(self) -> list[Path]:
        """Reads everything and returns the entries that do not match their digest."""
        return [path for path in self._entries() if _unpacked(path.read_bytes()) is None]

    def shrink(self, limit: int) -> int:
        """Deletes the longest unused entries until at most `limit` bytes remain; returns how many went."""
        entries = sorted(self._entries(), key=lambda path: path.stat().st_mtime)
        size = sum(path.stat().st_size for path in entries)
        gone = 0
        for path in entries:
            if size <= limit:
                break
            size -= path.stat().st_size
            path.unlink()
            gone += 1
        return gone

    def _entries(self) -> Iterator[Path]:
        return self.root.glob("??/*.npz") if self.root.is_dir() else iter(())

    def _path(self, key: str) -> Path:
        return self.root / key[:2] / f"{key}.npz"


def _unpacked(content: bytes) -> Arrays | None:
    digest, body = content[:_DIGEST], content[_DIGEST:]
    if hashlib.sha256(body).digest() != digest:
        return None
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as loaded:
            return {name: loaded[name] for name in loaded.files}
    except (ValueError, BadZipFile):
        return None
