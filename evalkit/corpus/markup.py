"""HTML -> Markdown, for the confined process that hostile pages may keep busy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

__all__ = ["of_page", "to_markdown"]

_SCHEME = re.compile(r"\s*(?!https?:|mailto:|tel:)[\w\s+.-]*:", re.IGNORECASE)
"""Links that run or embed something (javascript:, data:) lose where they lead; relative and common ones keep it."""


def of_page(data: bytes) -> tuple[str, dict[str, str]]:
    """Converts a page in UTF-8; also returns its title and what its `<meta>` elements say.

    Raises:
        ValueError: where it cannot be converted.
    """
    from bs4 import BeautifulSoup

    page = BeautifulSoup(data.decode(), "html.parser")
    stated = {
        str(meta["name"]).lower(): str(meta.get("content", ""))
        for meta in page.find_all("meta")
        if meta.get("name")
    }
    if page.title and page.title.get_text(strip=True):
        stated["title"] = page.title.get_text(strip=True)
    return to_markdown(page), stated


def to_markdown(page: BeautifulSoup) -> str:
    """Converts a parsed page, which is changed by it.

    Raises:
        ValueError: where it is nested too deeply.
    """
    from markdownify import MarkdownConverter

    for hidden in page(["head", "script", "style", "template", "noscript", "iframe", "object", "embed"]):
        hidden.decompose()
    for tag in page.find_all(["a", "img"]):
        for name in ("href", "src"):
            if _SCHEME.match(str(tag.get(name, ""))):
                del tag[name]
    converter = MarkdownConverter(
        heading_style="ATX", bullets="-", escape_asterisks=False, escape_underscores=False, escape_misc=False
    )
    try:
        markdown = converter.convert_soup(page)
    except RecursionError:
        raise ValueError("its HTML is nested too deeply to be converted") from None
    body = re.sub(r"[ \t]+$", "", markdown, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", body).strip() + "\n"
