"""One source -> rows of a snapshot: what is unchanged comes from the journal, the rest is read. No clock.

An omitted document is not a deleted one: the source is asked for each that its listing leaves out, and many at once
stop the sync.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from evalkit.corpus import convert
from evalkit.corpus.journal import Entry, Journal, name_of
from evalkit.corpus.snapshot import Row, Snapshot, Store
from evalkit.errors import CorpusError
from evalkit.types import Connector, Document, Listed, Progress, Unreadable

__all__ = ["MAX_DELETED", "Intake", "Plan", "plan", "read"]

MAX_DELETED = 0.2
"""The share of a source's documents that may vanish in one sync without someone saying so."""

_BATCH = 100
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """What a listing asks for, before any document is read.

    `rows`: what is listed and known already. `pending`: what must be read. `omitted`: rows of the previous snapshot
    that are listed neither by id nor by key. `unreadable`: known already to be so.
    """

    source: str
    connector: Connector
    identity: str
    rows: Sequence[Row]
    pending: Sequence[Listed]
    omitted: Sequence[Row]
    unreadable: Sequence[Unreadable]

    @property
    def listed(self) -> int:
        return len(self.rows) + len(self.pending) + len(self.unreadable)


@dataclass(slots=True)
class Intake:
    """What a source gave: rows for the snapshot, what could not be read, and how it came about.

    `read`: how many bodies were read. `deleted`: ids that the source confirmed to be gone. `omitted`: ids that its
    listing left out though it still holds them.
    """

    listed: int
    rows: list[Row] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    read: int = 0
    deleted: list[str] = field(default_factory=list)
    omitted: list[str] = field(default_factory=list)


def plan(
    source: str, connector: Connector, *, store: Store, journal: Journal, previous: Snapshot | None
) -> Plan:
    """Lists a source and compares it with what is held.

    Raises:
        CorpusError: where it cannot be listed to its end, or lists an id twice.
    """
    identity = _identity(connector)
    known = Intake(0)
    pending: list[Listed] = []
    ids: set[bytes] = set()
    keys: set[bytes] = set()
    for listed in connector.listing():
        try:
            doc_id = f"{source}/{listed.doc_id}".encode()
        except UnicodeEncodeError:
            shown = listed.doc_id.encode("utf-8", "backslashreplace").decode()
            known.unreadable.append(Unreadable(f"{source}/{shown}", "its name is not UTF-8; rename it"))
            continue
        if doc_id in ids:
            raise CorpusError(
                f"{source}/{listed.doc_id}: the source lists this document twice; expected once"
            )
        ids.add(doc_id)
        keys.add(listed.key.encode())
        entry = journal.get(name_of(identity, listed.doc_id, listed.revision)) if listed.revision else None
        if entry is None or (entry.readable and entry.text not in store.texts):
            pending.append(listed)
        else:
            _take(known, source, listed, entry)
    rows = (previous.raw(row) for row in previous.rows_of(source)) if previous is not None else ()
    omitted = [row for row in rows if row.doc_id not in ids and (not row.key or row.key not in keys)]
    return Plan(source, connector, identity, known.rows, pending, omitted, known.unreadable)


def read(
    plan: Plan,
    *,
    store: Store,
    journal: Journal,
    previous: Snapshot | None,
    progress: Progress,
    allow_deletions: bool,
) -> Intake:
    """Reads what a plan lacks; what was read before a kill is not read again.

    Raises:
        CorpusError: where the source fails, or too many documents vanished.
    """
    intake = Intake(plan.listed, list(plan.rows), list(plan.unreadable))
    done = 0
    for batch in _batches(plan.pending):
        fetched = [(listed, plan.connector.fetch(listed)) for listed in batch]
        for listed, entry in _stored(plan, store, journal, fetched):
            _take(intake, plan.source, listed, entry)
        intake.read += len(batch)
        done += len(batch)
        progress(f"sync {plan.source}", done, len(plan.pending))
    missing = _missing(plan, intake)
    if previous is not None:
        _guard(plan.source, missing, len(previous.rows_of(plan.source)), allowed=allow_deletions)
    for row in missing:
        _ask(plan, intake, row, store, journal)
    return intake


def _missing(plan: Plan, intake: Intake) -> list[Row]:
    """Rows of the previous snapshot that are gone from the listing and did not just move, text and all."""
    texts = {row.text for row in intake.rows}
    return [row for row in plan.omitted if row.text not in texts]


def _guard(source: str, missing: Sequence[Row], held: int, *, allowed: bool) -> None:
    if allowed or len(missing) <= max(1, MAX_DELETED * held):
        return
    shown = ", ".join(row.doc_id.decode() for row in missing[:_SHOWN])
    raise CorpusError(
        f"{source}: {len(missing):,} of {held:,} documents are no longer listed ({shown}, …); at most "
        f"{MAX_DELETED:.0%} may vanish in one sync; nothing was pinned; check the source and its permissions, "
        "then sync again with --allow-deletions if they are meant to be gone"
    )


def _ask(plan: Plan, intake: Intake, row: Row, store: Store, journal: Journal) -> None:
    doc_id = row.doc_id.decode()
    listed = Listed(doc_id.removeprefix(f"{plan.source}/"), "", row.key.decode())
    found = plan.connector.fetch(listed)
    intake.read += found is not None
    if found is None:
        intake.deleted.append(doc_id)
        return
    intake.omitted.append(doc_id)
    for _, entry in _stored(plan, store, journal, [(listed, found)]):
        _take(intake, plan.source, listed, entry)


def _stored(
    plan: Plan,
    store: Store,
    journal: Journal,
    fetched: Sequence[tuple[Listed, Document | Unreadable | None]],
) -> list[tuple[Listed, Entry]]:
    """Stores what was fetched, texts before the entries that refer to them."""
    documents = [document for _, document in fetched if isinstance(document, Document)]
    staged = iter(store.stage(documents))
    entries: list[tuple[Listed, Entry]] = []
    for listed, found in fetched:
        if isinstance(found, Document):
            row = next(staged)
            entries.append((listed, Entry(row.facts, row.text)))
        elif isinstance(found, Unreadable):
            entries.append((listed, Entry(found.reason.encode("utf-8", "replace"), b"")))
    journal.put(
        (name_of(plan.identity, listed.doc_id, listed.revision), entry)
        for listed, entry in entries
        if listed.revision
    )
    return entries


def _take(intake: Intake, source: str, listed: Listed, entry: Entry) -> None:
    doc_id = f"{source}/{listed.doc_id}"
    if entry.readable:
        intake.rows.append(Row(doc_id.encode(), entry.facts, entry.text, listed.key.encode()))
    else:
        intake.unreadable.append(Unreadable(doc_id, entry.facts.decode()))


def _identity(connector: Connector) -> str:
    stated = getattr(connector, "identity", None)
    named = f"{type(connector).__qualname__} {stated()}" if callable(stated) else repr(connector)
    return f"{convert.version()} {named}"


def _batches(pending: Sequence[Listed]) -> Iterator[list[Listed]]:
    waiting = iter(pending)
    while batch := list(islice(waiting, _BATCH)):
        yield batch
