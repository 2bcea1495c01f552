"""Pages and files of a service -> paths of titles, one each. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Node", "ancestors", "paths"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]+")
_UNTITLED = "Untitled"


class Node(NamedTuple):
    """What lies in a tree: its title and the id of what it lies in, "" at the top."""

    parent: str
    title: str


def paths(nodes: Mapping[str, Node]) -> dict[str, str]:
    """Returns each id's path: titles from the top down, joined by "/".

    A parent that is not among the nodes counts as the top. Of several with one title in one place, the one with the
    lowest id keeps it; the others carry their id, so a path never depends on the order of a listing.
    """
    names: dict[tuple[str, str], str] = {}
    own: dict[str, str] = {}
    for key in sorted(nodes):
        node = nodes[key]
        parent, name = node.parent if node.parent in nodes else "", _name(node.title)
        while names.setdefault((parent, name), key) != key:
            name = f"{name} ({key})"
        own[key] = name
    made: dict[str, str] = {}
    for key in nodes:
        made[key] = "/".join(own[step] for step in reversed([key, *ancestors(nodes, key)]))
    return made


def ancestors(nodes: Mapping[str, Node], key: str) -> list[str]:
    """Returns the ids above one, nearest first; a cycle ends where it closes."""
    above: list[str] = []
    seen = {key}
    step = nodes[key].parent if key in nodes else ""
    while step in nodes and step not in seen:
        above.append(step)
        seen.add(step)
        step = nodes[step].parent
    return above


def _name(title: str) -> str:
    """A title as one step of a path: "/" would be two, "." and ".." would lead elsewhere."""
    name = " ".join(_CONTROL.sub(" ", title).replace("/", "∕").split())
    return _UNTITLED if name in {"", ".", ".."} else name
