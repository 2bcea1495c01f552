"""What connectors remember of their sources between two listings, such as up to where a feed of changes was read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from evalkit.backends.database import open_database
from evalkit.digest import of_bytes
from evalkit.types import Memory

__all__ = ["Memories"]

SCHEMA_VERSION = 1


class Memories:
    """One memory for each source in one SQLite file; losing the file costs a full listing, nothing else.

    Args:
        path: the database file, created where absent.

    Raises:
        CorpusError: where a newer evalkit wrote the file, or it is no database.
    """

    def __init__(self, path: Path) -> None:
        self._db = open_database(
            path,
            "fact (source TEXT, name TEXT, value TEXT NOT NULL, PRIMARY KEY (source, name)) WITHOUT ROWID",
            version=SCHEMA_VERSION,
            what="memory of sources",
        )

    def of(self, source: str) -> Memory:
        """Returns what is remembered of a source, by a name that tells it from every other."""
        return _Memory(self._db, of_bytes(source.encode()))

    def forget(self) -> None:
        """Empties all of them."""
        with self._db:
            self._db.execute("DELETE FROM fact")
        self._db.execute("VACUUM")

    def close(self) -> None:
        self._db.close()


class _Memory:
    """A `Memory` on disk."""

    def __init__(self, database: sqlite3.Connection, source: str) -> None:
        self._db = database
        self._source = source

    def get(self, name: str, /) -> str | None:
        asked = "SELECT value FROM fact WHERE source=? AND name=?"
        row = self._db.execute(asked, (self._source, name)).fetchone()
        return None if row is None else str(row[0])

    def items(self) -> Iterator[tuple[str, str]]:
        asked = "SELECT name, value FROM fact WHERE source=?"
        with closing(self._db.execute(asked, (self._source,))) as facts:
            yield from facts

    def update(self, facts: Mapping[str, str], /) -> None:
        with self._db:
            self._db.executemany(
                "INSERT OR REPLACE INTO fact VALUES (?, ?, ?)",
                ((self._source, *fact) for fact in facts.items()),
            )

    def clear(self) -> None:
        with self._db:
            self._db.execute("DELETE FROM fact WHERE source=?", (self._source,))
