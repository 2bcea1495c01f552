"""A double for Notion: its public wire format (version 2025-09-03) over real HTTP, from a workspace in memory."""

from __future__ import annotations

import json
from typing import Any

from tests.service import Answer, Asked

TOKEN = "ntn_canary_5f1d"
OLD = "2026-01-05T09:00:00.000Z"


def uid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


def rich(text: str, **annotations: bool) -> list[dict[str, Any]]:
    return [{"type": "text", "plain_text": text, "annotations": annotations, "href": None}]


def block(
    number: int, kind: str, text: str | None = None, *, children: bool = False, **data: Any
) -> dict[str, Any]:
    body = {**({} if text is None else {"rich_text": rich(text)}), **data}
    return {"object": "block", "id": uid(number), "type": kind, "has_children": children, kind: body}


class Workspace:
    """`pages`, `sources` and `below` (id -> blocks) are what it serves; `script` answers before it does."""

    def __init__(self, *, page_size: int = 100) -> None:
        self.page_size = page_size
        self.pages: dict[str, dict[str, Any]] = {}
        self.sources: dict[str, dict[str, Any]] = {}
        self.below: dict[str, list[dict[str, Any]]] = {}
        self.blocks: dict[str, dict[str, Any]] = {}
        self.hidden: set[str] = set()
        self.script: list[Answer | None] = []
        self.query_limit = 10_000

    def page(self, number: int, title: str, parent: dict[str, Any] | None = None, **more: Any) -> str:
        properties = {
            "Name": {"id": "title", "type": "title", "title": rich(title)},
            **more.pop("properties", {}),
        }
        self.pages[uid(number)] = {
            "object": "page",
            "id": uid(number),
            "created_time": OLD,
            "last_edited_time": OLD,
            "created_by": {"object": "user", "id": uid(99)},
            "in_trash": False,
            "parent": parent or {"type": "workspace", "workspace": True},
            "url": f"https://www.notion.so/{title}-{number}",
            "properties": properties,
            **more,
        }
        self.below.setdefault(uid(number), [])
        return uid(number)

    def source(self, number: int, title: str, parent: dict[str, Any]) -> str:
        self.sources[uid(number)] = {
            "object": "data_source",
            "id": uid(number),
            "title": rich(title),
            "parent": {"type": "database_id", "database_id": uid(number + 1000)},
            "database_parent": parent,
        }
        return uid(number)

    def __call__(self, asked: Asked) -> Answer:
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"
        assert asked.headers["notion-version"] == "2025-09-03"
        if self.script and (said := self.script.pop(0)) is not None:
            return said
        given = json.loads(asked.body) if asked.body else dict(asked.query)
        match asked.path.removeprefix("/v1/").split("/"):
            case ["search"]:
                found = [*self.sources.values(), *self.pages.values()]
                return self._list([item for item in found if item["id"] not in self.hidden], given)
            case ["data_sources", source, "query"]:
                return self._query(source, given)
            case ["blocks", parent, "children"]:
                return self._list(self.below[parent], given) if parent in self.below else missing()
            case ["pages", page]:
                return Answer(self.pages[page]) if page in self.pages else missing()
            case ["pages", page, "properties", prop]:
                return self._list(self.pages[page]["all"][prop], given)
            case ["blocks", one]:
                return Answer(self.blocks[one]) if one in self.blocks else missing()
        return missing()

    def _query(self, source: str, given: dict[str, Any]) -> Answer:
        rows = [page for page in self.pages.values() if page["parent"].get("data_source_id") == source]
        since = given.get("filter", {}).get("created_time", {}).get("on_or_after", "")
        rows = sorted(
            (row for row in rows if row["created_time"] >= since), key=lambda row: row["created_time"]
        )
        answer = self._list(rows[: self.query_limit], given)
        if len(rows) > self.query_limit and isinstance(answer.body, dict):
            answer.body["request_status"] = {
                "type": "incomplete",
                "incomplete_reason": "query_result_limit_reached",
            }
        return answer

    def _list(self, items: list[dict[str, Any]], given: dict[str, Any]) -> Answer:
        size = min(int(given["page_size"]), self.page_size)
        start = int(given.get("start_cursor") or 0)
        more = start + size < len(items)
        return Answer(
            {
                "object": "list",
                "results": items[start : start + size],
                "has_more": more,
                "next_cursor": str(start + size) if more else None,
            }
        )


def missing() -> Answer:
    return failure(404, "object_not_found", "Could not find page.")


def failure(status: int, code: str, message: str) -> Answer:
    return Answer({"object": "error", "status": status, "code": code, "message": message}, status=status)
