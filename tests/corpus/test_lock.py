from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.corpus.lock import Lock, read, write
from evalkit.errors import CorpusError

LOCK = Lock("ab" * 32, {"docs": 3})


def test_round_trip(tmp_path: Path) -> None:
    write(tmp_path / "corpus.lock", LOCK)
    assert read(tmp_path / "corpus.lock") == LOCK


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no corpus is pinned yet; run `evalkit sync"),
        ("{", "not a readable lock"),
        ("[]", "not a readable lock"),
        ("{}", "not a readable lock"),
        (json.dumps({"schema_version": 9}), "lock version 9"),
        (
            json.dumps({"schema_version": 1, "digest": "../x", "documents": {}}),
            "expected 64 hexadecimal digits",
        ),
        (
            json.dumps({"schema_version": 1, "digest": "ab" * 32, "documents": {"a": "x"}}),
            "not a readable lock",
        ),
    ],
)
def test_an_unusable_lock_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "corpus.lock"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CorpusError) as caught:
        read(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
