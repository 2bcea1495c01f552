"""Report -> Markdown for pull-request comments and step summaries. May import the report's model."""

from __future__ import annotations

import re

from evalkit.report.model import GateRow, Report
from evalkit.report.text import all_estimates, all_gates, figure, size, unit

__all__ = ["render_markdown"]

_MARKER = "<!-- evalkit report: {suite} -->"
"""The first line, by which a comment is found again and updated."""

MAX_CHARACTERS = 60_000
"""Below GitHub's limit of 65,536 characters for a comment."""

_SIGN = {"PASS": "✅", "GO": "✅", "FAIL": "❌", "NO-GO": "❌", "INCONCLUSIVE": "⚠️"}


def render_markdown(report: Report) -> str:
    """Returns the verdict and why, the gates, the variants and what changed against the baseline."""
    verdict = report["verdict"]
    lines = [
        _MARKER.format(suite=report["suite"]),
        f"## {_SIGN[verdict]} {verdict}: {_cell(report['suite'])}",
        "",
        *(f"> **Gate {_cell(edit)}**\n" for edit in report["volatile"]["edited"]),
        *(f"- {_cell(reason)}" for reason in report["reasons"][:20]),
        "",
    ]
    if gates := all_gates(report):
        lines += ["| gate | verdict | why |", "|---|---|---|"]
        lines += (f"| {_cell(row['name'])} | {_outcome(row)} | {_cell(row['reason'])} |" for row in gates)
        lines.append("")
    measures = report["measures"]
    lines += [f"| variant | {' | '.join(measures)} |", "|---|" + "---|" * len(measures)]
    cells = {(row["variant"], row["measure"]): row for row in all_estimates(report)}
    for variant in report["variants"]:
        shown = [cells[variant["name"], measure] for measure in measures]
        marked = f"**{_cell(variant['name'])}**" + (
            " (baseline)" if variant["name"] == report["baseline"] else ""
        )
        values = (
            f"{figure(row['mean'])} [{figure(row['low'])}, {figure(row['high'])}] {_cell(unit(report, row))}".rstrip()
            if row["n"]
            else "no score"
            for row in shown
        )
        lines.append(f"| {marked} | {' | '.join(values)} |")
    lines += _judges(report) + _comparisons(report)
    lines.append("")
    lines.append(
        f"{size(report)}; "
        f"corpus `{report['corpus_digest'][:12]}`, questions `{report['golden_digest'][:12]}`, "
        f"suite `{report['suite_digest'][:12]}`, evalkit {report['evalkit_version']}."
    )
    text = "\n".join(lines) + "\n"
    return text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS].rpartition("\n")[0] + "\n\n(cut)\n"


def _judges(report: Report) -> list[str]:
    judges = report.get("judges", {})
    return [""] * bool(judges) + [
        f"- {_cell(measure)} is judged by {_cell(row['identity'])}, cost {row['cost']:.4f}, "
        f"{_cell(row['correction']) or 'not corrected'}"
        for measure, row in judges.items()
    ]


def _comparisons(report: Report) -> list[str]:
    rows = [row for row in report["comparisons"] if row["low"] > 0 or row["high"] < 0]
    if not rows:
        return []
    lines = ["", f"Differences from {_cell(str(report['baseline']))} whose 95% interval excludes zero:", ""]
    return lines + [
        f"- {_cell(row['variant'])} {row['measure']}: {row['difference']:+.3f} "
        f"[{row['low']:+.3f}, {row['high']:+.3f}], {row['better']} questions better, {row['worse']} worse"
        for row in rows
    ]


def _outcome(row: GateRow) -> str:
    return f"{_SIGN[row['outcome']]} {row['outcome']}" + (" (advisory)" if row["advisory"] else "")


def _cell(text: str) -> str:
    """Keeps text inside its table cell and free of markup."""
    return re.sub(r"([\\|<>`*_\[\]])", r"\\\1", " ".join(text.split()))
