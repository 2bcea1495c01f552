"""The figures of the corpus and the golden set in plain words. May import the standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Row", "health"]

_CORPUS = "Corpus"
_GOLDEN = "Golden set"
_PASSAGES = "Passages and judges"

_LABELS = {
    "corpus.documents": "Documents in the snapshot",
    "corpus.listed": "Documents that the sources list",
    "corpus.held": "Documents held of those listed",
    "corpus.held_share": "Share held of those listed",
    "corpus.parse_failures": "Listed, but not readable (parse failures)",
    "corpus.parse_failure_share": "Share not readable",
    "corpus.omitted": "Left out by a listing, though still at the source",
    "corpus.stale_share": "Share of the snapshot before that had gone stale (edited, moved or deleted)",
    "corpus.acl_drift": "Share whose readers changed since the snapshot before",
    "corpus.lag_days_median": "Days that a change waited to be synced, median",
    "corpus.lag_days_largest": "Days that a change waited to be synced, longest",
    "golden.questions": "Questions",
    "golden.unwinnable_share": "Share of questions whose evidence is gone or was edited",
}
_PREFIXES = {
    "passages.cut_share.": "Share of passages longer than the model reads",
    "judge.labels.": "Answers labelled by people, for",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure as people read it, and the name by which gates do."""

    label: str
    value: str
    name: str


def health(figures: Mapping[str, float]) -> dict[str, list[Row]]:
    """Returns the figures by what they are about, in the order in which they are explained; unknown ones by name."""
    groups: dict[str, list[Row]] = {_CORPUS: [], _GOLDEN: [], _PASSAGES: []}
    known = [name for name in _LABELS if name in figures]
    for name in [*known, *sorted(figures.keys() - _LABELS.keys())]:
        group = {"corpus": _CORPUS, "golden": _GOLDEN}.get(name.partition(".")[0], _PASSAGES)
        groups[group].append(Row(_label(name), _value(name, figures[name]), name))
    return {group: rows for group, rows in groups.items() if rows}


def _label(name: str) -> str:
    for prefix, label in _PREFIXES.items():
        if name.startswith(prefix):
            return f"{label}: {name.removeprefix(prefix)}"
    return _LABELS.get(name, name)


def _value(name: str, value: float) -> str:
    if name.endswith(("_share", "acl_drift")) or name.startswith("passages.cut_share."):
        return f"{value:.1%}" if value >= 0.001 or not value else f"{100 * value:.2g}%"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}" if abs(value) >= 1 else f"{value:.2g}"
