"""Nine years of a real handbook, synced month by month, against git's own account of it."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.sync import MONTHS, syncs

DATA = os.environ.get("EVALKIT_DATA")


@pytest.mark.skipif(not DATA, reason="EVALKIT_DATA names no folder of real data")
def test_monthly_syncs_reproduce_what_git_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    bundle = Path(str(DATA)) / "versioned-docs" / "GSA-TTS_handbook.docs.bundle"
    first, *later = syncs(bundle, tmp_path)
    assert len(later) == MONTHS
    assert first.intake.read == len(first.after)
    total: Counter[str] = Counter()
    for month in later:
        counted = month.counted()
        counted["A"] += month.unread
        assert {letter: counted[letter] for letter in "AMDR"} == {
            letter: month.git[letter] for letter in "AMDR"
        }, month.name
        assert month.intake.read == month.git["A"] + month.git["M"] + month.git["R"], month.name
        total += counted
    assert [total[letter] for letter in "AMDR"] == [39, 497, 18, 18]
    assert sum(month.unread for month in later) == 1
    (again,) = syncs(bundle, tmp_path, last=True)
    assert again.intake.read == 0
    assert again.after.digest == later[-1].after.digest
