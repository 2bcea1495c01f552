"""Connectors -> snapshot + lock: the only path that touches a network. May import suite and below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.backends.files import exclusive
from evalkit.corpus import lock
from evalkit.corpus.intake import Intake, Plan, plan, read
from evalkit.corpus.journal import Journal
from evalkit.corpus.snapshot import Row, Snapshot, Store
from evalkit.errors import CorpusError
from evalkit.suite import Suite
from evalkit.types import Progress, Unreadable

__all__ = ["Synced", "preview", "sync"]

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync pinned: the snapshot's digest, what each source gave, and what could not be read."""

    digest: str
    sources: dict[str, Intake]
    unreadable: tuple[Unreadable, ...]
    changed: bool

    @property
    def documents(self) -> dict[str, int]:
        """How many documents of each source are held."""
        return {source: len(intake.rows) for source, intake in self.sources.items()}


def sync(
    suite: Suite, progress: Progress, *, keep_going: bool = False, allow_deletions: bool = False
) -> Synced:
    """Fetches what changed at every source, publishes one snapshot and pins it in the suite's lock.

    Args:
        suite: what to fetch.
        progress: told of every document read.
        keep_going: publish without the documents that cannot be read, instead of refusing.
        allow_deletions: publish though more of a source vanished than one sync may delete.

    Raises:
        CorpusError: where a source fails, holds no document, lost too many, or (unless `keep_going`) one is unreadable.
    """
    with exclusive(suite.lock):
        store, journal, previous = _held(suite)
        sources: dict[str, Intake] = {}
        for source in sorted(suite.corpus):
            planned = plan(source, suite.corpus[source], store=store, journal=journal, previous=previous)
            sources[source] = read(
                planned,
                store=store,
                journal=journal,
                previous=previous,
                progress=lambda done, total, stage=f"sync {source}": progress(stage, done, total),  # type: ignore[misc]
                allow_deletions=allow_deletions,
            )
        unreadable = tuple(item for intake in sources.values() for item in intake.unreadable)
        if unreadable and not keep_going:
            raise CorpusError(_refusal(unreadable))
        rows: list[Row] = [row for intake in sources.values() for row in intake.rows]
        if not rows:
            raise CorpusError(f"{suite.path}: the sources hold no documents; nothing was pinned")
        snapshot = store.publish(rows)
        pinned = lock.Lock(snapshot.digest, {source: len(intake.rows) for source, intake in sources.items()})
        changed = not suite.lock.exists() or lock.read(suite.lock) != pinned
        if changed:
            lock.write(suite.lock, pinned)
    return Synced(snapshot.digest, sources, unreadable, changed)


def preview(suite: Suite) -> list[Plan]:
    """Lists every source and says what a sync would read; reads no document and pins nothing."""
    store, journal, previous = _held(suite)
    return [
        plan(source, connector, store=store, journal=journal, previous=previous)
        for source, connector in sorted(suite.corpus.items())
    ]


def _held(suite: Suite) -> tuple[Store, Journal, Snapshot | None]:
    """Opens what earlier syncs left: the store, the journal and the pinned snapshot, where it is in the store."""
    store = Store(suite.home / "corpus")
    journal = Journal(store.root / "journal.sqlite")
    pinned = lock.read(suite.lock).digest if suite.lock.exists() else ""
    previous = store.read(expect=pinned) if pinned in store.digests() else None
    return store, journal, previous


def _refusal(unreadable: Sequence[Unreadable]) -> list[str]:
    lines = [f"{item.doc_id}: {item.reason}" for item in unreadable[:_SHOWN]]
    if len(unreadable) > _SHOWN:
        lines.append(f"and {len(unreadable) - _SHOWN} more")
    return [*lines, "nothing was pinned; mend these documents, or leave them out with --keep-going"]
