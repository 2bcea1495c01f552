"""RR: how far down the first piece of evidence stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from evalkit.measures.cutoff import Cutoff, window
from evalkit.measures.evidence import credits_of, scores
from evalkit.types import Golden, Run, Runtime, Scores

__all__ = ["RR"]


@dataclass(frozen=True, slots=True)
class RR:
    """One over the rank of the first piece of evidence, 0 where there is none (Voorhees, 1999, TREC-8)."""

    CUTOFF: ClassVar[str] = "optional"
    cutoff: Cutoff | None = None
    higher_is_better: ClassVar[bool] = True
    timed: ClassVar[bool] = False

    def __str__(self) -> str:
        return "RR" if self.cutoff is None else f"RR@{self.cutoff}"

    def score(self, run: Run, golden: Golden, runtime: Runtime) -> Scores:  # noqa: ARG002
        inside = window(run, self.cutoff)
        limit = self.cutoff.size if self.cutoff is not None and not self.cutoff.unit else None
        credit = credits_of(inside, golden, limit)
        values = np.zeros(len(golden.questions))
        credited = credit.position > 0
        np.maximum.at(values, credit.question[credited], 1.0 / credit.position[credited])
        return scores(values, golden, inside.short)
