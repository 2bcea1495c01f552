"""Files of a zip or tar archive, such as the export of a wiki."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from evalkit.backends.archives import Caps, Member, members
from evalkit.corpus.convert import SUFFIXES, to_document
from evalkit.digest import of_bytes
from evalkit.errors import CorpusError
from evalkit.types import Document, Listed, Unreadable

__all__ = ["Archive"]


@dataclass(frozen=True, slots=True)
class Archive:
    """Every file of an archive that can be converted; a document's id is its name in the archive.

    Nothing is unpacked onto a disk. A member that is a link, leads out of the archive or is too large is unreadable;
    an archive that unpacks beyond `max_total` bytes, or 200 times its size, is refused whole.

    Args:
        path: the file; a relative one is relative to the suite file.
        exclude: patterns of names to leave out ("drafts/*").
        max_bytes: a larger file is unreadable, not silently skipped.
        max_total: bytes in all.
    """

    path: Path
    exclude: tuple[str, ...] = ()
    max_bytes: int = 20_000_000
    max_total: int = 500_000_000

    def identity(self) -> str:
        return f"{self.path} {self.max_bytes}"

    def listing(self) -> Iterator[Listed]:
        for member in self._members().values():
            if self._wanted(member.name):
                yield Listed(member.name, of_bytes(member.data) + member.refused)

    def fetch(self, listed: Listed) -> Document | Unreadable | None:
        member = self._members().get(listed.doc_id)
        if member is None or not self._wanted(listed.doc_id):
            return None
        try:
            if member.refused:
                raise ValueError(member.refused)  # noqa: TRY301
            return to_document(listed.doc_id, member.data, uri=f"{self.path.name}#{listed.doc_id}")
        except ValueError as error:
            return Unreadable.because(listed.doc_id, error)

    def _members(self) -> Mapping[str, Member]:
        try:
            state = self.path.stat()
            return _read(self.path, state.st_mtime_ns, Caps(member=self.max_bytes, total=self.max_total))
        except OSError as error:
            raise CorpusError(
                f"{self.path}: {error.strerror or error}; expected a zip or tar archive"
            ) from error
        except ValueError as error:
            raise CorpusError(f"{self.path}: {error}; expected a zip or tar archive") from error

    def _wanted(self, name: str) -> bool:
        parts = PurePosixPath(name)
        return (
            parts.suffix.lower() in SUFFIXES
            and not any(part.startswith(".") and part != ".." for part in parts.parts)
            and not any(fnmatch.fnmatch(name, pattern) for pattern in self.exclude)
        )


@lru_cache(maxsize=1)
def _read(path: Path, modified: int, caps: Caps) -> Mapping[str, Member]:  # noqa: ARG001 - names the file's state
    return {member.name: member for member in members(path, caps)}
