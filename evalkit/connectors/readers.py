"""Nested restrictions -> who may read: everyone whom every level admits. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Names", "readers"]

Names = frozenset[str]

_MOST = 500
NOBODY = "nobody"


def readers(levels: Iterable[Names]) -> tuple[str, ...]:
    """Returns the ACL of what lies inside several restrictions; empty, public, where none of them restricts.

    A level without names restricts nothing. One name of each level is needed: "group:a & group:b" is whoever is in
    both. Where that has more than 500 forms, only the plain names that every level holds remain, or nobody.
    """
    restricting = sorted({level for level in levels if level}, key=lambda level: (len(level), sorted(level)))
    found: set[Names] = {frozenset()}
    for level in restricting:
        found = _shortest({have | {name} for have in found for name in level})
        if len(found) > _MOST:
            common = frozenset.intersection(*restricting)
            return tuple(sorted(common)) or (NOBODY,)
    return tuple(sorted(" & ".join(sorted(names)) for names in found if names))


def _shortest(found: set[Names]) -> set[Names]:
    """Leaves out what a shorter one implies: who is in a need not also be in b."""
    if len(found) > _MOST * 4:
        return found
    kept: list[Names] = []
    for names in sorted(found, key=len):
        if not any(have <= names for have in kept):
            kept.append(names)
    return set(kept)
