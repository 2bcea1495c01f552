"""A double for Google Drive: the public wire format of v3 over real HTTP, from files in memory."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

from tests.service import Answer, Asked

TOKEN = "ya29_canary_c0ffee"
DOC = "application/vnd.google-apps.document"
SHEET = "application/vnd.google-apps.spreadsheet"
SLIDES = "application/vnd.google-apps.presentation"
FOLDER = "application/vnd.google-apps.folder"


class Disk:
    """`script` answers before it does; `hidden` files do not show their permissions to the account.

    Every change of `items` enters the feed of changes, which says what a file is now, as Drive's does; `quiet` ones do
    not. `asked` counts requests by what they ask for.
    """

    def __init__(self) -> None:
        self.page_size = 1000
        self.items: dict[str, dict[str, Any]] = {}
        self.data: dict[str, bytes] = {}
        self.readers: dict[str, list[dict[str, Any]]] = {}
        self.hidden: set[str] = set()
        self.incomplete = False
        self.script: list[Answer | None] = []
        self.account = "p-bot"
        self.feed: list[str] = []
        self.quiet: set[str] = set()
        self.asked: Counter[str] = Counter()
        self._before: dict[str, dict[str, Any]] = {}

    def file(
        self, key: str, name: str, kind: str, data: bytes = b"", parent: str = "root", **more: Any
    ) -> None:
        self.items[key] = {
            "id": key,
            "name": name,
            "mimeType": kind,
            "parents": [parent],
            "modifiedTime": "2026-04-01T08:00:00.000Z",
            "version": "1",
            "owners": [{"emailAddress": "ann@acme.example"}],
            "webViewLink": f"https://docs.google.com/{key}",
            "trashed": False,
            "permissionIds": ["p-ann"],
            **more,
        }
        self.data[key] = data
        self.readers.setdefault(key, [{"id": "p-ann", "type": "user", "emailAddress": "ann@acme.example"}])

    def __call__(self, asked: Asked) -> Answer:
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"
        self._watch()
        self.asked[asked.path.removeprefix("/drive/v3/").split("/")[0]] += 1
        if self.script and (said := self.script.pop(0)) is not None:
            return said
        query = asked.query
        assert query.get("supportsAllDrives") == "true" or asked.path.endswith(("/export", "/about"))
        match asked.path.removeprefix("/drive/v3/").split("/"):
            case ["about"]:
                return Answer({"user": {"permissionId": self.account}})
            case ["changes", "startPageToken"]:
                return Answer({"startPageToken": str(len(self.feed))})
            case ["changes"]:
                return self._changes(query)
            case ["files"]:
                assert query["includeItemsFromAllDrives"] == "true"
                found = [
                    item
                    for item in self.items.values()
                    if not item["trashed"]
                    and ("driveId" not in query or item.get("driveId") == query["driveId"])
                ]
                return self._list("files", found, query)
            case ["files", key, *_] if key not in self.items:
                return failure(404, "notFound")
            case ["files", key, "permissions"]:
                if key in self.hidden:
                    return failure(403, "insufficientFilePermissions")
                return self._list("permissions", self.readers[key], query)
            case ["files", key, "export"]:
                return Answer(self.data[key], headers={"Content-Type": query["mimeType"]})
            case ["files", key] if query.get("alt") == "media":
                return Answer(self.data[key])
            case ["files", key]:
                return Answer(self.items[key])
        return failure(404, "notFound")

    def _watch(self) -> None:
        """Takes what changed since the last request into the feed."""
        keys = self.items.keys() | self._before.keys()
        changed = [key for key in sorted(keys) if self.items.get(key) != self._before.get(key)]
        self.feed += [key for key in changed if key not in self.quiet]
        self._before = copy.deepcopy(self.items)

    def _changes(self, query: Any) -> Answer:
        assert query["includeItemsFromAllDrives"] == "true"
        start = int(query["pageToken"])
        end = min(start + min(int(query["pageSize"]), self.page_size), len(self.feed))
        said = [
            {"changeType": "file", "fileId": key, "removed": True}
            if key not in self.items
            else {"changeType": "file", "fileId": key, "removed": False, "file": self.items[key]}
            for key in self.feed[start:end]
        ]
        token = "nextPageToken" if end < len(self.feed) else "newStartPageToken"
        return Answer({"changes": said, token: str(end)})

    def _list(self, what: str, items: list[dict[str, Any]], query: Any) -> Answer:
        size = min(int(query["pageSize"]), self.page_size)
        start = int(query.get("pageToken") or 0)
        more = {"nextPageToken": str(start + size)} if start + size < len(items) else {}
        return Answer({what: items[start : start + size], "incompleteSearch": self.incomplete, **more})


def failure(status: int, reason: str) -> Answer:
    return Answer(
        {"error": {"code": status, "message": reason, "errors": [{"reason": reason}]}}, status=status
    )
