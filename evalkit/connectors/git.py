"""Files of a git repository at a ref."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from pydantic import SecretStr

from evalkit.backends.git import File, Mirror, Origin, Touch, blob
from evalkit.corpus.convert import SUFFIXES, to_document
from evalkit.types import Document, Listed, Unreadable

__all__ = ["Git"]

_LFS = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True)
class Git:
    """Every Markdown, text, HTML, Office and PDF file of a commit, from a bare mirror that only fetches what is new.

    A document's id is its path in the repository; its time and author are those of the last commit that changed it.

    Args:
        url: https or ssh.
        path: instead of a URL, a repository or a bundle on this machine; a relative one is relative to the suite file.
        ref: a branch, a tag, a commit; HEAD is the default branch.
        folder: only files below it ("docs").
        exclude: patterns of paths to leave out ("drafts/*").
        token: for https, such as "${GIT_TOKEN}".
        max_bytes: a larger file is unreadable, not silently skipped.
        allow_private: whether the URL may lead to a private network, by http too.
    """

    url: str = ""
    path: Path | None = None
    ref: str = "HEAD"
    folder: str = ""
    exclude: tuple[str, ...] = ()
    token: SecretStr | None = None
    max_bytes: int = 20_000_000
    allow_private: bool = False

    def __post_init__(self) -> None:
        if bool(self.url) == (self.path is not None):
            raise ValueError("give one of url and path")

    def identity(self) -> str:
        return f"{self.url or self.path} {self.max_bytes}"

    def listing(self) -> Iterator[Listed]:
        mirror = self._mirror()
        for file, touch in self._files(mirror, mirror.update(self.ref)):
            yield self._listed(file, touch)

    def fetch(self, listed: Listed) -> Document | Unreadable | None:
        mirror = self._mirror()
        if not listed.stated:
            commit = mirror.commit(self.ref)
            if not any(file.path == listed.doc_id for file in mirror.files(commit, listed.doc_id)):
                return None
            known = self._files(mirror, commit)
            listed = next((self._listed(*found) for found in known if found[0].path == listed.doc_id), listed)
            if not listed.stated:
                return None
        try:
            return self._document(listed, mirror)
        except ValueError as error:
            return Unreadable.because(listed.doc_id, error)

    def _document(self, listed: Listed, mirror: Mirror) -> Document:
        size = int(listed.stated["size"])
        if size > self.max_bytes:
            raise ValueError(f"{size:,} bytes; at most {self.max_bytes:,} are read (max_bytes)")
        data = blob(mirror, listed.stated["blob"])
        if data.startswith(_LFS):
            raise ValueError("its content is in Git LFS, which is not fetched; exclude it")
        document = to_document(listed.doc_id, data, uri=f"{self.url or 'git'}#{listed.doc_id}")
        author = {"author": listed.stated["author"]} if listed.stated["author"] else {}
        return replace(
            document,
            metadata={**author, **document.metadata},
            modified_at=document.modified_at or listed.stated["time"] or None,
        )

    def _mirror(self) -> Mirror:
        local = self.path is not None
        place = str(self.path.resolve()) if self.path is not None else self.url
        token = self.token.get_secret_value() if self.token else ""
        return Mirror(Origin(place, local=local, token=token, allow_private=self.allow_private))

    def _files(self, mirror: Mirror, commit: str) -> list[tuple[File, Touch | None]]:
        touched = mirror.touched(commit)
        files = mirror.files(commit, self.folder)
        return [(file, touched.get(file.path)) for file in files if self._wanted(file.path)]

    def _wanted(self, path: str) -> bool:
        parts = PurePosixPath(path)
        return (
            parts.suffix.lower() in SUFFIXES
            and not any(part.startswith(".") for part in parts.parts)
            and not any(fnmatch.fnmatch(path, pattern) for pattern in self.exclude)
        )

    @staticmethod
    def _listed(file: File, touch: Touch | None) -> Listed:
        stated = {"blob": file.blob, "size": str(file.size)}
        if touch is None:
            return Listed(file.path, file.blob, stated={**stated, "author": "", "time": ""})
        stated |= {"author": touch.author, "time": touch.iso}
        return Listed(file.path, f"{file.blob} {touch.commit}", stated=stated)
