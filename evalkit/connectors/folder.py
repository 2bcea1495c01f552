"""Files below a folder."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evalkit.corpus.convert import SUFFIXES, to_document
from evalkit.errors import CorpusError
from evalkit.types import Document, Unreadable

__all__ = ["Folder"]


@dataclass(frozen=True, slots=True)
class Folder:
    """Every Markdown, text and HTML file below a folder.

    Links are not followed and hidden files are left out. A document's id is its path below the folder.

    Args:
        path: the folder; a relative one is relative to the suite file.
        exclude: patterns of paths to leave out ("drafts/*").
        max_bytes: a larger file is unreadable, not silently skipped.
    """

    path: Path
    exclude: tuple[str, ...] = ()
    max_bytes: int = 20_000_000

    def documents(self) -> Iterator[Document | Unreadable]:
        if not self.path.is_dir():
            raise CorpusError(f"{self.path}: no such folder; expected the folder that holds the documents")
        for path in _files(self.path):
            doc_id = path.relative_to(self.path).as_posix()
            if any(fnmatch.fnmatch(doc_id, pattern) for pattern in self.exclude):
                continue
            try:
                yield self._read(path, doc_id)
            except (ValueError, OSError) as error:
                yield Unreadable(doc_id, str(error))

    def _read(self, path: Path, doc_id: str) -> Document:
        size = path.stat().st_size
        if size > self.max_bytes:
            raise ValueError(f"{size:,} bytes; at most {self.max_bytes:,} are read (max_bytes)")
        return to_document(doc_id, path.read_bytes(), uri=doc_id)


def _files(root: Path) -> Iterator[Path]:
    """Walks in a stable order, following no link."""

    def refuse(error: OSError) -> None:
        raise CorpusError(f"{error.filename}: cannot be listed ({error.strerror})") from error

    for folder, folders, names in os.walk(root, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if not name.startswith(".") and path.suffix.lower() in SUFFIXES and not path.is_symlink():
                yield path
