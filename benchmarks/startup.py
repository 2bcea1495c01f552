"""The command line's start, beside nox's."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.sidebyside import alternate, table

REPEATS = 15


def main(data: Path | None) -> str:  # noqa: ARG001
    def helped(program: str) -> None:
        path = Path(sys.executable).with_name(program)
        subprocess.run([path, "--help"], check=True, capture_output=True)

    ours, theirs = alternate([partial(helped, "evalkit"), partial(helped, "nox")], REPEATS)
    rows = [("evalkit --help", ours, ""), ("nox --help", theirs, f"{theirs.median / ours.median:.2f}×")]
    return table(("command", "time", "nox / evalkit"), rows)
