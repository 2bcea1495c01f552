"""Success: whether any evidence was retrieved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from evalkit.measures.cutoff import Cutoff, window
from evalkit.measures.evidence import credits_of, scores
from evalkit.types import Golden, Run, Runtime, Scores

__all__ = ["Success"]


@dataclass(frozen=True, slots=True)
class Success:
    """1 where any piece of evidence is credited inside the cutoff, else 0."""

    CUTOFF: ClassVar[str] = "required"
    cutoff: Cutoff
    higher_is_better: ClassVar[bool] = True
    timed: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"Success@{self.cutoff}"

    def score(self, run: Run, golden: Golden, runtime: Runtime) -> Scores:  # noqa: ARG002
        inside = window(run, self.cutoff)
        limit = None if self.cutoff.unit else self.cutoff.size
        credit = credits_of(inside, golden, limit)
        values = np.zeros(len(golden.questions))
        values[credit.question[credit.position > 0]] = 1.0
        return scores(values, golden, inside.short)
