"""AP: precision at each piece of evidence, averaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from evalkit.measures.cutoff import Cutoff, window
from evalkit.measures.evidence import credits_of, scores
from evalkit.types import Golden, Run, Runtime, Scores

__all__ = ["AP"]


@dataclass(frozen=True, slots=True)
class AP:
    r"""Average precision: $\frac{1}{|E|} \sum_j j / p_j$ over the pieces credited at positions $p_1 \le p_2 \le …$.

    With whole documents this is trec_eval's map (Buckley & Voorhees, 2005, in TREC: Experiment and Evaluation).
    """

    CUTOFF: ClassVar[str] = "optional"
    cutoff: Cutoff | None = None
    higher_is_better: ClassVar[bool] = True
    timed: ClassVar[bool] = False

    def __str__(self) -> str:
        return "AP" if self.cutoff is None else f"AP@{self.cutoff}"

    def score(self, run: Run, golden: Golden, runtime: Runtime) -> Scores:  # noqa: ARG002
        inside = window(run, self.cutoff)
        limit = self.cutoff.size if self.cutoff is not None and not self.cutoff.unit else None
        n, credit = len(golden.questions), credits_of(inside, golden, limit)
        # Pieces are ordered by position within a question, the uncredited last.
        number = np.arange(len(credit.question)) - np.searchsorted(credit.question, credit.question) + 1
        precision = np.where(credit.position > 0, number / np.maximum(credit.position, 1), 0.0)
        pieces = np.maximum(np.bincount(credit.question, minlength=n), 1)
        return scores(
            np.bincount(credit.question, weights=precision, minlength=n) / pieces, golden, inside.short
        )
