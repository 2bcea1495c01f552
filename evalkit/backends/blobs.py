"""Content-addressed texts in one SQLite file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from evalkit.backends.database import keep_only, open_database
from evalkit.errors import CorpusError

__all__ = ["Blobs"]

SCHEMA_VERSION = 1


class Blobs:
    """Texts by the SHA-256 of their UTF-8 bytes; a text is stored once, whoever refers to it.

    Args:
        path: the database file, created where absent.

    Raises:
        CorpusError: where a newer evalkit wrote the file, or it is no database.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = open_database(
            path,
            "text (digest BLOB PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
            version=SCHEMA_VERSION,
            what="store",
        )

    def __reduce__(self) -> tuple[type[Blobs], tuple[Path]]:
        """Crosses to another process as the path, not as the connection."""
        return Blobs, (self.path.absolute(),)

    def __contains__(self, digest: bytes) -> bool:
        with closing(self._db.execute("SELECT 1 FROM text WHERE digest=?", (digest,))) as rows:
            return rows.fetchone() is not None

    def put(self, texts: Iterable[str]) -> list[bytes]:
        """Stores texts in one transaction and returns their digests in order."""
        digests: list[bytes] = []
        with self._db:
            for text in texts:
                body = text.encode()
                digests.append(hashlib.sha256(body).digest())
                self._db.execute("INSERT OR IGNORE INTO text VALUES (?, ?)", (digests[-1], body))
        return digests

    def get(self, digest: bytes) -> str:
        """Returns a text.

        Raises:
            CorpusError: where the store does not hold it, or holds other bytes.
        """
        with closing(self._db.execute("SELECT body FROM text WHERE digest=?", (digest,))) as rows:
            row = rows.fetchone()
        if row is None:
            raise CorpusError(f"{self.path}: text {digest.hex()[:12]} is missing; run `evalkit sync` again")
        if hashlib.sha256(row[0]).digest() != digest:
            raise CorpusError(
                f"{self.path}: text {digest.hex()[:12]} is damaged; delete the store and sync again"
            )
        return str(row[0], "utf-8")

    def damaged(self) -> Iterator[bytes]:
        """Re-hashes every text and yields the digests whose bytes no longer match."""
        with closing(self._db.execute("SELECT digest, body FROM text")) as rows:
            for digest, body in rows:
                if hashlib.sha256(body).digest() != digest:
                    yield digest

    def keep_only(self, digests: Iterable[bytes]) -> int:
        """Deletes every other text and returns how many went."""
        gone = keep_only(self._db, "text", "digest", digests)
        self._db.execute("VACUUM")
        return gone

    def close(self) -> None:
        self._db.close()
