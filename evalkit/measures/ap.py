"""AP: precision at each piece of evidence, averaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from evalkit.measures.evidence import credits_of, numbered
from evalkit.measures.overlap import Places
from evalkit.measures.ranked import Ranked
from evalkit.types import Golden

if TYPE_CHECKING:
    from evalkit.types import Floats

__all__ = ["AP"]


@dataclass(frozen=True, slots=True)
class AP(Ranked):
    r"""Average precision: $\frac{1}{|E|} \sum_j j / p_j$ over the pieces credited at positions $p_1 \le p_2 \le …$.

    With whole documents this is trec_eval's map (Buckley & Voorhees, 2005, in TREC: Experiment and Evaluation).
    """

    NAME: ClassVar[str] = "AP"
    CUTOFF: ClassVar[Literal["required", "optional"]] = "optional"

    def values(self, places: Places, golden: Golden) -> Floats:
        n, credit = len(golden.questions), credits_of(places, golden)
        precision = numbered(credit.question) / np.maximum(credit.position, 1) * (credit.position > 0)
        pieces = np.maximum(np.bincount(credit.question, minlength=n), 1)
        return np.bincount(credit.question, weights=precision, minlength=n) / pieces
