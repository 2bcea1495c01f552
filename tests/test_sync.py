"""Sync against a source whose every move is scripted: what is read, kept, deleted, refused and pinned."""

from __future__ import annotations

import dataclasses
import json
import shutil
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from evalkit.corpus import lock
from evalkit.corpus.intake import deletable
from evalkit.corpus.journal import Entry
from evalkit.corpus.snapshot import Store
from evalkit.corpus.staging import Staging
from evalkit.errors import CorpusError
from evalkit.evaluate import Evaluation, read_corpus
from evalkit.gates.figure import Figure
from evalkit.suite import Suite, load_suite
from evalkit.sync import Synced, collect, examine, preview
from evalkit.sync import sync as run_sync
from evalkit.types import Document, Listed, Outcome, Unreadable
from tests.conftest import Write, golden, silent

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


@pytest.fixture
def suite(write: Write) -> Suite:
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


def test_only_what_changed_is_read(suite: Suite) -> None:
    source = ten()
    first = sync(suite, source)
    assert first.changed
    assert len(source.reads) == 10
    again = sync(suite, source)
    assert source.reads == []
    assert (again.changed, again.digest) == (False, first.digest)
    source.pages["p3"] = Page("other words", revision="2")
    source.pages["new"] = Page("new words")
    third = sync(suite, source)
    assert sorted(source.reads) == ["new", "p3"]
    assert third.changes is not None
    assert (third.changes.added, third.changes.edited) == (("docs/new",), ("docs/p3",))


def test_a_source_without_revisions_is_read_every_time(suite: Suite) -> None:
    source = Source({"a": Page("a", revision=""), "b": Page("b")})
    sync(suite, source)
    sync(suite, source)
    assert source.reads == ["a"]


def test_a_source_that_fails_for_one_document_keeps_those_that_came(suite: Suite) -> None:
    source = ten()
    source.failing = {"p5"}
    with pytest.raises(CorpusError, match="p5 could not be had"):
        sync(suite, source)
    assert not suite.lock.exists()
    read = set(source.reads)
    assert read >= {"p0", "p1", "p2", "p3", "p4"}
    source.failing = set()
    sync(suite, source)
    assert set(source.reads) == set(source.pages) - read


def test_documents_are_read_several_at_a_time(suite: Suite) -> None:
    together = threading.Barrier(4)

    class Slow(Source):
        def fetch(self, listed: Listed) -> Document | Unreadable | None:
            together.wait(timeout=30)
            return super().fetch(listed)

    assert sync(suite, Slow({str(number): Page("text") for number in range(12)})).changed


def test_memory_does_not_grow_with_the_corpus(suite: Suite) -> None:
    class Long(Source):
        """Documents of two kilobytes, with facts of two more."""

        def fetch(self, listed: Listed) -> Document:
            return Document(
                listed.doc_id, f"{listed.doc_id} {2000 * 'x'}", uri=f"{listed.doc_id} {2000 * 'y'}"
            )

    def peak(count: int) -> int:
        source = Long({str(number): Page("") for number in range(count)})
        shutil.rmtree(suite.home / "corpus", ignore_errors=True)
        suite.lock.unlink(missing_ok=True)
        tracemalloc.start()
        sync(suite, source)
        sync(suite, source)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = peak(300), peak(2000)
    assert many - few < 1700 * 200


def test_what_a_killed_sync_left_half_staged_does_not_count(suite: Suite) -> None:
    left = Staging(suite.home / "corpus" / "staging.sqlite")
    left.add("docs", [(Listed("ghost", "1"), Entry(b"{}", b"x" * 32))])
    assert sync(suite, ten()).documents == {"docs": 10}
    assert list(left.pending("docs", 1)) == []
    assert not (suite.home / "corpus" / "staging.sqlite").exists()


def test_what_was_read_before_a_failure_is_not_read_again(suite: Suite) -> None:
    source = ten(bad=Page(""))
    with pytest.raises(CorpusError, match="docs/bad: holds no text"):
        sync(suite, source)
    assert not suite.lock.exists()
    synced = sync(suite, source, keep_going=True)
    assert source.reads == []
    assert [item.doc_id for item in synced.unreadable] == ["docs/bad"]


def test_a_listing_that_breaks_off_pins_nothing(suite: Suite) -> None:
    source = ten()
    before = sync(suite, source).digest
    source.broken = True
    with pytest.raises(CorpusError, match="page 2 of the listing"):
        sync(suite, source)
    assert lock.read(suite.lock).digest == before


def test_a_listing_with_an_id_twice_is_refused(suite: Suite) -> None:
    class Twice(Source):
        def listing(self) -> Iterator[Listed]:
            yield from (Listed("a", "1"), Listed("a", "2"))

    with pytest.raises(CorpusError, match="docs/a: the source lists this document twice"):
        sync(suite, Twice({}))


def test_an_omitted_document_is_asked_about_and_kept(suite: Suite) -> None:
    source = ten()
    sync(suite, source)
    source.hidden = {"p4"}
    synced = sync(suite, source)
    assert "docs/p4" in held(suite)
    assert synced.sources["docs"].omitted == ["docs/p4"]
    del source.pages["p4"]
    synced = sync(suite, source)
    assert "docs/p4" not in held(suite)
    assert synced.sources["docs"].deleted == ["docs/p4"]
    assert synced.changes is not None
    assert synced.changes.deleted == ("docs/p4",)


def test_a_document_gone_between_listing_and_reading_is_left_out(suite: Suite) -> None:
    source = ten()
    source.lost = {"p1"}
    sync(suite, source)
    assert len(held(suite)) == 9


def test_a_rename_is_no_deletion(suite: Suite) -> None:
    source = ten(old=Page("a page with a key", key="k1"), plain=Page("a page without one\n" * 3))
    sync(suite, source)
    source.pages["new"] = dataclasses.replace(source.pages.pop("old"), text="edited meanwhile", revision="2")
    source.pages["moved"] = source.pages.pop("plain")
    synced = sync(suite, source)
    assert synced.changes is not None
    assert synced.changes.renamed == (("docs/old", "docs/new"), ("docs/plain", "docs/moved"))
    assert (synced.changes.added, synced.changes.deleted) == ((), ())
    assert synced.sources["docs"].deleted == []


def test_a_moved_and_edited_page_is_found_by_what_stayed(suite: Suite) -> None:
    lines = [f"line {number} of a page\n" for number in range(10)]
    source = ten(old=Page("".join(lines)), other=Page("".join(f"{n} something else\n" for n in range(10))))
    sync(suite, source)
    del source.pages["old"], source.pages["other"]
    source.pages["new"] = Page("".join([*lines[:7], "three\n", "new\n", "lines\n"]))
    changes = sync(suite, source).changes
    assert changes is not None
    assert changes.renamed == (("docs/old", "docs/new"),)
    assert changes.deleted == ("docs/other",)


def test_many_deletions_stop_until_they_are_meant(suite: Suite) -> None:
    source = ten()
    before = sync(suite, source).digest
    for name in ("p0", "p1"):
        del source.pages[name]
    assert len(sync(suite, source).sources["docs"].deleted) == 2
    del source.pages["p2"], source.pages["p3"]
    with pytest.raises(CorpusError, match=r"2 of 8 documents no longer listed \(docs/p2, docs/p3, …\)"):
        sync(suite, source)
    assert len(held(suite)) == 8
    after = sync(suite, source, max_deleted=1)
    assert len(held(suite)) == 6
    assert after.digest != before


def test_what_was_unreadable_for_the_moment_is_read_again(suite: Suite) -> None:
    class Hasty(Source):
        def fetch(self, listed: Listed) -> Document | Unreadable | None:
            found = super().fetch(listed)
            return dataclasses.replace(found, lasting=False) if isinstance(found, Unreadable) else found

    source = Hasty({"a": Page("a"), "bad": Page("")})
    assert len(sync(suite, source, keep_going=True).unreadable) == 1
    assert len(sync(suite, source, keep_going=True).unreadable) == 1
    assert source.reads == ["bad"]


@pytest.mark.parametrize(
    ("error", "lasting"),
    [(ValueError("holds no text"), True), (OSError(5, "Input/output error"), False)],
)
def test_reasons_that_last(error: Exception, *, lasting: bool) -> None:
    assert Unreadable.because("a", error).lasting is lasting


def test_nothing_is_pinned_where_nothing_can_be_read_and_why_is_said(suite: Suite) -> None:
    with pytest.raises(CorpusError) as refused:
        sync(suite, Source({"a": Page("")}), keep_going=True)
    assert refused.value.problems[0] == "docs/a: holds no text to search"
    assert "hold no document to read; nothing was pinned" in refused.value.problems[1]
    with pytest.raises(CorpusError, match="hold no document to read"):
        sync(suite, Source({}))
    assert not suite.lock.exists()


def test_none_may_vanish_where_none_is_said(suite: Suite) -> None:
    source = ten()
    sync(suite, source)
    del source.pages["p0"]
    with pytest.raises(CorpusError, match="1 of 10 documents no longer listed"):
        sync(suite, source, max_deleted=0)


@pytest.mark.parametrize(
    ("held", "share", "most"), [(10, 0.2, 2), (3, 0.2, 1), (0, 0.2, 1), (100, 0.29, 29), (7, 0, 0), (7, 1, 7)]
)
def test_how_many_may_vanish(held: int, share: float, most: int) -> None:
    assert deletable(held, share) == most


def test_on_another_machine_the_pinned_counts_guard(suite: Suite) -> None:
    sync(suite, ten())
    shutil.rmtree(suite.home)
    few = Source({"p1": Page("text 1")})
    with pytest.raises(CorpusError, match="docs: 1 document, where 10 are pinned"):
        sync(suite, few)
    assert sync(suite, few, max_deleted=1).changed


def test_readers_and_other_facts(suite: Suite) -> None:
    source = ten()
    sync(suite, source)
    source.pages["p1"] = Page("text 1", revision="2", acl=("hr",))
    source.pages["p2"] = Page("text 2", revision="2", modified_at="2026-01-01")
    changes = sync(suite, source).changes
    assert changes is not None
    assert changes.readers == ("docs/p1",)
    assert changes.edited == ()
    assert set(changes.restated) == {"docs/p1", "docs/p2"}


def test_figures_of_completeness_and_freshness_are_pinned(suite: Suite) -> None:
    source = ten(bad=Page(""))
    sync(suite, source, keep_going=True)
    figures = lock.read(suite.lock).figures
    assert (figures["corpus.listed"], figures["corpus.held"], figures["corpus.parse_failures"]) == (11, 10, 1)
    assert figures["corpus.held_share"] == pytest.approx(10 / 11, abs=1e-6)
    assert "corpus.stale_share" not in figures
    assert list(lock.read(suite.lock).unreadable) == ["docs/bad"]
    source.pages["p1"] = Page("new", revision="2", acl=("hr",), modified_at="2026-01-01T00:00:00Z")
    sync(suite, source, keep_going=True)
    figures = lock.read(suite.lock).figures
    assert (figures["corpus.stale_share"], figures["corpus.acl_drift"]) == (0.1, 0.1)
    assert figures["corpus.lag_days_largest"] == figures["corpus.lag_days_median"] > 0
    before = suite.lock.read_bytes()
    sync(suite, source, keep_going=True)
    assert suite.lock.read_bytes() == before


def test_gates_read_the_figures_of_the_sync(suite: Suite) -> None:
    source = ten(bad=Page(""))
    sync(suite, source, keep_going=True)
    results = Evaluation(
        suite, read_corpus(suite), golden([[(0, 0, 1)]]), {}, {}, pinned=lock.read(suite.lock)
    )
    (kept,) = Figure("corpus.parse_failures", at_most=1).judge(results)
    (lost,) = Figure("corpus.held_share", at_least=1).judge(results)
    (unknown,) = Figure("corpus.lag_days_largest", at_most=7).judge(results)
    assert (kept.outcome, lost.outcome) == (Outcome.PASS, Outcome.FAIL)
    assert unknown.outcome == Outcome.INCONCLUSIVE


def test_a_preview_reads_nothing_and_pins_nothing(suite: Suite) -> None:
    source = ten()
    (plan,) = preview(dataclasses.replace(suite, corpus={"docs": source}))
    assert (plan.listed, plan.pending, source.reads) == (10, 10, [])
    assert not suite.lock.exists()


def test_examining_reads_one_document_of_each_source(suite: Suite) -> None:
    (found,) = examine(suite)
    assert (found.listed, found.problem) == (1, "")
    assert found.sample.startswith("a.md: 1 characters, for everyone")
    (failed,) = examine(dataclasses.replace(suite, corpus={"docs": Source({}, broken=True)}))
    assert "page 2 of the listing" in failed.problem


def test_collecting_keeps_what_is_pinned_and_what_it_needs(suite: Suite) -> None:
    source = ten()
    digests = []
    for number in range(4):
        source.pages["p0"] = Page(f"version {number}", revision=str(number))
        digests.append(sync(suite, source).digest)
    snapshots, texts, entries = collect(suite, keep=0)
    assert (snapshots, texts, entries) == (3, 3, 3)
    assert Store(suite.home / "corpus").digests() == [digests[-1]]
    sync(suite, source)
    assert source.reads == []


def test_a_lost_text_is_read_again(suite: Suite) -> None:
    source = ten()
    sync(suite, source)
    store = Store(suite.home / "corpus")
    store.texts.keep_only(set())
    sync(suite, source)
    assert len(source.reads) == 10
    assert len(held(suite)) == 10


def test_names_that_are_no_text_are_unreadable(suite: Suite) -> None:
    source = ten(**{"bad\udcff.md": Page("x")})
    synced = sync(suite, source, keep_going=True)
    assert [item.doc_id for item in synced.unreadable] == ["docs/bad\\udcff.md"]
    json.dumps([item.doc_id for item in synced.unreadable]).encode()
