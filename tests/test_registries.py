"""Every name in every room's table leads to a plug-in that keeps its promises."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil

import pytest

import evalkit
from evalkit import answerers, chunkers, connectors, gates, golden, judges, measures, retrievers
from evalkit.registry import Registry

ROOMS: list[Registry[object]] = [
    room.registry for room in (answerers, chunkers, connectors, gates, golden, judges, measures, retrievers)
]
NAMES = [(room, name) for room in ROOMS for name in room]


@pytest.mark.parametrize(("room", "name"), NAMES, ids=lambda value: getattr(value, "kind", value))
def test_a_name_loads_a_frozen_documented_dataclass(room: Registry[object], name: str) -> None:
    cls = room.find(name)
    assert dataclasses.is_dataclass(cls)
    assert cls.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert hasattr(cls, "__slots__")
    assert (cls.__doc__ or "").strip()
    parameters = {f.name for f in dataclasses.fields(cls)} - {"cutoff"}
    assert not parameters or "Args:" in (cls.__doc__ or ""), "its parameters are documented"


def test_every_public_module_says_what_it_is_for() -> None:
    for info in pkgutil.walk_packages(evalkit.__path__, "evalkit."):
        if info.name != "evalkit.__main__":
            module = importlib.import_module(info.name)
            assert (module.__doc__ or "").strip(), info.name
            exported = getattr(module, "__all__", [])
            assert exported == sorted(exported, key=lambda n: (not n.isupper(), not n[0].isupper(), n)), (
                info.name
            )
            assert all(hasattr(module, name) for name in exported), info.name
