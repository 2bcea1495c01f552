"""What a suite's gates can decide with its questions, before anything is computed. May import evaluate and below.

Nothing is known yet of how a system scores, so every figure states what it assumes: 0/1 scores (graded ones need fewer
questions), an intra-cluster correlation, and for comparisons the share of questions whose score changes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from evalkit import stats
from evalkit.errors import SuiteError, did_you_mean
from evalkit.gates.ceiling import Ceiling
from evalkit.gates.coverage import Coverage
from evalkit.gates.figure import Figure
from evalkit.gates.floor import BEST, Floor
from evalkit.gates.no_regression import NoRegression
from evalkit.golden.split import cluster_of
from evalkit.suite import Suite
from evalkit.types import ALL_QUESTIONS, Gate, Question
from evalkit.wording import counted

__all__ = ["CHANGED", "ICC", "Planned", "plan"]

ICC = 0.3
"""How alike the scores of one cluster's questions are assumed to be; what the gates were simulated with."""
CHANGED = 0.1
"""For what share of questions a variant's 0/1 score is assumed to differ from the baseline's."""

_AHEAD = (0.02, 0.05, 0.10)
_SHARES = (0.05, 0.10, 0.20)
_STEPS = 7
_BEST = 0.999
"""The best score that is worth planning for: no system is perfect."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One gate over one slice, before the run.

    `n` counts answerable questions, `effective` what they are worth once clusters are allowed for. `never` says why no
    score could decide the gate, empty where one could. `detects` says in a sentence what the gate decides with 80%
    probability; `needs` maps an assumption to the questions it takes, None where no affordable number would do.
    """

    gate: str
    slice: str
    n: int
    clusters: int
    effective: int
    never: str = ""
    detects: str = ""
    needs: Mapping[str, int | None] = field(default_factory=dict)


def plan(
    suite: Suite, questions: Sequence[Question], *, icc: float = ICC, changed: float = CHANGED
) -> tuple[Planned, ...]:
    """Returns what each gate of a suite can decide over these questions, in the suite's order.

    Args:
        suite: the suite.
        questions: those its gates will read.
        icc: the assumed intra-cluster correlation.
        changed: the assumed share of questions whose score changes.

    Raises:
        SuiteError: where a gate names a slice that holds no question.
    """
    slices: dict[str, list[Question]] = {ALL_QUESTIONS: list(questions)}
    for question in questions:
        for tag, value in question.tags.items():
            slices.setdefault(f"{tag}={value}", []).append(question)
    return tuple(
        planned for gate in suite.gates for planned in _gate(gate, slices, len(suite.variants), icc, changed)
    )


def _gate(
    gate: Gate, slices: Mapping[str, list[Question]], variants: int, icc: float, changed: float
) -> Iterator[Planned]:
    name = getattr(gate, "slice", ALL_QUESTIONS)
    if name not in slices:
        raise SuiteError(f"gate {gate}: slice '{name}' holds no question; {did_you_mean(name, slices)}")
    names = [name]
    if isinstance(gate, Floor) and gate.by is not None:
        names += sorted(other for other in slices if other.startswith(f"{gate.by}="))
    for one in names:
        held = [question for question in slices[one] if question.answerable] or slices[one]
        size = _Size(held, icc)
        if isinstance(gate, Floor):
            yield _floor(gate, one, size, gate.alpha / (variants if gate.variant == BEST else 1))
        elif isinstance(gate, NoRegression):
            yield _no_regression(gate, one, size, changed)
        elif isinstance(gate, Ceiling):
            yield _ceiling(gate, one, size)
        elif isinstance(gate, Coverage | Figure):
            yield size.planned(gate, one, detects="counts what happened: any number of questions decides it")
        else:
            yield size.planned(gate, one, detects="unknown: this kind of gate is not planned for")


class _Size:
    """How many questions there are, and how many independent ones they are worth (Kish, 1965)."""

    def __init__(self, questions: Sequence[Question], icc: float) -> None:
        sizes = Counter(cluster_of(question) for question in questions).values()
        self.n = len(questions)
        self.clusters = len(sizes)
        self.inflation = 1 + icc * (sum(size * size for size in sizes) / max(1, self.n) - 1)
        self.effective = math.floor(self.n / self.inflation)

    @property
    def never(self) -> str:
        if self.n == 0:
            return "there is no question"
        if self.clusters < min(self.n, stats.MIN_CLUSTERS):
            return f"its questions form only {counted(self.clusters, 'cluster')}; deciding takes {stats.MIN_CLUSTERS}"
        return ""

    def questions(self, independent: int | None) -> int | None:
        """How many questions clustered like these are worth so many independent ones."""
        return None if independent is None else math.ceil(independent * self.inflation)

    def planned(
        self,
        gate: Gate,
        name: str,
        *,
        never: str = "",
        detects: str = "",
        needs: Mapping[str, int | None] | None = None,
    ) -> Planned:
        return Planned(
            str(gate),
            name,
            self.n,
            self.clusters,
            self.effective,
            never,
            "" if never else detects,
            needs or {},
        )


def _floor(gate: Floor, name: str, size: _Size, alpha: float) -> Planned:
    level = gate.at_least
    short = (
        f"it has {counted(size.n, 'question')}; min_n asks for {gate.min_n}" if size.n < gate.min_n else ""
    )

    def enough(mean: float) -> bool:
        needed = stats.needed_for_floor(mean, level, alpha)
        return needed is not None and needed <= size.effective

    above, below = _nearest(enough, level, _BEST), _nearest(enough, level, 1 - _BEST)
    passes = f"passes from a true {above:.2f}" if above is not None else "passes no true score"
    fails = f"fails up to a true {below:.2f}" if below is not None else "fails no true score"
    ahead = {
        f"true {level + step:.2f}": size.questions(stats.needed_for_floor(level + step, level, alpha))
        for step in _AHEAD
        if level + step <= 1
    }
    return size.planned(
        gate,
        name,
        never=size.never or short,
        detects=f"{passes}, {fails}; between them undecided",
        needs=ahead,
    )


def _nearest(enough: Callable[[float], bool], level: float, end: float) -> float | None:
    """The true score nearest to the level that the questions are enough for, by bisection towards `end`."""
    if not enough(end):
        return None
    near, far = level, end
    for _ in range(_STEPS):
        middle = (near + far) / 2
        near, far = (near, middle) if enough(middle) else (middle, far)
    return far


def _no_regression(gate: NoRegression, name: str, size: _Size, changed: float) -> Planned:
    distance = 0.0
    if size.effective:
        distance = _z(gate.alpha) * math.sqrt(changed / size.effective)
    loss = gate.margin + distance
    verdict = (
        "passes where nothing changed" if distance <= gate.margin else "does not pass where nothing changed"
    )
    needs = {
        f"{share:.0%} change": size.questions(stats.needed_for_margin(0.0, share, gate.margin, gate.alpha))
        for share in _SHARES
    }
    return size.planned(
        gate,
        name,
        never=size.never,
        detects=f"{verdict}, fails from a true loss of {loss:.3f}, if {changed:.0%} of the questions change",
        needs=needs,
    )


def _ceiling(gate: Ceiling, name: str, size: _Size) -> Planned:
    least = math.ceil(math.log(gate.alpha) / math.log(gate.quantile))
    never = (
        f"it has {counted(size.n, 'question')}; the {gate.quantile:g} quantile takes {least}"
        if size.n < least
        else ""
    )
    return size.planned(
        gate,
        name,
        never=never,
        detects="can pass where nearly every query stays below",
        needs={"at least": least},
    )


def _z(alpha: float) -> float:
    """The sum of the normal quantiles of 1 - alpha and of 80% power; 2.49 at 5%."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(1 - alpha) + NormalDist().inv_cdf(0.8)
