"""Intervals, paired comparisons and sample sizes. The only file that imports scipy, inside its functions.

Which bound for which data was chosen by simulation (benchmarks/gates.py): exact for 0/1 values, betting for graded
ones, Wilson or Korn-Graubard at the effective sample size where questions come in clusters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from evalkit import betting
from evalkit.types import Estimate
from evalkit.wording import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Labels = Sequence[str] | NDArray[Any]
    """One name, or one number, a question."""

__all__ = [
    "MIN_CLUSTERS",
    "MIN_PAIRS",
    "Bounds",
    "betting_bounds",
    "effective_size",
    "exact_bounds",
    "holm",
    "interval",
    "mean_bounds",
    "needed_for_floor",
    "needed_for_margin",
    "paired_bounds",
    "paired_interval",
    "quantile_bounds",
    "score_bounds",
    "t_quantile",
    "wilson",
]

MIN_CLUSTERS = 20
"""Below this many clusters the spread between clusters is not known well enough to decide."""

SCORE = "score (Tango)"

_POWER = 0.8
_LARGEST = 20_000
MIN_PAIRS = 100
_MIN_CHANGED = 10


@dataclass(frozen=True, slots=True)
class Bounds:
    """Two one-sided confidence bounds, each at level 1 - alpha, and how they were found.

    `decisive` is False where the data cannot decide whatever the bounds are; `why` says so.
    """

    low: float
    high: float
    method: str
    decisive: bool = True
    why: str = ""


# ---------------------------------------------------------------- one sample


@lru_cache(maxsize=10_000)
def exact_bounds(hits: int, n: int, alpha: float) -> Bounds:
    """Clopper-Pearson bounds of a proportion (Clopper & Pearson, 1934); n = 0 gives the whole range."""
    from scipy.special import betaincinv

    low = float(betaincinv(hits, n - hits + 1, alpha)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, n - hits, 1 - alpha)) if hits < n else 1.0
    return Bounds(low, high, "Clopper-Pearson")


def betting_bounds(values: Floats, ids: Labels, alpha: float) -> Bounds:
    """Betting bounds of the mean of values in [0, 1] (Waudby-Smith & Ramdas, 2024, JRSS-B 86:1).

    Holds at any sample size without assumptions on shape. The order of betting is that of a hash of the questions'
    ids, so it depends neither on the file's order nor on the values.

    Args:
        values: float64[n] in [0, 1].
        ids: the questions' ids, one a value.
        alpha: error of each one-sided bound.
    """
    if not len(values):
        return Bounds(0.0, 1.0, "betting")
    order = np.argsort(np.fromiter(map(betting.turn, ids), dtype=np.uint64, count=len(ids)), kind="stable")
    x = np.asarray(values, dtype=np.float64)[order]
    mean = float(x.mean())
    return Bounds(min(betting.low(x, alpha), mean), max(1.0 - betting.low(1.0 - x, alpha), mean), "betting")


def effective_size(values: Floats, clusters: Labels) -> tuple[float, int]:
    """Returns (n / design effect, number of clusters); never more than n.

    The design effect is the variance of the mean with clusters over that without (Kish, 1965).
    """
    n = len(values)
    _, member = np.unique(np.asarray(clusters), return_inverse=True)
    count = int(member.max()) + 1 if n else 0
    variance = float(np.var(values, ddof=1)) / n if n > 1 else 0.0
    if count == n or variance <= 0 or count < 2:
        return float(n), count
    sums = np.bincount(member, weights=values - values.mean(), minlength=count)
    clustered = float(np.sum(sums**2)) * count / (count - 1) / n**2
    return min(float(n), n * variance / clustered) if clustered > 0 else float(n), count


def mean_bounds(values: Floats, clusters: Labels, ids: Labels, alpha: float) -> Bounds:
    """Returns the bounds that gates use for a mean of values in [0, 1]."""
    n = len(values)
    if n == 0:
        return Bounds(0.0, 1.0, "none", decisive=False, why="no question was scored")
    size, count = effective_size(values, clusters)
    if count == n:
        if np.all((values == 0) | (values == 1)):
            return exact_bounds(round(float(values.sum())), n, alpha)
        return betting_bounds(values, ids, alpha)
    if count < MIN_CLUSTERS:
        low, high = _clustered(float(values.mean()), size, count, alpha)
        why = f"the questions form only {counted(count, 'cluster')}; at least {MIN_CLUSTERS} are needed to decide"
        return Bounds(low, high, "Wilson at effective n", decisive=False, why=why)
    low, high = _clustered(float(values.mean()), size, count, alpha)
    if values.min() == values.max():
        exact = exact_bounds(round(float(values.mean()) * count), count, alpha)
        low, high = min(low, exact.low), max(high, exact.high)
    return Bounds(low, high, "Wilson at effective n")


def _clustered(mean: float, size: float, clusters: int, alpha: float) -> tuple[float, float]:
    """The wider of Wilson's bounds and Korn and Graubard's (1998, Survey Methodology 24:193) at the effective size.

    The size is lowered by 2 / clusters: few clusters look more alike than they are just when their mean is high. By
    simulation all three are needed to hold the error from 20 clusters on (benchmarks/gates.py).
    """
    from scipy.special import betaincinv, ndtri, stdtrit

    freedom = max(clusters - 1, 1)
    size *= 1 - 2 / max(clusters, 4)
    low, high = wilson(mean, size, freedom, alpha)
    n = size * (float(ndtri(alpha)) / float(stdtrit(freedom, alpha))) ** 2
    hits, misses = mean * n, (1 - mean) * n
    if hits > 0:
        low = min(low, float(betaincinv(hits, misses + 1, alpha)))
    if misses > 0:
        high = max(high, float(betaincinv(hits + 1, misses, 1 - alpha)))
    return low, high


def wilson(mean: float, n: float, freedom: int, alpha: float) -> tuple[float, float]:
    """Wilson's bounds of a mean in [0, 1] of n values (Wilson, 1927), with a t quantile."""
    from scipy.special import stdtrit

    z = float(stdtrit(freedom, 1 - alpha))
    centre = (mean + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(mean * (1 - mean) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def t_quantile(freedom: int, alpha: float) -> float:
    """The value that Student's t exceeds with probability `alpha`."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - alpha))


def quantile_bounds(values: Floats, quantile: float, alpha: float) -> Bounds:
    """Order-statistic bounds of a quantile, free of any assumption on shape; infinite ends mean too few values."""
    from scipy.special import bdtr

    ordered = np.sort(values)
    n = len(ordered)
    below = bdtr(np.arange(n), n, quantile)
    # At most `quantile` of the values lie below the j-th (from 0) with probability 1 - below[j].
    lows, highs = np.flatnonzero(below <= alpha), np.flatnonzero(below >= 1 - alpha)
    low = float(ordered[lows[-1]]) if len(lows) else -math.inf
    high = float(ordered[highs[0]]) if len(highs) else math.inf
    why = "" if n else "no question was scored"
    return Bounds(low, high, "order statistics", decisive=n > 0, why=why)


# ---------------------------------------------------------------- paired


def score_bounds(better: int, worse: int, n: int, alpha: float) -> Bounds:
    """Tango's score bounds of a difference of paired proportions (Tango, 1998, Statistics in Medicine 17:891).

    Args:
        better: questions that the candidate hits and the baseline misses.
        worse: questions that it misses and the baseline hits.
        n: all questions.
        alpha: error of each one-sided bound.

    Where no question differs, the exact bound 1 - alpha^(1/n) is never undercut: no sample shows that nothing can
    change.
    """
    low = -_tango_high(worse, better, n, alpha)
    high = _tango_high(better, worse, n, alpha)
    return Bounds(low, high, SCORE)


def _tango_high(better: int, worse: int, n: int, alpha: float) -> float:
    """The largest difference that the score test does not reject, by bisection."""
    from scipy.special import ndtri

    if n == 0:
        return 1.0
    z = -float(ndtri(alpha))
    low, high = (better - worse) / n, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        b = -(better + worse) + (2 * n - better + worse) * middle
        c = -worse * middle * (1 - middle)
        share = max(0.0, (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n))
        variance = n * (2 * share + middle * (1 - middle))
        distance = n * middle - (better - worse)
        if distance * distance > z * z * variance:
            high = middle
        else:
            low = middle
    return max(high, 1 - alpha ** (1 / n)) if better == worse == 0 else high


def paired_bounds(differences: Floats, clusters: Labels, alpha: float, *, strict: bool = False) -> Bounds:
    """Returns the bounds that gates use for the mean of paired differences in [-1, 1].

    Args:
        differences: candidate minus baseline, one a question.
        clusters: what each question shares with others.
        alpha: error of each one-sided bound.
        strict: use betting bounds, which assume nothing, whatever the data; clusters then bet as one.
    """
    n = len(differences)
    if n == 0:
        return Bounds(-1.0, 1.0, "none", decisive=False, why="no question was scored for both variants")
    means, names = _cluster_means(differences, clusters)
    if strict:
        halved = betting_bounds((means + 1) / 2, names, alpha)
        return Bounds(2 * halved.low - 1, 2 * halved.high - 1, "betting")
    better, worse = int(np.sum(differences > 0)), int(np.sum(differences < 0))
    unclustered = len(means) == n
    binary = unclustered and bool(np.all(np.isin(differences, (-1.0, 0.0, 1.0))))
    if binary or better + worse == 0:
        bounds = score_bounds(better, worse, len(means), alpha)
    else:
        bounds = _t_bounds(differences, clusters, alpha)
    why = ""
    if not unclustered and len(means) < MIN_CLUSTERS:
        why = f"the questions form only {counted(len(means), 'cluster')}; at least {MIN_CLUSTERS} are needed to decide"
    elif bounds.method != SCORE and (n < MIN_PAIRS or better + worse < _MIN_CHANGED):
        changed = f"{better + worse} of {counted(n, 'question')} changed"
        why = f"{changed}; deciding takes {_MIN_CHANGED} changed of {MIN_PAIRS}"
    return replace(bounds, decisive=not why, why=why)


def _t_bounds(differences: Floats, clusters: Labels, alpha: float) -> Bounds:
    """Cluster-robust t bounds (Liang & Zeger, 1986); plain paired t where no cluster is shared."""
    from scipy.special import stdtrit

    n, mean = len(differences), float(differences.mean())
    _, member = np.unique(np.asarray(clusters), return_inverse=True)
    count = int(member.max()) + 1
    if count < 2:
        return Bounds(-1.0, 1.0, "paired t")
    sums = np.bincount(member, weights=differences - mean, minlength=count)
    error = math.sqrt(float(np.sum(sums**2)) * count / (count - 1)) / n
    half = float(stdtrit(count - 1, 1 - alpha)) * error
    return Bounds(
        max(-1.0, mean - half), min(1.0, mean + half), "paired t" if count == n else "cluster-robust t"
    )


def _cluster_means(values: Floats, clusters: Labels) -> tuple[Floats, NDArray[Any]]:
    names, member = np.unique(np.asarray(clusters), return_inverse=True)
    return np.bincount(member, weights=values) / np.bincount(member), names


# ---------------------------------------------------------------- display


def interval(
    values: Floats,
    *,
    clusters: Labels,
    ids: Labels,
    unscored: int,
    share: bool = True,
    level: float = 0.95,
) -> Estimate:
    """Returns the mean with the two-sided interval that reports show: the gates' bounds, half the error each side.

    Args:
        values: float64[n].
        clusters: what each question shares with others.
        ids: the questions' ids.
        unscored: how many cells hold no value.
        share: whether values lie in [0, 1] by definition; others (seconds, costs) get a t interval.
        level: the interval's confidence.
    """
    values = np.asarray(values, dtype=np.float64)
    n = len(values)
    if n == 0:
        return Estimate(0.0, 0.0, 1.0, 0, unscored, "none")
    mean, alpha = float(values.mean()), (1 - level) / 2
    bounds = mean_bounds(values, clusters, ids, alpha) if share else _unbounded(values, alpha)
    return Estimate(mean, bounds.low, bounds.high, n, unscored, bounds.method)


def _unbounded(values: Floats, alpha: float) -> Bounds:
    from scipy.special import stdtrit

    n, mean = len(values), float(values.mean())
    if n < 2:
        return Bounds(0.0, 2 * mean, "none")
    half = float(stdtrit(n - 1, 1 - alpha)) * float(values.std(ddof=1)) / math.sqrt(n)
    return Bounds(mean - half, mean + half, "t")


def paired_interval(differences: Floats, *, clusters: Labels, level: float = 0.95) -> Estimate:
    """Returns the mean paired difference with its two-sided interval."""
    values = np.asarray(differences, dtype=np.float64)
    bounds = paired_bounds(values, clusters, (1 - level) / 2)
    mean = float(values.mean()) if len(values) else 0.0
    return Estimate(mean, min(bounds.low, mean), max(bounds.high, mean), len(values), 0, bounds.method)


# ---------------------------------------------------------------- planning


@lru_cache(maxsize=10_000)
def needed_for_floor(mean: float, floor: float, alpha: float, *, variance: float | None = None) -> int | None:
    """How many questions give an 80% chance of PASS (or FAIL, below the floor) if the true mean is `mean`.

    Exact for 0/1 values; with a `variance` (of one question's value) the normal approximation. None where the mean
    is at the floor, so that no number would do.
    """
    from scipy.special import bdtrik, betainc

    if abs(mean - floor) < 1e-3:
        return None
    if variance is not None:
        return _normal_size(variance, abs(mean - floor), alpha)
    p, bound = (mean, floor) if mean > floor else (1 - mean, 1 - floor)
    about = _normal_size(bound * (1 - bound), p - bound, alpha)
    if about is None:
        return None
    # Exact sizes were never found beyond 1.5 times the normal approximation and 150 more.
    n = np.arange(1, 3 * about + 300, dtype=np.float64)
    needed = np.ceil(bdtrik(1 - alpha, n, bound) - 1e-9)
    # P(Binomial(n, p) > needed), through the incomplete beta function.
    power = np.where(
        needed < n, betainc(np.minimum(needed, n - 1) + 1, n - np.minimum(needed, n - 1), p), 0.0
    )
    # Power is a sawtooth in n; the answer is where it has passed 80% for good.
    short = np.flatnonzero(power < _POWER)
    return int(n[short[-1]]) + 1 if len(short) else 1


def needed_for_margin(difference: float, variance: float, margin: float, alpha: float) -> int | None:
    """How many questions give an 80% chance to show that the true `difference` is above -margin, or below it.

    Never fewer than show it when no question changes at all.
    """
    distance = abs(difference + margin)
    size = None if distance < 1e-3 else _normal_size(variance, distance, alpha)
    return None if size is None else max(size, math.ceil(math.log(alpha) / math.log1p(-margin)))


def _normal_size(variance: float, distance: float, alpha: float) -> int | None:
    from scipy.special import ndtri

    quantiles = float(ndtri(1 - alpha) + ndtri(_POWER))
    size = math.ceil(variance * (quantiles / distance) ** 2)
    return size if size <= _LARGEST else None


def holm(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Which hypotheses Holm's procedure rejects (Holm, 1979), family-wise error `alpha`."""
    order = sorted(range(len(p_values)), key=lambda row: p_values[row])
    rejected = [False] * len(p_values)
    for step, row in enumerate(order):
        if p_values[row] > alpha / (len(p_values) - step):
            break
        rejected[row] = True
    return rejected
