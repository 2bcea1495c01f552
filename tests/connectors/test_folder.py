from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.connectors import documents
from evalkit.connectors.folder import Folder
from evalkit.connectors.trec import Trec
from evalkit.errors import CorpusError
from evalkit.types import Document, Unreadable


def ids(folder: Folder) -> list[str]:
    return [item.doc_id for item in documents(folder)]


def test_text_files_in_a_stable_order(tmp_path: Path) -> None:
    for name in ("b.md", "a/z.txt", "a/B.html", "a/pic.png", ".hidden/x.md", ".x.md", "c.MD"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("words")
    assert ids(Folder(tmp_path)) == ["b.md", "c.MD", "a/B.html", "a/z.txt"]
    assert ids(Folder(tmp_path, exclude=("a/*",))) == ["b.md", "c.MD"]


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "file.md").symlink_to(outside / "secret.md")
    (inside / "folder").symlink_to(outside)
    (inside / "own.md").write_text("own")
    assert ids(Folder(inside)) == ["own.md"]


def test_what_cannot_be_read_is_named_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "big.md").write_text("x" * 30)
    (tmp_path / "empty.md").write_text("")
    (tmp_path / "latin.txt").write_bytes("ü".encode("latin-1"))
    found = list(documents(Folder(tmp_path, max_bytes=20)))
    assert found == [
        Unreadable("big.md", "30 bytes; at most 20 are read (max_bytes)"),
        Unreadable("empty.md", "holds no text to search"),
        Unreadable("latin.txt", "byte 0 is not UTF-8 (invalid start byte); save it as UTF-8"),
    ]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no such folder"):
        list(documents(Folder(tmp_path / "nowhere")))


def test_trec_documents(tmp_path: Path) -> None:
    file = tmp_path / "docs.trec"
    file.write_text(
        "<DOC>\n<DOCNO> 7 </DOCNO>\n<TEXT>compact memories</TEXT>\n</DOC><DOC><DOCNO>8</DOCNO> </DOC>"
    )
    assert list(documents(Trec(file))) == [
        Document("7", "compact memories"),
        Unreadable("8", "holds no text to search"),
    ]
    with pytest.raises(CorpusError, match="cannot be read"):
        list(documents(Trec(tmp_path / "nowhere")))
