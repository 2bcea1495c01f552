"""Sync against a source whose every move is scripted: what is read, kept, deleted, refused and pinned."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator

import pytest

from evalkit.corpus import lock
from evalkit.corpus.intake import deletable
from evalkit.corpus.snapshot import Store
from evalkit.errors import CorpusError
from evalkit.evaluate import Evaluation, read_corpus
from evalkit.gates.figure import Figure
from evalkit.suite import Suite
from evalkit.sync import collect, examine, preview
from evalkit.types import Listed, Outcome
from tests.conftest import Write, golden
from tests.scripted import Page, Source, held, project, sync, ten


@pytest.fixture
def suite(write: Write) -> Suite:
    return project(write)


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
