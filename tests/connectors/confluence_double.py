"""A double for Confluence: the public wire formats of Cloud (v2 and v1) and Server over real HTTP, from memory."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from tests.service import Answer, Asked

TOKEN = "ATATT_canary_77aa"


class Site:
    """One space, ENG. `script` answers before it does; `unindexed` pages are missing from searches."""

    def __init__(self, *, cloud: bool) -> None:
        self.cloud = cloud
        self.page_size = 250
        self.pages: dict[str, dict[str, Any]] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self.folders: dict[str, dict[str, Any]] = {}
        self.restricted: dict[str, tuple[list[str], list[str]]] = {}
        self.embedded_limit = 200
        self.unindexed: set[str] = set()
        self.unlisted: set[str] = set()
        self.hidden: dict[str, Any] = {}
        self.script: list[Answer | None] = []

    def page(
        self, key: str, title: str, parent: str = "", *, body: str = "<p>Text</p>", version: int = 1
    ) -> None:
        self.pages[key] = {"id": key, "title": title, "parent": parent, "body": body, "version": version}

    def file(self, key: str, title: str, page: str, data: bytes) -> None:
        self.files[key] = {"id": key, "title": title, "page": page, "data": data, "version": 1}

    def __call__(self, asked: Asked) -> Answer:  # noqa: C901 - one line an endpoint
        basic = base64.b64encode(f"me@acme.example:{TOKEN}".encode()).decode()
        assert asked.headers["authorization"] == (f"Basic {basic}" if self.cloud else f"Bearer {TOKEN}")
        if self.script and (said := self.script.pop(0)) is not None:
            return said
        query = asked.query
        match asked.path.removeprefix("/wiki/").split("/"):
            case ["api", "v2", "spaces"] if self.cloud:
                return self._list([{"id": "9", "key": "ENG"}] if query["keys"] == "ENG" else [], asked)
            case ["api", "v2", "spaces", "9", "pages"] if self.cloud:
                return self._list(self._listed(), asked, self._v2)
            case ["api", "v2", "pages", key] if self.cloud:
                return self._v2_body(key)
            case ["api", "v2", "pages", key, "ancestors"] if self.cloud:
                return self._list([{"id": above, "type": "page"} for above in self._above(key)], asked)
            case ["api", "v2", "folders", key] if self.cloud and key in self.folders:
                return Answer(self.folders[key])
            case ["api", "v2", "attachments", key] if self.cloud and key in self.files:
                return Answer(self._file(key))
            case ["rest", "api", "content", "search"] if "type=attachment" in query["cql"]:
                return self._list([self._file(key) for key in self.files], asked)
            case ["rest", "api", "content", "search"]:
                found = [page for key, page in self.pages.items() if key not in self.unindexed]
                return self._list(found, asked, self._v1)
            case ["rest", "api", "content", key, "restriction", "byOperation", "read"]:
                return self._restriction(key, int(query["start"]))
            case ["rest", "api", "content"] if not self.cloud:
                assert query["spaceKey"] == "ENG"
                return self._list(self._listed(), asked, self._v1)
            case ["rest", "api", "content", key] if not self.cloud and key in self.pages:
                return Answer(self._v1(self.pages[key]))
            case ["rest", "api", "content", key] if not self.cloud and key in self.files:
                return Answer(self._file(key))
            case ["download", "attachments", key, _]:
                return Answer(self.files[key]["data"])
        return Answer({"message": "not found"}, status=404)

    def _listed(self) -> list[dict[str, Any]]:
        return [page for key, page in self.pages.items() if key not in self.unlisted]

    def _above(self, key: str) -> list[str]:
        above: list[str] = []
        while parent := (self.pages.get(key) or self.folders[key]).get("parent", ""):
            above.append(key := parent)
        return above

    def _v2(self, page: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": page["id"],
            "status": "current",
            "title": page["title"],
            "spaceId": page.get("space", "9"),
            "parentId": page["parent"] or None,
            "parentType": page["parent"]
            and ("folder" if page["parent"] in self.folders | self.hidden else "page"),
            "authorId": "u-1",
            "version": {"number": page["version"], "createdAt": "2026-03-01T10:00:00.000Z"},
            "_links": {"webui": f"/spaces/ENG/pages/{page['id']}"},
        }

    def _v2_body(self, key: str) -> Answer:
        if key not in self.pages:
            return Answer({"errors": [{"status": 404, "code": "NOT_FOUND"}]}, status=404)
        page = self.pages[key]
        body = {"body": {"storage": {"representation": "storage", "value": page["body"]}}}
        return Answer(self._v2(page) | body)

    def _v1(self, page: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": page["id"],
            "type": "page",
            "status": "current",
            "title": page["title"],
            "space": {"key": "ENG"},
            "ancestors": [{"id": above} for above in reversed(self._above(page["id"]))],
            "version": {"number": page["version"], "when": "2026-03-01T10:00:00.000Z"},
            "history": {"createdBy": {"username": "jane"}},
            "body": {"storage": {"value": page["body"], "representation": "storage"}},
            "restrictions": {"read": self._read(page["id"], 0, self.embedded_limit)},
            "_links": {"webui": f"/display/ENG/{page['id']}"},
        }

    def _restriction(self, key: str, start: int) -> Answer:
        if key not in self.pages | self.folders:
            return Answer({"message": "no content"}, status=404)
        return Answer(self._read(key, start, 200))

    def _read(self, key: str, start: int, limit: int) -> dict[str, Any]:
        users, groups = self.restricted.get(key, ([], []))
        naming = "accountId" if self.cloud else "username"
        given = {"user": [{naming: user} for user in users], "group": [{"name": group} for group in groups]}
        return {
            "operation": "read",
            "restrictions": {
                kind: {"results": some[start : start + limit], "start": start, "limit": limit}
                for kind, some in given.items()
            },
        }

    def _file(self, key: str) -> dict[str, Any]:
        file = self.files[key]
        link = f"/download/attachments/{key}/{file['title']}?version=1"
        return {
            "id": key,
            "status": "current",
            "title": file["title"],
            "pageId": file["page"],
            "container": {"id": file["page"]},
            "fileSize": len(file["data"]),
            "version": {"number": file["version"], "createdAt": "2026-03-02T10:00:00.000Z"},
            "downloadLink": link,
            "_links": {"webui": f"/files/{key}", "download": link},
        }

    def _list(
        self,
        items: list[dict[str, Any]],
        asked: Asked,
        shown: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    ) -> Answer:
        size = min(int(asked.query["limit"]), self.page_size)
        start = int(asked.query.get("cursor") or asked.query.get("start") or 0)
        where = "cursor" if self.cloud else "start"
        links = {"next": f"{asked.path}?{where}={start + size}"} if start + size < len(items) else {}
        return Answer({"results": list(map(shown, items[start : start + size])), "_links": links})
