"""Success: whether any evidence was retrieved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from evalkit.measures.evidence import credits_of
from evalkit.measures.overlap import Places
from evalkit.measures.ranked import Ranked
from evalkit.types import Golden

if TYPE_CHECKING:
    from evalkit.types import Floats

__all__ = ["Success"]


@dataclass(frozen=True, slots=True)
class Success(Ranked):
    """1 where any piece of evidence is credited inside the cutoff, else 0.

    With whole documents this is trec_eval's success, also known as hit rate (Buckley & Voorhees, 2005, in TREC:
    Experiment and Evaluation).
    """

    NAME: ClassVar[str] = "Success"

    def values(self, places: Places, golden: Golden) -> Floats:
        credit = credits_of(places, golden)
        values = np.zeros(len(golden.questions))
        values[credit.question[credit.position > 0]] = 1.0
        return values
