"""Notion's blocks and property values -> Markdown. Standard library only; follows the public block reference."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from evalkit.connectors.tables import table

__all__ = ["VERSION", "Renderer", "plain", "value"]

VERSION = 2
"""Raised whenever the same blocks become another text."""

Block = Mapping[str, Any]

DEEPEST = 50
"""Blocks nested deeper are named as omitted."""

_WEB = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
_LISTS = {"bulleted_list_item", "numbered_list_item", "to_do"}
_TRANSPARENT = {"column_list", "column", "synced_block", "tab", "template"}
_NAVIGATION = {"table_of_contents", "breadcrumb"}
_MARKS = (("code", "`"), ("bold", "**"), ("italic", "*"), ("strikethrough", "~~"))


class Renderer:
    """Renders one page.

    Args:
        children: returns a block's children, or None where they may not be read.

    `omitted` counts what the page holds and the text does not, by kind.
    """

    def __init__(self, children: Callable[[str], Sequence[Block] | None]) -> None:
        self.children = children
        self.omitted: Counter[str] = Counter()
        self._open: list[str] = []

    def page(self, page_id: str) -> str | None:
        """Returns the text below a page or block, or None where it is gone."""
        blocks = self.children(page_id)
        return None if blocks is None else self._render(blocks)

    def _render(self, blocks: Iterable[Block]) -> str:
        text = ""
        number, listed = 0, False
        for block in blocks:
            kind = str(block["type"])
            number = number + 1 if kind == "numbered_list_item" else 0
            if block.get("in_trash") or not (part := self._block(kind, block, number)):
                continue
            tight = listed and kind in _LISTS
            text += ("\n" if tight else "\n\n" if text else "") + part
            listed = kind in _LISTS
        return text

    def _block(self, kind: str, block: Block, number: int) -> str:
        data = block.get(kind) or {}
        if kind == "table":
            rows = [row["table_row"]["cells"] for row in self._children(block) if row["type"] == "table_row"]
            return table(
                [[_rich(cell) for cell in cells] for cells in rows],
                header=bool(data.get("has_column_header")),
            )
        if kind in _NAVIGATION:
            return ""
        leaf = self._leaf(kind, data, str(block["id"]))
        if leaf is not None:
            return leaf
        text = _rich(data.get("rich_text") or ())
        nested = self._nested(block)
        if kind.startswith("heading_"):
            # The page's title is the only heading of the first level.
            text = text and "#" * min(int(kind[-1]) + 1, 6) + " " + " ".join(text.split())
        elif kind in _LISTS:
            mark = {"numbered_list_item": f"{number}."}.get(kind, "-")
            box = ("[x] " if data.get("checked") else "[ ] ") if kind == "to_do" else ""
            return _indented(f"{mark} {box}", _joined(text, nested, gap="\n"))
        elif kind in {"quote", "callout"}:
            icon = (data.get("icon") or {}).get("emoji", "")
            return _quoted(_joined(f"{icon} {text}".strip(), nested))
        elif kind not in _TRANSPARENT and not text and not nested and kind not in {"paragraph", "toggle"}:
            self.omitted[f"{kind} block"] += 1
        return _joined(text, nested)

    def _leaf(self, kind: str, data: Block, block_id: str) -> str | None:
        """Returns the text of a block that has no children, or None for the others."""
        caption = " ".join(_rich(data.get("caption") or ()).split())
        text = None
        match kind:
            case "divider":
                text = "---"
            case "code":
                fence = _fence(code := plain(data.get("rich_text") or ()))
                language = "" if data.get("language") == "plain text" else data.get("language") or ""
                text = _joined(f"{fence}{language}\n{code}\n{fence}", caption)
            case "equation":
                text = f"$$\n{data.get('expression', '')}\n$$"
            case "child_page" | "child_database":
                text = _link(data.get("title") or "Untitled", _address(block_id))
            case "link_to_page":
                text = _link("", _address(str(data.get(str(data.get("type"))) or "")))
            case "bookmark" | "embed" | "link_preview":
                text = _link(caption, str(data.get("url") or ""))
            case "image":
                text = "!" + _link(caption or kind, _file(data))
            case "video" | "file" | "pdf" | "audio":
                text = _link(caption or data.get("name") or kind, _file(data))
        return text

    def _nested(self, block: Block) -> str:
        """Returns the text of what lies in a block."""
        block_id = str(block["id"])
        if len(self._open) >= DEEPEST or block_id in self._open:
            self.omitted[f"block nested deeper than {DEEPEST} levels"] += bool(block.get("has_children"))
            return ""
        self._open.append(block_id)
        text = self._render(self._children(block))
        self._open.pop()
        return text

    def _children(self, block: Block) -> Sequence[Block]:
        """Returns a block's children; of a synced copy that cannot be read, the original's."""
        original = ((block.get("synced_block") or {}).get("synced_from") or {}).get("block_id")
        if not block.get("has_children") and not original:
            return ()
        found = self.children(str(block["id"])) if block.get("has_children") else None
        if found is None and original:
            found = self.children(str(original))
        if found is None:
            self.omitted["block that is not shared with the integration"] += 1
        return found or ()


def plain(rich: Iterable[Block]) -> str:
    """Returns rich text without its marks."""
    return "".join(str(part.get("plain_text", "")) for part in rich)


def value(prop: Block) -> str:
    """Returns a database row's property as text, "" where it has no value."""
    kind = str(prop["type"])
    data = prop.get(kind)
    return "" if data is None else _VALUES.get(kind, _number)(data)


def _typed(data: Block) -> str:
    """Returns what a formula or rollup comes to."""
    kind = str(data["type"])
    if kind == "array":
        return ", ".join(filter(None, map(value, data["array"])))
    return value(
        {"type": {"boolean": "checkbox"}.get(kind, kind), kind: data.get(kind), "checkbox": data.get(kind)}
    )


def _dates(data: Block) -> str:
    return " – ".join(str(end) for end in (data.get("start"), data.get("end")) if end)


def _named(data: Block) -> str:
    return str(data.get("name") or data.get("id") or "")


def _all_named(data: Iterable[Block]) -> str:
    return ", ".join(map(_named, data))


def _number(data: object) -> str:
    return f"{data:.15g}" if isinstance(data, float) else str(data) if isinstance(data, str | int) else ""


def _rich(rich: Iterable[Block]) -> str:
    return "".join(map(_part, rich))


def _part(part: Block) -> str:
    text = str(part.get("plain_text", ""))
    if part.get("type") == "equation":
        return f"${part['equation'].get('expression', text)}$"
    words = text.strip()
    if not words:
        return text
    notes = part.get("annotations") or {}
    marked = words
    for name, mark in _MARKS:
        if notes.get(name) and not (mark == "`" and "`" in words):
            marked = f"{mark}{marked}{mark}"
    if part.get("href"):
        marked = _link(marked, str(part["href"]))
    # A mark beside a space would not be read as one.
    start = text.index(words)
    return text[:start] + marked + text[start + len(words) :]


def _link(text: str, url: str) -> str:
    url = _address(url[1:]) if re.fullmatch(r"/[0-9a-f]{32}", url) else url
    return f"[{text or url}]({url})" if _WEB.match(url) else text


def _address(object_id: str) -> str:
    return f"https://www.notion.so/{object_id.replace('-', '')}"


def _file(data: Block) -> str:
    """Returns a file's address. Notion signs those it hosts anew on every request: without that they stay the same."""
    kind = str(data.get("type") or "")
    url = str((data.get(kind) or {}).get("url") or "")
    return urlunsplit(urlsplit(url)._replace(query="", fragment="")) if kind == "file" else url


def _fence(code: str) -> str:
    return "`" * max(3, 1 + max((len(run) for run in re.findall("`+", code)), default=0))


def _joined(text: str, nested: str, *, gap: str = "\n\n") -> str:
    return gap.join(filter(None, (text, nested)))


def _indented(mark: str, text: str) -> str:
    """Puts a list's mark before a text, and the rest of it below the mark's end."""
    first, *rest = text.split("\n")
    wide = " " * (len(mark.split(" ", maxsplit=1)[0]) + 1)
    return "\n".join([mark + first, *(wide + line if line else "" for line in rest)])


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n")) if text else ""


_VALUES: Mapping[str, Callable[[Any], str]] = {
    "title": plain,
    "rich_text": plain,
    "select": _named,
    "status": _named,
    "multi_select": _all_named,
    "people": _all_named,
    "relation": _all_named,
    "created_by": _named,
    "last_edited_by": _named,
    "date": _dates,
    "checkbox": lambda data: "yes" if data else "no",
    "files": lambda data: ", ".join(f"{item.get('name', '')} {_file(item)}".strip() for item in data),
    "formula": _typed,
    "rollup": _typed,
    "unique_id": lambda data: "-".join(
        str(part) for part in (data.get("prefix"), data.get("number")) if part is not None
    ),
    "verification": lambda data: str(data.get("state", "")),
}
