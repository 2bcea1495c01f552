"""The bets behind `stats.betting_bounds` (Waudby-Smith & Ramdas, 2024, JRSS-B 86:1). May import only numpy."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["low", "turn"]

_CLOSE = 1e-6


@lru_cache(maxsize=100_000)
def turn(name: object) -> int:
    """When a question bets: the first eight bytes of its id's SHA-256."""
    return int.from_bytes(hashlib.sha256(str(name).encode()).digest()[:8])


def low(x: Floats, alpha: float) -> float:
    """The smallest mean that a bettor against it has not bankrupted: predictable plug-in bets, capped at 3/4m."""
    n = len(x)
    steps = np.arange(1, n + 1)
    running = (0.5 + np.cumsum(x)) / (steps + 1)
    variance = (0.25 + np.cumsum((x - running) ** 2)) / (steps + 1)
    before = np.concatenate(([0.25], variance[:-1]))
    bets = np.sqrt(2 * math.log(1 / alpha) / (n * before))

    def gained(mean: float) -> float:
        """The bettor's best log wealth beyond what rejects `mean`; it falls as `mean` rises."""
        stakes = np.minimum(bets, 0.75 / mean)
        return float(np.log1p(stakes * (x - mean)).cumsum().max()) + math.log(alpha)

    mean = float(x.mean())
    near = mean - 3 * float(x.std()) / math.sqrt(n) + 2 * math.log(alpha) / n
    if near > _CLOSE and gained(near) > 0 > gained(max(mean, near + _CLOSE)):
        return _root(gained, near, max(mean, near + _CLOSE))
    return _root(gained, _CLOSE, 1.0)


def _root(falling: Callable[[float], float], left: float, right: float) -> float:
    """Where a falling function crosses 0, from the left, by false position (Illinois); 0 where it never does."""
    at_left, at_right, kept = falling(left), falling(right), 0
    if at_left <= 0:
        return 0.0
    while right - left > _CLOSE:
        middle = left + (right - left) * at_left / (at_left - at_right)
        middle = min(max(middle, left + _CLOSE / 2), right - _CLOSE / 2)
        at_middle = falling(middle)
        if at_middle > 0:
            left, at_left = middle, at_middle
            at_right, kept = (at_right / 2, 1) if kept == 1 else (at_right, 1)
        else:
            right, at_right = middle, at_middle
            at_left, kept = (at_left / 2, -1) if kept == -1 else (at_left, -1)
    return left
