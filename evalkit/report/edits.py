"""Gates that were edited after results existed. May import the report's model and below."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evalkit.backends.files import write_atomic
from evalkit.report.model import Report

__all__ = ["edits"]

_FIRST = "first.json"
"""Beside the saved reports: the gates under which each question set was first answered."""


def edits(report: Report, home: Path, record: Path) -> list[str]:
    """Says which gates differ from those that stood before these questions had results, and from the last decision's.

    Running again does not make an edit old: it is compared with the first run over the same questions. The first run
    is remembered below `home`; a checkout without it still holds the decision record.

    Args:
        report: the new report.
        home: where reports are kept.
        record: the suite's decision record, absent or not.
    """
    path = home / "reports" / report["suite"] / _FIRST
    first: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    found: list[str] = []
    if (known := first.get(report["golden_digest"])) is None:
        first[report["golden_digest"]] = {
            "at": report["volatile"]["started_at"],
            "requirements": report["requirements"],
        }
        write_atomic(path, json.dumps(first, indent=1, sort_keys=True) + "\n")
    else:
        found += _changes(known, report["requirements"], f"the first results ({known['at']})")
    if decided := _last_decision(record):
        number = decided.get("number")
        found += _changes(decided, report["requirements"], f"decision {number} ({decided.get('at')})")
    return list(dict.fromkeys(found))


def _changes(before: dict[str, Any], now: list[str], since: str) -> Iterator[str]:
    was = before.get("requirements", now)
    gone = [gate for gate in was if gate not in now]
    new = [gate for gate in now if gate not in was]
    while gone and new:
        yield f"edited since {since}: {gone.pop(0)} became {new.pop(0)}"
    yield from (f"removed since {since}: {gate}" for gate in gone)
    yield from (f"added since {since}: {gate}" for gate in new)


def _last_decision(record: Path) -> dict[str, Any]:
    """The record's last decision as it stands; `evalkit verify` says whether it was tampered with."""
    try:
        return dict(json.loads(record.read_text(encoding="utf-8").splitlines()[-2]))
    except (OSError, ValueError, IndexError):
        return {}
