"""What every measure of a ranking against evidence shares. May import types and the measures' machinery."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from evalkit.backends import tokens
from evalkit.measures.cutoff import Cutoff, window
from evalkit.measures.evidence import once, scores
from evalkit.measures.overlap import Places
from evalkit.types import Golden, Run, Runtime, Scores

if TYPE_CHECKING:
    from evalkit.types import Floats

__all__ = ["Ranked"]


@dataclass(frozen=True, slots=True)
class Ranked(ABC):
    """A measure named `NAME`, or `NAME@cutoff`; unanswerable questions are not applicable to it.

    `CUTOFF` says whether its name takes one; without one the whole ranking counts.
    """

    NAME: ClassVar[str]
    CUTOFF: ClassVar[Literal["required", "optional"]] = "required"
    higher_is_better: ClassVar[bool] = True
    timed: ClassVar[bool] = False

    cutoff: Cutoff | None = None

    def __post_init__(self) -> None:
        if self.cutoff is None and self.CUTOFF == "required":
            raise ValueError(
                f"{self.NAME} needs a cutoff; write {self.NAME}@5, {self.NAME}@4000c or {self.NAME}@800t"
            )

    def ready(self) -> None:
        if self.cutoff is not None and self.cutoff.unit == "t":
            tokens.ready()

    def __str__(self) -> str:
        return self.NAME if self.cutoff is None else f"{self.NAME}@{self.cutoff}"

    @abstractmethod
    def values(self, places: Places, golden: Golden) -> Floats:
        """Returns float64[n], one value a question; those of questions without evidence are not read.

        Args:
            places: the rankings inside the cutoff.
            golden: the evidence, each piece once.
        """

    def score(self, run: Run, golden: Golden, runtime: Runtime) -> Scores:  # noqa: ARG002
        inside = window(run, self.cutoff)
        return scores(self.values(Places(inside), once(golden)), golden, inside.short)
