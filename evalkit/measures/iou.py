"""IoU: evidence and retrieved text, intersection over union."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from evalkit.measures.evidence import characters
from evalkit.measures.overlap import Places
from evalkit.measures.ranked import Ranked
from evalkit.types import Golden

if TYPE_CHECKING:
    from evalkit.types import Floats

__all__ = ["IoU"]


@dataclass(frozen=True, slots=True)
class IoU(Ranked):
    r"""The characters that are both evidence and retrieved, over those that are either.

    $|E \cap R| / (|R| + |E| - |E \cap R|)$, where characters retrieved twice count twice in $|R|$ (Smith & Troynikov,
    Chroma technical report, 2024). Whole documents are evidence in all their characters.
    """

    NAME: ClassVar[str] = "IoU"

    def values(self, places: Places, golden: Golden) -> Floats:
        text = characters(places, golden, whole=True)
        values: Floats = text.covered / np.maximum(text.retrieved + text.total - text.covered, 1)
        return values
