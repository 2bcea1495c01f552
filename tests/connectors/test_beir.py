from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.connectors import documents
from evalkit.connectors.beir import Beir
from evalkit.errors import CorpusError
from evalkit.types import Document, Unreadable

LINES = [
    {"_id": "d1", "title": "Leave", "text": "Five days.", "metadata": {}},
    {"_id": "d2", "title": "", "text": "No title."},
    {"_id": "d3", "title": "", "text": " "},
]


@pytest.mark.parametrize("named", ["", "corpus.jsonl"])
def test_documents(tmp_path: Path, named: str) -> None:
    (tmp_path / "corpus.jsonl").write_text("\n\n".join(json.dumps(line) for line in LINES))
    assert list(documents(Beir(tmp_path / named))) == [
        Document("d1", "Leave\n\nFive days.", title="Leave"),
        Document("d2", "No title."),
        Unreadable("d3", "holds no text to search"),
    ]


@pytest.mark.parametrize(
    "line",
    ['{"_id": "d"}', '{"_id": 1, "text": "a"}', '{"_id": "", "text": "a"}', "[1]", "{", "\xff", "[" * 99_999],
)
def test_what_is_no_document_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "corpus.jsonl").write_bytes(b'{"_id": "d0", "text": "a"}\n' + line.encode("latin-1"))
    with pytest.raises(CorpusError, match=r"corpus.jsonl:2: "):
        list(documents(Beir(tmp_path)))


def test_bounds(tmp_path: Path) -> None:
    with (tmp_path / "corpus.jsonl").open("wb") as file:
        file.truncate(2_000_000_000)
    with pytest.raises(CorpusError, match="longer than 20,000,000 bytes"):
        list(documents(Beir(tmp_path)))
    with pytest.raises(CorpusError, match="cannot be read"):
        list(documents(Beir(tmp_path / "none")))
