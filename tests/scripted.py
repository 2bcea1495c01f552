"""A source in memory whose every move is scripted, and a suite whose documents come from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field

from evalkit.corpus import lock
from evalkit.corpus.snapshot import Store
from evalkit.errors import CorpusError
from evalkit.suite import Suite, load_suite
from evalkit.sync import Synced
from evalkit.sync import sync as run_sync
from evalkit.types import Document, Listed, Unreadable
from tests.conftest import Write, silent

SUITE = """\
name: demo
owner: ines@acme.example
corpus: {docs: {folder: docs}}
golden: golden.jsonl
measures: [Recall@2]
variants: {v: {chunker: {fixed: 60}, retriever: bm25}}
"""


@dataclass
class Page:
    text: str
    revision: str = "1"
    key: str = ""
    acl: tuple[str, ...] = ()
    modified_at: str | None = None


@dataclass
class Source:
    """A source in memory; `hidden` pages are left out of the listing, `lost` ones are gone when they are read."""

    pages: dict[str, Page]
    hidden: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    reads: list[str] = field(default_factory=list)
    broken: bool = False
    failing: set[str] = field(default_factory=set)

    def identity(self) -> str:
        return "a source"

    def listing(self) -> Iterator[Listed]:
        for name, page in self.pages.items():
            if name not in self.hidden:
                yield Listed(name, page.revision, page.key)
        if self.broken:
            raise CorpusError("docs: page 2 of the listing could not be had")

    def fetch(self, listed: Listed) -> Document | Unreadable | None:
        page = self.pages.get(listed.doc_id)
        if page is None or listed.doc_id in self.lost:
            return None
        if listed.doc_id in self.failing:
            raise CorpusError(f"docs: {listed.doc_id} could not be had")
        self.reads.append(listed.doc_id)
        if not page.text:
            return Unreadable(listed.doc_id, "holds no text to search")
        return Document(listed.doc_id, page.text, acl=page.acl, modified_at=page.modified_at)


def project(write: Write) -> Suite:
    write("docs/a.md", "a")
    write("golden.jsonl", "")
    write("pyproject.toml", "")
    return load_suite(write("suite.yaml", SUITE))


def sync(suite: Suite, source: Source, **options: float) -> Synced:
    source.reads.clear()
    return run_sync(dataclasses.replace(suite, corpus={"docs": source}), silent, **options)  # type: ignore[arg-type]


def ten(**pages: Page) -> Source:
    return Source({f"p{number}": Page(f"text {number}") for number in range(10)} | pages)


def held(suite: Suite) -> list[str]:
    snapshot = Store(suite.home / "corpus").read(lock.read(suite.lock).digest)
    return [document.doc_id for document in snapshot]
