"""Gates that were edited after results existed. May import the report's model and below."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evalkit import gates
from evalkit.backends.files import write_atomic
from evalkit.errors import EvaluationError, SuiteError
from evalkit.report.model import Report, Requirement
from evalkit.types import Gate

__all__ = ["edits", "requirement", "said"]

_FIRST = "gates.json"
"""Beside the saved reports: the gates under which each question set was first answered."""


def requirement(gate: Gate) -> Requirement:
    """Returns what a gate asks, defaults included: a default that changes later must not pass unseen."""
    from pydantic import TypeAdapter

    asked = TypeAdapter(type(gate)).dump_python(gate, mode="json")
    return Requirement(title=gate.title, gate=gates.registry.name_of(gate), parameters=asked)


def said(asked: Requirement) -> str:
    """Says a gate as its suite would: "floor: variant shipped, measure Recall@5, at least 0.8"."""
    keys = {**_fields(asked["gate"]), **asked["parameters"]}
    parameters = {key: _shown(asked["parameters"].get(key)) for key in keys}
    return f"{asked['gate']}: " + ", ".join(
        f"{_words(key)} {value}" for key, value in parameters.items() if value not in {"none", "false"}
    )


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
    try:
        first: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError as error:
        raise EvaluationError(
            f"{path}: not JSON ({error}); expected what evalkit wrote; delete it"
        ) from error
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


def _changes(before: Mapping[str, Any], now: list[Requirement], since: str) -> Iterator[str]:
    was: list[Any] = before.get("requirements", now)
    if not all(isinstance(gate, dict) and {"title", "gate", "parameters"} <= gate.keys() for gate in was):
        yield f"cannot be compared with {since}: it says its gates in a form that this evalkit does not know"
        return
    titles = {gate["title"]: gate for gate in was}
    gone = [gate for gate in was if gate["title"] not in {one["title"] for one in now}]
    for gate in now:
        earlier = titles.get(gate["title"]) or next((g for g in gone if g["gate"] == gate["gate"]), None)
        if earlier is None:
            yield f"added since {since}: {said(gate)}"
            continue
        if earlier in gone:
            gone.remove(earlier)
        if changed := ", ".join(_changed(earlier["parameters"], gate)):
            yield f"edited since {since}: {earlier['title']}: {changed}"
    yield from (f"removed since {since}: {said(gate)}" for gate in gone)


def _changed(was: Mapping[str, Any], gate: Requirement) -> Iterator[str]:
    """Yields each parameter that differs; one that a newer evalkit brought differs only from its default."""
    now, defaults = gate["parameters"], _fields(gate["gate"])
    for key in {**defaults, **was, **now}:
        before, after = was.get(key, defaults.get(key)), now.get(key)
        if before != after:
            yield f"{_words(key)} {_shown(before)} → {_shown(after)}"


def _fields(name: str) -> dict[str, Any]:
    """Returns a gate's parameters in the suite's order, each with its default, None where it has none."""
    try:
        fields = dataclasses.fields(gates.registry.find(name))  # type: ignore[arg-type]
    except SuiteError:  # a gate of the user's own, no longer importable
        return {}
    return {f.name: None if f.default is dataclasses.MISSING else f.default for f in fields}


def _words(key: str) -> str:
    return key.replace("_", " ")


def _shown(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or "none"
    return json.dumps(value).removesuffix(".0")


def _last_decision(record: Path) -> dict[str, Any]:
    """The record's last decision as it stands; `evalkit verify` says whether it was tampered with."""
    try:
        return dict(json.loads(record.read_text(encoding="utf-8").splitlines()[-2]))
    except (OSError, ValueError, IndexError):
        return {}
