"""Recall: how much of the evidence was retrieved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from evalkit.measures.cutoff import Cutoff, window
from evalkit.measures.evidence import coverage, scores
from evalkit.types import Golden, Run, Runtime, Scores

__all__ = ["Recall"]


@dataclass(frozen=True, slots=True)
class Recall:
    r"""The share of a question's evidence inside the cutoff.

    With quotes, of their characters: $|E \cap R| / |E|$ (Smith & Troynikov, Evaluating Chunking Strategies for
    Retrieval, Chroma technical report, 2024). With whole documents, of the relevant documents among the first k
    distinct ones. With both, the mean over the pieces, quotes sharing their characters' share.
    """

    CUTOFF: ClassVar[str] = "required"
    cutoff: Cutoff
    higher_is_better: ClassVar[bool] = True
    timed: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"Recall@{self.cutoff}"

    def score(self, run: Run, golden: Golden, runtime: Runtime) -> Scores:  # noqa: ARG002
        inside = window(run, self.cutoff)
        found = coverage(inside, golden)
        share = np.divide(found.covered, found.total, out=np.zeros_like(found.total), where=found.total > 0)
        pieces = np.maximum(found.pieces + found.whole, 1)
        return scores((share * found.pieces + found.found) / pieces, golden, inside.short)
