"""Ctrl-C in the middle of a sync: it ends at once, whatever its threads wait for, and the next one goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.service import Answer, Asked, service

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and processes as Linux has them")

SUITE = """\
name: demo
owner: ines@acme.example
corpus: {{docs: {source}}}
golden: golden.jsonl
measures: [Recall@2]
variants: {{v: {{chunker: {{fixed: 60}}, retriever: bm25}}}}
"""
HEEDING = """\
import signal
from evalkit.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
"""The command line as at a terminal: what runs in the background, as tests may, is told to ignore interrupts."""
PATIENCE = 60
"""Seconds: far less than what is being waited for, far more than an interrupt takes."""


def syncing(folder: Path, source: str) -> subprocess.Popen[str]:
    (folder / "pyproject.toml").touch()
    (folder / "golden.jsonl").touch()
    (folder / "suite.yaml").write_text(SUITE.format(source=source))
    return subprocess.Popen(
        [sys.executable, "-c", HEEDING, "sync", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def interrupted(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGINT)
    try:
        return process.communicate(timeout=PATIENCE)[0]
    finally:
        process.kill()


def test_while_a_service_asks_for_ten_minutes(tmp_path: Path) -> None:
    asked_for: list[str] = []

    def answer(asked: Asked) -> Answer:
        if asked.path.startswith("/repos/o/r/issues/"):
            asked_for.append(asked.path)
            return Answer(status=429, headers={"Retry-After": "600"})
        if asked.path == "/repos/o/r/issues":
            issue = {"updated_at": "2026-01-01", "comments": 0}
            return Answer([{"number": n, "node_id": f"I{n}", **issue} for n in range(1, 31)])
        return Answer({"private": False, "default_branch": "main"})

    with service(answer) as running:
        source = (
            f"{{github: {{repository: o/r, parts: [issues], api: '{running.url}', allow_private: true}}}}"
        )
        process = syncing(tmp_path, source)
        while not asked_for:
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        output = interrupted(process)
    assert process.returncode not in {0, -signal.SIGKILL}
    assert "Traceback" not in output
    assert not (tmp_path / "corpus.lock").exists()


def test_while_a_page_hangs_its_converter(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(4):
        (docs / f"{number}.html").write_bytes(b"<p>" + b" " * 1_000_000 + b"x")
    process = syncing(tmp_path, "{folder: docs}")
    while not _children(process.pid):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    time.sleep(0.5)
    output = interrupted(process)
    assert process.returncode not in {0, -signal.SIGKILL}
    assert "Traceback" not in output


def _children(pid: int) -> str:
    """The pids of what any of its threads started."""
    return "".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
