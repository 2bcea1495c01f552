"""Listings of Google Drive that go on from what the last one found."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from pydantic import SecretStr

from evalkit.connectors.gdrive import GDrive
from evalkit.errors import CorpusError
from tests.connectors.clocks import jump
from tests.connectors.gdrive_double import DOC, FOLDER, TOKEN, Disk, failure
from tests.service import service

pytest.importorskip("googleapiclient", reason="the extra 'gdrive' is not installed")


@dataclass
class Account:
    """A disk, a connector to it, and what it remembers."""

    disk: Disk
    drive: GDrive
    memory: dict[str, str] = field(default_factory=dict)

    def listed(self) -> dict[str, tuple[str, str]]:
        """Lists from the memory: id -> path and revision."""
        self.disk.asked.clear()
        return {
            listed.key: (listed.doc_id, listed.revision) for listed in self.drive.listing_since(self.memory)
        }

    def afresh(self) -> dict[str, tuple[str, str]]:
        return {listed.key: (listed.doc_id, listed.revision) for listed in self.drive.listing()}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    jump(monkeypatch)
    disk = Disk()
    with service(disk) as running:
        yield Account(disk, GDrive(token=SecretStr(TOKEN), url=running.url, allow_private=True))


def six(disk: Disk) -> None:
    disk.file("a", "A", FOLDER)
    disk.file("b", "B", FOLDER)
    for number in range(1, 7):
        disk.file(str(number), f"Doc {number}", DOC, b"text", "a" if number < 4 else "b")


def test_an_unchanged_drive_is_not_listed_again(account: Account) -> None:
    six(account.disk)
    first = account.listed()
    assert account.disk.asked["files"] == 1
    assert account.listed() == first
    assert account.disk.asked == {"about": 1, "changes": 1}


def test_changes_come_from_the_feed(account: Account) -> None:
    disk = account.disk
    disk.page_size = 2
    six(disk)
    account.listed()
    disk.items["1"]["version"] = "2"
    disk.items["2"] |= {"name": "Paper", "parents": ["b"]}
    disk.items["3"]["trashed"] = True
    del disk.items["4"]
    disk.items["5"]["permissionIds"] = ["p-ann", "p-bob"]
    disk.items["a"]["name"] = "Alpha"
    disk.file("7", "New", DOC, b"text", "a")
    found = account.listed()
    assert disk.asked == {"about": 1, "changes": 4}
    assert {key: path for key, (path, _) in found.items()} == {
        "1": "Alpha/Doc 1",
        "2": "B/Paper",
        "5": "B/Doc 5",
        "6": "B/Doc 6",
        "7": "Alpha/New",
    }
    assert found == account.afresh()


def test_what_lies_in_a_folder_that_went_or_changed_hands_is_listed_again(account: Account) -> None:
    disk = account.disk
    six(disk)
    account.listed()
    disk.quiet = set("123")
    disk.items["a"]["trashed"] = True
    for key in "123":
        disk.items[key]["trashed"] = True
    assert set(account.listed()) == set("456")
    assert disk.asked["files"] == 1
    disk.quiet = set("456")
    disk.items["b"]["parents"] = ["shared"]
    for key in "456":
        disk.items[key]["permissionIds"] = ["p-ann", "p-eve"]
    assert account.listed() == account.afresh()
    disk.items["b"]["permissionIds"] = ["p-ann", "p-bob"]
    for key in "456":
        disk.items[key]["permissionIds"] = ["p-ann", "p-bob"]
    assert account.listed() == account.afresh()


@pytest.mark.parametrize("status", [400, 410])
def test_a_token_that_drive_no_longer_knows(account: Account, status: int) -> None:
    six(account.disk)
    first = account.listed()
    account.disk.script = [None, failure(status, "invalid")]
    assert account.listed() == first
    assert account.disk.asked["files"] == 1


def test_a_listing_that_was_cut_off_is_begun_again(account: Account) -> None:
    disk = account.disk
    disk.page_size = 2
    six(disk)
    disk.script = [None, None, None, None, *[failure(503, "backendError")] * 6]
    with pytest.raises(CorpusError, match="503"):
        account.listed()
    del disk.items["1"]
    assert account.listed() == account.afresh()


def test_another_account_another_drive_or_a_week_later(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    six(account.disk)
    account.listed()
    account.disk.account = "p-other"
    account.listed()
    assert account.disk.asked["files"] == 1
    account.listed()
    assert account.disk.asked["files"] == 0
    later = time.time() + 8 * 86400
    monkeypatch.setattr(time, "time", lambda: later)
    account.listed()
    assert account.disk.asked["files"] == 1


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_the_memory_and_a_full_listing_agree(account: Account, seed: int) -> None:
    disk, draw = account.disk, random.Random(seed)
    disk.page_size = 3
    six(disk)
    for step in range(8):
        for _ in range(draw.randint(0, 4)):
            _happen(disk, draw, f"{step}{draw.random()}")
        assert account.listed() == account.afresh()


def _happen(disk: Disk, draw: random.Random, fresh: str) -> None:
    """One thing that people do to a drive."""
    key = draw.choice(list(disk.items))
    item = disk.items[key]
    folders = [key for key, item in disk.items.items() if item["mimeType"] == FOLDER] or ["root"]
    match draw.randrange(7):
        case 0:
            disk.file(
                fresh, draw.choice(["X", "Y"]), draw.choice([DOC, DOC, FOLDER]), b"t", draw.choice(folders)
            )
        case 1:
            item["version"] = fresh
        case 2:
            item["name"] = draw.choice(["Doc 1", "X", "Z"])
        case 3:
            item["parents"] = [draw.choice(folders)]
        case 4 if len(disk.items) > 3:
            del disk.items[key]
        case 5:
            item["trashed"] = not item["trashed"]
        case _:
            item["permissionIds"] = [fresh]
