"""What a variant retrieved and answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evalkit.types.arrays import Floats, Ints
    from evalkit.types.documents import Passages
    from evalkit.types.protocols import Answerer, Chunker, Retriever

__all__ = ["Answer", "Hits", "Run", "Variant"]


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """What a search returned, best first, one row a query.

    `passage`: int32[queries, depth], rows of `Passages`, -1 past the last hit. `score`: float32, same shape,
    0 past the last hit. `seconds`: float64[queries], the time a query took on its own, -1 where it was not timed;
    not part of any digest. `cut`: how many passages the retriever could not read to their end.
    """

    passage: Ints
    score: NDArray[np.float32]
    seconds: Floats
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the system said to one question.

    `error` is the reason where no answer was obtained. Costs are in the price table's currency.
    """

    text: str
    refused: bool = False
    error: str = ""
    seconds: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Variant:
    """A named chunker + retriever + answerer, searched to `depth` passages."""

    name: str
    chunker: Chunker
    retriever: Retriever
    answerer: Answerer | None = None
    depth: int = 100


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One variant over one question set: rows of `hits` and `answers` follow `Golden.questions`."""

    variant: Variant
    passages: Passages
    hits: Hits
    answers: tuple[Answer, ...] | None = None
