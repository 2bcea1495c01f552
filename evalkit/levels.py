"""Bounds of the mean of values that have no known end, such as costs and times. May import stats."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evalkit.stats import MIN_CLUSTERS, Bounds, t_quantile
from evalkit.wording import counted

if TYPE_CHECKING:
    from evalkit.stats import Floats, Labels

__all__ = ["MIN_VALUES", "level_bounds"]

MIN_VALUES = 100
"""Fewer values than this cannot decide."""


def level_bounds(values: Floats, clusters: Labels, alpha: float) -> Bounds:
    """Returns cluster-robust t bounds (Liang & Zeger, 1986), widened for skewness.

    Without a known end no bound holds whatever the shape: one dear answer in ten thousand need not be in the sample.
    So fewer than 100 values, fewer than 20 clusters, and values that do not differ cannot decide. The widening is the
    next term of the t statistic's Edgeworth expansion (Hall, 1983, Annals of Statistics 11:569), on the side of the
    longer tail only.

    Args:
        values: float64[n].
        clusters: what each question shares with others.
        alpha: the error of each one-sided bound.
    """
    n, mean = len(values), float(np.mean(values)) if len(values) else 0.0
    _, member = np.unique(np.asarray(clusters), return_inverse=True)
    count = int(member.max()) + 1 if n else 0
    if count < 2:
        return Bounds(-math.inf, math.inf, "none", decisive=False, why="one cluster shows no spread")
    sums = np.bincount(member, weights=values - mean, minlength=count)
    square = float(np.mean(sums**2))
    same = float(np.ptp(values)) == 0 or square == 0
    t = t_quantile(count - 1, alpha)
    error = math.sqrt(square / (count - 1)) * count / n
    skewness = 0.0 if same else float(np.mean(sums**3)) / square**1.5
    more = skewness * (1 + 2 * t * t) / (6 * math.sqrt(count))
    low, high = mean - error * (t + max(0.0, -more)), mean + error * (t + max(0.0, more))
    why = ""
    if n < MIN_VALUES:
        why = f"a mean without a known end takes {MIN_VALUES} questions"
    elif count < MIN_CLUSTERS:
        why = f"the questions form only {counted(count, 'cluster')}; at least {MIN_CLUSTERS} are needed to decide"
    elif same:
        why = "all values are the same, which does not show how far others may lie; gate a quantile"
    return replace(Bounds(low, high, "t" if count == n else "cluster-robust t"), decisive=not why, why=why)
