"""Report + readiness -> decision. May import report and below."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evalkit.decision.readiness import Readiness, load_readiness
from evalkit.decision.record import append
from evalkit.decision.value import value_of
from evalkit.errors import SuiteError, did_you_mean
from evalkit.report.model import Decision, Report, load
from evalkit.report.text import all_gates
from evalkit.suite import RECORD_FILE

__all__ = ["decide", "judge"]


def decide(folder: Path, report_file: Path, approvers: tuple[str, ...], now: dt.datetime) -> dict[str, Any]:
    """Decides on a report, appends the decision to the suite's record and returns it.

    Args:
        folder: the suite's folder, which holds readiness.yaml and the record.
        report_file: the report to decide on.
        approvers: who signs; at least one.
        now: the time of the decision.

    Raises:
        SuiteError: where the report or readiness file cannot be used, or nobody signs.
        BrokenRecord: where the record was tampered with.
    """
    if not approvers:
        raise SuiteError("a decision names who approves it: --by NAME")
    report = load(report_file)
    readiness = load_readiness(folder / "readiness.yaml", report["figures"], now.date())
    decision, reasons = judge(report, readiness)
    entry = {
        "at": now.isoformat(timespec="seconds"),
        "decision": decision,
        "reasons": reasons,
        "approvers": list(approvers),
        "suite": report["suite"],
        "owner": report["owner"],
        "verdict": report["verdict"],
        "requirements": report["requirements"],
        "edited": report["volatile"]["edited"],
        "gates": [{"gate": row["name"], "outcome": row["outcome"]} for row in all_gates(report)],
        "readiness": [asdict(item) for item in readiness.items],
        "expired_waivers": [waiver.model_dump(mode="json") for waiver in readiness.expired_waivers],
        "waivers": [
            waiver.model_dump(mode="json")
            for waiver in readiness.waivers
            if waiver.waives in _waivable(report, readiness)
        ],
        "value": value_of(readiness.value, report),
        "digests": {
            "suite": report["suite_digest"],
            "golden": report["golden_digest"],
            "corpus": report["corpus_digest"],
            "report": hashlib.sha256(report_file.read_bytes()).hexdigest(),
        },
        "judge_cards": {name: row["cards"] for name, row in report.get("judges", {}).items() if row["cards"]},
        "code": report["volatile"]["code"],
        "evalkit_version": report["evalkit_version"],
    }
    return append(folder / RECORD_FILE, entry)


def judge(report: Report, readiness: Readiness) -> tuple[Decision, list[str]]:
    """Returns the decision and why.

    A failed gate or item is NO-GO and nothing lifts it. An undecided gate, and a required item that is
    missing or expired, is INCONCLUSIVE unless a waiver in force names it.
    """
    waived = {waiver.waives: waiver for waiver in readiness.waivers}
    failed = [row["reason"] for row in all_gates(report) if row["outcome"] == "FAIL"]
    failed += [f"{i.name}: {i.detail}" for i in readiness.items if i.status == "failed" and i.required]
    if failed:
        return "NO-GO", failed
    undecided = {
        row["name"]: row["reason"]
        for row in all_gates(report)
        if row["outcome"] == "INCONCLUSIVE" and not row["advisory"]
    }
    undecided |= {
        item.name: f"{item.name} ({item.statement}) is {item.status}: {item.detail}"
        for item in readiness.items
        if item.required and item.status in {"missing", "expired"}
    }
    open_ = [reason for what, reason in undecided.items() if what not in waived]
    if not all_gates(report):
        open_.append(report["reasons"][0])
    if open_:
        known = _waivable(report, readiness)
        idle = [
            f"the waiver of '{what}' waives nothing: no gate or item has that name; {did_you_mean(what, known)}"
            for what in waived
            if what not in known
        ]
        return "INCONCLUSIVE", idle + open_
    return "GO", [
        "every gate is PASS and every required item is answered"
        + (f", {len(undecided)} of them by waiver" if undecided else ""),
        *(
            f"waived by {waived[what].owner} until {waived[what].expires}: {what}: {waived[what].reason}"
            for what in undecided
        ),
    ]


def _waivable(report: Report, readiness: Readiness) -> list[str]:
    """Returns the names that a waiver may name."""
    return [row["name"] for row in all_gates(report)] + [item.name for item in readiness.items]
