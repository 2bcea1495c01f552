"""HTML -> Markdown, for the confined process that hostile pages may keep busy."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag
    from markdownify import MarkdownConverter

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
    for hidden in page(["head", "script", "style", "template", "noscript", "iframe", "object", "embed"]):
        hidden.decompose()
    for tag in page.find_all(["a", "img"]):
        for name in ("href", "src"):
            if _SCHEME.match(str(tag.get(name, ""))):
                del tag[name]
    for tag in page.find_all(["td", "th", "ol"]):
        for name in ("colspan", "start"):
            if not re.fullmatch("[0-9]{1,9}", str(tag.get(name, ""))):
                del tag[name]
    # The innermost first, so that it is plain words by the time the table around it is.
    for table in reversed(page.select("td table, th table")):
        _flatten(table)
    converter = _converter()(
        heading_style="ATX", bullets="-", escape_asterisks=False, escape_underscores=False, escape_misc=False
    )
    try:
        markdown = converter.convert_soup(page)
    except RecursionError:
        raise ValueError("its HTML is nested too deeply to be converted") from None
    body = "\n".join(line.rstrip(" \t") for line in markdown.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", body).strip() + "\n"


def _flatten(table: Tag) -> None:
    """Makes a table inside a cell a line of words: Markdown has no other place for it."""
    for row in table.find_all("tr"):
        for cell in row.find_all(["td", "th"])[1:]:
            cell.insert_before(", ")
        if row.find_previous_sibling("tr"):
            row.insert_before("; ")
    for part in [table, *table.find_all(["thead", "tbody", "tfoot", "tr", "td", "th"])]:
        part.name = "span"


def _language(code: Tag) -> str:
    """The language of a block, where HTML states it as highlighters do: data-language="x" or class="language-x"."""
    said = [str(code.get("data-language") or "")]
    for tag in (code, *code.find_all("code", limit=1)):
        said += [
            str(name)[9:] for name in tag.get_attribute_list("class") if str(name).startswith("language-")
        ]
    return next(filter(re.compile(r"[\w+#./-]+").fullmatch, said), "")


@functools.cache
def _converter() -> type[MarkdownConverter]:
    from markdownify import MarkdownConverter

    class Converter(MarkdownConverter):
        """Code keeps its language and gets fences of its own; what stands in a cell stays in it."""

        def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
            runs = [len(run) for run in re.findall("`+", text)]
            if "_inline" in parent_tags:
                ticks = "`" * (1 + max(runs, default=0))
                space = " " if runs else ""
                return f" {ticks}{space}{' '.join(text.split())}{space}{ticks} " if text.strip() else ""
            fence = "`" * max([3, *(run + 1 for run in runs)])
            body = re.sub(r"\A[ \n]*\n", "", text).rstrip(" \n")
            return f"\n\n{fence}{_language(el)}\n{body}\n{fence}\n\n" if text else ""

        def convert_td(self, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002
            columns = max(1, min(1000, int(str(el.get("colspan", "1")))))
            return " " + text.strip().replace("\n", " ").replace("|", r"\|") + " |" * columns

        convert_th = convert_td

    return Converter
