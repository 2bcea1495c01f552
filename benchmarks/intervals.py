"""Every interval and gate of 12 variants, 8 measures and 10 slices."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.gates import EMPTY, World
from benchmarks.sidebyside import table
from evalkit import stats
from evalkit.gates.cells import pick
from evalkit.gates.floor import Floor
from evalkit.gates.no_regression import NoRegression
from evalkit.types import ALL_QUESTIONS, Golden, Question

VARIANTS, MEASURES, SLICES, QUESTIONS = 12, 8, 10, 472


def world(kind: str, clusters: int) -> World:
    rng = np.random.default_rng(7)
    questions = tuple(
        Question(f"q{row}", "?", tags={"part": str(row % SLICES)}, cluster=f"c{row % clusters}")
        for row in range(QUESTIONS)
    )
    drawn = rng.beta(4, 1, (VARIANTS * MEASURES, QUESTIONS))
    values = (drawn > 0.3).astype(np.float64) if kind == "0/1" else drawn
    return World(Golden(questions, EMPTY, {}, ""), values, baseline="0")


def work(world: World) -> Iterator[object]:
    """What a report needs: an interval a column and slice, a floor with slices and a comparison a column."""
    slices = [ALL_QUESTIONS, *(f"part={number}" for number in range(SLICES))]
    for column, name in product(map(str, range(VARIANTS * MEASURES)), slices):
        cells = pick(world, world.scores(column, "m"), name)
        yield stats.interval(cells.value, clusters=cells.clusters, ids=cells.ids, unscored=0)
    for column in map(str, range(VARIANTS * MEASURES)):
        yield from Floor(column, "m", 0.75, by="part").judge(world)
        yield from NoRegression(column, "m", 0.03).judge(world)


def main(data: Path | None) -> str:  # noqa: ARG001
    rows = []
    for kind, clusters in product(("0/1", "graded"), (QUESTIONS, 100)):
        drawn, took = world(kind, clusters), []
        for _ in range(5):
            start = perf_counter()
            made = sum(1 for _ in work(drawn))
            took.append(perf_counter() - start)
        rows.append((kind, clusters, f"{made:,}", f"{np.median(took):.2f} s", f"{min(took):.2f} s"))
    head = ("values", "clusters", "intervals and verdicts", "median of 5", "least")
    return f"{QUESTIONS} questions.\n\n" + table(head, rows)
