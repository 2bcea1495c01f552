"""What Drive lists, remembered: its files and folders by id, and up to where its feed of changes was read."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from evalkit.backends.gdrive_api import Drive, Expired, begun_again
from evalkit.digest import of_value
from evalkit.types import Memory

__all__ = ["FOLDER", "Entry", "entries"]

FOLDER = "application/vnd.google-apps.folder"

_VERSION = 1
"""Raised whenever what is remembered changes its form or its meaning."""

_RELISTED = 7 * 86400.0
"""Seconds after which everything is listed again, whatever the feed says."""

_FILE = "file "


class Entry(NamedTuple):
    """A file or folder as last seen: what it lies in, its name, its content type and its revision.

    A file's revision changes with its content and with who may read it; a folder's with who may read it alone.
    """

    parent: str
    name: str
    kind: str
    revision: str


def entries(api: Drive, drive: str, memory: Memory) -> dict[str, Entry]:
    """Returns every file and folder by id: from the memory and the changes since, else from a full listing.

    A folder that came, went, was moved or has other readers asks for a full listing, since the feed need not name
    everything in it.

    Raises:
        CorpusError: where Drive cannot be listed to its end.
    """
    whose = f"{_VERSION} {api.account()} {drive}"
    if memory.get("whose") != whose or not _followed(api, drive, memory):
        begun_again(lambda: _list(api, drive, memory, whose))
    return {
        name.removeprefix(_FILE): Entry(*json.loads(said))
        for name, said in memory.items()
        if name.startswith(_FILE) and said
    }


def _followed(api: Drive, drive: str, memory: Memory) -> bool:
    """Brings the memory up to date by the feed; False where only a full listing can."""
    if not memory.get("complete") or time.time() - float(memory.get("began") or 0) > _RELISTED:
        return False
    try:
        for changes, cursor in api.changes(drive, memory.get("cursor") or ""):
            facts = {"cursor": cursor}
            for change in changes:
                name = f"{_FILE}{change.get('fileId')}"
                before, after = facts.get(name, memory.get(name) or ""), _after(change, drive)
                if change.get("changeType", "file") != "file" or _reaches_below(before, after):
                    return False
                if before or after:
                    facts[name] = after
            memory.update(facts)
    except Expired:
        return False
    return True


def _after(change: Mapping[str, Any], drive: str) -> str:
    """What is remembered of a file after a change; "" where it is gone from what would be listed."""
    file = change.get("file")
    if change.get("removed") or not file or file.get("trashed") or (drive and file.get("driveId") != drive):
        return ""
    return json.dumps(_entry(file))


def _reaches_below(before: str, after: str) -> bool:
    """Whether a change may be one of all that lies in it too."""
    was, now = (Entry(*json.loads(said)) if said else None for said in (before, after))
    if FOLDER not in {entry.kind for entry in (was, now) if entry is not None}:
        return False
    return was is None or now is None or (was.parent, was.revision) != (now.parent, now.revision)


def _list(api: Drive, drive: str, memory: Memory, whose: str) -> None:
    """Lists everything into the memory.

    A listing that was cut off is begun again: what its pages held may have moved to others meanwhile.
    """
    memory.clear()
    # The feed's token first: what changes while pages are read is in the feed.
    facts = {"whose": whose, "cursor": api.now(drive), "began": str(time.time())}
    for files in api.files(drive):
        facts |= {f"{_FILE}{file['id']}": json.dumps(_entry(file)) for file in files}
        memory.update(facts)
        facts = {}
    memory.update({"complete": "yes"})


def _entry(file: Mapping[str, Any]) -> Entry:
    kind = str(file.get("mimeType") or "")
    # What the account may see of it counts too: an unreadable file may have become readable.
    rights = of_value(sorted(file.get("permissionIds") or ()), file.get("capabilities"))[:16]
    return Entry(
        parent=str(next(iter(file.get("parents") or ()), "")),
        name=str(file.get("name") or ""),
        kind=kind,
        revision=rights if kind == FOLDER else f"{file.get('version', '')} {rights}",
    )
