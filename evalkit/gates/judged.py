"""What gates read of a cell's values: as they are, or where a judge gave them as people's labels correct them.

A judge without a valid card decides nothing, whatever its values.
"""

from __future__ import annotations

from evalkit import stats
from evalkit.gates.cells import Cells
from evalkit.trust import figures
from evalkit.types import Labels

__all__ = ["corrected", "mean", "mean_bounds", "paired"]


def corrected(cells: Cells) -> figures.Reviewed | None:
    """Returns the cells with their labels, or None where no judge was asked or it may not gate."""
    if not isinstance(cells.labels, Labels):
        return None
    return figures.Reviewed(cells.rows, cells.value, cells.scored, cells.clusters, cells.ids, cells.labels)


def _why_not(cells: Cells) -> str:
    """Says why the judge that gave these values may not gate; nothing where it may, or where there is none."""
    return cells.labels if isinstance(cells.labels, str) else ""


def mean(cells: Cells) -> float | None:
    """Returns the mean of what is scored, corrected where a judge gave it; None where nothing is."""
    judged = corrected(cells)
    if judged is not None and len(cells.rows):
        return judged.mean()
    values = cells.value[cells.scored]
    return float(values.mean()) if len(values) else None


def mean_bounds(cells: Cells, fill: float, alpha: float) -> stats.Bounds:
    """Returns the bounds of the mean with every unscored cell at `fill`."""
    if why := _why_not(cells):
        return stats.Bounds(0.0, 1.0, "none", decisive=False, why=why)
    judged = corrected(cells)
    if judged is not None:
        return judged.bounds(alpha)
    return stats.mean_bounds(cells.filled(fill), cells.clusters, cells.ids, alpha)


def paired(ours: Cells, theirs: Cells, alpha: float) -> tuple[float | None, stats.Bounds] | None:
    """Returns the difference of two judged columns over the same questions; None where no judge was asked."""
    if why := _why_not(ours) or _why_not(theirs):
        return None, stats.Bounds(-1.0, 1.0, "none", decisive=False, why=why)
    one, two = corrected(ours), corrected(theirs)
    return figures.paired(one, two, alpha) if one is not None and two is not None else None
