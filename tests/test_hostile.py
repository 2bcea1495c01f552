"""A thousand hostile names, links and members (400 + 200 + 2 × 150 + 100): nothing outside is read or written."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import random
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evalkit.backends.archives import Caps, check_zip, members
from evalkit.connectors import documents
from evalkit.connectors.archive import Archive
from evalkit.connectors.folder import Folder
from evalkit.connectors.git import Git
from evalkit.errors import CorpusError
from evalkit.types import Document, Listed, Unreadable

CANARY = "canary-7f3a"
LEADS_OUT = (
    "../outside/secret.md",
    "../../outside/secret.md",
    "a/../../outside/secret.md",
    "./../outside/secret.md",
    "{outside}/secret.md",
    "//{outside}/secret.md",
    "..\\outside\\secret.md",
    "C:\\outside\\secret.md",
    "a//../../outside/secret.md",
    "a/./../../outside/secret.md",
)
ODD = (
    "\n",
    "\t",
    "\x1b[2J",
    "\u202e",
    "\u200b",
    "*",
    "?",
    "'",
    '"',
    "$(id)",
    "`id`",
    ";",
    "|",
    "&",
    "%2e%2e%2f",
    "é",
    "-rf",
    "~",
)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links and devices as POSIX has them")


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder beside the root that holds a secret; afterwards it and everything else is as it was."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.md").write_text(f"# {CANARY}\n")
    (tmp_path / "root").mkdir()
    yield folder
    assert [path.name for path in folder.iterdir()] == ["secret.md"]
    assert (folder / "secret.md").read_text() == f"# {CANARY}\n"
    assert {path.name for path in tmp_path.iterdir()} <= {
        "outside",
        "root",
        "cache",
        "work",
        "a.zip",
        "a.tar",
    }


def clean(found: object) -> None:
    assert CANARY not in repr(found)


def names(count: int, outside: Path, seed: int) -> list[str]:
    """Names that lead out, and names that are only odd."""
    draw = random.Random(seed)
    made = []
    for number in range(count):
        if number % 2:
            made.append(draw.choice(LEADS_OUT).format(outside=outside))
        else:
            made.append(f"{draw.choice(ODD)}{number}{draw.choice(ODD)}.md")
    return made


def test_four_hundred_files_of_a_folder(tmp_path: Path, outside: Path) -> None:
    root, draw = tmp_path / "root", random.Random(1)
    for number in range(400):
        odd = f"{number}{draw.choice(ODD)}"
        match number % 5:
            case 0:
                (root / f"{odd}.md").symlink_to(outside / "secret.md")
            case 1:
                (root / odd).symlink_to(outside, target_is_directory=True)
            case 2:
                os.link(outside / "secret.md", root / f"{odd}.md")
            case 3:
                os.mkfifo(root / f"{odd}.md")
            case 4:
                (root / odd).mkdir()
                (root / odd / "link.md").symlink_to(f"../../outside/{draw.choice(['secret.md', '.'])}")
    (root / "own.md").write_text("own")
    found = list(documents(Folder(root)))
    clean(found)
    assert [item.doc_id for item in found if isinstance(item, Document)] == ["own.md"]
    assert sum(isinstance(item, Unreadable) and "hard links" in item.reason for item in found) == 80


def test_two_hundred_ids_that_lead_out_of_a_folder(tmp_path: Path, outside: Path) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir()
    (root / "link").symlink_to(outside, target_is_directory=True)
    folder = Folder(root)
    for name in [*names(197, outside, 2), "link/secret.md", "a\x00.md", ".md"]:
        found = folder.fetch(Listed(name, ""))
        clean(found)
        assert not isinstance(found, Document), name


def test_a_link_put_in_the_way_after_the_listing_is_not_followed(tmp_path: Path, outside: Path) -> None:
    root = tmp_path / "root"
    (root / "sub").mkdir()
    (root / "sub" / "secret.md").write_text("own")
    (root / "own.md").write_text("own")
    listed = list(Folder(root).listing())
    (root / "own.md").unlink()
    (root / "own.md").symlink_to(outside / "secret.md")
    (root / "sub" / "secret.md").unlink()
    (root / "sub").rmdir()
    (root / "sub").symlink_to(outside)
    found = [Folder(root).fetch(item) for item in listed]
    clean(found)
    assert all(isinstance(item, Unreadable) and "link" in item.reason for item in found)


def test_a_link_put_in_the_way_while_listing_is_not_followed(tmp_path: Path, outside: Path) -> None:
    root = tmp_path / "root"
    (root / "sub").mkdir()
    for name in ("own.md", "sub/gone.md"):
        (root / name).write_text("own")
    listing = Folder(root).listing()
    assert next(listing).doc_id == "own.md"
    (root / "sub" / "gone.md").unlink()
    (root / "sub").rmdir()
    (root / "sub").symlink_to(outside)
    assert list(listing) == []


def test_a_path_longer_than_the_system_takes_at_once(tmp_path: Path, outside: Path) -> None:
    depth, name = 30, "d" * 200
    at = os.open(tmp_path / "root", os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=at)
        at, above = os.open(name, os.O_RDONLY, dir_fd=at), at
        os.close(above)
    os.close(os.open("own.md", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.write(handle := os.open("own.md", os.O_WRONLY, dir_fd=at), b"own")
    os.close(handle)
    os.close(at)
    (found,) = documents(Folder(tmp_path / "root"))
    assert isinstance(found, Document)
    assert found.text == "own"


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_hundred_and_fifty_members_of_an_archive(tmp_path: Path, outside: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    hostile = [name.replace("secret", f"secret{n}") for n, name in enumerate(names(100, outside, 3))]
    links = [f"link{number}.md" for number in range(50)]
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name in hostile:
                archive.writestr(zipfile.ZipInfo(name), "x")
            for name in links:
                info = zipfile.ZipInfo(name)
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
                archive.writestr(info, str(outside / "secret.md"))
    else:
        with tarfile.open(path, "w") as tar:
            for name in hostile:
                entry = tarfile.TarInfo(name)
                entry.size = 1
                tar.addfile(entry, io.BytesIO(b"x"))
            for number, name in enumerate(links):
                entry = tarfile.TarInfo(name)
                entry.type = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE)[number % 4]
                entry.linkname = str(outside / "secret.md")
                tar.addfile(entry)
    found = list(documents(Archive(path)))
    clean(found)
    for item in found:
        if isinstance(item, Document):
            assert ".." not in item.doc_id.split("/")
            assert item.text == "x"
    assert sum(isinstance(item, Unreadable) and "link or a device" in item.reason for item in found) == 50


def test_a_hundred_entries_of_a_git_tree(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    repository = tmp_path / "work"

    def git(*words: str, stdin: bytes = b"") -> str:
        run = subprocess.run(["git", *words], cwd=repository, input=stdin, capture_output=True, check=True)
        return run.stdout.decode().strip()

    def tree(entries: dict[bytes, tuple[bytes, str]]) -> str:
        body = b"".join(
            mode + b" " + name + b"\0" + bytes.fromhex(sha) for name, (mode, sha) in sorted(entries.items())
        )
        return git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=body)

    repository.mkdir()
    git("init", "-q")
    own = git("hash-object", "-w", "--stdin", stdin=b"own")
    link = git("hash-object", "-w", "--stdin", stdin=str(outside / "secret.md").encode())
    entries: dict[bytes, tuple[bytes, str]] = {b"own.md": (b"100644", own)}
    for number in range(97):
        mode, sha = ((b"120000", link), (b"160000", "1" * 40), (b"100644", own))[number % 3]
        entries[f"{number}{ODD[number % len(ODD)]}.md".encode()] = (mode, sha)
    up = tree({b"secret.md": (b"100644", own)})
    entries |= {
        b"..": (b"40000", up),
        b".git": (b"40000", up),
        b"sub": (b"40000", tree({b"..": (b"40000", up)})),
    }
    date = "GIT_AUTHOR_DATE=1700000000 +0000"
    commit = f"tree {tree(entries)}\nauthor A <a@a> 1700000000 +0000\ncommitter A <a@a> 1700000000 +0000\n\n{date}\n"
    sha = git("hash-object", "-t", "commit", "-w", "--stdin", stdin=commit.encode())
    git("update-ref", "refs/heads/main", sha)
    found = list(documents(Git(path=repository, ref="main")))
    clean(found)
    assert all(isinstance(item, Document) and item.text == "own" for item in found)
    assert len(found) == 33
    assert not list(tmp_path.rglob("secret.md"))[1:]


def test_a_hook_or_a_setting_of_a_repository_never_runs(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    repository = tmp_path / "work"
    run = ["git", "-c", "user.name=A", "-c", "user.email=a@a", "-C", str(repository)]
    repository.mkdir()
    (repository / "own.md").write_text("own")
    for words in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "x")):
        subprocess.run([*run, *words], check=True)
    mark = outside / "ran"
    for name in ("post-checkout", "reference-transaction", "pre-auto-gc", "post-update"):
        hook = repository / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
        hook.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.sshCommand",
        "uploadpack.packObjectsHook",
        "gpg.program",
        "core.pager",
    ):
        subprocess.run([*run, "config", key, f"touch {mark}"], check=True)
    assert [item.doc_id for item in documents(Git(path=repository))] == ["own.md"]


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c id",
        "file:///etc",
        "--upload-pack=id",
        "git://github.com/a/b",
        "http://example.com/a.git",
        "https://127.0.0.1/a.git",
        "https://[::1]/a.git",
        "https://169.254.169.254/a.git",
        "ssh://10.0.0.1/a.git",
    ],
)
def test_urls_that_no_repository_has(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(CorpusError, match=r"expected an https|not a public one"):
        list(Git(url=url).listing())


def bomb(kind: str, path: Path) -> None:
    zeros = b"0" * 30_000_000
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.md", zeros)
    else:
        with tarfile.open(path, "w:gz") as tar:
            info = tarfile.TarInfo("a.md")
            info.size = len(zeros)
            tar.addfile(info, io.BytesIO(zeros))


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_what_unpacks_beyond_its_caps_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"bomb.{kind}"
    bomb(kind, path)
    with pytest.raises(CorpusError, match=r"unpacks to more than .*200 times its size"):
        list(Archive(path).listing())
    many = list(members(path, Caps(ratio=1e6, member=1000)))
    assert [member.refused for member in many] == ["is larger than 1,000 bytes"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zips_whose_packing_gives_no_pieces_stay_packed(tmp_path: Path, method: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.md", b"0" * 3_000_000)
    (refused,) = documents(Archive(path))
    assert isinstance(refused, Unreadable)
    assert "deflate" in refused.reason


def entry(kind: bytes, size: int) -> bytes:
    info = tarfile.TarInfo("a.md")
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (entry(tarfile.XHDTYPE, 3_000_000) + b"0" * 3_000_000, "holds a header of more than 1,000,000 bytes"),
        (
            entry(tarfile.GNUTYPE_LONGNAME, 8**11 - 1) + b"0" * 3_000_000,
            "holds a header of more than 1,000,000",
        ),
        ((entry(tarfile.XHDTYPE, 20) + b"20 path=abcdefgh.md\n".ljust(512, b"\0")) * 900, "not a readable"),
        (entry(tarfile.REGTYPE, 8**11 - 1) + b"0" * 3_000_000, "not a readable|times its size"),
        (b"noise" * 1000, "not a readable"),
    ],
)
def test_tars_that_say_too_much(
    tmp_path: Path, pack: Callable[[bytes], bytes], body: bytes, reason: str
) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(pack(body))
    with pytest.raises(CorpusError, match=reason):
        list(Archive(path).listing())


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_tars_whose_packing_is_damaged(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    noise = random.Random(4).randbytes(200_000)
    whole = pack(entry(tarfile.REGTYPE, len(noise)) + noise.ljust(200_192, b"\0") + bytes(1024))
    path = tmp_path / "a.tar"
    path.write_bytes(whole)
    assert [member.data for member in members(path, Caps())] == [noise]
    middle = len(whole) // 2
    for damaged in (whole[:middle], whole[:middle] + b"\xff" * 99 + whole[middle + 99 :]):
        path.write_bytes(damaged)
        with pytest.raises(CorpusError, match="not a readable zip or tar archive"):
            list(Archive(path).listing())


def test_too_many_members_and_no_archive_at_all_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(11):
            archive.writestr(f"{number}.md", "x")
    with pytest.raises(ValueError, match="more than 10 files"):
        list(members(path, Caps(count=10)))
    path.write_bytes(hashlib.sha256(b"noise").digest() * 100)
    with pytest.raises(CorpusError, match="not a readable zip or tar archive"):
        list(Archive(path).listing())


def test_an_office_file_with_a_part_that_leads_out_is_refused() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("../../evil.xml", "x")
    with pytest.raises(ValueError, match="leads out of the archive"):
        check_zip(data, len(data.getvalue()), Caps())
