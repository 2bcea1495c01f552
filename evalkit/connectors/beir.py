"""Documents of a BEIR data set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import CorpusError
from evalkit.types import Document, Unreadable

__all__ = ["Beir"]

_MAX_LINE = 20_000_000


@dataclass(frozen=True, slots=True)
class Beir:
    """Every line of a corpus.jsonl; the id is its `_id`, a title stands above its text.

    Args:
        path: the data set's folder, or the file; a relative one is relative to the suite file.
    """

    path: Path

    def documents(self) -> Iterator[Document | Unreadable]:
        path = self.path / "corpus.jsonl" if self.path.is_dir() else self.path
        try:
            with path.open("rb") as file:
                number = 0
                while raw := file.readline(_MAX_LINE + 1):
                    number += 1
                    if raw.strip():
                        yield _document(raw, f"{path}:{number}")
        except OSError as error:
            raise CorpusError(
                f"{path}: cannot be read ({error.strerror}); expected BEIR's corpus.jsonl"
            ) from error


def _document(raw: bytes, where: str) -> Document | Unreadable:
    if len(raw) > _MAX_LINE:
        raise CorpusError(f"{where}: the line is longer than {_MAX_LINE:,} bytes; expected a document a line")
    try:
        item = json.loads(raw)
        doc_id, title, text = item["_id"], item.get("title") or "", item["text"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorpusError(
            f"{where}: found {raw[:60]!r} ({error!r}); expected an object with _id and text"
        ) from error
    if not all(isinstance(value, str) for value in (doc_id, title, text)) or not doc_id:
        raise CorpusError(f"{where}: expected _id, title and text to be text")
    if not (title + text).strip():
        return Unreadable(doc_id, "holds no text to search")
    return Document(doc_id, f"{title}\n\n{text}" if title else text, title=title)
