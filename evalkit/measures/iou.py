"""IoU: evidence and retrieved text, intersection over union."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from evalkit.measures.cutoff import Cutoff, window
from evalkit.measures.evidence import coverage, scores
from evalkit.types import Golden, Run, Runtime, Scores

__all__ = ["IoU"]


@dataclass(frozen=True, slots=True)
class IoU:
    r"""The characters that are both evidence and retrieved, over those that are either.

    $|E \cap R| / (|R| + |E| - |E \cap R|)$, where characters retrieved twice count twice in $|R|$ (Smith &
    Troynikov, Chroma technical report, 2024). Whole documents count by their characters.
    """

    CUTOFF: ClassVar[str] = "required"
    cutoff: Cutoff
    higher_is_better: ClassVar[bool] = True
    timed: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"IoU@{self.cutoff}"

    def score(self, run: Run, golden: Golden, runtime: Runtime) -> Scores:  # noqa: ARG002
        inside = window(run, self.cutoff)
        found = coverage(inside, golden, characters=True)
        union = found.retrieved + found.total - found.covered
        return scores(
            np.divide(found.covered, union, out=np.zeros_like(union), where=union > 0), golden, inside.short
        )
