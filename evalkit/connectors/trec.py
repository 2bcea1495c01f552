"""Documents of a TREC collection file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import CorpusError
from evalkit.types import Document, Unreadable

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

    def documents(self) -> Iterator[Document | Unreadable]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CorpusError(f"{self.path}: cannot be read as UTF-8 text ({error})") from error
        for doc_id, body in _DOCUMENT.findall(text):
            content = _MARKUP.sub("", body).strip()
            yield Document(doc_id, content) if content else Unreadable(doc_id, "holds no text to search")
