"""Report -> one self-contained HTML page. May import the report's model, charts and below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from evalkit.backends import charts
from evalkit.report.edits import said
from evalkit.report.funnel import STAGES
from evalkit.report.health import health
from evalkit.report.model import GateRow, Item, Report
from evalkit.report.text import all_estimates, all_gates, figure, unit
from evalkit.wording import counted

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render_html"]

MAX_QUESTIONS = 400
"""How many questions the page shows, the lost ones first; the JSON report holds them all."""

_FAMILIES = {
    "data": "Data foundations",
    "value": "Value",
    "governance": "Governance",
    "operations": "Skills and operations",
    "change": "Change management",
}
_WEAKEST = 12
_ANSWERED = {"measured", "attested", "not applicable"}
_SMALL = 30


def render_html(report: Report, decision: Mapping[str, Any] | None = None) -> str:
    """Returns the page: no script, no remote asset, everything from the report escaped.

    Args:
        report: what was measured.
        decision: the entry of the decision record about this report; its verdict then leads, with waivers,
            attestations and approvers.
    """
    gates = all_gates(report)
    items = sorted(report["items"], key=lambda item: (-_lost(item), item["id"]))
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            unit=partial(unit, report),
            health=health(report["figures"]),
            waived=partial(_waived, decision),
            decision=decision,
            verdict=decision["decision"] if decision else report["verdict"],
            reasons=decision["reasons"] if decision else report["reasons"],
            families=_families(decision),
            gates=gates,
            bars=[_bar(row) for row in gates],
            estimates={(row["variant"], row["measure"]): row for row in all_estimates(report)},
            needed=[row for row in gates if row["needed"] and not row["advisory"]],
            forest=_forest(report),
            scatter=_scatter(report),
            weakest=_weakest(report),
            stages=STAGES,
            funnel={
                variant["name"]: Counter(
                    item["results"][variant["name"]]["stage"] for item in report["items"]
                )
                for variant in report["variants"]
            },
            items=items[:MAX_QUESTIONS],
            left_out=max(0, len(items) - MAX_QUESTIONS),
            lost=_lost,
        )
    )


def _families(decision: Mapping[str, Any] | None) -> dict[str, list[Mapping[str, Any]]]:
    """The readiness items of a decision by family, those that hold a release first."""
    families: dict[str, list[Mapping[str, Any]]] = {}
    for item in decision["readiness"] if decision else ():
        families.setdefault(item["family"], []).append(item)
    for items in families.values():
        items.sort(key=lambda item: item["status"] in _ANSWERED)
    return families


def _waived(decision: Mapping[str, Any] | None, what: str) -> str:
    """Returns by whom and until when an undecided gate or an unanswered item is waived, or nothing."""
    for waiver in decision["waivers"] if decision else ():
        if waiver["waives"] == what:
            return f"waived by {waiver['owner']} until {waiver['expires']}"
    return ""


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("evalkit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = figure
    environment.filters["counted"] = counted
    environment.filters["said"] = said
    environment.filters["family"] = lambda family: _FAMILIES.get(family, family)
    return environment


def _lost(item: Item) -> int:
    """Counts the variants that lost the question somewhere."""
    return sum(result["stage"] not in {"found", "unanswerable"} for result in item["results"].values())


def _bar(row: GateRow) -> dict[str, float] | None:
    """Where bounds, estimate and requirement stand, in percent of the bar's width."""
    figures = [row["low"], row["high"], row["bound"], row["estimate"]]
    known = [value for value in figures if value is not None]
    if len(known) < len(figures) or row["low"] == row["high"]:
        return None
    low, high = min(known), max(known)
    margin = (high - low) * 0.15 or 1.0
    scale = 100 / (high - low + 2 * margin)
    names = ("low", "high", "bound", "estimate")
    return {key: (value - low + margin) * scale for key, value in zip(names, known, strict=True)}


def _forest(report: Report) -> str:
    cells = {(row["variant"], row["measure"]): row for row in report["estimates"]}
    timed = {row["measure"] for row in report["volatile"]["estimates"]}
    panels = {}
    for measure in [m for m in report["measures"] if m not in timed][:4]:
        rows = [cells[variant["name"], measure] for variant in report["variants"]]
        panels[measure] = [
            (row["variant"], (row["mean"], row["low"], row["high"])) for row in rows if row["n"]
        ]
    panels = {measure: rows for measure, rows in panels.items() if len(rows) == len(report["variants"])}
    return charts.forest(panels, reference=report["baseline"]) if panels else ""


def _scatter(report: Report) -> str:
    timed = {row["variant"]: row for row in report["volatile"]["estimates"] if row["n"]}
    first = {row["variant"]: row for row in report["estimates"] if row["measure"] == report["measures"][0]}
    points = [
        (variant, timed[variant]["mean"] * 1000, first[variant]["mean"])
        for variant in timed
        if variant in first
    ]
    if not points:
        return ""
    return charts.scatter(points, across="mean latency, milliseconds", up=report["measures"][0])


def _weakest(report: Report) -> list[dict[str, object]]:
    """The slices where the first measure is lowest, for the variants that gates judge."""
    judged = {row["variant"] for row in report["gates"]} or {v["name"] for v in report["variants"]}
    rows = [
        row
        for row in report["slices"]
        if row["measure"] == report["measures"][0] and row["variant"] in judged and row["n"]
    ]
    rows.sort(key=lambda row: (row["mean"], row["slice"], row["variant"]))
    return [{**row, "small": row["n"] < _SMALL} for row in rows[:_WEAKEST]]
