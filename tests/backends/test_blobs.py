from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.backends.blobs import Blobs
from evalkit.errors import CorpusError


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_texts_come_back_by_their_digest(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    blobs = Blobs(tmp_path_factory.mktemp("blobs") / "t.sqlite")
    digests = blobs.put(texts)
    assert digests == [hashlib.sha256(text.encode()).digest() for text in texts]
    assert [blobs.get(digest) for digest in digests] == texts
    blobs.close()


def test_an_interrupted_put_leaves_nothing(tmp_path: Path) -> None:
    def texts() -> object:
        yield "first"
        raise KeyboardInterrupt

    blobs = Blobs(tmp_path / "t.sqlite")
    with pytest.raises(KeyboardInterrupt):
        blobs.put(texts())  # type: ignore[arg-type]
    assert hashlib.sha256(b"first").digest() not in blobs


def test_an_absent_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is missing; run `evalkit sync`"):
        Blobs(tmp_path / "t.sqlite").get(b"\0" * 32)


def test_damage_is_found_and_never_served(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "t.sqlite")
    good, bad = blobs.put(["good", "bad"])
    with sqlite3.connect(tmp_path / "t.sqlite") as raw:
        raw.execute("UPDATE text SET body=? WHERE digest=?", (b"worse", bad))
    raw.close()
    assert list(blobs.damaged()) == [bad]
    assert blobs.get(good) == "good"
    with pytest.raises(CorpusError, match="is damaged"):
        blobs.get(bad)


def test_only_what_is_kept_stays(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "t.sqlite")
    keep, lose = blobs.put(["keep", "lose"])
    assert blobs.keep_only({keep}) == 1
    assert keep in blobs
    assert lose not in blobs


def test_a_newer_or_foreign_file_is_refused(tmp_path: Path) -> None:
    Blobs(tmp_path / "t.sqlite").close()
    with sqlite3.connect(tmp_path / "t.sqlite") as raw:
        raw.execute("PRAGMA user_version=99")
    raw.close()
    with pytest.raises(CorpusError, match="newer evalkit"):
        Blobs(tmp_path / "t.sqlite")
    (tmp_path / "x.sqlite").write_text("not a database, but long enough to be taken for one " * 20)
    with pytest.raises(CorpusError, match="not a readable store"):
        Blobs(tmp_path / "x.sqlite")
