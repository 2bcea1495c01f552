"""One source -> documents of a snapshot: what is unchanged comes from the journal, the rest is read. No clock.

An omitted document is not a deleted one: the source is asked for each that its listing leaves out, and many at once
stop the sync. Nothing here grows with the corpus but numbers of rows that went missing.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from evalkit.backends import confined, http
from evalkit.corpus import convert
from evalkit.corpus.journal import Entry, Journal, name_of
from evalkit.corpus.memory import Memories
from evalkit.corpus.snapshot import Row, Snapshot, Store
from evalkit.corpus.staging import Staging
from evalkit.errors import CorpusError, EvalkitError
from evalkit.types import Connector, Document, Listed, Progress, Remembering, Unreadable
from evalkit.wording import counted

__all__ = ["MAX_DELETED", "Intake", "Kept", "Plan", "deletable", "plan", "read"]

T = TypeVar("T")

MAX_DELETED = 0.2
"""The share of a source's documents that may vanish in one sync without someone saying so."""


def deletable(held: int, share: float) -> int:
    """Returns how many of a source's documents may vanish in one sync: this share, one at least; none where it is 0."""
    return max(1, int(share * held + 1e-9)) if share else 0


AT_ONCE = 8
"""How many documents are asked for at the same time; how often a service is asked is its connector's to limit."""

_BATCH = 100
_SHOWN = 5


class Kept:
    """What syncs keep under one folder: texts and snapshots, what was read, what is remembered of the sources.

    Args:
        root: the folder, created where absent.
    """

    def __init__(self, root: Path) -> None:
        self.store = Store(root)
        self.journal = Journal(root / "journal.sqlite")
        self.memories = Memories(root / "sources.sqlite")
        self.staging = Staging(root / "staging.sqlite")

    def close(self) -> None:
        for part in (self.staging, self.memories, self.journal, self.store.texts):
            part.close()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a listing asks for, before any document is read.

    `known`, `pending`: how many listed documents were read before, and must be read. `omitted`: the rows of the
    previous snapshot that are listed neither by id nor by key.
    """

    source: str
    connector: Connector
    identity: str
    known: int
    pending: int
    omitted: Sequence[int]

    @property
    def listed(self) -> int:
        return self.known + self.pending


@dataclass(slots=True)
class Intake:
    """What a source gave, and how it came about.

    `held`: how many documents. `read`: how many bodies were read. `deleted`: ids that the source confirmed to be gone.
    `omitted`: ids that its listing left out though it still holds them.
    """

    listed: int
    held: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    read: int = 0
    deleted: list[str] = field(default_factory=list)
    omitted: list[str] = field(default_factory=list)


def plan(source: str, connector: Connector, kept: Kept, previous: Snapshot | None) -> Plan:
    """Lists a source and compares it with what is held.

    Raises:
        CorpusError: where it cannot be listed to its end, or lists an id twice.
    """
    identity = _identity(connector)
    if isinstance(connector, Remembering):
        listing = connector.listing_since(kept.memories.of(f"{identity} {connector!r}"))
    else:
        listing = connector.listing()
    for batch in _batches(listing):
        kept.staging.add(source, _known(identity, batch, kept))
    readable, unreadable, pending = kept.staging.counts(source)
    omitted = array("q")
    if previous is not None:
        rows = previous.rows_of(source)
        omitted.extend(row for row in rows if kept.staging.lacks(source, previous.raw(row)))
    return Plan(source, connector, identity, readable + unreadable, pending, omitted)


def _known(identity: str, batch: Sequence[Listed], kept: Kept) -> Iterator[tuple[Listed, Entry | None]]:
    """Puts beside each listed document what the journal knows of it."""
    for listed in batch:
        try:
            listed.doc_id.encode()
        except UnicodeEncodeError:
            shown = listed.doc_id.encode("utf-8", "backslashreplace").decode()
            yield Listed(shown, ""), Entry(b"its name is not UTF-8; rename it", b"")
            continue
        entry = (
            kept.journal.get(name_of(identity, listed.doc_id, listed.revision)) if listed.revision else None
        )
        lost = entry is not None and entry.readable and entry.text not in kept.store.texts
        yield listed, None if lost else entry


def read(
    plan: Plan, kept: Kept, previous: Snapshot | None, progress: Progress, *, max_deleted: float
) -> Intake:
    """Reads what a plan lacks; what was read before a kill or a failure is not read again.

    Raises:
        CorpusError: where the source fails, or too many documents vanished.
    """
    intake = Intake(plan.listed)
    with _threads() as threads:
        for batch in kept.staging.pending(plan.source, _BATCH):
            fetched, failure = _fetched(plan.connector, batch, threads)
            kept.staging.settle(plan.source, _stored(plan, kept, fetched))
            if failure is not None:
                raise failure
            intake.read += len(batch)
            progress(f"sync {plan.source}", intake.read, plan.pending)
        if previous is not None:
            missing = _missing(plan, kept, previous)
            _guard(plan.source, missing, previous, max_deleted)
            for numbers in _batches(missing):
                _ask(plan, intake, [previous.raw(number) for number in numbers], kept, threads)
                progress(f"ask {plan.source}", len(intake.deleted) + len(intake.omitted), len(missing))
    intake.held, *_ = kept.staging.counts(plan.source)
    intake.unreadable = kept.staging.unreadable(plan.source)
    return intake


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    """Opens the threads that ask for documents; an interrupt waits for answers under way, and for nothing else."""
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetch") as threads:
        try:
            yield threads
        except BaseException:
            with confined.interrupted(), http.interrupted():
                threads.shutdown(cancel_futures=True)
            raise


Fetched = tuple[Listed, Document | Unreadable | None]


def _fetched(
    connector: Connector, batch: Sequence[Listed], threads: ThreadPoolExecutor
) -> tuple[list[Fetched], EvalkitError | None]:
    """Asks for a batch; returns what came, and the first failure, after which nothing more was asked for."""
    asked = [threads.submit(connector.fetch, listed) for listed in batch]
    fetched: list[Fetched] = []
    failure: EvalkitError | None = None
    for listed, future in zip(batch, asked, strict=True):
        if failure is not None and future.cancel():
            continue
        try:
            fetched.append((listed, future.result()))
        except EvalkitError as error:
            failure = failure or error
    return fetched, failure


def _missing(plan: Plan, kept: Kept, previous: Snapshot) -> list[int]:
    """Rows of the previous snapshot that are gone from the listing and did not just move, text and all."""
    texts = {previous.raw(number).text for number in plan.omitted}
    moved = kept.staging.among(plan.source, texts)
    return [number for number in plan.omitted if previous.raw(number).text not in moved]


def _guard(source: str, missing: Sequence[int], previous: Snapshot, share: float) -> None:
    held = len(previous.rows_of(source))
    if len(missing) <= deletable(held, share):
        return
    shown = ", ".join(previous.raw(number).doc_id.decode() for number in missing[:_SHOWN])
    raise CorpusError(
        f"{source}: {len(missing):,} of {counted(held, 'document')} no longer listed ({shown}, …); at most "
        f"{share:.0%} may vanish in one sync; nothing was pinned; check the source and its permissions, "
        "then sync again with --max-deleted 1 if they are meant to be gone"
    )


def _ask(plan: Plan, intake: Intake, rows: Sequence[Row], kept: Kept, threads: ThreadPoolExecutor) -> None:
    """Asks the source whether what its listing leaves out is gone."""
    start = f"{plan.source}/"
    asked = [Listed(row.doc_id.decode().removeprefix(start), "", row.key.decode()) for row in rows]
    fetched, failure = _fetched(plan.connector, asked, threads)
    if failure is not None:
        raise failure
    held = [(listed, found) for listed, found in fetched if found is not None]
    kept.staging.add(plan.source, _stored(plan, kept, held))
    intake.read += len(held)
    intake.omitted += (f"{start}{listed.doc_id}" for listed, _ in held)
    intake.deleted += (f"{start}{listed.doc_id}" for listed, found in fetched if found is None)


def _stored(plan: Plan, kept: Kept, fetched: Sequence[Fetched]) -> list[tuple[Listed, Entry | None]]:
    """Stores what was fetched, texts before the entries that refer to them; what was gone has no entry."""
    staged = iter(kept.store.stage(found for _, found in fetched if isinstance(found, Document)))
    entries: list[tuple[Listed, Entry | None]] = []
    lasting: list[tuple[bytes, Entry]] = []
    for listed, found in fetched:
        entry = None
        if isinstance(found, Document):
            row = next(staged)
            entry = Entry(row.facts, row.text)
        elif found is not None:
            entry = Entry(found.reason.encode("utf-8", "replace"), b"")
        entries.append((listed, entry))
        if entry and listed.revision and (isinstance(found, Document) or (found and found.lasting)):
            lasting.append((name_of(plan.identity, listed.doc_id, listed.revision), entry))
    kept.journal.put(lasting)
    return entries


def _identity(connector: Connector) -> str:
    stated = getattr(connector, "identity", None)
    named = f"{type(connector).__qualname__} {stated()}" if callable(stated) else repr(connector)
    return f"{convert.version()} {named}"


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    waiting = iter(items)
    while batch := list(islice(waiting, _BATCH)):
        yield batch
