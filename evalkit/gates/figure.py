"""A bound on a figure of the corpus or the golden set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.types import Outcome, Results, Verdict

__all__ = ["Figure"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure such as "golden.unwinnable_share" must lie within bounds; one that was not measured decides nothing.

    Args:
        name: the figure.
        at_least: its minimum.
        at_most: its maximum.
    """

    name: str
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give one of at_least and at_most")

    @property
    def title(self) -> str:
        return f"figure {self.name} {'minimum' if self.at_least is not None else 'maximum'}"

    def __str__(self) -> str:
        return f"figure {self.name} {self._required}"

    @property
    def _required(self) -> str:
        return f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"

    def judge(self, results: Results) -> Sequence[Verdict]:
        value = results.figure(self.name)
        if value is None:
            outcome, reason = Outcome.INCONCLUSIVE, f"{self.name} was not measured"
        else:
            kept = (self.at_least is None or value >= self.at_least) and (
                self.at_most is None or value <= self.at_most
            )
            outcome = Outcome.PASS if kept else Outcome.FAIL
            reason = f"{self.name} is {value:g}, required {self._required}"
        return [
            Verdict(
                gate="figure",
                variant="",
                measure=self.name,
                outcome=outcome,
                reason=reason,
                estimate=value,
                low=value,
                high=value,
                bound=self.at_least if self.at_least is not None else self.at_most,
                method="census",
            )
        ]
