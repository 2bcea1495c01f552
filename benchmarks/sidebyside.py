"""What benchmarks share: contenders timed in turns, and tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

__all__ = ["Timed", "alternate", "table"]


@dataclass(frozen=True)
class Timed:
    """One contender's runs, in seconds."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.seconds)

    def __str__(self) -> str:
        """The median and the range: 1.23 s (1.20 to 1.31)."""
        return f"{_time(self.median)} ({_time(min(self.seconds))} to {_time(max(self.seconds))})"


def alternate(contenders: Sequence[Callable[[], object]], repeats: int) -> list[Timed]:
    """Times contenders in turns, so that a slow spell of the machine hits them all."""
    took: list[list[float]] = [[] for _ in contenders]
    for _ in range(repeats):
        for contender, seconds in zip(contenders, took, strict=True):
            start = perf_counter()
            contender()
            seconds.append(perf_counter() - start)
    return [Timed(tuple(seconds)) for seconds in took]


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Returns a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines) + "\n"


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"
