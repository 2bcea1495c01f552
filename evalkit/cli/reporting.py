"""Commands that read what was written: compare, report, schema."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.shared import console, outputs

__all__ = ["compare", "report", "schema"]


@click.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
def compare(before: Path, after: Path) -> None:
    """Show what changed between two report files."""
    from evalkit.report.compare import compare as compare_reports
    from evalkit.report.model import load

    for part in compare_reports(load(before), load(after)):
        console().print(part, markup=False)


@click.command()
@click.argument("report_file", metavar="REPORT", type=click.Path(path_type=Path))
@outputs("json")
def report(report_file: Path, **written: Path | None) -> None:
    """Print a saved report, or turn it into HTML, Markdown, CSV or JUnit XML."""
    from evalkit.report import files
    from evalkit.report.model import load
    from evalkit.report.text import render

    loaded = load(report_file)
    if any(written.values()):
        files.write(loaded, **written)
        for path in filter(None, written.values()):
            click.echo(f"wrote {path}")
    else:
        for part in render(loaded):
            console().print(part)


@click.command()
def schema() -> None:
    """Print the JSON Schema of suite.yaml, for editors."""
    import json

    from evalkit.suite_file import json_schema

    click.echo(json.dumps(json_schema(), indent=2))
