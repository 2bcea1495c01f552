"""Scores, estimates, judgements and verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Protocol

from evalkit.types.questions import ALL_QUESTIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evalkit.types.arrays import Floats, Ints
    from evalkit.types.questions import Golden

__all__ = [
    "Claim",
    "Estimate",
    "Exchange",
    "Judgement",
    "Labels",
    "Outcome",
    "Results",
    "Score",
    "Scores",
    "State",
    "Verdict",
]


class State(IntEnum):
    """What a (question, measure) cell holds."""

    VALUE = 0
    NOT_APPLICABLE = 1
    UNSCORED = 2


@dataclass(frozen=True, slots=True)
class Score:
    """One cell: a value, or why there is none."""

    state: State
    value: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """A column of outcomes, one row a question.

    `value`: float64[n], 0 where there is none and never NaN. `state`: uint8[n] of `State`. `reason` maps the
    rows that are not applicable or unscored to why. `detail` maps the rows that a judge saw to what it said. `labels`
    are what people said of a judge's answers, or why the judge may not gate; None where no judge was asked. `unit` is
    what values are counted in ("s"), empty for shares.
    """

    value: Floats
    state: NDArray[np.uint8]
    reason: Mapping[int, str]
    detail: Mapping[int, Judgement] = field(default_factory=dict)
    labels: Labels | str | None = None
    unit: str = ""

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, row: int) -> Score:
        return Score(State(int(self.state[row])), float(self.value[row]), self.reason.get(row, ""))


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What people said of some of a variant's answers, with what the judge said of them, as columns.

    `row`: int32[n], rows of the questions, rising. `judged`, `label`: float64[n] in [0, 1]. `card` is the digest of the
    judge card that they stand on.
    """

    row: Ints
    judged: Floats
    label: Floats
    card: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of an answer, as judged.

    `passage` is the index, into the passages that the judge saw, of the one that supports or contradicts it; -1 where
    there is none.
    """

    text: str
    supported: bool
    passage: int = -1
    note: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a judge sees: one question, with what was retrieved and answered."""

    question: str
    answer: str
    passages: tuple[str, ...]
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge said of one exchange: a value in [0, 1], or in `error` why there is none.

    Costs are in the price table's currency.
    """

    value: float = 0.0
    error: str = ""
    claims: tuple[Claim, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its two-sided interval over `n` scored questions; `unscored` had no value.

    `method` names the interval. With n = 0 the mean is 0 and the interval is the measure's whole range.
    """

    mean: float
    low: float
    high: float
    n: int
    unscored: int
    method: str = ""


class Outcome(Enum):
    """A gate's answer. Only PASS releases."""

    PASS = "PASS"  # noqa: S105
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One gate's judgement of one variant, measure and slice.

    `low` and `high` are the one-sided confidence bounds that were compared with `bound`; `needed` is how many
    more questions would settle an INCONCLUSIVE, where more questions could. An advisory verdict is shown and holds
    no release.
    """

    gate: str
    variant: str
    measure: str
    outcome: Outcome
    reason: str
    slice: str = ALL_QUESTIONS
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    bound: float | None = None
    n: int = 0
    needed: int | None = None
    method: str = ""
    advisory: bool = False


class Results(Protocol):
    """What gates read: every score of one evaluation."""

    @property
    def golden(self) -> Golden: ...

    @property
    def baseline(self) -> str | None:
        """The reference variant's name."""

    @property
    def variants(self) -> Sequence[str]: ...

    @property
    def seed(self) -> int: ...

    def scores(self, variant: str, measure: str) -> Scores:
        """Returns one column. Raises SuiteError, with a suggestion, for an unknown name."""

    def figure(self, name: str) -> float | None:
        """Returns a figure about the corpus rather than a question ("corpus.stale_share"), or None."""
