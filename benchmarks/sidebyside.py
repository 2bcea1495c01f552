"""What benchmarks share: contenders timed in turns, tables, and a suite over a source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter

from evalkit.suite import Suite, load_suite
from evalkit.types import Connector

__all__ = ["Timed", "alternate", "suite_over", "table"]

SUITE = """\
name: bench
owner: bench@example.org
corpus: {docs: {folder: docs}}
golden: golden.jsonl
measures: [Recall@2]
variants: {v: {chunker: {fixed: 60}, retriever: bm25}}
"""


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


def suite_over(home: Path, source: Connector) -> Suite:
    """Makes a suite in a folder, whose documents come from a source; what an earlier one kept there stays."""
    (home / ".evalkit").mkdir(parents=True, exist_ok=True)
    (home / "suite.yaml").write_text(SUITE)
    (home / "golden.jsonl").touch()
    return replace(load_suite(home), corpus={"docs": source})


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Returns a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines) + "\n"


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"
