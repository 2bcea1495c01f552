"""Prediction-powered inference: a judge's mean, corrected by what people said of some of the answers.

PPI++ (Angelopoulos, Duchi & Zrnic, 2023, arXiv 2311.01453), with one change: errors are summed by cluster, so that
questions that share a document count as what they are, also where one is labelled and another is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evalkit import stats
from evalkit.wording import counted

if TYPE_CHECKING:
    from evalkit.types import Floats

__all__ = ["MIN_RARER", "Corrected", "Sample", "bounds", "corrected", "difference"]

MIN_RARER = 30
"""With fewer labels of the rarer kind the normal approximation covers too seldom (benchmarks/ppi.py)."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What is known of a variant's answers.

    `judged`: float64[n], what the judge said of the labelled answers; `label`: float64[n], what people said of them;
    `clusters`, `ids`: one a labelled answer. `rest`: float64[m], what the judge said of the others; `rest_clusters`:
    one each.
    """

    judged: Floats
    label: Floats
    clusters: Sequence[str]
    ids: Sequence[str]
    rest: Floats
    rest_clusters: Sequence[str]

    @property
    def few(self) -> bool:
        """Whether the labels alone must decide."""
        return not len(self.rest) or min(self.label.sum(), (1 - self.label).sum()) < MIN_RARER


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """An estimate and what each cluster adds to its error.

    `variance` is that of one 0/1 label; `weight` is PPI++'s lambda, 0 for labels alone.
    """

    mean: float
    influence: Mapping[str, float]
    labels: int
    label_clusters: int
    variance: float
    weight: float

    @property
    def error(self) -> float:
        """The standard error."""
        count = max(2, self.label_clusters)
        return float(np.sqrt(np.sum(np.square(list(self.influence.values()))) * count / (count - 1)))

    def within(self, low: float, high: float, alpha: float) -> stats.Bounds:
        """Makes bounds of what was computed, never so near that the labels could not have missed it."""
        # No sample shows that a judge cannot err: what one label in n would show may be missed by n labels.
        least = 1 - alpha ** (1 / self.labels)
        few = self.label_clusters < stats.MIN_CLUSTERS
        return stats.Bounds(
            min(low, self.mean - least),
            max(high, self.mean + least),
            f"PPI++, {counted(self.labels, 'label')}, lambda {self.weight:.2f}",
            decisive=not few,
            why=(
                f"the labels form only {counted(self.label_clusters, 'cluster')}; at least {stats.MIN_CLUSTERS} "
                "are needed to decide"
            )
            if few
            else "",
        )

    @property
    def freedom(self) -> int:
        """Of the t quantile: the labelled clusters less one."""
        return max(1, self.label_clusters - 1)

    def bounds(self, alpha: float) -> stats.Bounds:
        """Returns Wilson's bounds of as many labels as would have this error."""
        size = self.variance / max(self.error, 1e-9) ** 2
        low, high = stats.wilson(self.mean, size, self.freedom, alpha)
        found = self.within(low, high, alpha)
        return replace(found, low=max(0.0, found.low), high=min(1.0, found.high))


def bounds(sample: Sample, alpha: float) -> stats.Bounds:
    """Returns the bounds of the mean label of all the answers; few labels of one kind decide alone, exactly."""
    if not sample.few:
        return corrected(sample).bounds(alpha)
    alone = stats.mean_bounds(sample.label, sample.clusters, sample.ids, alpha)
    return replace(alone, method=f"{alone.method} on {counted(len(sample.label), 'label')} alone")


def corrected(sample: Sample) -> Corrected:
    r"""Estimates the mean label of all the answers.

    $\lambda \bar f_{rest} + \overline{(Y - \lambda f)}_{labelled}$, with the lambda in [0, 1] that makes the error
    smallest; 0 is the labels alone, so the error is never larger than theirs.
    """
    base = _sums(sample.clusters, _centred(sample.label))
    slope = _sums(sample.rest_clusters, _centred(sample.rest))
    for cluster, value in _sums(sample.clusters, _centred(sample.judged)).items():
        slope[cluster] = slope.get(cluster, 0.0) - value
    steepness = sum(value * value for value in slope.values())
    shared = sum(value * slope[cluster] for cluster, value in base.items())
    weight = min(1.0, max(0.0, -shared / steepness)) if steepness > 0 and len(sample.rest) else 0.0
    share = float(sample.label.mean())
    mean = share + (weight * float(sample.rest.mean() - sample.judged.mean()) if weight else 0.0)
    influence = {c: base.get(c, 0.0) + weight * slope.get(c, 0.0) for c in {**base, **slope}}
    return Corrected(
        min(1.0, max(0.0, mean)), influence, len(sample.label), len(base), share * (1 - share), weight
    )


def difference(ours: Corrected, theirs: Corrected, alpha: float) -> tuple[float, stats.Bounds]:
    """Returns the difference of two estimates over the same questions, with t bounds; what clusters share cancels."""
    keys = {**ours.influence, **theirs.influence}
    found = Corrected(
        ours.mean - theirs.mean,
        {key: ours.influence.get(key, 0.0) - theirs.influence.get(key, 0.0) for key in keys},
        min(ours.labels, theirs.labels),
        min(ours.label_clusters, theirs.label_clusters),
        ours.variance + theirs.variance,
        min(ours.weight, theirs.weight),
    )
    half = stats.t_quantile(found.freedom, alpha) * found.error
    bounds = found.within(found.mean - half, found.mean + half, alpha)
    return found.mean, replace(bounds, low=max(-1.0, bounds.low), high=min(1.0, bounds.high))


def _centred(values: Floats) -> Floats:
    centred: Floats = (values - values.mean()) / len(values) if len(values) else values
    return centred


def _sums(clusters: Sequence[str], values: Floats) -> dict[str, float]:
    sums: dict[str, float] = {}
    for cluster, value in zip(clusters, values.tolist(), strict=True):
        sums[cluster] = sums.get(cluster, 0.0) + value
    return sums
