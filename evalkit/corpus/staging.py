"""What the sources list, on its way into a snapshot: on disk while a sync runs, so that a million fit any memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from pathlib import Path

from evalkit.backends.database import scratch
from evalkit.corpus.journal import Entry
from evalkit.corpus.snapshot import Row
from evalkit.errors import CorpusError
from evalkit.types import Listed, Unreadable

__all__ = ["Staging"]

_TABLE = """\
document (id INTEGER PRIMARY KEY, source TEXT, doc_id BLOB UNIQUE, key BLOB, revision TEXT, stated TEXT,
facts BLOB, text BLOB)"""
_INDEXES = (
    "pending ON document (source, id) WHERE text IS NULL",
    "keyed ON document (source, key) WHERE key != x''",
)


class Staging:
    """Documents of all sources, each pending, readable or unreadable; yields the rows of the readable ones by id.

    Args:
        path: the file, which is gone when this is closed; one that a killed sync left is replaced.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = scratch(path, _TABLE, *_INDEXES)

    def add(self, source: str, found: Iterable[tuple[Listed, Entry | None]]) -> None:
        """Takes documents that a source lists, with what is known of them; None makes them pending.

        Raises:
            CorpusError: where it lists one twice.
        """
        for listed, entry in found:
            facts, text = entry or (None, None)
            stated = json.dumps(dict(listed.stated)) if entry is None else ""
            row = (
                source, f"{source}/{listed.doc_id}".encode(), listed.key.encode(), listed.revision,
                stated, facts, text,
            )  # fmt: skip
            try:
                self._db.execute("INSERT INTO document VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError:
                raise CorpusError(
                    f"{source}/{listed.doc_id}: the source lists this document twice; expected once"
                ) from None

    def settle(self, source: str, read: Iterable[tuple[Listed, Entry | None]]) -> None:
        """Says what became of pending documents; None takes them out, since they were gone when asked for."""
        for listed, entry in read:
            doc_id = f"{source}/{listed.doc_id}".encode()
            if entry is None:
                self._db.execute("DELETE FROM document WHERE doc_id=?", (doc_id,))
            else:
                self._db.execute("UPDATE document SET facts=?, text=? WHERE doc_id=?", (*entry, doc_id))

    def pending(self, source: str, batch: int) -> Iterator[list[Listed]]:
        """Yields what must be read, in the order of the listing; documents may be settled meanwhile."""
        last = 0
        asked = (
            "SELECT id, doc_id, revision, key, stated FROM document WHERE source=? AND text IS NULL AND id>? "
            "ORDER BY id LIMIT ?"
        )
        while rows := self._db.execute(asked, (source, last, batch)).fetchall():
            last = rows[-1][0]
            yield [
                Listed(doc_id.decode().removeprefix(f"{source}/"), revision, key.decode(), json.loads(stated))
                for _, doc_id, revision, key, stated in rows
            ]

    def counts(self, source: str) -> tuple[int, int, int]:
        """Returns how many of a source's documents are readable, unreadable and pending."""
        asked = (
            "SELECT total(length(text) > 0), total(length(text) = 0), total(text IS NULL) "
            "FROM document WHERE source=?"
        )
        readable, unreadable, pending = self._db.execute(asked, (source,)).fetchone()
        return int(readable), int(unreadable), int(pending)

    def unreadable(self, source: str) -> list[Unreadable]:
        """Returns a source's documents that cannot be read, and why."""
        asked = "SELECT doc_id, facts FROM document WHERE source=? AND text = x'' ORDER BY id"
        return [
            Unreadable(doc_id.decode(), reason.decode())
            for doc_id, reason in self._db.execute(asked, (source,))
        ]

    def lacks(self, source: str, row: Row) -> bool:
        """Whether none of a source's documents has a row's id or key."""
        asked = (
            "SELECT 1 FROM document WHERE doc_id=? UNION ALL "
            "SELECT 1 FROM document WHERE source=? AND key=? AND key != x''"
        )
        return self._db.execute(asked, (row.doc_id, source, row.key)).fetchone() is None

    def among(self, source: str, texts: Collection[bytes]) -> set[bytes]:
        """Returns those of these digests of texts that one of a source's documents has."""
        if not texts:
            return set()
        with closing(self._db.execute("SELECT text FROM document WHERE source=?", (source,))) as rows:
            return {text for (text,) in rows if text in texts}

    def __len__(self) -> int:
        """How many documents are readable."""
        return int(self._db.execute("SELECT count(*) FROM document WHERE length(text) > 0").fetchone()[0])

    def __iter__(self) -> Iterator[Row]:
        asked = "SELECT doc_id, facts, text, key FROM document WHERE length(text) > 0 ORDER BY doc_id"
        with closing(self._db.execute(asked)) as rows:
            for row in rows:
                yield Row(*row)

    def close(self) -> None:
        self._db.close()
        self._path.unlink()
