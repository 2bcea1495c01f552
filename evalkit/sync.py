"""Connectors -> snapshot + lock: the only path to the sources. May import suite and below."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from evalkit.backends.files import exclusive, write_atomic
from evalkit.corpus import freshness, lock
from evalkit.corpus.diff import Changes, diff
from evalkit.corpus.intake import MAX_DELETED, Intake, Kept, Plan, deletable, plan, read
from evalkit.corpus.snapshot import Snapshot, Store
from evalkit.digest import of_bytes
from evalkit.errors import CorpusError, EvalkitError
from evalkit.suite import Suite
from evalkit.types import Document, Listed, Progress, Unreadable
from evalkit.wording import counted

__all__ = ["Checked", "Synced", "collect", "examine", "preview", "sync"]

_SHOWN = 20
_PINS = "pins"
"""A folder of the store: where the locks of its suites lie, whose snapshots are never collected."""
_LISTED_FOR = 20.0
"""Seconds that `examine` lists one source; a large one is then counted in part."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync pinned: the snapshot's digest, what each source gave, and what could not be read.

    `changes`: what became of the documents since the snapshot that was pinned before; None where there was none.
    """

    digest: str
    sources: dict[str, Intake]
    unreadable: tuple[Unreadable, ...]
    changed: bool
    changes: Changes | None

    @property
    def documents(self) -> dict[str, int]:
        """How many documents of each source are held."""
        return {source: intake.held for source, intake in self.sources.items()}


def sync(
    suite: Suite, progress: Progress, *, keep_going: bool = False, max_deleted: float = MAX_DELETED
) -> Synced:
    """Fetches what changed at every source, publishes one snapshot and pins it in the suite's lock.

    Args:
        suite: what to fetch.
        progress: told of every document read.
        keep_going: publish without the documents that cannot be read, instead of refusing.
        max_deleted: the share of a source's documents that may vanish in one sync.

    Raises:
        CorpusError: where a source fails, holds no document, lost too many, or (unless `keep_going`) one is unreadable.
    """
    with _writing(suite) as kept:
        previous = _pinned(suite, kept.store)
        sources = {
            source: read(
                plan(source, suite.corpus[source], kept, previous),
                kept,
                previous,
                progress,
                max_deleted=max_deleted,
            )
            for source in sorted(suite.corpus)
        }
        unreadable = tuple(item for intake in sources.values() for item in intake.unreadable)
        if unreadable and not keep_going:
            raise CorpusError(
                [
                    *_named(unreadable),
                    "nothing was pinned; mend these documents, or leave them out with --keep-going",
                ]
            )
        if previous is None and suite.lock.exists():
            _guard_counts(lock.read(suite.lock).documents, sources, max_deleted)
        if not any(intake.held for intake in sources.values()):
            raise CorpusError(
                [
                    *_named(unreadable),
                    f"{suite.path}: the sources hold no document to read; nothing was pinned",
                ]
            )
        snapshot = kept.store.publish(kept.staging)
        changes = None if previous is None else diff(previous, snapshot)
        changed = _pin(suite, snapshot, sources, previous, changes)
    return Synced(snapshot.digest, sources, unreadable, changed, changes)


def _guard_counts(before: Mapping[str, int], sources: Mapping[str, Intake], share: float) -> None:
    """Stands in for the guard of each document where this store does not hold the snapshot that the lock pins."""
    for source, intake in sources.items():
        held, now = before.get(source, 0), intake.held
        if held - now > deletable(held, share):
            raise CorpusError(
                f"{source}: {counted(now, 'document')}, where {held:,} are pinned; at most {share:.0%} may vanish in "
                "one sync; nothing was pinned; check the source, then sync again with --max-deleted 1 if that is right"
            )


def _pin(
    suite: Suite,
    snapshot: Snapshot,
    sources: dict[str, Intake],
    previous: Snapshot | None,
    changes: Changes | None,
) -> bool:
    """Writes the lock where it would say something else; how fresh a snapshot was stays as it was when it came."""
    before = lock.read(suite.lock) if suite.lock.exists() else None
    figures = freshness.completeness(sources.values())
    if before is not None and before.digest == snapshot.digest:
        figures |= freshness.transition(before.figures)
    elif previous is not None and changes is not None:
        figures |= freshness.freshness(previous, snapshot, changes, dt.datetime.now(dt.UTC))
    documents = {source: intake.held for source, intake in sources.items()}
    unreadable = {item.doc_id: item.reason for intake in sources.values() for item in intake.unreadable}
    pinned = lock.Lock(snapshot.digest, documents, figures, unreadable)
    if before != pinned:
        lock.write(suite.lock, pinned)
    whose = suite.home / "corpus" / _PINS / f"{of_bytes(str(suite.lock).encode())[:16]}.txt"
    write_atomic(whose, str(suite.lock))
    return before is None or (before.digest, before.documents) != (pinned.digest, pinned.documents)


def preview(suite: Suite) -> list[Plan]:
    """Lists every source and says what a sync would read; reads no document and pins nothing."""
    with _writing(suite) as kept:
        previous = _pinned(suite, kept.store)
        return [plan(source, connector, kept, previous) for source, connector in sorted(suite.corpus.items())]


@dataclass(frozen=True, slots=True)
class Checked:
    """One source as `examine` found it: how many documents it lists (`more`: at least), one read, or what failed."""

    source: str
    listed: int = 0
    more: bool = False
    sample: str = ""
    problem: str = ""


def examine(suite: Suite) -> Iterator[Checked]:
    """Asks every source whether it can be reached, listed and read: a part of the listing, and one document."""
    for source, connector in sorted(suite.corpus.items()):
        found = Checked(source)
        first: Listed | None = None
        late = monotonic() + _LISTED_FOR
        try:
            for listed in connector.listing():
                first = first or listed
                found = replace(found, listed=found.listed + 1)
                if monotonic() > late:
                    found = replace(found, more=True)
                    break
            if first is None:
                found = replace(found, problem="lists no document; check what the credentials may see")
            else:
                document = connector.fetch(first)
                if isinstance(document, Document):
                    readers = ", ".join(document.acl) or "everyone"
                    found = replace(
                        found, sample=f"{document.doc_id}: {len(document.text):,} characters, for {readers}"
                    )
                else:
                    reason = (
                        document.reason if isinstance(document, Unreadable) else "gone since it was listed"
                    )
                    found = replace(found, problem=f"{first.doc_id}: {reason}")
        except EvalkitError as error:
            found = replace(found, problem="; ".join(error.problems))
        yield found


def collect(suite: Suite, keep: int) -> tuple[int, int, int]:
    """Deletes all snapshots but those that a suite of this store pins and the latest `keep`, and what only they needed.

    Returns:
        How many snapshots, texts and journal entries went.
    """
    with _writing(suite) as kept:
        store = kept.store
        latest = sorted(store.digests(), key=store.published, reverse=True)[:keep]
        locks = [Path(path.read_text(encoding="utf-8")) for path in (store.root / _PINS).glob("*.txt")]
        pinned = {lock.read(path).digest for path in locks if path.exists()}
        snapshots, texts = store.keep_only(pinned | set(latest))
        kept.memories.forget()
        return snapshots, texts, kept.journal.keep_only(store.needed())


@contextmanager
def _writing(suite: Suite) -> Iterator[Kept]:
    """Opens what syncs keep for the one process that may change it."""
    root = suite.home / "corpus"
    with exclusive(root / "store"), closing(Kept(root)) as kept:
        yield kept


def _pinned(suite: Suite, store: Store) -> Snapshot | None:
    """Opens the snapshot that the lock pins, where this store holds it."""
    digest = lock.read(suite.lock).digest if suite.lock.exists() else ""
    return store.read(expect=digest) if digest in store.digests() else None


def _named(unreadable: Sequence[Unreadable]) -> list[str]:
    lines = [f"{item.doc_id}: {item.reason}" for item in unreadable[:_SHOWN]]
    return lines + ([f"and {len(unreadable) - _SHOWN} more"] if len(unreadable) > _SHOWN else [])
