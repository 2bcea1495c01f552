"""RR: how far down the first piece of evidence stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from evalkit.measures.evidence import credits_of
from evalkit.measures.overlap import Places
from evalkit.measures.ranked import Ranked
from evalkit.types import Golden

if TYPE_CHECKING:
    from evalkit.types import Floats

__all__ = ["RR"]


@dataclass(frozen=True, slots=True)
class RR(Ranked):
    r"""Reciprocal rank: $1 / p_1$ of the piece of evidence credited first, 0 where none is (Voorhees, 1999, TREC-8)."""

    NAME: ClassVar[str] = "RR"
    CUTOFF: ClassVar[Literal["required", "optional"]] = "optional"

    def values(self, places: Places, golden: Golden) -> Floats:
        credit = credits_of(places, golden)
        credited = credit.position > 0
        values = np.zeros(len(golden.questions))
        np.maximum.at(values, credit.question[credited], 1.0 / credit.position[credited])
        return values
