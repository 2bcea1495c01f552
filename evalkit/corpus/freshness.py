"""How complete and how fresh a snapshot was when it was pinned: figures for gates. The clock is the caller's."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Iterable, Iterator, Mapping

from evalkit.corpus.diff import Changes
from evalkit.corpus.intake import Intake
from evalkit.corpus.snapshot import Snapshot

__all__ = ["completeness", "freshness", "transition"]


def completeness(sources: Iterable[Intake]) -> dict[str, float]:
    """Returns what the sources list beside what is held.

    `corpus.listed` and `corpus.held`: documents. `corpus.held_share`: held / listed. `corpus.parse_failures` and
    `corpus.parse_failure_share`: listed, but not turned into text. `corpus.omitted`: still at the source though its
    listing left them out.
    """
    intakes = list(sources)
    omitted = sum(len(intake.omitted) for intake in intakes)
    listed = sum(intake.listed for intake in intakes) + omitted
    held = sum(intake.held for intake in intakes)
    failures = sum(len(intake.unreadable) for intake in intakes)
    return {
        "corpus.listed": float(listed),
        "corpus.held": float(held),
        "corpus.held_share": _rounded(held / max(1, listed)),
        "corpus.parse_failures": float(failures),
        "corpus.parse_failure_share": _rounded(failures / max(1, listed)),
        "corpus.omitted": float(omitted),
    }


def freshness(before: Snapshot, after: Snapshot, changes: Changes, now: dt.datetime) -> dict[str, float]:
    """Returns how far the earlier snapshot had fallen behind when the later one took its place.

    `corpus.stale_share`: of its documents, those since edited, moved or deleted. `corpus.acl_drift`: of the later
    one's documents, those whose readers changed. `corpus.lag_days_largest` and `corpus.lag_days_median`: how long the
    changes had been waiting at the source, over changed documents whose source states a time; absent where none does.
    """
    gone = len(changes.edited) + len(changes.deleted) + len(changes.renamed)
    figures = {
        "corpus.stale_share": _rounded(gone / max(1, len(before))),
        "corpus.acl_drift": _rounded(len(changes.readers) / max(1, len(after))),
    }
    if lags := list(
        _lags(after, [*changes.added, *changes.edited, *(new for _, new in changes.renamed)], now)
    ):
        figures["corpus.lag_days_largest"] = _rounded(max(lags))
        figures["corpus.lag_days_median"] = _rounded(statistics.median(lags))
    return figures


def transition(figures: Mapping[str, float]) -> dict[str, float]:
    """Returns those of a lock's figures that `freshness` put there."""
    names = ("corpus.stale_share", "corpus.acl_drift", "corpus.lag_days_")
    return {name: value for name, value in figures.items() if name.startswith(names)}


def _lags(snapshot: Snapshot, ids: Iterable[str], now: dt.datetime) -> Iterator[float]:
    for doc_id in ids:
        row = snapshot.row(doc_id)
        stated = None if row is None else snapshot[row].modified_at
        try:
            changed = dt.datetime.fromisoformat(stated or "")
        except ValueError:
            continue
        if changed.tzinfo is None:
            changed = changed.replace(tzinfo=dt.UTC)
        yield max(0.0, (now - changed).total_seconds() / 86400)


def _rounded(value: float) -> float:
    return round(value, 6)
