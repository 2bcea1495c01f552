"""How far a judge agrees with people: AUROC, balanced accuracy, Cohen's kappa, with clustered intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evalkit.types import Floats

    Flags = NDArray[np.bool_]
    Statistic = Callable[[Flags, Floats], float | None]

__all__ = ["Figure", "agreement", "auroc", "balanced_accuracy", "between_people", "kappa"]

RESAMPLES = 2000
LEVEL = 0.95
THRESHOLD = 0.5
"""From what value on a judge is taken to say yes. People do above it: raters who are divided have not said yes."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A statistic with its percentile interval; None where one of the kinds does not occur."""

    value: float | None
    low: float | None
    high: float | None


def auroc(positive: Flags, value: Floats) -> float | None:
    """The chance that a positive has a higher value than a negative, ties counting half (Mann & Whitney, 1947)."""
    negatives = np.sort(value[~positive])
    if not len(negatives) or len(negatives) == len(value):
        return None
    below = np.searchsorted(negatives, value[positive], "left").sum()
    upto = np.searchsorted(negatives, value[positive], "right").sum()
    return float((below + upto) / (2 * len(negatives) * positive.sum()))


def balanced_accuracy(positive: Flags, value: Floats) -> float | None:
    """The mean of the shares of positives and of negatives that the judge gets right at `THRESHOLD`."""
    said = value >= THRESHOLD
    if positive.all() or not positive.any():
        return None
    return float((said[positive].mean() + (~said[~positive]).mean()) / 2)


def kappa(positive: Flags, value: Floats) -> float | None:
    """Agreement beyond chance, (observed - expected) / (1 - expected) (Cohen, 1960)."""
    said = value >= THRESHOLD
    observed = float((said == positive).mean())
    yes, own = float(said.mean()), float(positive.mean())
    expected = yes * own + (1 - yes) * (1 - own)
    return (observed - expected) / (1 - expected) if expected < 1 else None


STATISTICS: Mapping[str, Statistic] = {
    "auroc": auroc,
    "balanced_accuracy": balanced_accuracy,
    "kappa": kappa,
}


def agreement(
    positive: Flags, value: Floats, clusters: Sequence[str], rng: np.random.Generator
) -> dict[str, Figure]:
    """Returns each statistic with a 95% interval: whole clusters drawn again, `RESAMPLES` times.

    Args:
        positive: bool[n], what people said.
        value: float64[n], what the judge said.
        clusters: what each answer shares with others.
        rng: draws the resamples.
    """
    rows = _by_cluster(clusters)
    drawn: dict[str, list[float]] = {name: [] for name in STATISTICS}
    for _ in range(RESAMPLES):
        picked = np.concatenate([rows[c] for c in rng.integers(0, len(rows), len(rows))])
        for name, statistic in STATISTICS.items():
            if (one := statistic(positive[picked], value[picked])) is not None:
                drawn[name].append(one)
    tail = (1 - LEVEL) / 2
    figures = {}
    for name, statistic in STATISTICS.items():
        found = statistic(positive, value)
        if found is None:
            figures[name] = Figure(None, None, None)
        else:
            low, high = np.quantile(drawn[name], (tail, 1 - tail))
            figures[name] = Figure(found, min(float(low), found), max(float(high), found))
    return figures


def between_people(raters: Sequence[Mapping[str, float]]) -> dict[str, float] | None:
    """Returns how people agree with each other over all pairs of raters of one answer, or None without any pair.

    Args:
        raters: by answer, what each rater said.
    """
    first, second = [], []
    for said in raters:
        names = sorted(said)
        for position, name in enumerate(names):
            for other in names[position + 1 :]:
                # Each pair both ways round: who is named first decides nothing.
                first += [said[name], said[other]]
                second += [said[other], said[name]]
    if not first:
        return None
    one, two = np.array(first) > THRESHOLD, np.array(second) > THRESHOLD
    beyond = kappa(one, two.astype(np.float64))
    return {
        "pairs": len(first) / 2,
        "agreement": float((one == two).mean()),
        "kappa": 1.0 if beyond is None else beyond,
    }


def _by_cluster(clusters: Sequence[str]) -> list[NDArray[np.intp]]:
    _, member = np.unique(np.asarray(clusters, dtype=object).astype(str), return_inverse=True)
    order = np.argsort(member, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(member[order])) + 1)
