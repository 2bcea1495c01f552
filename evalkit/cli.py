"""The command line: thin doors to the rooms below. Exit codes: 0 GO, 1 NO-GO, 2 error, 3 INCONCLUSIVE."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit import __version__
from evalkit.errors import EvalkitError

if TYPE_CHECKING:
    from rich.console import Console

    from evalkit.types import Progress

__all__ = ["main"]

EXIT_CODES = {"GO": 0, "NO-GO": 1, "INCONCLUSIVE": 3}
EXIT_ERROR = 2

_SUITE = click.argument("suite", type=click.Path(path_type=Path))


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="evalkit")
def cli() -> None:
    """Decide whether a retrieval system over a knowledge base may go to production.

    SUITE is a suite.yaml or the folder that holds one.
    """


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--docs", type=click.Path(path_type=Path), required=True, help="The folder of documents.")
def init(folder: Path, docs: Path) -> None:
    """Write a first suite over a folder of documents."""
    from evalkit.scaffold import scaffold

    for path in scaffold(folder, docs):
        click.echo(f"wrote {path}")
    click.echo(f"next: evalkit sync {folder} && evalkit run {folder}")


@cli.command()
@_SUITE
@click.option("--keep-going", is_flag=True, help="Pin the corpus without the documents that cannot be read.")
def sync(suite: Path, *, keep_going: bool) -> None:
    """Fetch the sources, store a snapshot and pin it in corpus.lock."""
    from evalkit.suite import load_suite
    from evalkit.sync import sync as run_sync

    loaded = load_suite(suite)
    with _progress() as progress:
        synced = run_sync(loaded, progress, keep_going=keep_going)
    for source, count in synced.documents.items():
        click.echo(f"{source}: {count:,} documents")
    for item in synced.unreadable:
        click.echo(f"left out {item.doc_id}: {item.reason}", err=True)
    click.echo(f"{'pinned' if synced.changed else 'unchanged:'} {synced.digest[:12]} in {loaded.lock}")


@cli.command()
@_SUITE
def check(suite: Path) -> None:
    """Load everything a run would read and report every problem, without running."""
    from evalkit.evaluate import read_corpus
    from evalkit.golden.anchor import anchor
    from evalkit.suite import load_suite

    loaded = load_suite(suite)
    corpus = read_corpus(loaded)
    golden = anchor(loaded.golden.questions(), corpus)
    answerable = sum(question.answerable for question in golden.questions)
    click.echo(
        f"{loaded.name}: {len(corpus):,} documents, {len(golden.questions):,} questions "
        f"({answerable:,} answerable, {len(golden.unwinnable):,} unwinnable), "
        f"{len(loaded.variants)} variants, {len(loaded.measures)} measures, {len(loaded.gates)} gates"
    )
    for row, reason in golden.unwinnable.items():
        click.echo(f"unwinnable {golden.questions[row].id}: {reason}")


@cli.command()
@_SUITE
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Also write the report as JSON here."
)
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Also write the HTML page here.")
@click.option(
    "--markdown", "markdown_file", type=click.Path(path_type=Path), help="Also write Markdown here."
)
@click.option("--tracking", metavar="URI", help="MLflow tracking URI [default: SQLite beside the reports].")
@click.option("--no-tracking", is_flag=True, help="Do not log to MLflow.")
def run(
    suite: Path,
    *,
    json_file: Path | None,
    html_file: Path | None,
    markdown_file: Path | None,
    tracking: str | None,
    no_tracking: bool,
) -> None:
    """Evaluate a suite, judge its gates, save and print the report."""
    from evalkit.report import files
    from evalkit.report.text import render
    from evalkit.run import run_suite
    from evalkit.suite import load_suite

    loaded = load_suite(suite)
    with _progress() as progress:
        report = run_suite(loaded, progress, tracking=None if no_tracking else tracking or "")
    console = _console()
    for part in render(report):
        console.print(part, soft_wrap=False)
    for kind, path in files.save(report, loaded.home).items():
        click.echo(f"{kind:9} {path}")
    for fact, value in report["volatile"]["tracking"].items():
        click.echo(f"{'MLflow':9} {fact}: {value}")
    files.write(report, json=json_file, html=html_file, markdown=markdown_file)
    sys.exit(EXIT_CODES[report["verdict"]])


@cli.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
def compare(before: Path, after: Path) -> None:
    """Show what changed between two report files."""
    from evalkit.report.compare import compare as compare_reports
    from evalkit.report.model import load

    for part in compare_reports(load(before), load(after)):
        _console().print(part)


@cli.command()
@click.argument("report_file", metavar="REPORT", type=click.Path(path_type=Path))
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write the HTML page here.")
@click.option("--markdown", "markdown_file", type=click.Path(path_type=Path), help="Write Markdown here.")
def report(report_file: Path, *, html_file: Path | None, markdown_file: Path | None) -> None:
    """Print a saved report, or turn it into HTML or Markdown."""
    from evalkit.report import files
    from evalkit.report.model import load
    from evalkit.report.text import render

    loaded = load(report_file)
    if html_file or markdown_file:
        files.write(loaded, html=html_file, markdown=markdown_file)
    else:
        for part in render(loaded):
            _console().print(part)


@cli.command()
def schema() -> None:
    """Print the JSON Schema of suite.yaml, for editors."""
    import json

    from evalkit.suite_file import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


def _console() -> Console:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160, highlight=False)


@contextmanager
def _progress() -> Iterator[Progress]:
    """Draws one bar a stage on a terminal that can show it, and nothing anywhere else."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, object] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total or None)
            bars.update(tasks[stage], completed=done, total=total or None)  # type: ignore[arg-type]

        yield show


def main() -> None:
    """Runs the command line; a mistake of the user's ends in sentences and exit code 2."""
    try:
        cli()
    except EvalkitError as error:
        for problem in error.problems:
            click.echo(f"error: {problem}", err=True)
        sys.exit(EXIT_ERROR)
