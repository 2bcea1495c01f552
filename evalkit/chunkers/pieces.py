"""What the chunkers share: sizes in characters or tokens, and spans without surrounding white space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field

from evalkit.backends import tokens

__all__ = ["Overlap", "Piece", "Size", "Unit", "counter", "ready", "stripped"]

Piece = tuple[int, int]
"""Start and end, in characters."""

Unit = Literal["characters", "tokens"]
Size = Annotated[int, Field(gt=0)]
Overlap = Annotated[int, Field(ge=0)]


def counter(unit: Unit) -> Callable[[str], int]:
    """Returns what measures a text in a unit; tokens are those of cl100k_base."""
    return len if unit == "characters" else tokens.counter()


def ready(unit: Unit) -> None:
    """Raises what `counter` would raise."""
    if unit == "tokens":
        tokens.ready()


def stripped(text: str, start: int, end: int) -> Piece | None:
    """Returns the piece without white space at its ends, or None where nothing is left."""
    inner = text[start:end]
    if not inner.strip():
        return None
    return start + len(inner) - len(inner.lstrip()), end - len(inner) + len(inner.rstrip())
