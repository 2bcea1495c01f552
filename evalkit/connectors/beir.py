"""Documents of a BEIR data set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evalkit.digest import of_value
from evalkit.errors import CorpusError
from evalkit.types import Document, Listed, Unreadable

__all__ = ["Beir"]

_MAX_LINE = 20_000_000


@dataclass(frozen=True, slots=True)
class Beir:
    """Every line of a corpus.jsonl; the id is its `_id`, a title stands above its text.

    Args:
        path: the data set's folder, or the file; a relative one is relative to the suite file.
    """

    path: Path

    def listing(self) -> Iterator[Listed]:
        path = self.path / "corpus.jsonl" if self.path.is_dir() else self.path
        try:
            with path.open("rb") as file:
                number = 0
                while raw := file.readline(_MAX_LINE + 1):
                    number += 1
                    if raw.strip():
                        doc_id, title, text = _line(raw, f"{path}:{number}")
                        stated = {"title": title, "text": text}
                        yield Listed(doc_id, of_value(title, text), stated=stated)
        except OSError as error:
            raise CorpusError(
                f"{path}: cannot be read ({error.strerror}); expected BEIR's corpus.jsonl"
            ) from error

    def fetch(self, listed: Listed) -> Document | Unreadable | None:
        if "text" not in listed.stated:
            return next(
                (self.fetch(found) for found in self.listing() if found.doc_id == listed.doc_id), None
            )
        title, text = listed.stated["title"], listed.stated["text"]
        if not (title + text).strip():
            return Unreadable(listed.doc_id, "holds no text to search")
        return Document(listed.doc_id, f"{title}\n\n{text}" if title else text, title=title)


def _line(raw: bytes, where: str) -> tuple[str, str, str]:
    """Returns a line's id, title and text."""
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
    return doc_id, title, text
