"""How often gates release what they should not: simulated through the gates themselves.

Every question set is drawn with the true mean exactly at the floor (or the true loss exactly at the margin), where a
wrong GO is likeliest; a gate at 95% confidence may be wrong 5% of the time. Beside it, what a bare threshold does.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import product
from pathlib import Path

import numpy as np
from scipy.special import betaincinv, ndtr, stdtr

from benchmarks.sidebyside import table
from evalkit.backends.workers import open_workers
from evalkit.gates.floor import Floor
from evalkit.gates.no_regression import NoRegression
from evalkit.types import Golden, Outcome, Qrels, Question, Scores

REPLICATIONS = int(os.environ.get("EVALKIT_REPLICATIONS", "5000"))
SIZES, FLOORS, KINDS = (50, 100, 300), (0.85, 0.95), ("binary", "halves", "beta")
CLUSTERS = {50: 20, 100: 20, 300: 20}
ICC, CORRELATION, VARIANTS, SLICES, MARGIN, SEED, FIFTH = 0.3, 0.7, 8, 10, 0.03, 7, 5
NONE = np.zeros(0, dtype=np.int32)
EMPTY = Qrels(NONE, NONE, NONE, NONE, NONE, np.zeros(0, dtype=np.bool_))


@dataclass(frozen=True)
class Setting:
    """One simulated world, many times over."""

    n: int
    floor: float
    kind: str
    clustered: bool
    variants: int = 1

    @cached_property
    def member(self) -> np.ndarray:
        """int[n]: the cluster of each question; its own where there are none."""
        return np.arange(self.n) % CLUSTERS[self.n] if self.clustered else np.arange(self.n)

    def golden(self) -> Golden:
        questions = tuple(
            Question(f"q{row}", "?", tags={"part": str(row % SLICES)}, cluster=f"c{self.member[row]}")
            for row in range(self.n)
        )
        return Golden(questions, EMPTY, {}, "")

    def draw(self, rng: np.random.Generator, mean: float) -> np.ndarray:
        """float64[variants, n] of values with this mean, alike within clusters and across variants."""
        shared = ICC if self.clustered else 0.0
        cluster = rng.normal(size=int(self.member.max()) + 1)[self.member]
        question = rng.normal(size=self.n)
        own = rng.normal(size=(self.variants, self.n))
        alike = np.sqrt(CORRELATION) * question + np.sqrt(1 - CORRELATION) * own if self.variants > 1 else own
        return quantile(self.kind, ndtr(np.sqrt(shared) * cluster + np.sqrt(1 - shared) * alike), mean)


def quantile(kind: str, u: np.ndarray, mean: float) -> np.ndarray:
    """The values at quantiles `u` of a distribution on [0, 1] with this mean."""
    if kind == "binary":
        return (u > 1 - mean).astype(np.float64)
    if kind == "halves":
        half = 2 * (1 - mean) / 3  # one question in six of the loss is a whole miss
        miss = (1 - mean) - half / 2
        return np.where(u < miss, 0.0, np.where(u < miss + half, 0.5, 1.0))
    values: np.ndarray = np.interp(u, *beta(mean))
    return values


@cache
def beta(mean: float) -> tuple[np.ndarray, np.ndarray]:
    """A beta distribution's quantiles, tabled: drawing them one by one would take longer than judging them."""
    u = np.linspace(0, 1, 100_001)
    return u, betaincinv(2.0, 2.0 * (1 - mean) / mean, u)


@dataclass(frozen=True)
class World:
    """Fulfils `Results` for one drawn question set."""

    golden: Golden
    values: np.ndarray
    baseline: str | None = None
    seed: int = 0
    variants: Sequence[str] = field(default_factory=list)

    def scores(self, variant: str, measure: str) -> Scores:  # noqa: ARG002
        value = self.values[int(variant)]
        return Scores(value, np.zeros(len(value), dtype=np.uint8), {})

    def figure(self, name: str) -> float | None:
        raise KeyError(name)


def false_go(setting: Setting) -> tuple[float, float, float, float]:
    """Returns how often, at the floor, the gate passes, it passes with slices too, a threshold does.

    The last figure is how often some slice fails where all are 5 points above the floor. Slices can only hold a
    release, so they are judged where the gate without them passes.
    """
    rng = np.random.default_rng([SEED, setting.n, int(100 * setting.floor), setting.variants])
    golden, names = setting.golden(), [str(row) for row in range(setting.variants)]
    gate = Floor("best" if setting.variants > 1 else "0", "m", setting.floor)
    sliced = replace(gate, by="part")
    wrong = both = naive = failed = 0
    for replication in range(REPLICATIONS):
        values = setting.draw(rng, setting.floor)
        naive += values.mean(axis=1).max() >= setting.floor
        world = World(golden, values, variants=names)
        if gate.judge(world)[0].outcome is Outcome.PASS:
            wrong += 1
            both += all(v.outcome is Outcome.PASS for v in sliced.judge(world) if not v.advisory)
        if setting.variants == 1 and setting.floor < 0.9 and replication % FIFTH == 0:
            above = sliced.judge(World(golden, setting.draw(rng, setting.floor + 0.05), variants=names))
            failed += any(v.outcome is Outcome.FAIL for v in above)
    return wrong / REPLICATIONS, both / REPLICATIONS, naive / REPLICATIONS, failed * FIFTH / REPLICATIONS


@dataclass(frozen=True)
class Loss:
    """A candidate that truly loses the margin; a share of its questions changes."""

    n: int
    changed: float
    kind: str


def false_acceptance(loss: Loss) -> tuple[float, float]:
    """Returns how often the gate accepts the loss, and how often "not significantly worse" does."""
    rng = np.random.default_rng([SEED, loss.n, int(100 * loss.changed)])
    golden = Setting(loss.n, 0, loss.kind, clustered=False).golden()
    gate = NoRegression("1", "m", MARGIN, baseline="0")
    wrong = naive = 0
    size = 1.0 if loss.kind == "binary" else 0.5
    worse, better = (loss.changed + MARGIN / size) / 2, (loss.changed - MARGIN / size) / 2
    for _ in range(REPLICATIONS):
        u = rng.random(loss.n)
        difference = np.where(u < worse, -size, np.where(u < worse + better, size, 0.0))
        before = np.where(
            difference < 0, size, np.where(difference > 0, 0.0, rng.integers(0, 2, loss.n) * 1.0)
        )
        wrong += gate.judge(World(golden, np.stack((before, before + difference))))[0].outcome is Outcome.PASS
        error = difference.std(ddof=1) / np.sqrt(loss.n)
        naive += error == 0 or stdtr(loss.n - 1, difference.mean() / error) > 0.05
    return wrong / REPLICATIONS, naive / REPLICATIONS


def main(data: Path | None) -> str:  # noqa: ARG001
    settings = [
        Setting(n, floor, kind, clustered, variants)
        for n, floor, kind, clustered, variants in product(SIZES, FLOORS, KINDS, (False, True), (1, VARIANTS))
    ]
    losses = [Loss(n, q, kind) for n in SIZES for q in (0.1, 0.2) for kind in ("binary", "halves")]
    with open_workers(str(os.cpu_count())) as workers:
        rates = list(workers.map(false_go, settings))
        accepted = list(workers.map(false_acceptance, losses))
    rows = []
    for n, floor, clustered in product(SIZES, FLOORS, (False, True)):
        cells = {
            (s.kind, s.variants): rate
            for s, rate in zip(settings, rates, strict=True)
            if (s.n, s.floor, s.clustered) == (n, floor, clustered)
        }
        worst = [
            max(cells[kind, variants][sliced] for kind in KINDS)
            for variants, sliced in product((1, VARIANTS), (0, 1))
        ]
        bare = [max(cells[kind, variants][2] for kind in KINDS) for variants in (1, VARIANTS)]
        failed = max(cells[kind, 1][3] for kind in KINDS) if floor < 0.9 else None
        rows.append(
            (
                n,
                floor,
                CLUSTERS[n] if clustered else "-",
                *(f"{rate:.1%}" for rate in worst),
                *(f"{rate:.0%}" for rate in bare),
                "" if failed is None else f"{failed:.1%}",
            )
        )
    head = (
        "n",
        "floor",
        "clusters",
        "false GO",
        f"{SLICES} slices",
        f"best of {VARIANTS}",
        "both",
        "bare threshold",
        f"bare, best of {VARIANTS}",
        "false FAIL of a slice",
    )
    lost = [
        (loss.n, loss.kind, f"{loss.changed:.0%}", f"{rate:.1%}", f"{bare:.0%}")
        for loss, (rate, bare) in zip(losses, accepted, strict=True)
    ]
    highest = max(rate[0] for rate in rates)
    return (
        f"{REPLICATIONS:,} question sets a figure (standard error at 5%: {np.sqrt(0.0475 / REPLICATIONS):.1%}). "
        f"Each cell is the worst of three distributions: {', '.join(KINDS)}. Clustered questions correlate "
        f"{ICC}, variants {CORRELATION}. Highest false GO of all {2 * len(settings)} settings: {highest:.1%}.\n\n"
        + table(head, rows)
        + f"\nNo regression, the true loss being the margin {MARGIN}; beside it, `not significantly worse`:\n\n"
        + table(("n", "values", "changed", "false acceptance", "not significantly worse"), lost)
    )
