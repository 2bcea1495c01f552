"""Git over its real transports: a local HTTP server before `git http-backend`, and an `ssh` that runs here."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from evalkit.backends import git as backend
from evalkit.backends.git import Origin
from evalkit.connectors import documents
from evalkit.connectors.git import Git
from evalkit.errors import CorpusError
from evalkit.types import Document
from tests.connectors.clocks import jump
from tests.connectors.repository import Repository
from tests.service import Answer, Asked, Service, service


class Host:
    """Serves a repository as git's own server program does, after saying what its script asks for."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self.script: list[Answer] = []

    def __call__(self, asked: Asked) -> Answer:
        if self.script:
            return self.script.pop(0)
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.repository.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": asked.headers.get("git-protocol", ""),
            "REQUEST_METHOD": asked.method,
            "PATH_INFO": asked.path,
            "QUERY_STRING": "&".join(f"{name}={value}" for name, value in asked.query.items()),
            "CONTENT_TYPE": asked.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(asked.body)),
            "HTTP_CONTENT_ENCODING": asked.headers.get("content-encoding", ""),
        }
        run = subprocess.run(
            ["git", "http-backend"], env=env, input=asked.body, capture_output=True, check=True
        )
        head, _, body = run.stdout.partition(b"\r\n\r\n")
        named = dict(line.split(": ", 1) for line in head.decode().splitlines())
        return Answer(body, int(named.pop("Status", "200 OK")[:3]), named)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    return jump(monkeypatch)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = Repository(tmp_path / "handbook")
    made.commit(a="first")
    return made


@pytest.fixture
def host(repository: Repository, slept: list[float]) -> Host:
    return Host(repository.path)


@pytest.fixture
def running(host: Host) -> Iterator[Service]:
    with service(host) as running:
        yield running


def texts(source: Git) -> list[str]:
    return [item.text for item in documents(source) if isinstance(item, Document)]


def test_what_passes_is_waited_for(host: Host, running: Service, slept: list[float]) -> None:
    source = Git(url=f"{running.url}/handbook", allow_private=True)
    host.script = [Answer(status=503), Answer(status=429)]
    assert texts(source) == ["first"]
    assert len(slept) == 2
    assert 2 <= slept[0] <= 4
    assert 8 <= slept[1] <= 16


def test_an_answer_that_breaks_off_is_asked_for_again(
    host: Host, running: Service, slept: list[float]
) -> None:
    source = Git(url=f"{running.url}/handbook", ref="main", allow_private=True)
    whole = host(Asked("GET", "/handbook/info/refs", {"service": "git-upload-pack"}, {}, b""))
    host.script = [Answer(whole.body, headers=whole.headers, cut=True)]
    assert texts(source) == ["first"]
    assert len(slept) == 1


def test_patience_ends(host: Host, running: Service, slept: list[float]) -> None:
    host.script = [Answer(status=500)] * 9
    with pytest.raises(CorpusError, match=r"returned error: 500\); sync again later"):
        texts(Git(url=f"{running.url}/handbook", allow_private=True))
    assert len(running.asked) == 4
    assert len(slept) == 3


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_does_not_pass_is_asked_once(
    host: Host, running: Service, slept: list[float], status: int
) -> None:
    host.script = [Answer(status=status, headers={"WWW-Authenticate": 'Basic realm="x"'})] * 9
    with pytest.raises(CorpusError, match="check the repository, the ref and the credentials"):
        texts(Git(url=f"{running.url}/handbook", token=SecretStr("s3cret"), allow_private=True))
    assert len(running.asked) == 1
    assert "authorization" in running.asked[0].headers
    assert slept == []


def test_a_missing_ref_and_a_refused_scheme_are_asked_once(running: Service, slept: list[float]) -> None:
    with pytest.raises(CorpusError, match="no branch, tag or commit 'nope'"):
        texts(Git(url=f"{running.url}/handbook", ref="nope", allow_private=True))
    with pytest.raises(CorpusError, match="expected an https://"):
        texts(Git(url=f"{running.url}/handbook"))
    assert slept == []


def test_nobody_there_is_waited_for(host: Host, slept: list[float], tmp_path: Path) -> None:
    with service(host) as gone:
        pass
    with pytest.raises(CorpusError, match=r"git fetch failed \(.*\); sync again later"):
        texts(Git(url=f"{gone.url}/handbook", allow_private=True))
    assert len(slept) == 3


SSH = """#!/bin/sh
printf '%s\\n' "$@" > "$(dirname "$0")/said"
for last; do :; done
exec sh -c "$last"
"""
"""A double for ssh: notes what it was told and runs here what it should run there."""


@pytest.mark.parametrize(
    ("url", "address", "said"),
    [
        ("ssh://git@git.acme.example{path}", "192.0.2.1", ["HostKeyAlias=git.acme.example"]),
        (
            "ssh://git@Git.acme.example:2222{path}",
            "2001:db8::1",
            ["HostKeyAlias=[git.acme.example]:2222", "-p", "2222"],
        ),
        ("git@Git.acme.example:{path}", "192.0.2.1", ["HostKeyAlias=git.acme.example"]),
    ],
)
def test_ssh_goes_to_the_address_that_was_checked(
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    url: str,
    address: str,
    said: list[str],
) -> None:
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(SSH)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    path = repository.path if url.startswith("ssh") else os.path.relpath(repository.path, tmp_path)
    asked: list[tuple[str, int]] = []

    def resolve(host: str, port: int, *, private: bool) -> str:
        asked.append((host, port))
        return address

    monkeypatch.setattr(backend, "resolve", resolve)
    assert texts(Git(url=url.format(path=path))) == ["first"]
    told = (tmp_path / "bin" / "said").read_text().splitlines()
    assert {"BatchMode=yes", f"Hostname={address}", *said} <= set(told)
    assert asked[0] == ("git.acme.example", 2222 if "2222" in url else 22)


def test_what_ssh_is_told_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "resolve", lambda host, port, private: "192.0.2.1")
    _, settings = Origin("ssh://a;touch$IFS'x'/b").settings()
    assert "'HostKeyAlias=a;touch$ifs'\"'\"'x'\"'\"''" in settings["core.sshCommand"]
