"""The embedding store: the only file that imports lmdb."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np

from evalkit.backends.cache import Usage
from evalkit.errors import EvaluationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["VectorStore"]

_MAP_SIZE = 1 << 38
"""Address space set aside; the file grows only as it is used."""

_FLAG = 2
"""Bytes before the row, which keep it aligned: 1 where the model did not read the whole text, else 0."""
_CHECK = 4
_OPEN: WeakValueDictionary[Path, object] = WeakValueDictionary()
"""Databases open in this process: LMDB forbids opening one twice."""


class VectorStore:
    """Fulfils `Vectors` over LMDB: memory-mapped, crash-safe, shared by processes. Opened on first use.

    A value is the flag `cut`, the row's float16 bytes, and the first bytes of the SHA-256 of both; one that does not
    match counts as absent.

    Args:
        root: the folder of the database.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self._opened: object = None

    def get(
        self, identity: str, keys: Sequence[bytes]
    ) -> tuple[NDArray[np.float16], NDArray[np.bool_], NDArray[np.bool_]]:
        found, cut = np.zeros(len(keys), dtype=np.bool_), np.zeros(len(keys), dtype=np.bool_)
        rows: NDArray[np.float16] = np.zeros((len(keys), 0), dtype=np.float16)
        prefix = _prefix(identity)
        with self._env().begin(buffers=True) as read:
            for number, key in enumerate(keys):
                body = _body(read.get(prefix + key))
                if body is None:
                    continue
                row = np.frombuffer(body, dtype=np.float16, offset=_FLAG)
                if not rows.shape[1]:
                    rows = np.zeros((len(keys), len(row)), dtype=np.float16)
                rows[number], found[number], cut[number] = row, True, body[0]
        return rows, found, cut

    def put(
        self, identity: str, keys: Sequence[bytes], rows: NDArray[np.float16], cut: NDArray[np.bool_]
    ) -> None:
        import lmdb

        prefix = _prefix(identity)
        try:
            with self._env().begin(write=True) as write:
                for key, row, flag in zip(keys, rows, cut, strict=True):
                    body = int(flag).to_bytes(_FLAG, "little") + row.astype(np.float16).tobytes()
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
            return sum(_body(value) is None for _, value in read.cursor())

    def clear(self) -> int:
        """Deletes every embedding and returns how many went; they are made again when needed."""
        entries = self.usage().entries
        if entries:
            env = self._env()
            with env.begin(write=True) as write:
                write.drop(env.open_db(), delete=False)
        return entries

    def __reduce__(self) -> tuple[type[VectorStore], tuple[Path]]:
        """Crosses to another process as the path."""
        return VectorStore, (self.root,)

    def _env(self) -> Any:
        if self._opened is None:
            self._opened = _OPEN.get(self.root)
        if self._opened is None:
            import lmdb

            self.root.mkdir(parents=True, exist_ok=True)
            self._opened = lmdb.open(str(self.root), map_size=_MAP_SIZE, max_readers=512)
            _OPEN[self.root] = self._opened
        return self._opened


def _prefix(identity: str) -> bytes:
    return hashlib.sha256(identity.encode()).digest()[:16]


def _body(value: memoryview | None) -> bytes | None:
    if value is None or len(value) <= _FLAG + _CHECK:
        return None
    body = bytes(value[:-_CHECK])
    return body if hashlib.sha256(body).digest()[:_CHECK] == bytes(value[-_CHECK:]) else None
