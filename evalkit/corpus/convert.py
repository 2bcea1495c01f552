"""Bytes of a file -> a document's text and what the file says about itself. Markdown, text, HTML, Office, PDF."""

from __future__ import annotations

import codecs
import datetime as dt
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from evalkit.backends import confined, office, safe_yaml
from evalkit.corpus import markup
from evalkit.digest import of_bytes
from evalkit.types import Document

__all__ = ["SUFFIXES", "to_document", "version"]

_VERSION = 2
"""Raised whenever the same bytes become another document."""

HTML = (".html", ".htm")
SUFFIXES = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".txt": "text/plain",
    ".html": "text/html",
    ".htm": "text/html",
    **office.TYPES,
}
"""What can be converted, and its content type."""

_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)(?:\A|\n)---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_MOST_FACTS = 200_000
"""Characters of front matter: a parser of YAML takes seconds for more."""
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+)$", re.MULTILINE)
_NAMED = {"title", "access", "acl", "modified", "modified_at"}


def version() -> str:
    """Names the conversion: the same bytes become the same document as long as it stays."""
    return f"{_VERSION} {office.converter()}".strip()


def to_document(doc_id: str, data: bytes, uri: str = "") -> Document:
    """Converts one file.

    Front matter (Markdown, text), `<meta>` elements (HTML) or properties (Office) become title, ACL (`access`: groups
    and users; absent or empty means public), modified time and metadata; the rest is the text. A page that has a title
    and nothing else says its title. `metadata` also holds the content type and the SHA-256 of the bytes.

    Raises:
        ValueError: with the reason, where the bytes are not text, hold nothing to search, or are HTML, Office or PDF
            that cannot be converted within limits of time and memory.
        MissingDependency: for an Office or PDF file, where the converter is not installed.
    """
    suffix = PurePosixPath(doc_id).suffix.lower()
    if suffix in office.TYPES:
        body, stated = office.to_markdown(doc_id, data)
    else:
        text = _decode(data)
        page = suffix in HTML
        body, stated = confined.run(markup.of_page, text.encode()) if page else _front_matter(text)
    title = stated.get("title", "")
    if not body.strip():
        if not title:
            raise ValueError("holds no text to search")
        body = f"# {title}\n"
    own = {"content_type": SUFFIXES[suffix], "raw_sha256": of_bytes(data)}
    return Document(
        doc_id=doc_id,
        text=body,
        title=title or _first_heading(body) or PurePosixPath(doc_id).stem,
        uri=uri,
        metadata={key: value for key, value in sorted((stated | own).items()) if key not in _NAMED},
        acl=tuple(sorted({name.strip() for name in _access(stated).split(",") if name.strip()})),
        modified_at=stated.get("modified") or stated.get("modified_at") or None,
    )


def _access(stated: Mapping[str, str]) -> str:
    return stated.get("access", stated.get("acl", "")).strip()


def _decode(data: bytes) -> str:
    """Decodes UTF-8 (with or without a mark) and UTF-16 with one; guesses nothing."""
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if utf16 else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"byte {error.start} is not {'UTF-16' if utf16 else 'UTF-8'} ({error.reason}); save it as UTF-8"
        ) from error
    if "\x00" in text:
        raise ValueError(f"holds a NUL character at position {text.index(chr(0))}; expected text")
    return text


def _front_matter(text: str) -> tuple[str, dict[str, str]]:
    match = _FRONT_MATTER.match(text)
    if match is None:
        return text, {}
    if len(match[1]) > _MOST_FACTS:
        raise ValueError(f"front matter: {len(match[1]):,} characters; at most {_MOST_FACTS:,} are read")
    try:
        stated = safe_yaml.load(match[1]).data
    except ValueError as error:
        raise ValueError(f"front matter: {error}") from error
    if not isinstance(stated, Mapping):
        return text, {}
    return text[match.end() :], {str(key): _flat(value) for key, value in stated.items()}


def _flat(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ", ".join(map(_flat, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_flat(item)}" for key, item in value.items())
    return str(value)


def _first_heading(body: str) -> str:
    headings = (match[1].rstrip(" \t#") for match in _HEADING.finditer(body))
    return next(filter(None, headings), "")
