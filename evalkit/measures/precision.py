"""P: how much of what was retrieved is evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from evalkit.measures.evidence import characters, documents
from evalkit.measures.overlap import Places
from evalkit.measures.ranked import Ranked
from evalkit.types import Golden

if TYPE_CHECKING:
    from evalkit.types import Floats

__all__ = ["Precision"]


@dataclass(frozen=True, slots=True)
class Precision(Ranked):
    r"""The share of what was retrieved that is evidence.

    With quotes, of the characters: $|E \cap R| / |R|$, where those retrieved twice count twice in $|R|$ and once in
    $|E \cap R|$ (Smith & Troynikov, Chroma technical report, 2024); a whole document beside quotes is evidence in all
    its characters. With whole documents alone, the relevant ones among the first k distinct documents, over k (under
    a budget, over those inside it).
    """

    NAME: ClassVar[str] = "P"

    def values(self, places: Places, golden: Golden) -> Floats:
        text, whole = characters(places, golden, whole=True), documents(places, golden)
        limit = places.inside.limit
        ranked = whole.retrieved if limit is None else limit
        return np.where(
            text.pieces > whole.total,
            text.covered / np.maximum(text.retrieved, 1),
            whole.found / np.maximum(ranked, 1),
        )
