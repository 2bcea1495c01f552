"""Immutable sets of documents as memory-mapped columns, named by the digest of what they say.

Layout under a store's root: `texts.sqlite` holds every text once; `snapshots/<digest>/` holds the columns of
one snapshot: `ids`, `facts` and `keys` (UTF-8, with their offsets) and `text` (32-byte digests), rows ordered by
document id. The digest is over ids, facts and texts: what the documents say. Keys, how sources name documents for good,
say nothing and are left out of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.lib.format import write_array_header_1_0

from evalkit.backends.blobs import Blobs
from evalkit.backends.files import sync_directory
from evalkit.digest import canonical_json
from evalkit.errors import CorpusError
from evalkit.types import Document

__all__ = ["Row", "Snapshot", "Store"]

SCHEMA_VERSION = 1
_COLUMNS = {"ids": "doc_id", "facts": "facts", "keys": "key"}
"""Columns of strings, and the field of a row that each holds."""
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
        self._text = _mapped(folder / "text.npy")

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
            text=self._texts.get(self._digest(row)),
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
        return Row(self._ids[row], self._facts[row], self._digest(row), key)

    def _digest(self, row: int) -> bytes:
        return bytes(self._text[32 * row : 32 * row + 32])

    def recomputed_digest(self) -> str:
        """Returns the digest of the columns as they are now on disk."""
        digest = hashlib.sha256()
        for row in range(len(self)):
            digest.update(_line(self.raw(row)))
        return digest.hexdigest()


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

    def size(self, digest: str) -> int:
        """Returns how many documents a snapshot holds, as it says itself."""
        header = json.loads((self.root / "snapshots" / digest / "snapshot.json").read_text())
        return int(header["documents"])

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

    def needed(self) -> Iterator[bytes]:
        """Yields the digests of the texts that published snapshots refer to, once for each that does."""
        for digest in self.digests():
            snapshot = self.read(expect=digest)
            yield from (snapshot.raw(row).text for row in range(len(snapshot)))

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
        """Stores the documents' texts and returns their rows; nothing refers to them yet."""
        rows: list[Row] = []
        for batch in _batches(documents, _BATCH):
            digests = self.texts.put(document.text for document in batch)
            rows += (
                Row(document.doc_id.encode(), _facts(document).encode(), digest)
                for document, digest in zip(batch, digests, strict=True)
            )
        return rows

    def snapshot(self, documents: Iterable[Document]) -> Snapshot:
        """Stores documents and makes a snapshot of them, whatever their order."""
        return self.publish(sorted(self.stage(documents)))

    def publish(self, rows: Iterable[Row]) -> Snapshot:
        """Makes a snapshot of rows in order of their ids, atomically; the same documents give the same one.

        Args:
            rows: iterated over twice, a row at a time.

        Raises:
            CorpusError: where two documents share an id.
        """
        count, sizes = 0, Counter[str]()
        digest, last = hashlib.sha256(), b""
        for row in rows:
            if count and row.doc_id <= last:
                raise CorpusError(
                    f"{row.doc_id.decode()}: two documents have this id; a corpus holds each id once"
                )
            count, last = count + 1, row.doc_id
            sizes.update({name: len(getattr(row, of)) for name, of in _COLUMNS.items()})
            digest.update(_line(row))
        target = self.root / "snapshots" / digest.hexdigest()
        if not target.is_dir():
            self._write(rows, count, sizes, target)
        return Snapshot(target, self.texts)

    def _write(self, rows: Iterable[Row], count: int, sizes: Mapping[str, int], target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=".new-"))
        try:
            with ExitStack() as files:
                columns = {
                    of: files.enter_context(_written(aside, name, count, sizes[name]))
                    for name, of in _COLUMNS.items()
                }
                text = files.enter_context(_array(aside / "text.npy", "|u1", (count, 32)))
                for row in rows:
                    for of, write in columns.items():
                        write(getattr(row, of))
                    text.write(row.text)
            header = {"schema_version": SCHEMA_VERSION, "documents": count}
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
        self._bytes = _mapped(folder / f"{name}.npy")
        self._at = _mapped(folder / f"{name}_at.npy")

    def __len__(self) -> int:
        return len(self._at) - 1

    def __getitem__(self, row: int) -> bytes:
        if not -1 < row < len(self):
            raise IndexError(row)
        return bytes(self._bytes[self._at[row] : self._at[row + 1]])


def _mapped(path: Path) -> memoryview:
    """Maps an array's file; single items of a view are had several times faster than those of numpy's own."""
    return memoryview(np.load(path, mmap_mode="r", allow_pickle=False).reshape(-1))


@contextmanager
def _written(folder: Path, name: str, count: int, size: int) -> Iterator[Callable[[bytes], None]]:
    """Writes a column of so many byte strings, so many bytes in all, one after another."""
    with (
        _array(folder / f"{name}.npy", "|u1", (size,)) as values,
        _array(folder / f"{name}_at.npy", "<i8", (count + 1,)) as at,
    ):
        end = 0
        at.write(end.to_bytes(8, "little"))

        def write(value: bytes) -> None:
            nonlocal end
            end += len(value)
            values.write(value)
            at.write(end.to_bytes(8, "little"))

        yield write


@contextmanager
def _array(path: Path, kind: str, shape: tuple[int, ...]) -> Iterator[BinaryIO]:
    """Opens an array's file behind its header."""
    with path.open("wb") as file:
        write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})
        yield file


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


def _line(row: Row) -> bytes:
    """What a row adds to its snapshot's digest."""
    said = [row.doc_id.decode(), row.facts.decode(), row.text.hex()]
    return canonical_json(said).encode() + b"\n"


def _batches(documents: Iterable[Document], size: int) -> Iterator[list[Document]]:
    batch: list[Document] = []
    for document in documents:
        batch.append(document)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
