"""What was read from sources, by (source, document, revision): a sync reads what changed, and goes on after a kill.

An entry is what `fetch` returned for one revision, so it never goes stale; losing the file costs a full read, nothing
else.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from evalkit.backends.database import keep_only, open_database
from evalkit.digest import canonical_json, of_bytes

__all__ = ["Entry", "Journal", "name_of"]

SCHEMA_VERSION = 1


class Entry(NamedTuple):
    """A document's facts as UTF-8 and the SHA-256 of its text; or why it is unreadable, and no digest."""

    facts: bytes
    text: bytes

    @property
    def readable(self) -> bool:
        return bool(self.text)


def name_of(identity: str, doc_id: str, revision: str) -> bytes:
    """Returns the 32 bytes under which a document's revision is kept."""
    return bytes.fromhex(of_bytes(canonical_json([identity, doc_id, revision]).encode()))


class Journal:
    """Entries in one SQLite file: crash-safe, shared by processes and suites.

    Args:
        path: the database file, created where absent.

    Raises:
        CorpusError: where a newer evalkit wrote the file, or it is no database.
    """

    def __init__(self, path: Path) -> None:
        self._db = open_database(
            path,
            "entry (name BLOB PRIMARY KEY, facts BLOB NOT NULL, text BLOB NOT NULL) WITHOUT ROWID",
            version=SCHEMA_VERSION,
            what="journal",
        )

    def get(self, name: bytes) -> Entry | None:
        """Returns what was read under this name, or None."""
        with closing(self._db.execute("SELECT facts, text FROM entry WHERE name=?", (name,))) as rows:
            row = rows.fetchone()
        return None if row is None else Entry(*row)

    def put(self, entries: Iterable[tuple[bytes, Entry]]) -> None:
        """Keeps entries, in one transaction. Their texts must be stored already."""
        with self._db:
            self._db.executemany(
                "INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", ((name, *entry) for name, entry in entries)
            )

    def keep_only(self, texts: Iterable[bytes]) -> int:
        """Deletes the entries of every other text and returns how many went; reasons for having none stay."""
        return keep_only(self._db, "entry", "text", itertools.chain(texts, [b""]))

    def close(self) -> None:
        self._db.close()
