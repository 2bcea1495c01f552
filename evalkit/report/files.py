"""Where reports are written. May import the report's renderings and below."""

from __future__ import annotations

from pathlib import Path

from evalkit.backends.files import write_atomic
from evalkit.report.csv import render_csv
from evalkit.report.html import render_html
from evalkit.report.junit import render_junit
from evalkit.report.markdown import render_markdown
from evalkit.report.model import Report, dump

__all__ = ["save", "write"]


def save(report: Report, home: Path) -> dict[str, Path]:
    """Keeps a report below `home`, one folder an evaluation, and returns its files by kind."""
    stamp = report["volatile"]["started_at"].replace(":", "").replace("-", "")[:15]
    folder = home / "reports" / report["suite"] / f"{stamp}Z-{report['suite_digest'][:8]}"
    files = {
        "json": folder / "report.json",
        "markdown": folder / "report.md",
        "html": folder / "report.html",
    }
    write(report, **files)
    return files


def write(
    report: Report,
    *,
    json: Path | None = None,
    markdown: Path | None = None,
    html: Path | None = None,
    csv: Path | None = None,
    junit: Path | None = None,
) -> None:
    """Writes the renderings that are asked for, each whole or not at all."""
    if json is not None:
        write_atomic(json, dump(report))
    if markdown is not None:
        write_atomic(markdown, render_markdown(report))
    if html is not None:
        write_atomic(html, render_html(report))
    if csv is not None:
        write_atomic(csv, render_csv(report))
    if junit is not None:
        write_atomic(junit, render_junit(report))
