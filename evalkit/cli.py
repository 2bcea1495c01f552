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
@click.option(
    "--workers",
    default="serial",
    metavar="WHERE",
    help="serial, a number of processes, ray, or ray://host:port [default: serial].",
)
def run(
    suite: Path,
    *,
    json_file: Path | None,
    html_file: Path | None,
    markdown_file: Path | None,
    tracking: str | None,
    no_tracking: bool,
    workers: str,
) -> None:
    """Evaluate a suite, judge its gates, save and print the report."""
    from evalkit.report import files
    from evalkit.report.text import render
    from evalkit.run import run_suite
    from evalkit.suite import load_suite

    loaded = load_suite(suite)
    with _progress() as progress:
        report = run_suite(
            loaded, progress, tracking=None if no_tracking else tracking or "", workers=workers
        )
    console = _console()
    for part in render(report):
        console.print(part, soft_wrap=False)
    done = "; ".join(f"{stage}: {work}" for stage, work in report["volatile"]["stages"].items())
    click.echo(f"{'work':9} {done}")
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
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path), help="Write the questions as a table here."
)
def report(
    report_file: Path, *, html_file: Path | None, markdown_file: Path | None, csv_file: Path | None
) -> None:
    """Print a saved report, or turn it into HTML, Markdown or CSV."""
    from evalkit.report import files
    from evalkit.report.model import load
    from evalkit.report.text import render

    loaded = load(report_file)
    if html_file or markdown_file or csv_file:
        files.write(loaded, html=html_file, markdown=markdown_file, csv=csv_file)
    else:
        for part in render(loaded):
            _console().print(part)


@cli.command()
@_SUITE
@click.argument("report_file", metavar="REPORT", type=click.Path(path_type=Path))
@click.option("--approver", "approvers", multiple=True, required=True, help="Who signs; repeat for several.")
@click.option("--statement", type=click.Path(path_type=Path), help="Also write an in-toto statement here.")
def decide(suite: Path, report_file: Path, approvers: tuple[str, ...], statement: Path | None) -> None:
    """Decide on a report, with readiness.yaml, and append the decision to decisions.jsonl."""
    import datetime as dt
    import json

    from evalkit.backends.files import write_atomic
    from evalkit.decision import intoto
    from evalkit.decision.decide import decide as run_decide

    entry = run_decide(_folder(suite), report_file, approvers, dt.datetime.now(dt.UTC))
    click.echo(f"decision {entry['number']}: {entry['decision']}")
    for reason in entry["reasons"]:
        click.echo(f"- {reason}")
    if statement is not None:
        write_atomic(statement, json.dumps(intoto.statement(entry), indent=2) + "\n")
    sys.exit(EXIT_CODES[entry["decision"]])


@cli.command()
@_SUITE
@click.argument("report_file", metavar="REPORT", type=click.Path(path_type=Path))
@click.option("--variant", required=True, help="The variant that ships.")
@click.option("--by", required=True, help="Who promotes it.")
@click.option("--why", required=True, help="Why, in a sentence.")
def promote(suite: Path, report_file: Path, *, variant: str, by: str, why: str) -> None:
    """Make a variant the release, after a GO: write release.json and move MLflow's alias."""
    import datetime as dt

    from evalkit.decision.promote import promote as run_promote

    release = run_promote(_folder(suite), report_file, variant, by=by, why=why, now=dt.datetime.now(dt.UTC))
    click.echo(f"{release['variant']} is the release; wrote {_folder(suite) / 'release.json'}")


@cli.command()
@_SUITE
def verify(suite: Path) -> None:
    """Re-hash everything: the decision record, the pinned snapshot with its texts, caches and embeddings."""
    from evalkit.backends.cache import DiskCache
    from evalkit.backends.vectors import VectorStore
    from evalkit.corpus import lock
    from evalkit.corpus.snapshot import Store
    from evalkit.decision.decide import RECORD
    from evalkit.decision.record import read
    from evalkit.suite import load_suite

    loaded = load_suite(suite)
    record = loaded.path.parent / RECORD
    if record.exists():
        click.echo(f"{record}: {len(read(record))} decisions, whole")
    store = Store(loaded.home / "corpus")
    snapshot = store.read(expect=lock.read(loaded.lock).digest)
    for row in range(len(snapshot)):
        snapshot[row]
    click.echo(f"snapshot {snapshot.digest[:12]}: {len(snapshot):,} documents, whole")
    damaged = DiskCache(loaded.home / "cache").damaged()
    embeddings = VectorStore(loaded.home / "vectors").damaged()
    click.echo(
        f"caches: {len(damaged)} damaged results, {embeddings} damaged embeddings (made again when needed)"
    )


@cli.group()
def cache() -> None:
    """Look after stored results and embeddings."""


@cache.command("info")
@_SUITE
def cache_info(suite: Path) -> None:
    """Say how much is stored, and where."""
    from evalkit.backends.cache import DiskCache
    from evalkit.backends.vectors import VectorStore
    from evalkit.suite import load_suite

    home = load_suite(suite).home
    for what, held in (
        ("results", DiskCache(home / "cache").usage()),
        ("embeddings", VectorStore(home / "vectors").usage()),
    ):
        click.echo(f"{what}: {held.entries:,} in {held.bytes / 1e6:,.1f} MB")
    click.echo(str(home))


@cache.command("gc")
@_SUITE
@click.option(
    "--keep", default=1000, show_default=True, help="Megabytes of results to keep, the latest used."
)
@click.option("--embeddings", is_flag=True, help="Also delete every embedding.")
def cache_gc(suite: Path, *, keep: int, embeddings: bool) -> None:
    """Delete what has not been used for longest; it is made again when needed."""
    from evalkit.backends.cache import DiskCache
    from evalkit.backends.vectors import VectorStore
    from evalkit.suite import load_suite

    home = load_suite(suite).home
    click.echo(f"deleted {DiskCache(home / 'cache').shrink(keep * 1_000_000):,} results")
    if embeddings:
        click.echo(f"deleted {VectorStore(home / 'vectors').clear():,} embeddings")


@cli.command()
def schema() -> None:
    """Print the JSON Schema of suite.yaml, for editors."""
    import json

    from evalkit.suite_file import json_schema

    click.echo(json.dumps(json_schema(), indent=2))


def _folder(suite: Path) -> Path:
    return suite if suite.is_dir() else suite.parent


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
