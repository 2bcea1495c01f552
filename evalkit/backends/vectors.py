"""The embedding store: the only file that imports lmdb."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np

from evalkit.backends.cache import Usage
from evalkit.backends.files import exclusive
from evalkit.errors import EvaluationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["VectorStore"]

_MAP_SIZE = 1 << 38
"""Address space set aside; the file grows only as it is used."""

_FLAG = 2
"""Bytes before the row, which keep it aligned: 1 where the model did not read the whole text, else 0."""
_CHECK = 4
_HOUR = 3600
_BATCH = 10_000
_ASIDE = ".vectors-"
_OPEN: WeakValueDictionary[Path, object] = WeakValueDictionary()
"""Databases open in this process: LMDB forbids opening one twice."""


class VectorStore:
    """Fulfils `Vectors` over LMDB: memory-mapped, crash-safe, shared by processes. Opened on first use.

    A value is the flag `cut`, the row's float16 bytes, and the first bytes of the SHA-256 of both; one that does not
    match counts as absent. Beside it lies the hour in which each row was last used, for `shrink`.

    Args:
        root: the folder of the database.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self._opened: dict[Path, Any] = {}

    def get(
        self, identity: str, keys: Sequence[bytes]
    ) -> tuple[NDArray[np.float16], NDArray[np.bool_], NDArray[np.bool_]]:
        found, cut = np.zeros(len(keys), dtype=np.bool_), np.zeros(len(keys), dtype=np.bool_)
        rows: NDArray[np.float16] = np.zeros((len(keys), 0), dtype=np.float16)
        prefix, now, stale = _prefix(identity), _now(), []
        with self._rows().begin(buffers=True) as read, self._used().begin() as used:
            for number, key in enumerate(keys):
                body = _body(read.get(prefix + key))
                if body is None:
                    continue
                if used.get(prefix + key) != now:
                    stale.append(prefix + key)
                row = np.frombuffer(body, dtype=np.float16, offset=_FLAG)
                if not rows.shape[1]:
                    rows = np.zeros((len(keys), len(row)), dtype=np.float16)
                rows[number], found[number], cut[number] = row, True, body[0]
        self._use(stale, now)
        return rows, found, cut

    def put(
        self, identity: str, keys: Sequence[bytes], rows: NDArray[np.float16], cut: NDArray[np.bool_]
    ) -> None:
        import lmdb

        prefix = _prefix(identity)
        try:
            with self._rows().begin(write=True) as write:
                for key, row, flag in zip(keys, rows, cut, strict=True):
                    body = int(flag).to_bytes(_FLAG, "little") + row.astype(np.float16).tobytes()
                    write.put(prefix + key, body + hashlib.sha256(body).digest()[:_CHECK])
        except lmdb.Error as error:
            raise EvaluationError(
                f"{self.root}: embeddings cannot be stored ({error}); free disk space"
            ) from error
        self._use([prefix + key for key in keys], _now())

    def joined(self, blocks: Iterable[NDArray[np.float16]]) -> NDArray[np.float16]:
        rows = width = 0
        self.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self.root) as file:  # gone with the array that maps it
            for block in blocks:
                rows, width = rows + len(block), block.shape[1]
                file.write(block.tobytes())
            if not rows * width:
                return np.zeros((rows, width), dtype=np.float16)
            return np.asarray(np.memmap(file, dtype=np.float16, mode="r", shape=(rows, width)))

    def usage(self) -> Usage:
        """Returns how much the store holds."""
        if not self.root.is_dir():
            return Usage(0, 0)
        entries = self._rows().stat()["entries"]
        return Usage(entries, sum(path.stat().st_size for path in self.root.rglob("data.mdb")))

    def damaged(self) -> int:
        """Reads everything and counts the rows that do not match their digest."""
        if not self.root.is_dir():
            return 0
        with self._rows().begin(buffers=True) as read:
            return sum(_body(value) is None for _, value in read.cursor())

    def shrink(self, limit: int) -> int:
        """Deletes the longest unused rows until the store takes at most `limit` bytes; returns how many went.

        What stays is written to a new store that takes the old one's place, so that the disk gets its room back. A
        process that has the old one open goes on with it; what it adds there is embedded again.
        """
        before = self.usage()
        if before.bytes <= limit:
            return 0
        kept = self._latest(limit)
        with exclusive(self.root):
            for left in self.root.parent.glob(f"{_ASIDE}*"):  # by one that was killed
                shutil.rmtree(left)
            with tempfile.TemporaryDirectory(dir=self.root.parent, prefix=_ASIDE) as folder:
                fresh = VectorStore(Path(folder) / "new")
                while kept and (size := fresh._filled(self, kept)) > limit:
                    kept = kept[: int(0.98 * len(kept) * limit / size)]  # pages are never quite full
                self._close()
                self.root.rename(Path(folder) / "old")
                if kept:
                    with contextlib.suppress(OSError):  # one that began meanwhile stays, to be filled again
                        fresh.root.rename(self.root)
        return before.entries - len(kept)

    def _latest(self, limit: int) -> list[bytes]:
        """Returns the keys of the rows that were used last, these first, as many as `limit` bytes can hold at most."""
        size, kept = 0, []
        with self._rows().begin(buffers=True) as rows, self._used().begin() as used:
            hours = (
                (used.get(bytes(key)) or b"", bytes(key)) for key in rows.cursor().iternext(values=False)
            )
            for _, key in sorted(hours, reverse=True):
                size += len(key) + len(rows.get(key))
                if size > limit:
                    break
                kept.append(key)
        return kept

    def _filled(self, other: VectorStore, keys: list[bytes]) -> int:
        """Makes this store of rows of another, in the order that packs them densest; returns its bytes."""
        import lmdb

        shutil.rmtree(self.root, ignore_errors=True)
        keys = sorted(keys)
        try:
            for start in range(0, len(keys), _BATCH):
                part = keys[start : start + _BATCH]
                for mine, theirs in ((self._rows(), other._rows()), (self._used(), other._used())):
                    with theirs.begin(buffers=True) as read, mine.begin(write=True) as write:
                        for key in part:
                            if (value := read.get(key)) is not None:
                                write.put(key, value, append=True)
            size = self.usage().bytes
        except lmdb.Error as error:
            raise EvaluationError(
                f"{other.root}: cannot be written anew ({error}); free disk space, or delete this folder"
            ) from error
        finally:
            self._close()
        return size

    def _use(self, keys: Sequence[bytes], now: bytes) -> None:
        """Notes that rows are in use; a disk that is full loses nothing by it but the order in which rows go."""
        import lmdb

        if keys:
            with contextlib.suppress(lmdb.Error), self._used().begin(write=True) as write:
                for key in keys:
                    write.put(key, now)

    def __reduce__(self) -> tuple[type[VectorStore], tuple[Path]]:
        """Crosses to another process as the path."""
        return VectorStore, (self.root,)

    def _rows(self) -> Any:
        return self._env(self.root)

    def _used(self) -> Any:
        return self._env(self.root / "used")

    def _env(self, path: Path) -> Any:
        if path not in self._opened:
            env: Any = _OPEN.get(path)
            if env is None:
                import lmdb

                path.mkdir(parents=True, exist_ok=True)
                env = _OPEN[path] = lmdb.open(str(path), map_size=_MAP_SIZE, max_readers=512)
            self._opened[path] = env
        return self._opened[path]

    def _close(self) -> None:
        for path, env in self._opened.items():
            env.close()
            _OPEN.pop(path, None)
        self._opened.clear()


def _now() -> bytes:
    """The hour, as bytes that sort as hours do."""
    return int(time.time() // _HOUR).to_bytes(4, "big")


def _prefix(identity: str) -> bytes:
    return hashlib.sha256(identity.encode()).digest()[:16]


def _body(value: memoryview | None) -> bytes | None:
    if value is None or len(value) <= _FLAG + _CHECK:
        return None
    body = bytes(value[:-_CHECK])
    return body if hashlib.sha256(body).digest()[:_CHECK] == bytes(value[-_CHECK:]) else None
