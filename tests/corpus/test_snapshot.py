from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.corpus.snapshot import Snapshot, Store
from evalkit.errors import CorpusError
from evalkit.types import Document

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
documents = st.builds(
    Document,
    doc_id=names,
    text=names,
    title=names,
    uri=names,
    metadata=st.dictionaries(names, names, max_size=2),
    acl=st.lists(names, max_size=2).map(tuple),
    modified_at=st.none() | names,
)
corpora = st.lists(documents, min_size=1, max_size=8, unique_by=lambda d: d.doc_id)


def publish(root: Path, documents: list[Document]) -> Snapshot:
    store = Store(root)
    return store.snapshot(documents)


@given(corpora, st.randoms())
def test_documents_come_back_and_order_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, corpus: list[Document], random: object
) -> None:
    root = tmp_path_factory.mktemp("store")
    snapshot = publish(root, corpus)
    shuffled = list(corpus)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert publish(root, shuffled).digest == snapshot.digest
    assert Store(root).digests() == [snapshot.digest]
    reread = Store(root).read(expect=snapshot.digest)
    assert list(reread) == sorted(corpus, key=lambda d: d.doc_id.encode())
    for document in corpus:
        row = reread.row(document.doc_id)
        assert row is not None
        assert reread[row] == document
    assert reread.row("not an id of eight") is None


def test_every_fact_counts_in_the_digest(tmp_path: Path) -> None:
    base = Document("a", "text")
    variants = [
        base,
        Document("b", "text"),
        Document("a", "other"),
        Document("a", "text", title="t"),
        Document("a", "text", acl=("x",)),
        Document("a", "text", modified_at="2026"),
        Document("a", "text", metadata={"k": "v"}),
    ]
    assert len({publish(tmp_path, [d]).digest for d in variants}) == len(variants)


def test_two_documents_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="a: two documents have this id"):
        publish(tmp_path, [Document("a", "1"), Document("a", "2")])


def test_another_digest_is_refused(tmp_path: Path) -> None:
    publish(tmp_path, [Document("a", "1")])
    with pytest.raises(CorpusError, match="is not in this store; run `evalkit sync`"):
        Store(tmp_path).read(expect="0" * 64)


def test_an_edited_column_is_refused(tmp_path: Path) -> None:
    digest = publish(tmp_path, [Document("a", "1"), Document("b", "2")]).digest
    column = tmp_path / "snapshots" / digest / "ids.npy"
    ids = np.load(column)
    ids[0] = ord("c")
    np.save(column, ids)
    with pytest.raises(CorpusError, match="changed after it was written"):
        Store(tmp_path).read(expect=digest)


@pytest.mark.parametrize("damage", ["", "{", '{"no": 1}'])
def test_a_damaged_header_is_refused(tmp_path: Path, damage: str) -> None:
    digest = publish(tmp_path, [Document("a", "1")]).digest
    (tmp_path / "snapshots" / digest / "snapshot.json").write_text(damage)
    with pytest.raises(CorpusError, match="damaged"):
        Store(tmp_path).read(expect=digest)


def test_a_newer_snapshot_is_refused(tmp_path: Path) -> None:
    digest = publish(tmp_path, [Document("a", "1")]).digest
    (tmp_path / "snapshots" / digest / "snapshot.json").write_text(json.dumps({"schema_version": 99}))
    with pytest.raises(CorpusError, match="newer evalkit"):
        Store(tmp_path).read(expect=digest)


def test_an_edited_text_is_refused_when_read(tmp_path: Path) -> None:
    digest = publish(tmp_path, [Document("a", "one")]).digest
    with sqlite3.connect(tmp_path / "texts.sqlite") as raw:
        raw.execute("UPDATE text SET body=?", (b"two",))
    raw.close()
    with pytest.raises(CorpusError, match="is damaged"):
        Store(tmp_path).read(expect=digest)[0]


def test_a_failure_while_publishing_leaves_no_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("evalkit.corpus.snapshot.write_array_header_1_0", fail)
    with pytest.raises(OSError, match="No space"):
        publish(tmp_path, [Document("a", "1")])
    assert list((tmp_path / "snapshots").iterdir()) == []


def test_a_row_past_the_end_is_an_index_error(tmp_path: Path) -> None:
    snapshot = publish(tmp_path, [Document("a", "1")])
    with pytest.raises(IndexError):
        snapshot[1]
