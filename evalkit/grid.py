"""Grids of specs -> named combinations. May import the standard library only.

In a grid a list means alternatives: `{recursive: {size: [400, 800]}}` is two chunkers. A parameter that is
itself a list is written inside another list.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

__all__ = ["combinations", "label"]


def combinations(grid: Mapping[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    """Yields (name, {role: spec}) for every combination, the first role varying slowest.

    The name joins what varies or names a plug-in: "recursive-400/bm25".
    """
    expanded = [list(_alternatives(spec)) for spec in grid.values()]
    for chosen in itertools.product(*expanded):
        yield "/".join(map(label, chosen)), dict(zip(grid, chosen, strict=True))


def label(spec: object) -> str:
    """Returns a spec's short name: "recursive-400", "fixed-800-overlap-100"."""
    if not isinstance(spec, Mapping) or len(spec) != 1:
        return str(spec)
    name, parameters = next(iter(spec.items()))
    if not isinstance(parameters, Mapping):
        return f"{name}-{parameters}"
    parts = [str(name)]
    for position, (key, value) in enumerate(parameters.items()):
        shown = label(value)
        parts.append(shown if position == 0 else f"{key}-{shown}")
    return "-".join(parts)


def _alternatives(spec: object) -> Iterator[object]:
    if isinstance(spec, list):
        for item in spec:
            yield from _alternatives(item)
    elif isinstance(spec, Mapping) and len(spec) == 1:
        name, parameters = next(iter(spec.items()))
        if isinstance(parameters, Mapping):
            choices = [value if isinstance(value, list) else [value] for value in parameters.values()]
            for chosen in itertools.product(*choices):
                yield {name: dict(zip(parameters, chosen, strict=True))}
        else:
            for value in parameters if isinstance(parameters, list) else [parameters]:
                yield {name: value}
    else:
        yield spec
