from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from evalkit.backends import git as backend
from evalkit.backends.git import Mirror, Origin
from evalkit.connectors import documents
from evalkit.connectors.git import Git
from evalkit.errors import CorpusError
from evalkit.types import Document, Listed, Unreadable
from tests.connectors.repository import Repository


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Repository(tmp_path / "work")


def read(source: Git) -> dict[str, Document]:
    return {item.doc_id: item for item in documents(source) if isinstance(item, Document)}


def test_a_document_carries_the_last_commit_that_changed_it(repository: Repository) -> None:
    repository.commit(a="first", b="b")
    repository.commit(a="second")
    found = read(Git(path=repository.path))
    assert (found["a.md"].text, found["a.md"].modified_at) == ("second", "2026-01-03T12:00:00+00:00")
    assert found["b.md"].modified_at == "2026-01-02T12:00:00+00:00"
    assert found["a.md"].metadata["author"] == "Ines"


def test_branches_tags_commits_and_folders(repository: Repository) -> None:
    first = repository.commit(a="first")
    repository.git("tag", "v1")
    (repository.path / "docs").mkdir()
    (repository.path / "docs" / "x.md").write_text("x")
    repository.commit(a="second")
    for ref in ("v1", first, first[:10]):
        assert read(Git(path=repository.path, ref=ref))["a.md"].text == "first"
    assert list(read(Git(path=repository.path, ref="main", folder="docs"))) == ["docs/x.md"]
    assert list(read(Git(path=repository.path, exclude=("docs/*",)))) == ["a.md"]
    with pytest.raises(CorpusError, match="no branch, tag or commit 'nope'"):
        read(Git(path=repository.path, ref="nope"))
    with pytest.raises(CorpusError, match="is not a ref"):
        read(Git(path=repository.path, ref="--output=x"))


def test_what_is_walked_month_by_month_is_what_one_walk_finds(repository: Repository, tmp_path: Path) -> None:
    repository.commit(a="1", b="1")
    repository.git("checkout", "-q", "-b", "side")
    repository.commit(b="side")
    repository.git("checkout", "-q", "main")
    repository.commit(a="2")
    step = Mirror(Origin(str(repository.path), local=True), tmp_path / "stepwise")
    step.touched(step.update("main"))
    repository.git("merge", "-q", "--no-ff", "-m", "m", "side")
    repository.commit(c="1")
    whole = Mirror(Origin(str(repository.path), local=True), tmp_path / "whole")
    commit = step.update("main")
    assert step.touched(commit) == whole.touched(whole.update("main"))
    assert step.touched(commit)["b.md"].iso == "2026-01-03T12:00:00+00:00"


def test_a_rewritten_branch_is_walked_anew(repository: Repository) -> None:
    repository.commit(a="1")
    repository.commit(a="2")
    assert read(Git(path=repository.path))["a.md"].text == "2"
    repository.git("reset", "-q", "--hard", "HEAD~1")
    assert read(Git(path=repository.path))["a.md"].modified_at == "2026-01-02T12:00:00+00:00"


def test_a_head_that_is_on_no_branch(repository: Repository) -> None:
    repository.commit(a="first")
    repository.git("checkout", "-q", "--detach")
    repository.commit(a="second")
    assert read(Git(path=repository.path))["a.md"].text == "second"


def test_an_omitted_file_is_asked_about_at_the_ref(repository: Repository) -> None:
    repository.commit(a="a", b="b")
    source = Git(path=repository.path)
    read(source)
    assert source.fetch(Listed("b.md", "")) == read(source)["b.md"]
    repository.commit(b=None)
    list(source.listing())
    assert source.fetch(Listed("b.md", "")) is None


def test_large_files_and_pointers_to_elsewhere_are_unreadable(repository: Repository) -> None:
    repository.commit(big="x" * 100, lfs="version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    found = list(documents(Git(path=repository.path, max_bytes=50)))
    assert found[0] == Unreadable("big.md", "100 bytes; at most 50 are read (max_bytes)")
    (lfs,) = documents(Git(path=repository.path, exclude=("big.md",)))
    assert isinstance(lfs, Unreadable)
    assert "Git LFS" in lfs.reason


def test_a_git_that_ends_midway_cuts_no_document_short(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(a="a" * 100)
    source = Git(path=repository.path)
    (listed,) = source.listing()
    program = tmp_path / "git"
    program.write_text("#!/bin/sh\nread name\nprintf '%s blob 100\naaa' $name\n")
    program.chmod(0o755)
    monkeypatch.setattr(backend, "_executable", lambda: str(program))
    for _ in range(2):
        with pytest.raises(CorpusError, match=r"git ended while blob [0-9a-f]{40} was read; sync again"):
            source.fetch(listed)


def test_a_blob_that_the_mirror_lacks(repository: Repository) -> None:
    repository.commit(a="a")
    source = Git(path=repository.path)
    (listed,) = source.listing()
    with pytest.raises(CorpusError, match=r"blob 1{40} is missing; delete this folder"):
        source.fetch(replace(listed, stated={**listed.stated, "blob": "1" * 40}))
    assert getattr(source.fetch(listed), "text", "") == "a"


def test_a_token_is_in_no_command_line_and_no_message(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "resolve", lambda host, port, private: "192.0.2.1")
    seen: list[tuple[list[str], dict[str, str]]] = []

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
        env = options["env"]
        assert isinstance(env, dict)
        seen.append((command, env))
        failed = "fetch" in command
        return subprocess.CompletedProcess(command, int(failed), b"", b"fatal: no route" if failed else b"")

    monkeypatch.setattr(subprocess, "run", run)
    source = Git(url="https://git.acme.example/docs.git", token=SecretStr("s3cret"))
    with pytest.raises(CorpusError, match=r"git fetch failed \(fatal: no route\)") as refused:
        list(source.listing())
    fetch, env = next(call for call in seen if "fetch" in call[0])
    assert "s3cret" not in " ".join(fetch) + str(refused.value) + repr(source)
    said = {
        env[f"GIT_CONFIG_KEY_{n}"]: env[f"GIT_CONFIG_VALUE_{n}"] for n in range(int(env["GIT_CONFIG_COUNT"]))
    }
    assert said["http.https://git.acme.example/.extraHeader"].startswith("Authorization: Basic ")
    assert said["http.curloptResolve"] == "git.acme.example:443:192.0.2.1"
    assert (said["protocol.allow"], said["protocol.https.allow"]) == ("never", "always")
    assert env["GIT_TERMINAL_PROMPT"] == "0"


@pytest.mark.parametrize("user", ["me:s3cret", "s3cret", "s3cret:", "a@s3cret"])
def test_a_password_in_a_url_is_refused_without_repeating_it(user: str) -> None:
    with pytest.raises(CorpusError, match="holds a password or a user") as refused:
        list(Git(url=f"https://{user}@git.acme.example/docs.git").listing())
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["https://h:99999/x", "https://h:x/y", "https://[::1/x", "ssh://u:s3cret@[::1/x"]
)
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(CorpusError, match="is not a URL") as refused:
        list(Git(url=url).listing())
    assert "s3cret" not in str(refused.value)
