"""Documents of a TREC collection file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evalkit.digest import of_bytes
from evalkit.errors import CorpusError
from evalkit.types import Document, Listed, Unreadable

__all__ = ["Trec"]

_DOCUMENT = re.compile(r"<DOC>\s*<DOCNO>\s*(\S+?)\s*</DOCNO>(.*?)</DOC>", re.DOTALL)
_MARKUP = re.compile(r"</?[A-Za-z]+>")


@dataclass(frozen=True, slots=True)
class Trec:
    """Every `<DOC>` of one file; the id is its `<DOCNO>`.

    Args:
        path: the file; a relative one is relative to the suite file.
    """

    path: Path

    def listing(self) -> Iterator[Listed]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CorpusError(f"{self.path}: cannot be read as UTF-8 text ({error})") from error
        for doc_id, body in _DOCUMENT.findall(text):
            yield Listed(doc_id, of_bytes(body.encode()), stated={"body": body})

    def fetch(self, listed: Listed) -> Document | Unreadable | None:
        if "body" not in listed.stated:
            return next(
                (self.fetch(found) for found in self.listing() if found.doc_id == listed.doc_id), None
            )
        content = _MARKUP.sub("", listed.stated["body"]).strip()
        return (
            Document(listed.doc_id, content)
            if content
            else Unreadable(listed.doc_id, "holds no text to search")
        )
