"""What changed between two snapshots: added, edited, deleted, renamed, readers. Reads no text but those of moves."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from evalkit.corpus.snapshot import Row, Snapshot

__all__ = ["Changes", "diff"]

SIMILAR = 0.5
"""The share of the longer text that two documents must have in common, in whole lines, for a move with edits."""
_PAIRS = 1_000_000
"""How many pairs of a deleted and an added document are compared at most; beyond it only unchanged moves are found."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Document ids by what became of them; a document is in one of the first five.

    `edited`: its text, title or raw bytes changed. `renamed`: (before, after), edited or not. `restated`: only other
    facts changed (its time, its author). `readers`: who may read it changed, by the id after.
    """

    added: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    restated: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(
            self.added or self.edited or self.deleted or self.renamed or self.restated or self.readers
        )

    def __str__(self) -> str:
        return (
            f"{len(self.added):,} added, {len(self.edited):,} edited, {len(self.deleted):,} deleted, "
            f"{len(self.renamed):,} renamed, {len(self.readers):,} with other readers"
        )


def diff(before: Snapshot, after: Snapshot) -> Changes:
    """Compares two snapshots of one store."""
    added: list[Row] = []
    deleted: list[Row] = []
    edited: list[bytes] = []
    restated: list[bytes] = []
    readers: list[bytes] = []
    for old, new in _side_by_side(before, after):
        if old is None and new is not None:
            added.append(new._replace(facts=b""))
        elif old is not None and new is None:
            deleted.append(old._replace(facts=b""))
        elif old is not None and new is not None and old[1:3] != new[1:3]:
            (edited if _edited(old, new) else restated).append(new.doc_id)
            if _readers(old) != _readers(new):
                readers.append(new.doc_id)
    moves = _moves(deleted, added, before, after)
    moved_from, moved_to = {old.doc_id for old, _ in moves}, {new.doc_id for _, new in moves}
    readers += (
        new.doc_id for old, new in moves if _readers(_whole(before, old)) != _readers(_whole(after, new))
    )
    return Changes(
        added=_names(row.doc_id for row in added if row.doc_id not in moved_to),
        edited=_names(edited),
        deleted=_names(row.doc_id for row in deleted if row.doc_id not in moved_from),
        renamed=tuple(sorted((old.doc_id.decode(), new.doc_id.decode()) for old, new in moves)),
        restated=_names(restated),
        readers=_names(readers),
    )


def _readers(row: Row) -> object:
    return json.loads(row.facts)["acl"]


def _whole(snapshot: Snapshot, row: Row) -> Row:
    """A row with its facts, which none of those that came or went keeps in memory."""
    return snapshot.raw(_number(snapshot, row))


def _number(snapshot: Snapshot, row: Row) -> int:
    if (found := snapshot.row(row.doc_id.decode())) is None:
        raise KeyError(row.doc_id)
    return found


def _names(ids: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(sorted(doc_id.decode() for doc_id in ids))


def _side_by_side(before: Snapshot, after: Snapshot) -> Iterator[tuple[Row | None, Row | None]]:
    """Walks both in order of id, a row at a time."""
    left, right = 0, 0
    while left < len(before) or right < len(after):
        old = before.raw(left) if left < len(before) else None
        new = after.raw(right) if right < len(after) else None
        if old is not None and (new is None or old.doc_id < new.doc_id):
            new = None
        elif new is not None and (old is None or new.doc_id < old.doc_id):
            old = None
        left += old is not None
        right += new is not None
        yield old, new


def _edited(old: Row, new: Row) -> bool:
    """Whether a document says something else: by its raw bytes where both are known, else by text and title."""
    if old.text != new.text:
        return True
    was, now = json.loads(old.facts), json.loads(new.facts)
    raw = was["metadata"].get("raw_sha256"), now["metadata"].get("raw_sha256")
    return bool(raw[0] != raw[1] if all(raw) else was["title"] != now["title"])


def _moves(
    deleted: Sequence[Row], added: Sequence[Row], before: Snapshot, after: Snapshot
) -> list[tuple[Row, Row]]:
    """Pairs what went with what came: by the source's own key, else the same text, else the most alike."""
    found: dict[Row, Row] = {}
    old, new = deleted, added
    for same in (_key, _same_text_and_name, _same_text):
        known: dict[object, list[Row]] = {}
        for row in reversed(new):
            if (name := same(row)) is not None:
                known.setdefault(name, []).append(row)
        found |= {row: waiting.pop() for row in old if (waiting := known.get(same(row)))}
        taken = set(found.values())
        old, new = [row for row in old if row not in found], [row for row in new if row not in taken]
    return [*found.items(), *_alike(old, new, before, after)]


def _key(row: Row) -> object:
    return (_source(row), row.key) if row.key else None


def _same_text_and_name(row: Row) -> object:
    return _source(row), row.text, _name(row)


def _same_text(row: Row) -> object:
    return _source(row), row.text


def _source(row: Row) -> bytes:
    return row.doc_id.partition(b"/")[0]


def _name(row: Row) -> str:
    return PurePosixPath(row.doc_id.decode()).name


def _alike(
    old: Sequence[Row], new: Sequence[Row], before: Snapshot, after: Snapshot
) -> list[tuple[Row, Row]]:
    """The most similar pairs first, each row once; of equally similar ones those that kept their name."""
    if not old or not new or len(old) * len(new) > _PAIRS:
        return []
    was = {row: _lines(_text(before, row)) for row in old}
    now = {row: _lines(_text(after, row)) for row in new}
    scored = sorted(
        (
            (-score, _name(left) != _name(right), left.doc_id, right.doc_id, left, right)
            for left in old
            for right in new
            if _source(left) == _source(right) and (score := _similarity(was[left], now[right])) >= SIMILAR
        ),
        key=lambda pair: pair[:4],
    )
    taken: set[Row] = set()
    pairs = []
    for *_, left, right in scored:
        if left not in taken and right not in taken:
            taken |= {left, right}
            pairs.append((left, right))
    return pairs


def _text(snapshot: Snapshot, row: Row) -> str:
    return snapshot[_number(snapshot, row)].text


def _lines(text: str) -> Counter[tuple[bytes, int]]:
    """Lines by a short hash and their size in bytes, with how often each stands."""
    lines = (line.encode() for line in text.splitlines(keepends=True))
    return Counter((hashlib.sha256(line).digest()[:8], len(line)) for line in lines)


def _similarity(left: Mapping[tuple[bytes, int], int], right: Mapping[tuple[bytes, int], int]) -> float:
    small, large = sorted((left, right), key=len)
    shared = sum(size * min(count, large.get((name, size), 0)) for (name, size), count in small.items())
    longer = max(sum(size * count for (_, size), count in lines.items()) for lines in (left, right))
    return shared / longer if longer else 0.0
