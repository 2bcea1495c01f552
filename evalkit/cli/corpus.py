"""Commands about documents: sync, doctor, and the snapshots that are kept."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from evalkit.cli.shared import SUITE, Commands, progress_bars
from evalkit.wording import counted

__all__ = ["corpus", "doctor", "sync"]


@click.command()
@SUITE
@click.option("--keep-going", is_flag=True, help="Pin the corpus without the documents that cannot be read.")
@click.option(
    "--max-deleted",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    default=0.2,
    show_default=True,
    help="Refuse where more of a source's documents are gone; 1 lets all go.",
)
@click.option("--dry-run", is_flag=True, help="List the sources and say what a sync would read; pin nothing.")
@click.option(
    "--watch",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Sync again whenever a folder changes, and that often, until stopped.",
)
def sync(suite: Path, *, keep_going: bool, max_deleted: float, dry_run: bool, watch: float | None) -> None:
    """Fetch what changed at the sources, store a snapshot and pin it in corpus.lock."""
    from evalkit.backends.watching import turns
    from evalkit.errors import EvalkitError
    from evalkit.suite import load_suite

    if dry_run:
        _preview(suite)
    elif watch is None:
        _sync(suite, keep_going=keep_going, max_deleted=max_deleted)
    else:
        paths = [getattr(source, "path", None) for source in load_suite(suite).corpus.values()]
        for _ in turns([path for path in paths if isinstance(path, Path)], watch):
            try:
                _sync(suite, keep_going=keep_going, max_deleted=max_deleted)
            except EvalkitError as error:
                for problem in error.problems:
                    click.echo(f"error: {problem}", err=True)


def _sync(suite: Path, *, keep_going: bool, max_deleted: float) -> None:
    from evalkit.suite import load_suite
    from evalkit.sync import sync as run_sync

    loaded = load_suite(suite)
    with progress_bars() as progress:
        synced = run_sync(loaded, progress, keep_going=keep_going, max_deleted=max_deleted)
    for source, intake in synced.sources.items():
        click.echo(f"{source}: {counted(intake.held, 'document')}, {intake.read:,} read")
        for doc_id in intake.omitted:
            click.echo(f"kept {doc_id}: its source leaves it out of the listing, but still has it", err=True)
    for item in synced.unreadable:
        click.echo(f"left out {item.doc_id}: {item.reason}", err=True)
    if synced.changes:
        click.echo(str(synced.changes))
    click.echo(f"{'pinned' if synced.changed else 'unchanged:'} {synced.digest[:12]} in {loaded.lock}")


def _preview(suite: Path) -> None:
    from evalkit.suite import load_suite
    from evalkit.sync import preview

    for plan in preview(load_suite(suite)):
        click.echo(
            f"{plan.source}: {plan.listed:,} listed, {plan.known:,} known, {plan.pending:,} to read, "
            f"{len(plan.omitted):,} no longer listed"
        )


@click.command()
@SUITE
def doctor(suite: Path) -> None:
    """Check that every source can be reached, listed and read; takes no more than a minute for most suites."""
    from evalkit.backends.office import converter
    from evalkit.suite import load_suite
    from evalkit.sync import examine

    failed = False
    for found in examine(load_suite(suite)):
        count = f"{'more than ' if found.more else ''}{counted(found.listed, 'document')}"
        click.echo(
            f"{found.source}: {count}; {'problem: ' + found.problem if found.problem else found.sample}"
        )
        failed |= bool(found.problem)
    click.echo(f"Office and PDF files: {converter() or 'not readable; pip install evalkit-rag[office]'}")
    sys.exit(2 if failed else 0)


@click.group(cls=Commands)
def corpus() -> None:
    """Look after the snapshots of a suite's documents."""


@corpus.command("list")
@SUITE
def corpus_list(suite: Path) -> None:
    """List the snapshots that are kept, the latest first."""
    import datetime as dt

    from evalkit.corpus import lock
    from evalkit.corpus.snapshot import Store
    from evalkit.suite import load_suite

    loaded = load_suite(suite)
    store = Store(loaded.home / "corpus")
    pinned = lock.read(loaded.lock).digest if loaded.lock.exists() else ""
    for digest in sorted(store.digests(), key=store.published, reverse=True):
        written = dt.datetime.fromtimestamp(store.published(digest), dt.UTC)
        mark = "  pinned" if digest == pinned else ""
        click.echo(
            f"{digest[:12]}  {written:%Y-%m-%d %H:%M}  {counted(store.size(digest), 'document')}{mark}"
        )


@corpus.command("diff")
@SUITE
@click.argument("before")
@click.argument("after", required=False)
def corpus_diff(suite: Path, before: str, after: str | None) -> None:
    """Show what changed from snapshot BEFORE to AFTER [default: the pinned one]; the start of a digest is enough."""
    from evalkit.corpus import lock
    from evalkit.corpus.diff import diff
    from evalkit.corpus.snapshot import Store
    from evalkit.suite import load_suite

    loaded = load_suite(suite)
    store = Store(loaded.home / "corpus")
    end = store.find(after) if after else lock.read(loaded.lock).digest
    changes = diff(store.read(store.find(before)), store.read(end))
    for mark, ids in (("+", changes.added), ("~", changes.edited), ("-", changes.deleted)):
        for doc_id in ids:
            click.echo(f"{mark} {doc_id}")
    for old, new in changes.renamed:
        click.echo(f"> {old} -> {new}")
    for doc_id in changes.readers:
        click.echo(f"! {doc_id}: who may read it changed")
    click.echo(str(changes))


@corpus.command("gc")
@SUITE
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="How many of the latest snapshots to keep.",
)
def corpus_gc(suite: Path, *, keep: int) -> None:
    """Delete old snapshots and the texts that only they need; the project's pinned ones stay."""
    from evalkit.suite import load_suite
    from evalkit.sync import collect

    snapshots, texts, entries = collect(load_suite(suite), keep)
    gone = ((snapshots, "snapshot"), (texts, "text"), (entries, "journal entry"))
    click.echo("deleted " + ", ".join(counted(count, noun) for count, noun in gone))
