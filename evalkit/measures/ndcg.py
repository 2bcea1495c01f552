"""nDCG: evidence discounted by its position, relative to the ideal ranking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from evalkit.measures.evidence import credits_of, numbered
from evalkit.measures.overlap import Places
from evalkit.measures.ranked import Ranked
from evalkit.types import Golden

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evalkit.types import Floats

__all__ = ["NDCG"]


@dataclass(frozen=True, slots=True)
class NDCG(Ranked):
    r"""Discounted cumulative gain over that of the ideal ranking (Järvelin & Kekäläinen, 2002, ACM TOIS 20:4).

    $\sum_j g_j / \log_2(p_j + 1)$ over the pieces of evidence credited at positions $p_j$, divided by the same sum with
    the pieces in order of grade at positions 1, 2, …, k. The gain $g_j$ is the grade itself, as in trec_eval and in
    what ir_measures calls `nDCG` (its `nDCG(dcg='exp-log2')` has $2^g - 1$). Under a budget the ideal ranking holds
    every piece.
    """

    NAME: ClassVar[str] = "nDCG"
    CUTOFF: ClassVar[Literal["required", "optional"]] = "optional"

    def values(self, places: Places, golden: Golden) -> Floats:
        n, credit, limit = len(golden.questions), credits_of(places, golden), places.inside.limit
        gained = np.bincount(credit.question, weights=_discounted(credit.grade, credit.position), minlength=n)
        grade = credit.grade[np.lexsort((-credit.grade, credit.question))]
        place = numbered(credit.question)
        if limit is not None:
            place = np.where(place <= limit, place, 0)
        ideal = np.bincount(credit.question, weights=_discounted(grade, place), minlength=n)
        return np.divide(gained, ideal, out=np.zeros(n), where=ideal > 0)


def _discounted(grade: NDArray[np.int64], position: NDArray[np.int64]) -> Floats:
    return np.where(position > 0, grade / np.log2(np.maximum(position, 1) + 1.0), 0.0)
