"""What a release must meet: scores -> verdicts. May import stats and below.

A gate compares an interval with a bound. A cell without a score never disappears: it counts as the worst value
where PASS is asked and as the best where FAIL is, so that it can only leave a gate INCONCLUSIVE.
"""

from __future__ import annotations

from evalkit.registry import Registry
from evalkit.types import Gate

__all__ = ["registry"]

registry: Registry[Gate] = Registry(
    "gate",
    {
        "floor": "evalkit.gates.floor:Floor",
        "ceiling": "evalkit.gates.ceiling:Ceiling",
        "no_regression": "evalkit.gates.no_regression:NoRegression",
        "coverage": "evalkit.gates.coverage:Coverage",
        "figure": "evalkit.gates.figure:Figure",
    },
)
