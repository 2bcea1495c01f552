"""The embedding store: the only file that imports lmdb."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evalkit.backends.cache import Usage
from evalkit.errors import EvaluationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["VectorStore"]

_MAP_SIZE = 1 << 38
"""Address space set aside; the file grows only as it is used."""

_CHECK = 4


class VectorStore:
    """Fulfils `Vectors` over LMDB: memory-mapped, crash-safe, shared by processes. Opened on first use.

    A value is the row's float16 bytes and the first bytes of their SHA-256; one that does not match counts as absent.

    Args:
        root: the folder of the database.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._opened: object = None

    def get(self, identity: str, keys: Sequence[bytes]) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
        found = np.zeros(len(keys), dtype=np.bool_)
        rows: NDArray[np.float16] = np.zeros((len(keys), 0), dtype=np.float16)
        prefix = _prefix(identity)
        with self._env().begin(buffers=True) as read:
            for number, key in enumerate(keys):
                row = _row(read.get(prefix + key))
                if row is None:
                    continue
                if not rows.shape[1]:
                    rows = np.zeros((len(keys), len(row)), dtype=np.float16)
                rows[number], found[number] = row, True
        return rows, found

    def put(self, identity: str, keys: Sequence[bytes], rows: NDArray[np.float16]) -> None:
        import lmdb

        prefix = _prefix(identity)
        try:
            with self._env().begin(write=True) as write:
                for key, row in zip(keys, rows, strict=True):
                    body = np.ascontiguousarray(row, dtype=np.float16).tobytes()
                    write.put(prefix + key, body + hashlib.sha256(body).digest()[:_CHECK])
        except lmdb.Error as error:
            raise EvaluationError(
                f"{self.root}: embeddings cannot be stored ({error}); free disk space"
            ) from error

    def usage(self) -> Usage:
        """Returns how much the store holds."""
        if not self.root.is_dir():
            return Usage(0, 0)
        return Usage(self._env().stat()["entries"], (self.root / "data.mdb").stat().st_size)

    def damaged(self) -> int:
        """Reads everything and counts the rows that do not match their digest."""
        if not self.root.is_dir():
            return 0
        with self._env().begin(buffers=True) as read:
            return sum(_row(value) is None for _, value in read.cursor())

    def clear(self) -> int:
        """Deletes every embedding and returns how many went; they are made again when needed."""
        entries = self.usage().entries
        if entries:
            env = self._env()
            with env.begin(write=True) as write:
                write.drop(env.open_db(), delete=False)
        return entries

    def _env(self) -> Any:
        if self._opened is None:
            import lmdb

            self.root.mkdir(parents=True, exist_ok=True)
            self._opened = lmdb.open(str(self.root), map_size=_MAP_SIZE, max_readers=512)
        return self._opened


def _prefix(identity: str) -> bytes:
    return hashlib.sha256(identity.encode()).digest()[:16]


def _row(value: memoryview | None) -> NDArray[np.float16] | None:
    if value is None or len(value) <= _CHECK:
        return None
    body = bytes(value[:-_CHECK])
    if hashlib.sha256(body).digest()[:_CHECK] != bytes(value[-_CHECK:]):
        return None
    return np.frombuffer(body, dtype=np.float16)
