"""How often a ceiling on a mean cost passes what it should not: simulated through the gate itself.

Every sample is drawn with the true mean exactly at the ceiling, where a wrong PASS is likeliest; a gate at 95%
confidence may be wrong 5% of the time. Beside it, plain t bounds and a bare threshold.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.gates import REPLICATIONS, SEED, Setting, World
from benchmarks.sidebyside import table
from evalkit.gates.ceiling import Ceiling
from evalkit.stats import t_quantile
from evalkit.types import Outcome

Draw = Callable[[np.random.Generator, int], np.ndarray]
SIZES = (100, 300, 1000)
# Every distribution has the mean 1.
COSTS: dict[str, Draw] = {
    "exponential": lambda rng, n: rng.exponential(1, n),
    "log-normal, sigma 0.5": lambda rng, n: rng.lognormal(-(0.5**2) / 2, 0.5, n),
    "log-normal, sigma 1": lambda rng, n: rng.lognormal(-1 / 2, 1, n),
    "one in twenty is ten times as dear": lambda rng, n: np.where(rng.random(n) < 0.05, 10, 1) / 1.45,
}


def rates(draw: Draw, n: int) -> tuple[float, float, float, float]:
    """Returns how often the gate passes, plain t does, and a bare threshold; and how often the gate fails."""
    rng = np.random.default_rng([SEED, n])
    golden = Setting(n, 0, "", clustered=False).golden()
    gate, t = Ceiling("0", "Cost", 1.0, of="mean"), t_quantile(n - 1, 0.05)
    passed = plain = bare = failed = 0
    for _ in range(REPLICATIONS):
        values = draw(rng, n)
        outcome = gate.judge(World(golden, values[None]))[0].outcome
        passed, failed = passed + (outcome is Outcome.PASS), failed + (outcome is Outcome.FAIL)
        plain += values.mean() + t * values.std(ddof=1) / np.sqrt(n) <= 1
        bare += values.mean() <= 1
    return passed / REPLICATIONS, plain / REPLICATIONS, bare / REPLICATIONS, failed / REPLICATIONS


def main(data: Path | None) -> str:  # noqa: ARG001
    rows = [
        (name, n, *(f"{rate:.1%}" for rate in rates(draw, n))) for name, draw in COSTS.items() for n in SIZES
    ]
    head = ("costs", "n", "false PASS", "plain t", "bare threshold", "false FAIL")
    return f"{REPLICATIONS:,} samples a row.\n\n" + table(head, rows)
