"""Commands on the one path: init, check, run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from evalkit.cli.shared import EXIT_CODES, SUITE, console, outputs, progress_bars
from evalkit.wording import counted

if TYPE_CHECKING:
    from evalkit.suite import Suite

__all__ = ["check", "init", "run"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--docs", type=click.Path(path_type=Path), required=True, help="The folder of documents.")
def init(folder: Path, docs: Path) -> None:
    """Write a first suite over a folder of documents."""
    from evalkit.scaffold import scaffold

    for path in scaffold(folder, docs):
        click.echo(f"wrote {path}")
    click.echo(
        f"next: evalkit sync {folder}; write questions into {folder / 'golden.jsonl'}; evalkit run {folder}"
    )


@click.command()
@SUITE
def check(suite: Path) -> None:
    """Load everything a run would read and report every problem, without running."""
    from evalkit.ready import ready
    from evalkit.suite import load_suite

    loaded = load_suite(suite)
    found = ready(loaded)
    corpus, golden = found.corpus, found.golden
    answerable = sum(question.answerable for question in golden.questions)
    click.echo(
        f"{loaded.name}: {counted(len(corpus), 'document')}, {counted(len(golden.questions), 'question')} "
        f"({answerable:,} answerable, {len(golden.unwinnable):,} unwinnable), "
        f"{counted(len(loaded.variants), 'variant')}, {counted(len(loaded.measures), 'measure')}, "
        f"{counted(len(loaded.gates), 'gate')}"
    )
    for row, reason in golden.unwinnable.items():
        click.echo(f"unwinnable {golden.questions[row].id}: {reason}")


@click.command()
@SUITE
@outputs()
@click.option("--tracking", metavar="URI", help="MLflow tracking URI [default: SQLite beside the reports].")
@click.option("--dry-run", is_flag=True, help="Only say about what answering and judging would cost.")
@click.option("--no-tracking", is_flag=True, help="Do not log to MLflow.")
@click.option(
    "--split",
    "side",
    type=click.Choice(["dev", "test"]),
    default="test",
    show_default=True,
    help="The half of the questions to read, where the suite splits them.",
)
@click.option(
    "--workers",
    default="serial",
    metavar="WHERE",
    help="serial, a number of processes, ray, or ray://host:port [default: serial].",
)
def run(
    suite: Path,
    *,
    tracking: str | None,
    dry_run: bool,
    no_tracking: bool,
    workers: str,
    side: Literal["dev", "test"],
    **written: Path | None,
) -> None:
    """Evaluate a suite, judge its gates, save and print the report."""
    from evalkit.report import files
    from evalkit.report.text import render
    from evalkit.run import run_suite
    from evalkit.suite import load_suite

    loaded = load_suite(suite)
    if dry_run:
        _say_what_it_costs(loaded, side)
        return
    with progress_bars() as progress:
        report = run_suite(
            loaded, progress, tracking=None if no_tracking else tracking or "", workers=workers, side=side
        )
    saved = files.save(report, loaded.home)
    files.write(report, **written)  # before anything is printed: a pipe that is closed early loses no report
    for part in render(report):
        console().print(part, soft_wrap=False)
    done = "; ".join(f"{stage}: {work}" for stage, work in report["volatile"]["stages"].items())
    click.echo(f"{'work':9} {done}")
    for kind, path in saved.items():
        click.echo(f"{kind:9} {path}")
    for fact, value in report["volatile"]["tracking"].items():
        click.echo(f"{'MLflow':9} {fact}: {value}")
    if "looks" in report["volatile"]:
        click.echo(f"{'looks':9} {report['volatile']['looks']} at these test questions, this one included")
    for path in filter(None, written.values()):
        click.echo(f"wrote     {path}")
    sys.exit(EXIT_CODES[report["verdict"]])


def _say_what_it_costs(suite: Suite, side: Literal["dev", "test"]) -> None:
    from evalkit.backends.runtime import open_runtime
    from evalkit.spending import estimate

    with progress_bars() as progress:
        spending = estimate(suite, open_runtime(suite.home, progress=progress), side)
    for part in spending:
        click.echo(f"{part.what}: about {counted(part.calls, 'call')}, cost {part.cost:.4f}")
    calls, cost = sum(part.calls for part in spending), sum(part.cost for part in spending)
    click.echo(
        f"in all about {counted(calls, 'call')}, cost {cost:.4f}; what an earlier run kept is not asked again"
    )
