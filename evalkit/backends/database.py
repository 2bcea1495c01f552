"""SQLite files of our own: crash-safe, shared by processes, refused where a newer evalkit wrote them.

Standard library only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from evalkit.errors import CorpusError

__all__ = ["keep_only", "open_database", "scratch"]


def open_database(path: Path, table: str, *, version: int, what: str) -> sqlite3.Connection:
    """Opens a database of one table, creating what is absent; its connection may cross threads.

    Args:
        path: the file.
        table: the table's name, columns and options.
        version: of the table's schema.
        what: what the file is to its user ("store"), for messages.

    Raises:
        CorpusError: where a newer evalkit wrote the file, or it is no database.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=60, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        found = database.execute("PRAGMA user_version").fetchone()[0]
        if found <= version:
            database.execute(f"CREATE TABLE IF NOT EXISTS {table}")
            database.execute(f"PRAGMA user_version={version}")
    except sqlite3.DatabaseError as error:
        database.close()
        raise CorpusError(f"{path}: not a readable {what} ({error}); delete it and sync again") from error
    if found > version:
        database.close()
        raise CorpusError(
            f"{path}: written by a newer evalkit ({what} version {found}, this one reads {version}); "
            "upgrade evalkit"
        )
    return database


def scratch(path: Path, table: str, *indexes: str) -> sqlite3.Connection:
    """Opens an empty database for one process's use, faster than it is safe: whoever is killed begins anew.

    Args:
        path: the file; what is there is replaced.
        table: the table's name, columns and constraints.
        indexes: each with its name and columns.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path, check_same_thread=False)
    for setting in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-65536"):
        database.execute(f"PRAGMA {setting}")
    database.execute(f"CREATE TABLE {table}")
    for index in indexes:
        database.execute(f"CREATE INDEX {index}")
    return database


def keep_only(database: sqlite3.Connection, table: str, column: str, values: Iterable[bytes]) -> int:
    """Deletes the rows that hold none of these values, in one transaction, and returns how many went."""
    with database:
        database.execute("CREATE TEMP TABLE kept (value BLOB PRIMARY KEY) WITHOUT ROWID")
        database.executemany("INSERT OR IGNORE INTO kept VALUES (?)", ((value,) for value in values))
        gone = database.execute(
            f"DELETE FROM {table} WHERE {column} NOT IN (SELECT value FROM kept)"  # noqa: S608 - names of our own
        ).rowcount
        database.execute("DROP TABLE kept")
    return gone
