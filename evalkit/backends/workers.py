"""Where work runs: an ordered map, in this process or in others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

__all__ = ["Serial"]

T = TypeVar("T")
R = TypeVar("R")


class Serial:
    """Fulfils `Workers` in the calling process."""

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        return map(function, items)
