"""Two reports -> what changed. May import the report's model and below."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from evalkit.report.model import Item, Report
from evalkit.report.text import all_estimates, all_gates, figure

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["compare"]

_IDENTITY = (("corpus_digest", "corpus"), ("golden_digest", "questions"), ("suite_digest", "suite"))
_QUESTIONS = 10


def compare(before: Report, after: Report) -> Iterator[RenderableType]:
    """Yields what differs: identities, verdicts, estimates and the questions that moved most.

    Figures of different corpora or question sets stand beside each other, marked as not comparable.
    """
    from rich.table import Table

    yield f"{before['verdict']} -> {after['verdict']}"
    for key, what in _IDENTITY:
        if before[key] != after[key]:  # type: ignore[literal-required]
            yield f"the {what} differs: figures of the two reports are not comparable as they stand"
    outcomes = {row["name"]: row["outcome"] for row in all_gates(before)}
    for row in all_gates(after):
        was = outcomes.get(row["name"], "absent")
        if was != row["outcome"]:
            yield f"{row['name']}: {was} -> {row['outcome']}: {row['reason']}"
    table = Table("variant", "measure", "before", "after", "change", show_edge=False)
    earlier = {(row["variant"], row["measure"]): row for row in all_estimates(before)}
    for estimate in all_estimates(after):
        key_ = (estimate["variant"], estimate["measure"])
        if key_ in earlier and earlier[key_]["n"] and estimate["n"]:
            change = estimate["mean"] - earlier[key_]["mean"]
            table.add_row(*key_, figure(earlier[key_]["mean"]), figure(estimate["mean"]), f"{change:+.3f}")
    yield table
    yield from _moved(before, after)


def _moved(before: Report, after: Report) -> Iterator[str]:
    """Names the questions whose first measure changed most, for the variants that both reports hold."""
    measure = after["measures"][0]
    earlier = {item["id"]: item for item in before["items"]}
    moved = [
        (
            _score(item, variant["name"], measure) - _score(earlier[item["id"]], variant["name"], measure),
            item,
            variant,
        )
        for item in after["items"]
        if item["id"] in earlier
        for variant in after["variants"]
        if _scored(item, variant["name"], measure) and _scored(earlier[item["id"]], variant["name"], measure)
    ]
    moved = [entry for entry in moved if entry[0]]
    moved.sort(key=lambda entry: (-abs(entry[0]), entry[1]["id"], entry[2]["name"]))
    for change, item, variant in moved[:_QUESTIONS]:
        yield f"{change:+.3f} {variant['name']} {measure} {item['id']}: {item['text']}"


def _scored(item: Item, variant: str, measure: str) -> bool:
    return variant in item["results"] and measure in item["results"][variant]["scores"]


def _score(item: Item, variant: str, measure: str) -> float:
    return item["results"][variant]["scores"][measure]
