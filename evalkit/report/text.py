"""Report -> text for a terminal and for a failed test. May import the report's model and below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from evalkit.gates.cells import shown
from evalkit.report.model import EstimateRow, GateRow, Item, Report
from evalkit.wording import counted

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["all_estimates", "all_gates", "explain", "figure", "render", "size", "unit"]

_COLOUR = {"PASS": "green", "GO": "green", "FAIL": "red", "NO-GO": "red", "INCONCLUSIVE": "yellow"}
_WORST = 3
_REASONS = 6


def render(report: Report) -> Iterator[RenderableType]:
    """Yields what `evalkit run` prints: the verdict and why, the gates, the variants."""
    from rich.table import Table
    from rich.text import Text

    verdict = report["verdict"]
    headline = Text.assemble((f" {verdict} ", f"bold reverse {_COLOUR[verdict]}"), f"  {report['suite']}")
    headline.append(f"  ({size(report)})")
    yield headline
    yield from (Text(f"gate {edit}", style="bold red") for edit in report["volatile"]["edited"])
    if gates := all_gates(report):
        table = Table("gate", "verdict", "why", title="Gates", title_justify="left", show_edge=False)
        for row in gates:
            outcome = row["outcome"] + (" (advisory)" if row["advisory"] else "")
            table.add_row(
                Text(row["name"]), Text(outcome, style=_COLOUR[row["outcome"]]), Text(row["reason"])
            )
        yield table
    else:
        yield Text(report["reasons"][0])
    measures = report["measures"]
    table = Table(
        "variant", *measures, title="Variants: mean [95% interval]", title_justify="left", show_edge=False
    )
    cells = {(row["variant"], row["measure"]): row for row in all_estimates(report)}
    for variant in report["variants"]:
        marked = variant["name"] + (" (baseline)" if variant["name"] == report["baseline"] else "")
        table.add_row(
            marked,
            *(estimate(row, unit(report, row)) for row in (cells[variant["name"], m] for m in measures)),
        )
    yield table
    for measure, judge in report.get("judges", {}).items():
        corrected = judge["correction"] or "not corrected"
        yield Text(f"{measure} is judged by {judge['identity']}, cost {judge['cost']:.4f}, {corrected}")


def size(report: Report) -> str:
    """Returns "270 questions, 89 documents"."""
    documents = int(report["figures"]["corpus.documents"])
    return f"{counted(len(report['items']), 'question')}, {counted(documents, 'document')}"


def all_estimates(report: Report) -> list[EstimateRow]:
    """Returns the estimates over all questions, those of timed measures last."""
    return report["estimates"] + report["volatile"]["estimates"]


def all_gates(report: Report) -> list[GateRow]:
    """Returns every verdict, those of timed measures last."""
    return report["gates"] + report["volatile"]["gates"]


def estimate(row: EstimateRow, counted_in: str = "") -> str:
    """Returns "0.861 [0.82, 0.90]" with its unit, and what was left unscored."""
    if row["n"] == 0:
        return "no score" + (f" ({row['unscored']} unscored)" if row["unscored"] else "")
    text = f"{figure(row['mean'])} \\[{figure(row['low'])}, {figure(row['high'])}]"
    text += f" {counted_in}" if counted_in else ""
    return text + (f" ({row['unscored']} unscored)" if row["unscored"] else "")


def figure(value: float | None, unit: str = "") -> str:
    """Returns a number as reasons show it, with its unit; a dash where there is none."""
    return "–" if value is None else shown(value, unit)


def unit(report: Report, row: EstimateRow | GateRow) -> str:
    """Returns what a row's measure is counted in: "s", or nothing; a share of cells is counted in nothing."""
    return "" if row.get("gate") == "coverage" else report.get("units", {}).get(row["measure"], "")


def explain(report: Report, rows: Iterable[GateRow]) -> str:
    """Says why verdicts are not PASS: estimate, bound, and the worst questions with what was retrieved."""
    lines: list[str] = []
    rows = [row for row in rows if row["outcome"] != "PASS"]
    for row in rows[:_REASONS]:
        what = unit(report, row)
        bounds = (
            f"bounds {figure(row['low'])} to {figure(row['high'])}, required {figure(row['bound'], what)}"
        )
        lines.append(f"{row['outcome']}: {row['name']}")
        lines.append(f"  {row['reason']}")
        lines.append(f"  estimate {figure(row['estimate'], what)}, {bounds}, n = {row['n']}")
        worst = list(_worst(report, row))
        if worst:
            lines.append(f"  the {len(worst)} worst questions:")
        for item in worst:
            lines += _lost(item, row)
    if len(rows) > _REASONS:
        lines.append(f"and {counted(len(rows) - _REASONS, 'more verdict')}")
    return "\n".join(lines)


def _worst(report: Report, row: GateRow) -> Iterator[Item]:
    tag, _, value = row["slice"].partition("=")
    scored = [
        (item["results"][row["variant"]]["scores"][row["measure"]], item["id"], item)
        for item in report["items"]
        if row["variant"] in item["results"]
        and row["measure"] in item["results"][row["variant"]]["scores"]
        and (not tag or item["tags"].get(tag) == value)
    ]
    for score, _, item in sorted(scored, key=lambda entry: entry[:2])[:_WORST]:
        if score < 1:
            yield item


def _lost(item: Item, row: GateRow) -> Iterator[str]:
    result = item["results"][row["variant"]]
    yield f"    {item['id']}: {item['text']}"
    yield f"      {row['measure']} {figure(result['scores'][row['measure']])}, {result['stage']}"
    for piece in item["evidence"]:
        yield f"      expected  {piece['doc']}:{piece['start']}-{piece['end']}  {_short(piece['quote'])}"
    for hit in result["retrieved"][:_WORST]:
        mark = "*" if hit["evidence"] else " "
        yield f"      retrieved{mark} {hit['doc']}:{hit['start']}-{hit['end']}  {_short(hit['text'])}"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 80 else flat[:79] + "…"
