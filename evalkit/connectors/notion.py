"""Pages of a Notion workspace, over the official API."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from evalkit.backends import notion_api
from evalkit.connectors.formats import UNDOCUMENTED, documented, undocumented
from evalkit.connectors.notion_blocks import VERSION, Renderer, plain, value
from evalkit.connectors.paths import Node, ancestors, paths
from evalkit.digest import of_bytes
from evalkit.errors import CorpusError
from evalkit.types import Document, Listed, Unreadable

__all__ = ["Notion"]

_SETTLED = dt.timedelta(minutes=5)
"""Notion states the minute of an edit: a page edited more lately may change again without saying so."""

_REFERENCES = 25
"""How many items of a property a page shows."""

_ID = re.compile(r"([0-9a-f]{32})(?:\?.*)?$")


@dataclass(frozen=True, slots=True)
class Notion:
    """Every page and database row that is shared with an integration, as Markdown.

    A document's id is its path of titles; its revision is the time of its last edit. A row's properties are metadata
    and stand above its text.

    Args:
        token: the integration's secret, from the environment ("${NOTION_TOKEN}").
        root: a page's or database's id or address: it and what lies below; everything shared where empty.
        access: who may read these pages (groups, users), since Notion's API does not say; empty means public.
        url: the API's address.
        allow_private: whether that address may be on a private network.
    """

    token: SecretStr
    root: str = ""
    access: tuple[str, ...] = ()
    url: str = "https://api.notion.com"
    allow_private: bool = False

    def __post_init__(self) -> None:
        if self.root and not _ID.search(self.root.replace("-", "").lower()):
            raise ValueError(
                f"root is {self.root!r}; expected the 32 hexadecimal digits of a page or its address"
            )

    def identity(self) -> str:
        return f"{VERSION} {self.url} {self.access}"

    def listing(self) -> Iterator[Listed]:
        tree = _Tree(self._api())
        with documented(self.url):
            tree.read(self._root())
        named = paths(tree.nodes)
        for page_id, edited in tree.edited.items():
            yield Listed(named[page_id], edited if _settled(edited) else "", page_id, {"listed": "yes"})

    def fetch(self, listed: Listed) -> Document | Unreadable | None:
        try:
            return self._page(listed)
        except UNDOCUMENTED as error:
            return Unreadable(listed.doc_id, undocumented(error), lasting=False)

    def _page(self, listed: Listed) -> Document | None:
        api = self._api()
        page = api.one("page_id", listed.key)
        if page is None or page.get("in_trash") or page.get("archived"):
            return None
        if self._root() and not listed.stated and not _below(api, page, self._root()):
            return None
        renderer = Renderer(api.children)
        body = renderer.page(listed.key)
        if body is None:
            return None
        title, facts = _title(page), dict(_facts(api, page))
        stated = "\n".join(f"- {name}: {' '.join(text.split())}" for name, text in facts.items() if text)
        omitted = ", ".join(f"{number} {kind}" for kind, number in sorted(renderer.omitted.items()))
        whole = "\n\n".join(filter(None, (f"# {title}", stated, body))) + "\n"
        return Document(
            doc_id=listed.doc_id,
            text=whole,
            title=title,
            uri=str(page.get("url") or ""),
            metadata={
                **{name: text for name, text in sorted(facts.items()) if text},
                "author": str((page.get("created_by") or {}).get("id") or ""),
                "content_type": "text/markdown",
                "raw_sha256": of_bytes(whole.encode()),
                **({"omitted": omitted} if omitted else {}),
            },
            acl=tuple(sorted(self.access)),
            modified_at=page.get("last_edited_time"),
        )

    def _api(self) -> notion_api.Notion:
        return notion_api.connect(self.url, self.token, allow_private=self.allow_private)

    def _root(self) -> str:
        found = _ID.search(self.root.replace("-", "").lower())
        return found[1] if found else ""


class _Tree:
    """What a listing found: where everything lies, and when each page was edited."""

    def __init__(self, api: notion_api.Notion) -> None:
        self.api = api
        self.nodes: dict[str, Node] = {}
        self.edited: dict[str, str] = {}
        self.databases: dict[str, str] = {}

    def read(self, root: str) -> None:
        """Reads the index, then each data source to its end, since only those lists are promised to be complete."""
        for found in self.api.search():
            self._add(found)
        for source in [key for key in self.nodes if key not in self.edited]:
            if not root or self._below(source, root):
                for row in self.api.rows(source):
                    self._add(row)
        for key in list(self.nodes):
            self.nodes[key] = self._placed(self.nodes[key])
        if root:
            self.edited = {key: when for key, when in self.edited.items() if self._below(key, root)}
            if not self.edited:
                raise CorpusError(
                    f"Notion: nothing at or below {root} is listed; expected a page or database that is shared with "
                    "the integration (••• > Connections)"
                )

    def _add(self, found: Mapping[str, Any]) -> None:
        if found.get("in_trash") or found.get("archived"):
            return
        key, parent = str(found["id"]), found.get("parent") or {}
        if found["object"] == "page":
            self.nodes[key] = Node(_reference(parent), _title(found))
            self.edited[key] = str(found.get("last_edited_time") or "")
        elif found["object"] == "data_source":
            self.nodes[key] = Node(
                _reference(found.get("database_parent") or {}), plain(found.get("title") or ())
            )
            self.databases[key] = str(parent.get("database_id") or "")

    def _placed(self, node: Node) -> Node:
        """Looks up where a block lies, since pages lie in columns, toggles and lists too."""
        parent = node.parent
        while parent and parent not in self.nodes:
            block = self.api.one("block_id", parent)
            parent = _reference((block or {}).get("parent") or {})
        return node._replace(parent=parent)

    def _below(self, key: str, root: str) -> bool:
        line = [key, *ancestors(self.nodes, key)]
        return any(
            root in {step.replace("-", ""), self.databases.get(step, "").replace("-", "")} for step in line
        )


def _below(api: notion_api.Notion, page: Mapping[str, Any], root: str) -> bool:
    """Whether a page lies at or below the root, asked of Notion step by step."""
    found: Mapping[str, Any] | None = page
    seen: set[str] = set()
    while found is not None and (here := str(found["id"]).replace("-", "")) not in seen:
        if here == root:
            return True
        seen.add(here)
        parent = found.get("parent") or {}
        kind = str(parent.get("type") or "")
        found = api.one(kind, str(parent[kind])) if kind.endswith("_id") else None
    return False


def _reference(parent: Mapping[str, Any]) -> str:
    kind = str(parent.get("type") or "")
    return str(parent.get(kind) or "") if kind.endswith("_id") else ""


def _title(page: Mapping[str, Any]) -> str:
    properties = (page.get("properties") or {}).values()
    return next((plain(prop["title"]) for prop in properties if prop["type"] == "title"), "") or "Untitled"


def _facts(api: notion_api.Notion, page: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yields a row's properties as text, those that Notion shortens read to their end."""
    for name, prop in (page.get("properties") or {}).items():
        kind = prop["type"]
        if kind in {"title", "button"}:
            continue
        if kind in {"relation", "people", "rich_text"} and (
            prop.get("has_more") or len(prop[kind]) >= _REFERENCES
        ):
            prop = {"type": kind, kind: [item[kind] for item in api.items(page["id"], prop["id"])]}  # noqa: PLW2901
        yield str(name), value(prop)


def _settled(edited: str) -> bool:
    try:
        return dt.datetime.fromisoformat(edited) < dt.datetime.now(dt.UTC) - _SETTLED
    except (ValueError, TypeError):
        return False
