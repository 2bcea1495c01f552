from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr

from evalkit.connectors import documents, registry
from evalkit.connectors.gdrive import GDrive
from evalkit.errors import CorpusError, SuiteError
from evalkit.types import Document, Listed, Unreadable
from tests.connectors.clocks import jump
from tests.connectors.gdrive_double import DOC, FOLDER, SHEET, SLIDES, TOKEN, Disk, failure
from tests.service import Answer, Asked, Service, service

pytest.importorskip("googleapiclient", reason="the extra 'gdrive' is not installed")

Connect = Callable[..., GDrive]


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    return jump(monkeypatch)


@pytest.fixture
def running(disk: Disk, slept: list[float]) -> Iterator[Service]:
    with service(disk) as running:
        yield running


@pytest.fixture
def connect(running: Service) -> Connect:
    def make(**more: object) -> GDrive:
        return GDrive(token=SecretStr(TOKEN), url=running.url, allow_private=True, **more)  # type: ignore[arg-type]

    return make


def by_id(connector: GDrive) -> dict[str, Document | Unreadable]:
    return {item.doc_id: item for item in documents(connector)}


def test_documents_slides_and_files(disk: Disk, connect: Connect) -> None:
    disk.page_size = 2
    disk.file("d", "Team", FOLDER)
    disk.file("1", "Handbook", DOC, b"# Handbook\n\nWelcome.\n", "d")
    disk.file("2", "Pitch", SLIDES, b"\xef\xbb\xbfOne\nTwo\n", "d")
    disk.file("3", "notes.txt", "text/plain", b"Notes\n", "d")
    disk.file("4", "page", "text/html", b"<h1>Hello</h1><p>World</p>")
    disk.file("5", "photo.jpg", "image/jpeg")
    disk.file("6", "broken.txt", "text/plain", b"\xff\xfe\xfd")
    disk.file("7", "large.txt", "text/plain", b"x", size="60000000")
    held = by_id(connect())
    assert set(held) == {"Team/Handbook", "Team/Pitch", "Team/notes.txt", "page", "broken.txt", "large.txt"}
    book = held["Team/Handbook"]
    assert isinstance(book, Document)
    assert (book.text, book.title, book.acl) == (
        "# Handbook\n\nWelcome.\n",
        "Handbook",
        ("user:ann@acme.example",),
    )
    assert book.metadata["author"] == "ann@acme.example"
    assert (book.modified_at, book.uri) == ("2026-04-01T08:00:00.000Z", "https://docs.google.com/1")
    assert getattr(held["Team/Pitch"], "text", "") == "One\nTwo\n"
    assert getattr(held["page"], "text", "") == "# Hello\n\nWorld\n"
    assert isinstance(held["broken.txt"], Unreadable)
    assert held["large.txt"] == Unreadable(
        "large.txt", "60,000,000 bytes; at most 20,000,000 are read (max_bytes)"
    )


def test_every_sheet_of_a_spreadsheet(disk: Disk, connect: Connect) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the extra 'office' is not installed")
    book = openpyxl.Workbook()
    book.active.append(["Service", "Owner"])
    book.create_sheet("Second").append(["Region", "EU"])
    stored = io.BytesIO()
    book.save(stored)
    disk.file("1", "Inventory", SHEET, stored.getvalue())
    text = getattr(by_id(connect())["Inventory"], "text", "")
    assert "| Service | Owner |" in text
    assert "| Region | EU |" in text


def test_who_may_read(disk: Disk, connect: Connect) -> None:
    for key in "1234":
        disk.file(key, f"Doc {key}", DOC, b"text")
    disk.readers["1"] = [{"id": "x", "type": "anyone"}, *disk.readers["1"]]
    disk.readers["2"] = [
        {"id": "y", "type": "domain", "domain": "acme.example"},
        {"id": "g", "type": "group", "emailAddress": "eng@acme.example"},
        {"id": "z", "type": "user", "emailAddress": "left@acme.example", "deleted": True},
    ]
    disk.readers["3"] *= 1
    disk.hidden = {"4"}
    held = by_id(connect())
    assert getattr(held["Doc 1"], "acl", None) == ()
    assert getattr(held["Doc 2"], "acl", None) == ("domain:acme.example", "group:eng@acme.example")
    assert isinstance(held["Doc 4"], Unreadable), "not public: nobody knows"
    assert getattr(by_id(connect(access=("group:staff",)))["Doc 4"], "acl", None) == ("group:staff",)


def test_a_change_of_permission_or_text_is_another_revision(disk: Disk, connect: Connect) -> None:
    disk.file("1", "Doc", DOC, b"text")
    (first,) = connect().listing()
    disk.items["1"]["permissionIds"] = ["p-ann", "p-bob"]
    (second,) = connect().listing()
    disk.items["1"]["version"] = "2"
    (third,) = connect().listing()
    disk.items["1"]["capabilities"] = {"canShare": True, "canDownload": True}
    (fourth,) = connect().listing()
    assert len({first.revision, second.revision, third.revision, fourth.revision}) == 4


def test_gone_renamed_moved_and_trashed(disk: Disk, connect: Connect) -> None:
    disk.file("a", "A", FOLDER)
    disk.file("b", "B", FOLDER)
    disk.file("1", "Doc", DOC, b"text", "a")
    (before,) = connect().listing()
    disk.items["1"] |= {"name": "Paper", "parents": ["b"]}
    (after,) = connect().listing()
    assert (before.doc_id, after.doc_id, before.key) == ("A/Doc", "B/Paper", after.key)
    disk.items["1"]["trashed"] = True
    assert list(connect().listing()) == []
    assert connect().fetch(before) is None
    del disk.items["1"]
    assert connect().fetch(before) is None


def test_shared_drives_and_folders(disk: Disk, connect: Connect) -> None:
    disk.file("f", "Policies", FOLDER, parent="D", driveId="D")
    disk.file("g", "2026", FOLDER, parent="f", driveId="D")
    disk.file("1", "Travel", DOC, b"t", "g", driveId="D")
    disk.file("2", "Other", DOC, b"t", "D", driveId="D")
    disk.file("3", "Mine", DOC, b"t")
    assert set(by_id(connect(drive="D"))) == {"Policies/2026/Travel", "Other"}
    inside = connect(drive="D", folder="f")
    assert set(by_id(inside)) == {"Policies/2026/Travel"}
    assert isinstance(inside.fetch(Listed("Policies/2026/Travel", "", "1")), Document)
    assert inside.fetch(Listed("Other", "", "2")) is None
    assert connect(drive="D").fetch(Listed("Mine", "", "3")) is None
    with pytest.raises(CorpusError, match="expected a folder's id"):
        list(connect(folder="nowhere").listing())


def test_patience_and_its_end(disk: Disk, connect: Connect, slept: list[float]) -> None:
    disk.file("1", "Doc", DOC, b"text")
    limited = failure(403, "userRateLimitExceeded")
    disk.script = [Answer(status=429, headers={"Retry-After": "4"}), limited, failure(500, "backendError")]
    assert len(list(connect().listing())) == 1
    assert 4 in slept
    disk.script = [failure(503, "backendError")] * 6
    with pytest.raises(CorpusError, match="answered 503; the service failed; sync again later"):
        list(connect().listing())
    disk.script = [limited] * 6
    with pytest.raises(CorpusError, match="userRateLimitExceeded"):
        list(connect().listing())


def test_lists_are_complete_or_refused(disk: Disk, connect: Connect) -> None:
    for number in range(4):
        disk.file(str(number), f"Doc {number}", DOC, b"text")
    disk.page_size = 2
    expired = failure(400, "invalid")
    disk.script = [None, None, None, expired]
    assert len(list(connect().listing())) == 4
    disk.script = [None, None, None, expired, None, None, expired]
    with pytest.raises(CorpusError, match="page token expired twice"):
        list(connect().listing())
    disk.script = [None, None, Answer({"kind": "drive#fileList"})]
    with pytest.raises(CorpusError, match="holds no files"):
        list(connect().listing())
    disk.incomplete = True
    with pytest.raises(CorpusError, match="could not search everywhere"):
        list(connect().listing())


def test_what_drive_keeps_back_is_unreadable(disk: Disk, connect: Connect) -> None:
    disk.file("1", "Doc", DOC, b"text")
    (listed,) = connect().listing()
    disk.script = [None, None, failure(403, "exportSizeLimitExceeded")]
    kept = connect().fetch(listed)
    assert isinstance(kept, Unreadable)
    assert kept.reason.startswith("Drive does not hand it out (exportSizeLimitExceeded); check")
    disk.script = [failure(403, "insufficientPermissions")]
    with pytest.raises(CorpusError, match="insufficientPermissions"):
        list(connect().listing())


def test_a_long_list_of_readers_is_begun_again_once(disk: Disk, connect: Connect) -> None:
    disk.file("1", "Doc", DOC, b"text")
    disk.readers["1"] = [
        {"id": str(n), "type": "user", "emailAddress": f"{n}@acme.example"} for n in range(3)
    ]
    (listed,) = connect().listing()
    disk.page_size, expired = 2, failure(410, "gone")
    disk.script = [None, None, expired]
    assert len(getattr(connect().fetch(listed), "acl", ())) == 3
    disk.script = [None, None, expired, None, expired]
    with pytest.raises(CorpusError, match="page token expired twice"):
        connect().fetch(listed)


def test_ten_thousand_files(disk: Disk, connect: Connect) -> None:
    for number in range(10_000):
        disk.file(str(number), f"Doc {number}", DOC)
    assert len({listed.key for listed in connect().listing()}) == 10_000
    assert disk.asked["files"] == 10


def test_a_service_account_signs_for_its_own_token(slept: list[float]) -> None:
    disk = Disk()
    disk.file("1", "Doc", DOC, b"text")

    def answer(asked: Asked) -> Answer:
        if asked.path == "/token":
            assert b"assertion=" in asked.body
            return Answer({"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})
        return disk(asked)

    with service(answer) as running:
        key = {"type": "service_account", "client_email": "bot@acme.example", "private_key": _private_key()}
        connector = GDrive(
            key=SecretStr(json.dumps(key | {"token_uri": f"{running.url}/token"})),
            url=running.url,
            allow_private=True,
        )
        assert list(by_id(connector)) == ["Doc"]
        assert [asked.path for asked in running.asked][:2] == ["/token", "/drive/v3/about"]
    with pytest.raises(CorpusError, match="not a service account's key") as wrong:
        list(GDrive(key=SecretStr('{"canary": 1}')).listing())
    assert "canary" not in repr(wrong.value)


def test_the_token_shows_nowhere(
    disk: Disk, connect: Connect, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(0)
    disk.file("1", "Doc", DOC, b"text")
    connector = connect()
    shown = [repr(connector), connector.identity(), repr(list(documents(connector)))]
    disk.script = [Answer({"error": {"code": 401}}, status=401)]
    with pytest.raises(CorpusError) as refused:
        list(connector.listing())
    with pytest.raises(SuiteError, match="give one of key and token") as both:
        registry.build({"gdrive": {"token": TOKEN, "key": TOKEN}})
    shown += [repr(refused.value), repr(both.value), caplog.text, *capfd.readouterr()]
    assert not any("canary" in text for text in shown)


def _private_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def test_an_undocumented_answer_is_no_traceback(disk: Disk, connect: Connect) -> None:
    disk.file("1", "Doc", DOC, b"text")
    (listed,) = connect().listing()
    disk.script = [None, Answer({"permissions": [{"id": "x"}]})]
    found = connect().fetch(listed)
    assert isinstance(found, Unreadable)
    assert "not in its documented format (KeyError: 'type')" in found.reason
    disk.script = [None, None, Answer({"files": [{}]})]
    with pytest.raises(CorpusError, match="not in its documented format"):
        list(connect().listing())
