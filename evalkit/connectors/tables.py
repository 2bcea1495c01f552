"""Rows of cells -> a Markdown table. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["table"]


def table(rows: Sequence[Sequence[str]], *, header: bool = True) -> str:
    """Returns a Markdown table; without a header of its own it gets an empty one, which Markdown requires."""
    if not rows:
        return ""
    width = max(len(row) for row in rows)
    lines = [[*map(_cell, row), *[""] * (width - len(row))] for row in rows]
    if not header:
        lines.insert(0, [""] * width)
    lines.insert(1, ["---"] * width)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())
