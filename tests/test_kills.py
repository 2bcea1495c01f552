"""Syncs killed at random points; benchmarks/kills.py does the same 200 times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TRIAL = "import json; from benchmarks.kills import trial; print(json.dumps(trial(8, 40)))"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_killed_sync_leaves_the_last_snapshot_and_is_resumed() -> None:
    # A process of its own: forking one that runs threads, as pytest's may, is asking for trouble.
    run = subprocess.run(
        [sys.executable, "-c", TRIAL], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["killed before the lock was written"] > 0
    assert found["snapshots re-hashed"] > 0
    for defect in (
        "corrupt or half-published snapshots",
        "locks that name no whole snapshot",
        "documents lost",
        "resumed syncs at another digest",
    ):
        assert found.get(defect, 0) == 0, defect
