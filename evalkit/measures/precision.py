"""P: how much of what was retrieved is evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from evalkit.measures.cutoff import Cutoff, window
from evalkit.measures.evidence import coverage, scores
from evalkit.types import Golden, Run, Runtime, Scores

__all__ = ["Precision"]


@dataclass(frozen=True, slots=True)
class Precision:
    r"""The share of the retrieved characters that are evidence.

    $|E \cap R| / |R|$, where characters retrieved twice count twice in $|R|$ (Smith & Troynikov, Chroma technical
    report, 2024). For questions whose evidence is whole documents, the relevant documents among the first k over k.
    """

    CUTOFF: ClassVar[str] = "required"
    cutoff: Cutoff
    higher_is_better: ClassVar[bool] = True
    timed: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"P@{self.cutoff}"

    def score(self, run: Run, golden: Golden, runtime: Runtime) -> Scores:  # noqa: ARG002
        inside = window(run, self.cutoff)
        found = coverage(inside, golden)
        characters = np.divide(
            found.covered, found.retrieved, out=np.zeros_like(found.covered), where=found.retrieved > 0
        )
        documents = found.found / (self.cutoff.size if not self.cutoff.unit else inside.doc.shape[1])
        return scores(np.where(found.pieces > 0, characters, documents), golden, inside.short)
