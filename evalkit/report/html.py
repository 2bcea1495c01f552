"""Report -> one self-contained HTML page."""

from __future__ import annotations

from evalkit.report.model import Report


def render_html(report: Report) -> str:
    return str(report["verdict"])
