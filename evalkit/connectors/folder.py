"""Files below a folder."""

from __future__ import annotations

import fnmatch
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from evalkit.backends import beneath
from evalkit.corpus.convert import SUFFIXES, to_document
from evalkit.errors import CorpusError
from evalkit.types import Document, Listed, Unreadable

__all__ = ["Folder"]

_SETTLED = 2.0
"""Seconds after which another change to a file must show in its times, on every common file system."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Every Markdown, text, HTML, Office and PDF file below a folder.

    Links are not followed and hidden files are left out. A document's id is its path below the folder; its revision
    is the file's size and times, so an unchanged file is not opened again.

    Args:
        path: the folder; a relative one is relative to the suite file.
        exclude: patterns of paths to leave out ("drafts/*").
        max_bytes: a larger file is unreadable, not silently skipped.
    """

    path: Path
    exclude: tuple[str, ...] = ()
    max_bytes: int = 20_000_000

    def identity(self) -> str:
        return f"{self.path} {self.max_bytes}"

    def listing(self) -> Iterator[Listed]:
        if not self.path.is_dir():
            raise CorpusError(f"{self.path}: no such folder; expected the folder that holds the documents")
        settled = time.time_ns() - int(_SETTLED * 1e9)
        try:
            for doc_id, state in beneath.walk(self.path):
                if self._wanted(doc_id):
                    yield Listed(doc_id, _revision(state) if state.st_ctime_ns < settled else "")
        except OSError as error:
            raise CorpusError(f"{error.filename}: cannot be listed ({error.strerror})") from error

    def fetch(self, listed: Listed) -> Document | Unreadable | None:
        if not self._wanted(listed.doc_id):
            return None
        try:
            data = beneath.read(self.path, listed.doc_id, max_bytes=self.max_bytes)
            return to_document(listed.doc_id, data, uri=listed.doc_id)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, OSError) as error:
            return Unreadable.because(listed.doc_id, error)

    def _wanted(self, doc_id: str) -> bool:
        return PurePosixPath(doc_id).suffix.lower() in SUFFIXES and not any(
            fnmatch.fnmatch(doc_id, pattern) for pattern in self.exclude
        )


def _revision(state: os.stat_result) -> str:
    return f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns} {state.st_ino}"
