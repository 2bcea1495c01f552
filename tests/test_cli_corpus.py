"""The commands about documents, as their users meet them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evalkit.cli import cli
from evalkit.connectors import folder
from evalkit.corpus.snapshot import Store
from evalkit.errors import CorpusError
from tests.conftest import Write
from tests.scripted import SUITE


def evalkit(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)])


@pytest.fixture
def project(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(folder, "_SETTLED", 0.0)
    for number in range(10):
        write(f"docs/{number}.md", f"# Page {number}\n")
    write("golden.jsonl", "")
    write("suite.yaml", SUITE)
    write("pyproject.toml", "")
    return tmp_path


def test_from_a_dry_run_to_a_difference(project: Path, write: Write) -> None:
    assert "docs: 10 listed, 0 known, 10 to read" in evalkit("sync", project, "--dry-run").output
    assert "docs: 10 documents, 10 read\npinned" in evalkit("sync", project).output
    assert "docs: 10 documents, 0 read\nunchanged" in evalkit("sync", project).output
    (first,) = Store(project / ".evalkit" / "corpus").digests()
    write("docs/new.md", "---\naccess: hr\n---\nnew")
    write("docs/1.md", "---\naccess: hr\n---\n# Page 1\n")
    (project / "docs" / "2.md").rename(project / "docs" / "two.md")
    (project / "docs" / "3.md").unlink()
    synced = evalkit("sync", project).output
    assert "1 added, 1 edited, 1 deleted, 1 renamed, 1 with other readers" in synced
    shown = evalkit("corpus", "diff", project, first[:8]).output.splitlines()
    assert shown == [
        "+ docs/new.md",
        "~ docs/1.md",
        "- docs/3.md",
        "> docs/2.md -> docs/two.md",
        "! docs/1.md: who may read it changed",
        "1 added, 1 edited, 1 deleted, 1 renamed, 1 with other readers",
    ]
    listed = evalkit("corpus", "list", project).output.splitlines()
    assert len(listed) == 2
    assert [line.endswith("pinned") for line in listed].count(True) == 1
    verified = evalkit("verify", project).output
    assert "store: 1 other snapshot, whole with all their texts" in verified
    assert (
        "deleted 1 snapshot, 1 text, 1 journal entry" in evalkit("corpus", "gc", project, "--keep", 0).output
    )
    assert evalkit("verify", project).exit_code == 0
    unknown = evalkit("corpus", "diff", project, "beef")
    assert isinstance(unknown.exception, CorpusError)
    assert "no snapshots start with 'beef'" in str(unknown.exception)


def test_many_deletions_need_a_word(project: Path) -> None:
    evalkit("sync", project)
    for number in range(3):
        (project / "docs" / f"{number}.md").unlink()
    assert "3 of 10 documents no longer listed" in str(evalkit("sync", project).exception)
    assert "docs: 7 documents" in evalkit("sync", project, "--max-deleted", 1).output


def test_a_text_lost_from_the_store_is_found_by_verify(project: Path) -> None:
    evalkit("sync", project)
    (project / "docs" / "1.md").write_text("# Edited\n")
    evalkit("sync", project)
    store = Store(project / ".evalkit" / "corpus")
    pinned = {row for row in store.needed() if store.texts.get(row) != "# Page 1\n"}
    store.texts.keep_only(pinned)
    assert "missing or damaged" in str(evalkit("verify", project).exception)


def test_the_doctor_names_what_is_wrong(project: Path) -> None:
    well = evalkit("doctor", project)
    assert well.exit_code == 0
    assert well.output.startswith(
        "docs: 10 documents; 0.md: 9 characters, for everyone\nOffice and PDF files: "
    )
    (project / "docs" / "0.md").write_text("")
    assert "problem: 0.md: holds no text to search" in evalkit("doctor", project).output
    (project / "docs").rename(project / "elsewhere")
    ill = evalkit("doctor", project)
    assert ill.exit_code == 2
    assert "no such folder" in ill.output


def test_watching_syncs_again_and_survives_a_failure(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def three(folders: list[Path], seconds: float) -> Iterator[None]:
        assert (folders, seconds) == ([project / "docs"], 5)
        yield
        (project / "docs" / "bad.md").write_text("")
        yield
        (project / "docs" / "bad.md").write_text("good again")
        yield

    monkeypatch.setattr("evalkit.backends.watching.turns", three)
    output = evalkit("sync", project, "--watch", 5).output
    assert "docs: 10 documents" in output
    assert "error: docs/bad.md: holds no text to search" in output
    assert "docs: 11 documents" in output
