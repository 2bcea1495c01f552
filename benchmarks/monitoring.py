"""The monitor's false alarms over 100 looks, and how soon it notices a fall."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.special import stdtrit

from benchmarks.sidebyside import table
from evalkit.decision.monitor import Alarm

FLOOR, BATCH, LOOKS, REPLICATIONS = 0.85, 20, 100, 1000


def streams(true: float) -> np.ndarray:
    return (np.random.default_rng(7).random((REPLICATIONS, BATCH * LOOKS)) < true).astype(np.float64)


def alarms(stream: np.ndarray) -> int | None:
    """After how many outcomes the alarm was raised, looking after every batch."""
    alarm = Alarm(FLOOR)
    for start in range(0, len(stream), BATCH):
        alarm = alarm.after(stream[start : start + BATCH].tolist())
        if alarm.raised:
            return alarm.n
    return None


def repeated(stream: np.ndarray) -> int | None:
    """The same with a fixed 95% bound looked at again and again: Wilson's."""
    n = np.arange(BATCH, len(stream) + 1, BATCH)
    mean, z = np.cumsum(stream)[n - 1] / n, float(stdtrit(1e9, 0.95))
    high = (mean + z * z / (2 * n) + z * np.sqrt(mean * (1 - mean) / n + z * z / (4 * n * n))) / (
        1 + z * z / n
    )
    raised = np.flatnonzero(high < FLOOR)
    return int(n[raised[0]]) if len(raised) else None


def main(data: Path | None) -> str:  # noqa: ARG001
    rows = []
    for true in (0.90, 0.85, 0.80, 0.75, 0.70):
        drawn = streams(true)
        cells: list[str] = [f"{true:.2f}"]
        for rule in (alarms, repeated):
            found = [rule(stream) for stream in drawn]
            times = [n for n in found if n is not None]
            cells.append(f"{len(times) / REPLICATIONS:.1%}")
            cells.append(f"{np.median(times):.0f}" if len(times) > REPLICATIONS / 2 else "-")
        rows.append(tuple(cells))
    head = ("true mean", "alarms", "median outcomes until", "repeated 95% bound", "median outcomes until")
    return (
        f"Floor {FLOOR}, {LOOKS} looks of {BATCH} outcomes, {REPLICATIONS:,} streams; at and above the floor every "
        "alarm is false.\n\n" + table(head, rows)
    )
