"""Connectors -> snapshot + lock: the only path that touches a network. May import suite and below."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from evalkit.corpus import lock
from evalkit.corpus.snapshot import Store
from evalkit.errors import CorpusError
from evalkit.suite import Suite
from evalkit.types import Document, Progress, Unreadable

__all__ = ["Synced", "sync"]

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync pinned: the snapshot's digest, documents by source, and what could not be read."""

    digest: str
    documents: dict[str, int]
    unreadable: tuple[Unreadable, ...]
    changed: bool


@dataclass(slots=True)
class _Intake:
    """Counts what passes through on its way into the store."""

    suite: Suite
    progress: Progress
    counts: dict[str, int] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)

    def documents(self) -> Iterator[Document]:
        for source, connector in sorted(self.suite.corpus.items()):
            self.counts[source] = 0
            for document in connector.documents():
                doc_id = f"{source}/{document.doc_id}"
                if isinstance(document, Unreadable):
                    self.unreadable.append(replace(document, doc_id=doc_id))
                    continue
                self.counts[source] += 1
                self.progress(f"sync {source}", self.counts[source], 0)
                yield replace(document, doc_id=doc_id)


def sync(suite: Suite, progress: Progress, *, keep_going: bool = False) -> Synced:
    """Fetches every source, publishes one snapshot and pins it in the suite's lock.

    Args:
        suite: what to fetch.
        progress: told of every document; totals are unknown.
        keep_going: publish without the documents that cannot be read, instead of refusing.

    Raises:
        CorpusError: where a source fails, holds no document, or (unless `keep_going`) one is unreadable.
    """
    store = Store(suite.home / "corpus")
    intake = _Intake(suite, progress)
    staged = store.stage(intake.documents())
    if intake.unreadable and not keep_going:
        raise CorpusError(_refusal(intake.unreadable))
    if not staged:
        raise CorpusError(f"{suite.path}: the sources hold no documents; nothing was pinned")
    snapshot = store.publish(staged)
    pinned = lock.Lock(snapshot.digest, intake.counts)
    changed = not suite.lock.exists() or lock.read(suite.lock) != pinned
    if changed:
        lock.write(suite.lock, pinned)
    return Synced(snapshot.digest, intake.counts, tuple(intake.unreadable), changed)


def _refusal(unreadable: list[Unreadable]) -> list[str]:
    lines = [f"{item.doc_id}: {item.reason}" for item in unreadable[:_SHOWN]]
    if len(unreadable) > _SHOWN:
        lines.append(f"and {len(unreadable) - _SHOWN} more")
    return [*lines, "nothing was pinned; mend these documents, or leave them out with --keep-going"]
