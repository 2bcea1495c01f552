"""Suite -> Report: evaluate, build the report, log it. May import report and below."""

from __future__ import annotations

import datetime as dt
import platform
import subprocess
import time
from pathlib import Path

from evalkit.backends import looks
from evalkit.backends import tracking as mlflow
from evalkit.backends.runtime import open_runtime
from evalkit.backends.workers import open_workers
from evalkit.errors import EvalkitError
from evalkit.evaluate import evaluate
from evalkit.golden.split import Side
from evalkit.report.build import build
from evalkit.report.edits import edits
from evalkit.report.model import Report, Volatile
from evalkit.report.tracked import tracked
from evalkit.suite import RECORD_FILE, Suite
from evalkit.types import Progress, Tally

__all__ = ["run_suite"]


def run_suite(
    suite: Suite,
    progress: Progress,
    *,
    tracking: str | None = None,
    workers: str = "serial",
    side: Side = "test",
) -> Report:
    """Evaluates a suite and returns its report.

    Args:
        suite: what to evaluate.
        progress: told of the work done.
        tracking: an MLflow tracking URI; "" for SQLite under the suite's home; None to log nothing.
        workers: where work runs, as `open_workers` reads it.
        side: the half of the questions to read, where the suite splits them.

    Raises:
        EvalkitError: where the suite, its corpus or its questions cannot be used. An MLflow that is absent or
            down is noted in the report and changes nothing else.
    """
    started, clock = dt.datetime.now(dt.UTC), time.perf_counter()
    with open_workers(workers) as pool:
        runtime = open_runtime(suite.home, progress=progress, workers=pool)
        evaluation = evaluate(suite, runtime, today=started.date(), side=side)
    report = build(
        evaluation,
        Volatile(
            started_at=started.isoformat(timespec="seconds"),
            seconds=round(time.perf_counter() - clock, 3),
            stages=_stages(runtime.tally),
            estimates=[],
            gates=[],
            tracking={},
            machine=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
            code=_code(suite.path.parent),
            edited=[],
        ),
    )
    if suite.test_share is not None and side == "test":
        report["volatile"]["looks"] = looks.add(suite.home, report["golden_digest"], report["suite_digest"])
    report["volatile"]["edited"] = edits(report, suite.home, suite.path.parent / RECORD_FILE)
    if tracking is not None:
        uri = tracking or f"sqlite:///{suite.home / 'mlflow.db'}"
        try:
            report["volatile"]["tracking"] = mlflow.log(
                uri,
                f"evalkit/{suite.name}",
                tracked(report),
                None if tracking else suite.home / "mlflow-artifacts",
            )
        except EvalkitError as error:
            report["volatile"]["tracking"] = {"not logged": str(error)}
    return report


def _code(folder: Path) -> str:
    """The commit of the suite's repository, with a + where files were changed since; empty outside one."""
    git = ["git", "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"]
    try:
        said = subprocess.run(git, cwd=folder, capture_output=True, text=True, check=False, timeout=20)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.strip()


def _stages(tally: Tally) -> dict[str, str]:
    """Says of each stage how much was computed and how much an earlier run had done."""
    work = {
        stage: f"{made:,} made, {tally.reused.get(stage, 0):,} reused" for stage, made in tally.made.items()
    }
    return work | ({"judging": f"cost {sum(tally.spent.values()):.4f}"} if tally.spent else {})
