"""Commands that look after what is stored: verify, cache."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.shared import SUITE, Commands
from evalkit.wording import counted

__all__ = ["cache", "verify"]


@click.command()
@SUITE
def verify(suite: Path) -> None:
    """Re-hash everything: the decision record, all snapshots with their texts, caches and embeddings."""
    from evalkit.corpus import lock
    from evalkit.corpus.snapshot import Store
    from evalkit.decision.record import read
    from evalkit.errors import CorpusError
    from evalkit.suite import RECORD_FILE, load_suite

    loaded = load_suite(suite)
    record = loaded.path.parent / RECORD_FILE
    if record.exists():
        click.echo(f"{record}: {counted(len(read(record)), 'decision')}, whole")
    store = Store(loaded.home / "corpus")
    snapshot = store.read(expect=lock.read(loaded.lock).digest)
    for row in range(len(snapshot)):
        snapshot[row]
    click.echo(f"snapshot {snapshot.digest[:12]}: {counted(len(snapshot), 'document')}, whole")
    others, broken = (
        [digest for digest in store.digests() if digest != snapshot.digest],
        list(store.texts.damaged()),
    )
    lost = [text.hex()[:12] for text in store.needed() if text not in store.texts] + [
        t.hex()[:12] for t in broken
    ]
    if lost:
        raise CorpusError(
            f"{store.root}: the texts {', '.join(sorted(set(lost))[:5])} are missing or damaged; "
            "delete the store and sync again"
        )
    click.echo(f"store: {counted(len(others), 'other snapshot')}, whole with all their texts")
    _verify_caches(loaded.home)


@click.group(cls=Commands)
def cache() -> None:
    """Look after stored results and embeddings."""


@cache.command("info")
@SUITE
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


@cache.command("verify")
@SUITE
def cache_verify(suite: Path) -> None:
    """Re-hash every stored result and embedding; a damaged one is made again when needed."""
    from evalkit.suite import load_suite

    _verify_caches(load_suite(suite).home)


@cache.command("gc")
@SUITE
@click.option(
    "--results",
    type=click.IntRange(min=0),
    default=1000,
    show_default=True,
    metavar="MB",
    help="Megabytes of results to leave, the latest used.",
)
@click.option(
    "--embeddings",
    type=click.IntRange(min=0),
    default=10_000,
    show_default=True,
    metavar="MB",
    help="Megabytes of embeddings to leave, the latest used.",
)
def cache_gc(suite: Path, *, results: int, embeddings: int) -> None:
    """Delete what has not been used for longest; it is made again when needed."""
    from evalkit.backends.cache import DiskCache
    from evalkit.backends.vectors import VectorStore
    from evalkit.suite import load_suite

    home = load_suite(suite).home
    gone = DiskCache(home / "cache").shrink(results * 1_000_000)
    vectors = VectorStore(home / "vectors").shrink(embeddings * 1_000_000)
    click.echo(f"deleted {counted(gone, 'result')}, {counted(vectors, 'embedding')}")


def _verify_caches(home: Path) -> None:
    from evalkit.backends.cache import DiskCache
    from evalkit.backends.vectors import VectorStore

    damaged = DiskCache(home / "cache").damaged()
    embeddings = VectorStore(home / "vectors").damaged()
    click.echo(
        f"caches: {counted(len(damaged), 'damaged result')}, {counted(embeddings, 'damaged embedding')} "
        "(made again when needed)"
    )
