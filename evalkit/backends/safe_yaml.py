"""YAML from strangers: safe tags, no aliases, bounded size and depth. The only file that imports yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yaml.nodes import Node

__all__ = ["Loaded", "load"]

Path = tuple[str | int, ...]

MAX_BYTES = 4_000_000
MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Loaded:
    """Plain data, and the line (from 1) where the value at each path begins."""

    data: object
    lines: Mapping[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """Returns the line of the value at a path, or of its nearest parent."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def load(text: str) -> Loaded:
    """Reads one YAML document.

    Raises:
        ValueError: with the line, for anything but one safe document without aliases or duplicate keys.
    """
    import yaml

    if len(text) > MAX_BYTES:
        raise ValueError(f"{len(text):,} characters of YAML; at most {MAX_BYTES:,} are read")
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise ValueError(f"line {line}: YAML aliases (*name) are refused")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: dict[Path, int] = {}
        if node is not None:
            _survey(node, (), lines)
        return Loaded(yaml.safe_load(text), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ValueError(f"{where}not valid YAML ({error.problem or error.context})") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"not valid YAML ({error})") from error


def _survey(node: Node, path: Path, lines: dict[Path, int]) -> None:
    """Notes every value's line; refuses duplicate keys, which YAML libraries silently overwrite."""
    import yaml

    if len(path) > MAX_DEPTH:
        raise ValueError(f"line {node.start_mark.line + 1}: nested deeper than {MAX_DEPTH} levels")
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(key.value)
            if (*path, name) in lines:
                raise ValueError(f"line {key.start_mark.line + 1}: the key '{name}' stands twice")
            _survey(value, (*path, name), lines)
            lines[(*path, name)] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            _survey(item, (*path, position), lines)
