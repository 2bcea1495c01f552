"""Recall: how much of the evidence was retrieved."""

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

__all__ = ["Recall"]


@dataclass(frozen=True, slots=True)
class Recall(Ranked):
    r"""The share of a question's evidence inside the cutoff.

    With quotes, of their characters: $|E \cap R| / |E|$ (Smith & Troynikov, Evaluating Chunking Strategies for
    Retrieval, Chroma technical report, 2024), characters of overlapping quotes once. With whole documents, of the
    relevant documents among the first k distinct ones. With both, the mean over the pieces of evidence, where each
    quote has the share of all the quotes' characters.
    """

    NAME: ClassVar[str] = "Recall"

    def values(self, places: Places, golden: Golden) -> Floats:
        quotes, whole = characters(places, golden, whole=False), documents(places, golden)
        share = quotes.covered / np.maximum(quotes.total, 1)
        pieces = np.maximum(quotes.pieces + whole.total, 1)
        values: Floats = (share * quotes.pieces + whole.found) / pieces
        return values
