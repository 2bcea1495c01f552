"""A GO becomes the release that later candidates are compared with. May import report and below."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

from evalkit.backends import tracking
from evalkit.backends.files import write_atomic
from evalkit.decision.record import read
from evalkit.errors import EvaluationError, SuiteError, did_you_mean
from evalkit.report.model import load
from evalkit.suite import RECORD_FILE, RELEASE_FILE

__all__ = ["pin", "promote"]

ALIAS = "release"


def promote(
    folder: Path,
    report_file: Path,
    variant: str,
    *,
    by: str,
    why: str,
    now: dt.datetime,
    uri: str | None = None,
) -> dict[str, Any]:
    """Makes a variant the release: writes release.json and, where the report was logged, moves MLflow's alias.

    Args:
        folder: the suite's folder.
        report_file: the report that was decided on.
        variant: which of its variants ships.
        by: who promotes.
        why: in a sentence.
        now: the time.
        uri: the tracking URI, where the report's lacks a password.

    Returns:
        What release.json holds.

    Raises:
        SuiteError: unless the latest decision of the suite's record is a GO on this very report.
        BrokenRecord: where the record was tampered with.
        EvaluationError: where MLflow refused; nothing was promoted then.
    """
    entry = read(folder / RECORD_FILE)[-1]
    digest = hashlib.sha256(report_file.read_bytes()).hexdigest()
    digests = entry["digests"]
    if entry["decision"] != "GO":
        raise SuiteError(
            f"{folder / RECORD_FILE}: the latest decision is {entry['decision']}; only a GO can be promoted"
        )
    if not isinstance(digests, dict) or digests.get("report") != digest:
        raise SuiteError(f"{report_file}: not the report of the latest decision; decide on it first")
    report = load(report_file)
    specs = {row["name"]: row["spec"] for row in report["variants"]}
    if variant not in specs:
        raise SuiteError(f"{report_file}: unknown variant '{variant}'; {did_you_mean(variant, specs)}")
    release: dict[str, Any] = {
        "variant": variant,
        "spec": specs[variant],
        "by": by,
        "why": why,
        "at": now.isoformat(timespec="seconds"),
        "decision": entry["digest"],
    }
    logged = report["volatile"]["tracking"]
    if "run" in logged:
        tags = {
            "variant": variant,
            "by": by,
            "why": why,
            "at": release["at"],
            "decision": str(entry["digest"]),
            "spec": json.dumps(specs[variant], sort_keys=True),
        }
        release["mlflow_version"] = tracking.promote(
            uri or logged["uri"], report["suite"], logged["run"], ALIAS, tags
        )
    write_atomic(folder / RELEASE_FILE, json.dumps(release, indent=2, sort_keys=True) + "\n")
    return release


def pin(
    folder: Path, suite: str, uri: str, *, alias: str | None, tag: tuple[str, str] | None
) -> dict[str, Any]:
    """Writes release.json from MLflow, so that evaluations stay offline; returns what it holds.

    Args:
        folder: the suite's folder.
        suite: its name, under which variants are registered.
        uri: the tracking URI.
        alias: of a registered model's version; or
        tag: a tag and its value, of a variant's run; the latest counts.

    Raises:
        EvaluationError: where MLflow holds no such variant or did not answer; nothing is written then.
    """
    tags = tracking.find(uri, suite, alias=alias, tag=tag)
    try:
        release = {**tags, "spec": json.loads(tags["spec"])}
    except (KeyError, ValueError) as error:
        raise EvaluationError(
            f"MLflow: the variant under {alias or tag} was not logged by evalkit"
        ) from error
    write_atomic(folder / RELEASE_FILE, json.dumps(release, indent=2, sort_keys=True) + "\n")
    return release
