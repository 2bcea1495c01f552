"""Documents, sheets, slides and files of Google Drive, over the official client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from pydantic import SecretStr

from evalkit.backends import gdrive_api
from evalkit.connectors.formats import UNDOCUMENTED, documented, undocumented
from evalkit.connectors.gdrive_tree import FOLDER, entries
from evalkit.connectors.paths import Node, ancestors, paths
from evalkit.corpus.convert import SUFFIXES, to_document
from evalkit.errors import CorpusError
from evalkit.types import Document, Listed, Memory, Unreadable

__all__ = ["GDrive"]

_NATIVE = {
    "application/vnd.google-apps.document": (".md", "text/markdown"),
    # As a workbook: the table formats hold the first sheet alone.
    "application/vnd.google-apps.spreadsheet": (".xlsx", SUFFIXES[".xlsx"]),
    "application/vnd.google-apps.presentation": (".txt", "text/plain"),
}
_SUFFIX = {kind: suffix for suffix, kind in reversed(SUFFIXES.items())}
"""Content type -> the suffix by which it is converted."""


@dataclass(frozen=True, slots=True)
class GDrive:
    """Every document that an account may read, or those of a shared drive or below a folder.

    A document's id is its path of names; its revision is its version at Drive and who may read it. Drawings, forms,
    images and shortcuts are left out.

    Args:
        key: a service account's key, the JSON file's content, from the environment ("${GOOGLE_KEY}").
        token: instead of a key, an OAuth access token.
        drive: a shared drive's id; what the account has and what is shared with it where empty.
        folder: a folder's id: only what lies below it.
        access: who may read files whose permissions the account may not see; without it those are unreadable.
        max_bytes: a larger file is unreadable, not silently skipped.
        url: the API's address.
        allow_private: whether that address may be on a private network.
    """

    key: SecretStr | None = None
    token: SecretStr | None = None
    drive: str = ""
    folder: str = ""
    access: tuple[str, ...] = ()
    max_bytes: int = 20_000_000
    url: str = "https://www.googleapis.com"
    allow_private: bool = False

    def __post_init__(self) -> None:
        if (self.key is None) == (self.token is None):
            raise ValueError("give one of key and token")

    def identity(self) -> str:
        return f"{self.url} {self.access} {self.max_bytes}"

    def listing(self) -> Iterator[Listed]:
        return self.listing_since({})

    def listing_since(self, memory: Memory) -> Iterator[Listed]:
        with documented(self.url):
            found = entries(self._api(), self.drive, memory)
        if self.folder and self.folder not in found:
            raise CorpusError(
                f"gdrive: folder {self.folder} is not listed; expected a folder's id that is shared with the account"
            )
        nodes = {key: Node(entry.parent, entry.name) for key, entry in found.items()}
        named = paths(nodes)
        for key, entry in found.items():
            wanted = not self.folder or self.folder in ancestors(nodes, key)
            if wanted and _suffix(entry.kind, entry.name):
                yield Listed(named[key], entry.revision, key, {"listed": "yes"})

    def fetch(self, listed: Listed) -> Document | Unreadable | None:
        try:
            return self._document(listed)
        except (gdrive_api.Refused, ValueError) as error:
            return Unreadable.because(listed.doc_id, error)
        except UNDOCUMENTED as error:
            return Unreadable(listed.doc_id, undocumented(error), lasting=False)

    def _document(self, listed: Listed) -> Document | None:
        file = self._api().one(listed.key)
        if file is None or file.get("trashed"):
            return None
        kind, name = str(file.get("mimeType") or ""), str(file.get("name") or "")
        if not (suffix := _suffix(kind, name)):
            return None
        if not listed.stated and not self._wanted(file):
            return None
        acl = self._acl(listed.key)
        data = self._data(file)
        if data is None:
            return None
        found = to_document(f"{listed.doc_id}{suffix}", data, uri=str(file.get("webViewLink") or ""))
        owner: Mapping[str, Any] = next(iter(file.get("owners") or ()), {})
        return replace(
            found,
            doc_id=listed.doc_id,
            title=name,
            acl=acl,
            modified_at=file.get("modifiedTime"),
            metadata={
                **found.metadata,
                "author": str(owner.get("emailAddress") or owner.get("displayName") or ""),
                "content_type": kind,
            },
        )

    def _data(self, file: Mapping[str, Any]) -> bytes | None:
        size = int(file.get("size") or 0)
        if (native := _NATIVE.get(str(file["mimeType"]))) is not None:
            return self._api().export(str(file["id"]), native[1])
        if size > self.max_bytes:
            raise ValueError(f"{size:,} bytes; at most {self.max_bytes:,} are read (max_bytes)")
        return self._api().download(str(file["id"]))

    def _acl(self, key: str) -> tuple[str, ...]:
        said = self._api().permissions(key)
        if said is not None:
            return _readers(said)
        if not self.access:
            raise ValueError(
                "the account may not see who can read it; make it an editor or a manager, or say so with `access`"
            )
        return tuple(sorted(self.access))

    def _wanted(self, file: Mapping[str, Any]) -> bool:
        """Whether a file that the listing left out still lies where it looks, asked folder by folder."""
        if self.drive and file.get("driveId") != self.drive:
            return False
        seen: set[str] = set()
        while self.folder:
            parent = str(next(iter(file.get("parents") or ()), ""))
            if parent == self.folder:
                return True
            if not parent or parent in seen or (above := self._api().one(parent)) is None:
                return False
            seen.add(parent)
            file = above
        return True

    def _api(self) -> gdrive_api.Drive:
        return gdrive_api.connect(self.url, self.key, self.token, allow_private=self.allow_private)


def _suffix(kind: str, name: str) -> str:
    """The suffix by which a file is converted, "" where it is none that can be."""
    if kind in _NATIVE:
        return _NATIVE[kind][0]
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if suffix in SUFFIXES and kind != FOLDER else _SUFFIX.get(kind, "")


def _readers(permissions: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Who may read: empty, public, where anyone with the link may."""
    live = [item for item in permissions if not item.get("deleted")]
    if any(item["type"] == "anyone" for item in live):
        return ()
    names = {
        f"{item['type']}:{item.get('emailAddress') or item.get('domain') or item.get('id')}" for item in live
    }
    return tuple(sorted(names)) or ("nobody",)
