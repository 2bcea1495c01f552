"""nDCG: evidence by grade, discounted by rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from evalkit.measures.cutoff import Cutoff, window
from evalkit.measures.evidence import credits_of, scores
from evalkit.types import Golden, Run, Runtime, Scores

__all__ = ["NDCG"]


@dataclass(frozen=True, slots=True)
class NDCG:
    r"""Discounted cumulative gain over that of the ideal ranking (Järvelin & Kekäläinen, 2002, ACM TOIS 20:4).

    $\sum_j g_j / \log_2(p_j + 1)$ over the pieces of evidence credited at positions $p_j$, gain $g_j$ the grade,
    divided by the same sum with the pieces in order of grade at positions 1, 2, …, as trec_eval computes it.
    """

    CUTOFF: ClassVar[str] = "optional"
    cutoff: Cutoff | None = None
    higher_is_better: ClassVar[bool] = True
    timed: ClassVar[bool] = False

    def __str__(self) -> str:
        return "nDCG" if self.cutoff is None else f"nDCG@{self.cutoff}"

    def score(self, run: Run, golden: Golden, runtime: Runtime) -> Scores:  # noqa: ARG002
        inside = window(run, self.cutoff)
        limit = self.cutoff.size if self.cutoff is not None and not self.cutoff.unit else None
        n, credit = len(golden.questions), credits_of(inside, golden, limit)
        gained = np.bincount(credit.question, weights=_discounted(credit.grade, credit.position), minlength=n)
        order = np.lexsort((-credit.grade, credit.question))
        question, grade = credit.question[order], credit.grade[order]
        place = np.arange(len(question)) - np.searchsorted(question, question) + 1
        place = place if limit is None else np.where(place <= limit, place, 0)
        ideal = np.bincount(question, weights=_discounted(grade, place), minlength=n)
        return scores(np.divide(gained, ideal, out=np.zeros(n), where=ideal > 0), golden, inside.short)


def _discounted(grade: np.ndarray, position: np.ndarray) -> np.ndarray:
    return np.where(position > 0, grade / np.log2(np.maximum(position, 1) + 1.0), 0.0)
