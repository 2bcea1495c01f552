"""A git repository for tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class Repository:
    """A repository whose commits are a day apart."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.day = 0
        path.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> str:
        self.day += words[0] in {"commit", "merge"}
        date = f"2026-01-{self.day + 1:02}T12:00:00Z"
        env = os.environ | {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        run = subprocess.run(
            ["git", "-c", "user.name=Ines", "-c", "user.email=ines@acme.example", *words],
            cwd=self.path, env=env, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return run.stdout.strip()

    def commit(self, **files: str | None) -> str:
        for name, text in files.items():
            path = self.path / f"{name}.md"
            if text is None:
                path.unlink()
            else:
                path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x")
        return self.git("rev-parse", "HEAD")
