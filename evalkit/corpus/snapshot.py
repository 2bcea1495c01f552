"""Immutable sets of documents as memory-mapped columns, named by the digest of what they say.

Layout under a store's root: `texts.sqlite` holds every text once; `snapshots/<digest>/` holds the columns of
one snapshot: `ids`, `facts` and `keys` (UTF-8, with their offsets) and `text` (32-byte digests), rows ordered by
document id. The digest is over ids, facts and texts: what the documents say. Keys, how sources name documents for good,
say nothing and are left out of it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from evalkit.backends.blobs import Blobs
from evalkit.backends.files import sync_directory
from evalkit.digest import canonical_json
from evalkit.errors import CorpusError
from evalkit.types import Document

__all__ = ["Row", "Snapshot", "Store"]

SCHEMA_VERSION = 1
_BATCH = 1000
_RECENT = 16
"""How many documents are kept at hand: neighbouring passages and hits ask for the same few again and again."""


class Row(NamedTuple):
    """A document's id and facts as UTF-8, the SHA-256 of its text, and its source's key for it."""

    doc_id: bytes
    facts: bytes
    text: bytes
    key: bytes = b""


class Snapshot:
    """A `Corpus` read from disk: documents come into being one at a time, when asked for."""

    def __init__(self, folder: Path, texts: Blobs) -> None:
        self._folder = folder
        self._texts = texts
        self._recent: dict[int, Document] = {}
        self._ids = _Strings(folder, "ids")
        self._facts = _Strings(folder, "facts")
        self._keys = _Strings(folder, "keys") if (folder / "keys.npy").exists() else None
        self._text = np.load(folder / "text.npy", mmap_mode="r", allow_pickle=False)

    def __reduce__(self) -> tuple[type[Snapshot], tuple[Path, Blobs]]:
        """Crosses to another process as the folder, not as its columns."""
        return Snapshot, (self._folder, self._texts)

    @property
    def digest(self) -> str:
        return self._folder.name

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, row: int) -> Document:
        if (document := self._recent.pop(row, None)) is None:
            document = self._read(row)
            while len(self._recent) >= _RECENT:
                del self._recent[next(iter(self._recent))]
        self._recent[row] = document
        return document

    def _read(self, row: int) -> Document:
        facts = json.loads(self._facts[row])
        return Document(
            doc_id=self._ids[row].decode(),
            text=self._texts.get(self._text[row].tobytes()),
            title=facts["title"],
            uri=facts["uri"],
            metadata=facts["metadata"],
            acl=tuple(facts["acl"]),
            modified_at=facts["modified_at"],
        )

    def __iter__(self) -> Iterator[Document]:
        return (self[row] for row in range(len(self)))

    def row(self, doc_id: str) -> int | None:
        wanted = doc_id.encode()
        row = self._first_from(wanted)
        return row if row < len(self._ids) and self._ids[row] == wanted else None

    def rows_of(self, source: str) -> range:
        """Returns the rows of one source's documents."""
        return range(self._first_from(f"{source}/".encode()), self._first_from(f"{source}0".encode()))

    def _first_from(self, wanted: bytes) -> int:
        low, high = 0, len(self._ids)
        while low < high:
            middle = (low + high) // 2
            if self._ids[middle] < wanted:
                low = middle + 1
            else:
                high = middle
        return low

    def raw(self, row: int) -> Row:
        """Returns a row as stored, without reading the text."""
        key = b"" if self._keys is None else self._keys[row]
        return Row(self._ids[row], self._facts[row], self._text[row].tobytes(), key)

    def recomputed_digest(self) -> str:
        """Returns the digest of the columns as they are now on disk."""
        return _digest(self.raw(row) for row in range(len(self)))


class Store:
    """Snapshots under one folder, sharing their texts.

    Args:
        root: the folder, created where absent.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.texts = Blobs(root / "texts.sqlite")

    def digests(self) -> list[str]:
        """Returns the digests of the published snapshots."""
        folder = self.root / "snapshots"
        return sorted(p.name for p in folder.iterdir() if len(p.name) == 64) if folder.is_dir() else []

    def find(self, start: str) -> str:
        """Returns the one digest that starts so.

        Raises:
            CorpusError: where none or several do.
        """
        found = [digest for digest in self.digests() if digest.startswith(start)]
        if len(found) == 1:
            return found[0]
        raise CorpusError(
            f"{self.root}: {len(found) or 'no'} snapshots start with {start!r}; expected one; "
            "`evalkit corpus list` names them"
        )

    def published(self, digest: str) -> float:
        """Returns when a snapshot was written, in seconds since the epoch."""
        return (self.root / "snapshots" / digest / "snapshot.json").stat().st_mtime

    def keep_only(self, digests: Collection[str]) -> tuple[int, int]:
        """Deletes every other snapshot, what killed syncs left behind, and texts that no snapshot needs.

        Returns:
            How many snapshots and texts went.
        """
        gone = [digest for digest in self.digests() if digest not in digests]
        for folder in (self.root / "snapshots").glob("*"):
            if folder.name not in digests:
                shutil.rmtree(folder)
        return len(gone), self.texts.keep_only(self.needed())

    def needed(self) -> set[bytes]:
        """Returns the digests of the texts that published snapshots refer to."""
        kept = (self.read(expect=digest) for digest in self.digests())
        return {snapshot.raw(row).text for snapshot in kept for row in range(len(snapshot))}

    def read(self, expect: str) -> Snapshot:
        """Opens the snapshot with this digest and no other.

        Raises:
            CorpusError: where the store does not hold it whole.
        """
        folder = self.root / "snapshots" / expect
        try:
            header = json.loads((folder / "snapshot.json").read_text())
            if header["schema_version"] > SCHEMA_VERSION:
                raise CorpusError(
                    f"{folder}: written by a newer evalkit (version {header['schema_version']}); "
                    "upgrade evalkit"
                )
            snapshot = Snapshot(folder, self.texts)
        except FileNotFoundError:
            raise CorpusError(
                f"{self.root}: snapshot {expect[:12]} is not in this store; run `evalkit sync` to fetch it"
            ) from None
        except (OSError, ValueError, KeyError) as error:
            raise CorpusError(f"{folder}: damaged ({error}); delete it and sync again") from error
        found = snapshot.recomputed_digest()
        if found != expect:
            raise CorpusError(
                f"{folder}: its documents now have digest {found[:12]}, expected {expect[:12]}; "
                "it was changed after it was written: delete it and sync again"
            )
        return snapshot

    def stage(self, documents: Iterable[Document]) -> list[Row]:
        """Stores the documents' texts and returns their rows, for `publish`; nothing refers to them yet."""
        rows: list[Row] = []
        for batch in _batches(documents, _BATCH):
            digests = self.texts.put(document.text for document in batch)
            rows += (
                Row(document.doc_id.encode(), _facts(document).encode(), digest)
                for document, digest in zip(batch, digests, strict=True)
            )
        return rows

    def publish(self, staged: Iterable[Row]) -> Snapshot:
        """Makes a snapshot of staged rows, atomically; the same documents in any order give the same one.

        Raises:
            CorpusError: where two documents share an id.
        """
        rows = sorted(staged)
        for before, after in itertools.pairwise(rows):
            if before.doc_id == after.doc_id:
                raise CorpusError(
                    f"{before.doc_id.decode()}: two documents have this id; a corpus holds each id once"
                )
        target = self.root / "snapshots" / _digest(rows)
        if not target.is_dir():
            self._write(rows, target)
        return Snapshot(target, self.texts)

    def _write(self, rows: Sequence[Row], target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=".new-"))
        try:
            _write_strings(aside, "ids", [row.doc_id for row in rows])
            _write_strings(aside, "facts", [row.facts for row in rows])
            _write_strings(aside, "keys", [row.key for row in rows])
            text = np.frombuffer(b"".join(row.text for row in rows), dtype=np.uint8).reshape(-1, 32)
            np.save(aside / "text.npy", text, allow_pickle=False)
            header = {"schema_version": SCHEMA_VERSION, "documents": len(rows)}
            (aside / "snapshot.json").write_text(json.dumps(header))
            for file in aside.iterdir():
                with file.open("rb") as handle:
                    os.fsync(handle.fileno())
            aside.chmod(0o755)
            try:
                aside.rename(target)
            except OSError:
                if not target.is_dir():
                    raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        sync_directory(target.parent)


class _Strings:
    """A memory-mapped column of byte strings."""

    def __init__(self, folder: Path, name: str) -> None:
        self._bytes = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        self._at = np.load(folder / f"{name}_at.npy", mmap_mode="r", allow_pickle=False)

    def __len__(self) -> int:
        return len(self._at) - 1

    def __getitem__(self, row: int) -> bytes:
        if not -1 < row < len(self):
            raise IndexError(row)
        return bytes(self._bytes[self._at[row] : self._at[row + 1]])


def _write_strings(folder: Path, name: str, values: Sequence[bytes]) -> None:
    at = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum([len(value) for value in values], out=at[1:])
    np.save(folder / f"{name}.npy", np.frombuffer(b"".join(values), dtype=np.uint8), allow_pickle=False)
    np.save(folder / f"{name}_at.npy", at, allow_pickle=False)


def _facts(document: Document) -> str:
    return canonical_json(
        {
            "title": document.title,
            "uri": document.uri,
            "metadata": dict(document.metadata),
            "acl": document.acl,
            "modified_at": document.modified_at,
        }
    )


def _digest(rows: Iterable[Row]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        said = [row.doc_id.decode(), row.facts.decode(), row.text.hex()]
        digest.update(canonical_json(said).encode() + b"\n")
    return digest.hexdigest()


def _batches(documents: Iterable[Document], size: int) -> Iterator[list[Document]]:
    batch: list[Document] = []
    for document in documents:
        batch.append(document)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
