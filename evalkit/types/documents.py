"""Documents, passages and the corpus that holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from evalkit.types.arrays import Ints

__all__ = ["Corpus", "Document", "Listed", "Passage", "Passages", "Span", "Unreadable"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one document: `document.text[start:end]`, offsets in characters.

    `heading` is the breadcrumb of the section it lies in ("Guide > Install"), empty where unknown.
    """

    doc: str
    start: int
    end: int
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One source text as searched, with what its source says about it.

    `doc_id` is "<source name>/<path at the source>". `acl` lists the groups and users that may read it; empty
    means public. `modified_at` is an ISO 8601 time stated by the source, or None where it states none.
    """

    doc_id: str
    text: str
    title: str = ""
    uri: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    acl: tuple[str, ...] = ()
    modified_at: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """What a source lists: one document, before its body is read.

    `doc_id` is its path at the source. `revision` changes whenever its text, its facts or who may read it change (an
    ETag, a version, a blob's hash, with a digest of the permissions where they are versioned apart); empty where the
    source cannot say, and then the body is read every time. `key` is how the source names it for good (a page id, a
    file id: it survives renames), empty where the path is all there is. `stated` carries what the listing said
    already on to `fetch`; it is stored nowhere.
    """

    doc_id: str
    revision: str
    key: str = ""
    stated: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A document that its source lists but that could not be turned into text, and why.

    `lasting`: whether the same revision would be unreadable again; one that need not be is read anew by the next sync.
    """

    doc_id: str
    reason: str
    lasting: bool = True

    @classmethod
    def because(cls, doc_id: str, error: Exception) -> Unreadable:
        """Takes the reason from an error, which may say by an attribute `lasting` whether it would come again."""
        return cls(doc_id, str(error), getattr(error, "lasting", not isinstance(error, OSError)))


class Corpus(Protocol):
    """An immutable, ordered set of documents; rows are ordered by `doc_id`."""

    @property
    def digest(self) -> str:
        """SHA-256 over everything the documents say; equal digests mean equal corpora."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int, /) -> Document: ...

    def row(self, doc_id: str) -> int | None:
        """Returns the document's row, or None where the corpus does not hold it."""


@dataclass(frozen=True, slots=True)
class Passage:
    """The retrieved unit: a span and its text."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Passages:
    """A corpus cut into passages, as columns ordered by (doc, start, end).

    `doc`, `start`, `end`: int32[n]; `doc` is a row of the corpus. `heading`: int32[n] into `headings`, whose
    first entry is the empty string. `digest` identifies the corpus and the cuts.
    """

    corpus: Corpus
    doc: Ints
    start: Ints
    end: Ints
    heading: Ints
    headings: tuple[str, ...]
    digest: str

    def __len__(self) -> int:
        return len(self.doc)

    def __getitem__(self, row: int) -> Passage:
        document = self.corpus[int(self.doc[row])]
        start, end = int(self.start[row]), int(self.end[row])
        heading = self.headings[int(self.heading[row])]
        return Passage(Span(document.doc_id, start, end, heading), document.text[start:end])

    def texts(self) -> Iterator[str]:
        """Yields every passage's text in row order, reading each document once."""
        row, text = -1, ""
        for doc, start, end in zip(self.doc, self.start, self.end, strict=True):
            if doc != row:
                row, text = int(doc), self.corpus[int(doc)].text
            yield text[start:end]
