"""How often the test half of a golden set was looked at: one line a look, appended. Standard library only.

Every look at test questions that a change was made after makes them a little more like development questions; the
count says how far that has gone.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path

from evalkit.backends.files import exclusive

__all__ = ["add"]

FILE = "looks.jsonl"


def add(home: Path, golden: str, suite: str) -> int:
    """Records a look and returns how many there were at these questions.

    Args:
        home: where the suite's stores are.
        golden: the digest of the test questions.
        suite: the digest of the specification that was run.
    """
    path = home / FILE
    with exclusive(path):
        line = json.dumps(
            {"at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "golden": golden, "suite": suite}
        )
        with path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
        return sum(f'"golden": "{golden}"' in held for held in path.read_text(encoding="utf-8").splitlines())
