"""A heavy library is imported in one file: ruff keeps it out of the others, this out of other libraries' homes."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARIES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"][
    "flake8-tidy-imports"
]["banned-api"]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


FILES = {path.relative_to(ROOT).as_posix(): set(imported(path)) for path in (ROOT / "evalkit").rglob("*.py")}


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_has_one_home(library: str) -> None:
    homes = [path for path, names in FILES.items() if library in names]
    assert len(homes) <= 1, homes
    assert all(path.startswith("evalkit/backends/") or path == "evalkit/stats.py" for path in homes)
