"""The only file that imports matplotlib: charts as inline SVG that takes the page's colours."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence

__all__ = ["forest", "scatter"]

Interval = tuple[float, float, float]
"""Mean, low, high."""

_LONGEST = 32
_COLOURS = {
    "#111111": "var(--ink)",
    "#777777": "var(--dim)",
    "#dddddd": "var(--line)",
    "#1a56db": "var(--accent)",
}


def forest(panels: Mapping[str, Sequence[tuple[str, Interval]]], *, reference: str | None) -> str:
    """Draws one panel a measure, one row a variant: its mean and interval, the reference variant's mean dashed.

    Returns:
        An `<svg>` element; equal data give equal text.
    """
    names = [name for name, _ in next(iter(panels.values()), [])]
    count = max(len(panels), 1)
    figure, axes = _figure(max(2.6 * count + 1.6, 5), 0.36 * len(names) + 0.9, count)
    for axis, (title, rows) in zip(axes, panels.items(), strict=True):
        for place, (name, (mean, low, high)) in enumerate(rows):
            axis.plot([low, high], [place, place], color="#777777", linewidth=2, solid_capstyle="butt")
            axis.plot([mean], [place], "o", color="#1a56db", markersize=6)
            if name == reference:
                axis.axvline(mean, color="#777777", linewidth=1, linestyle=(0, (4, 3)))
        axis.set_yticks(range(len(names)), [_label(name) for name in names])
        axis.set_ylim(len(names) - 0.5, -0.5)
        axis.set_title(title, fontsize=10, color="#111111", loc="left")
        axis.locator_params(axis="x", nbins=4)
        _plain(axis)
    return _svg(figure)


def scatter(points: Sequence[tuple[str, float, float]], *, across: str, up: str) -> str:
    """Draws named points: quality against what it costs. Returns an `<svg>` element."""
    figure, (axis,) = _figure(6.4, 3.2, 1)
    wide, tall = (max(axis_) - min(axis_) or 1.0 for axis_ in list(zip(*points, strict=True))[1:])
    for number, (name, x, y) in enumerate(points):
        axis.plot([x], [y], "o", color="#1a56db", markersize=7, clip_on=False)
        # A name goes below its point where it would cross one drawn before.
        crowded = any(abs(x - u) < wide / 5 and abs(y - v) < tall / 8 for _, u, v in points[:number])
        axis.annotate(
            _label(name),
            (x, y),
            xytext=(7, -12 if crowded else 4),
            textcoords="offset points",
            fontsize=9,
            color="#111111",
        )
    axis.set_xlabel(across, fontsize=9, color="#111111")
    axis.set_ylabel(up, fontsize=9, color="#111111")
    axis.margins(0.2)
    axis.set_xlim(left=max(0.0, axis.get_xlim()[0]))  # nothing costs less than nothing
    _plain(axis)
    return _svg(figure)


def _label(name: str) -> str:
    """Shortens a name, and keeps matplotlib from reading it as a formula."""
    return (name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…").replace("$", r"\$")


def _figure(width: float, height: float, count: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(1, count, sharey=True, squeeze=False)[0]
    return figure, axes


def _plain(axis) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    axis.grid(visible=True, axis="x", color="#dddddd", linewidth=0.8)
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=9, colors="#111111", length=0)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    axis.spines["bottom"].set_color("#dddddd")


def _svg(figure) -> str:  # type: ignore[no-untyped-def]  # noqa: ANN001
    import matplotlib as mpl

    out = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "evalkit", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r'\1 role="img"', text, count=1)
    for colour, variable in _COLOURS.items():
        text = text.replace(colour, variable)
    return text
