"""Prediction-powered intervals on held-out labels: how often they cover, and how wide they are.

Some answers are drawn as labelled, the judge sees them all, and the truth is the mean label of all that could be
drawn. Judges are simulated from useless to strong, at two prevalences, alone and in clusters; the offline support
score on RAGTruth is the real one. Nominal 95%; beside them labels alone. With fewer than 30 labels of the rarer kind
the labels decide alone, by an exact interval. A false GO is a gate at the true level that passes; 5% may.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from benchmarks.sidebyside import table
from benchmarks.support import crossed, ragtruth
from evalkit.trust.ppi import Sample, bounds, corrected

REPLICATIONS = int(os.environ.get("EVALKIT_REPLICATIONS", "1000"))
QUESTIONS, SEED, ICC, CLUSTER = 600, 7, 0.3, 4
Draw = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray, np.ndarray]]


def world(correlation: float, mean: float, *, clustered: bool) -> Draw:
    """Questions with labels of this mean, and a judge whose value correlates with what lies beneath the label."""

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        member = np.arange(QUESTIONS) // (CLUSTER if clustered else 1)
        alike = ICC if clustered else 0.0
        beneath = np.sqrt(alike) * rng.normal(size=QUESTIONS)[member] + np.sqrt(1 - alike) * rng.normal(
            size=QUESTIONS
        )
        judge = correlation * beneath + np.sqrt(1 - correlation**2) * rng.normal(size=QUESTIONS)
        return (beneath > ndtri(1 - mean)).astype(np.float64), ndtr(judge + 0.5), member

    return draw


def real(data: Path) -> tuple[Draw, float]:
    """RAGTruth's answers drawn with replacement, each scored by a model that saw none of its source; their mean."""
    answers = ragtruth(data)
    score = crossed(answers, SEED).score
    label = np.array([float(not answer.bad) for answer in answers])

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = rng.integers(0, len(label), QUESTIONS)
        return label[rows], score[rows], np.arange(QUESTIONS)

    return draw, float(label.mean())


class Found(NamedTuple):
    """Shares and mean widths over the replications: of the corrected interval, of labels alone, of gates that err."""

    covers: float
    width: float
    alone_covers: float
    alone_width: float
    false_go: float


def simulate(draw: Draw, truth: float, labels: int, seed: int) -> Found:
    rng = np.random.default_rng([SEED, seed])
    rows = []
    for _ in range(REPLICATIONS):
        label, judged, member = draw(rng)
        clusters = np.unique(member)
        picked = rng.choice(clusters, size=labels * len(clusters) // len(label), replace=False)
        chosen = np.isin(member, picked)
        names = member.astype(str)
        own = (judged[chosen], label[chosen], names[chosen].tolist(), names[chosen].tolist())
        sample, labelled = (
            Sample(*own, judged[~chosen], names[~chosen].tolist()),
            Sample(*own, judged[:0], []),
        )
        ours = bounds(sample, 0.025)
        alone = bounds(labelled, 0.025) if sample.few else corrected(labelled).bounds(0.025)
        false_go = bounds(sample, 0.05).low > truth
        intervals = [x for b in (ours, alone) for x in (b.low <= truth <= b.high, b.high - b.low)]
        rows.append([*intervals, false_go])
    return Found(*np.mean(rows, axis=0).tolist())


def main(data: Path | None) -> str:
    worlds = [
        (
            f"correlation {correlation}, {mean:.0%} supported" + (", clusters of 4" if clustered else ""),
            world(correlation, mean, clustered=clustered),
            mean,
        )
        for correlation in (0.0, 0.5, 0.9)
        for mean in (0.7, 0.9)
        for clustered in (False, True)
    ]
    if data is not None:
        worlds.append(("support score on ragtruth-qa", *real(data)))
    settings = [(name, labels, draw, truth) for name, draw, truth in worlds for labels in (100, 200)]
    found = [simulate(draw, truth, labels, row) for row, (_, labels, draw, truth) in enumerate(settings)]
    rows = [
        (
            name,
            labels,
            f"{one.covers:.1%}",
            f"±{one.width / 2:.3f}",
            f"{one.alone_covers:.1%}",
            f"±{one.alone_width / 2:.3f}",
            f"{(one.alone_width / one.width) ** 2:.2f}",
            f"{one.false_go:.1%}",
        )
        for (name, labels, _, _), one in zip(settings, found, strict=True)
    ]
    head = (
        "judge and answers",
        "labels",
        "covers",
        "half-width",
        "labels alone cover",
        "half-width",
        "times the labels",
        "false GO",
    )
    return (
        f"{REPLICATIONS:,} times {QUESTIONS} answers a figure; standard error at 95%: "
        f"{np.sqrt(0.0475 / REPLICATIONS):.1%}. Of {len(found)} settings, lowest coverage "
        f"{min(one.covers for one in found):.1%}, widest beside labels alone "
        f"{max(one.width / one.alone_width for one in found):.3f} times, highest false GO "
        f"{max(one.false_go for one in found):.1%}.\n\n" + table(head, rows)
    )
