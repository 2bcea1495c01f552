"""Sync against a source whose every move is scripted: what is read, how, and what cannot be."""

from __future__ import annotations

import dataclasses
import json
import shutil
import threading
import tracemalloc

import pytest

from evalkit.corpus.journal import Entry
from evalkit.corpus.snapshot import Store
from evalkit.corpus.staging import Staging
from evalkit.errors import CorpusError
from evalkit.suite import Suite
from evalkit.types import Document, Listed, Unreadable
from tests.conftest import Write
from tests.scripted import Page, Source, held, project, sync, ten


@pytest.fixture
def suite(write: Write) -> Suite:
    return project(write)


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
