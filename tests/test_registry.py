from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from evalkit.errors import SuiteError
from evalkit.registry import Registry


@dataclass(frozen=True, slots=True)
class Knife:
    size: Annotated[int, Field(gt=0)]
    overlap: int = 0
    unit: str = "characters"

    def __post_init__(self) -> None:
        if self.overlap >= self.size:
            raise ValueError(f"overlap must be below size, got {self.overlap} and {self.size}")


@dataclass(frozen=True, slots=True)
class Plain:
    names: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Bare:
    pass


registry: Registry[object] = Registry(
    "knife", {"knife": f"{__name__}:Knife", "plain": f"{__name__}:Plain", "bare": f"{__name__}:Bare"}
)


def test_the_three_forms_of_a_spec() -> None:
    assert registry.build("plain") == Plain()
    assert registry.build({"knife": 8}) == Knife(8)
    assert registry.build({"knife": {"size": 8, "overlap": 2}}) == Knife(8, 2)
    assert registry.build({"plain": None}) == Plain()


def test_a_plugin_knows_the_name_that_a_suite_asks_for_it_by() -> None:
    tools: Registry[Knife] = Registry("tool", {"knife": f"{__name__}:Knife"})
    assert tools.name_of(Knife(3)) == "knife"
    assert Registry[Knife]("tool", {}).name_of(Knife(3)) == f"{__name__}:Knife"


def test_a_users_own_class_is_named_by_its_import_path() -> None:
    assert registry.build({f"{__name__}:Knife": {"size": 3}}) == Knife(3)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("knif", "unknown knife 'knif'; did you mean 'knife'?"),
        ("zzz", "known: bare, knife, plain"),
        ({"knife": {"sise": 3}}, "unknown parameter 'sise'; did you mean 'size'?"),
        ({"knife": {}}, "parameter 'size'"),
        ({"knife": 0}, "parameter 'size': Input should be greater than 0; found 0"),
        ({"knife": {"size": 2, "overlap": 3}}, "overlap must be below size, got 3 and 2"),
        ({"bare": 3}, "takes no parameters, found 3"),
        ({"a": 1, "b": 2}, "is written as a name"),
        (7, "is written as a name"),
        ("no.such.module:Thing", "cannot import it"),
        ("os:sep", "must be a dataclass"),
    ],
)
def test_a_wrong_spec_is_answered_in_a_sentence(spec: object, message: str) -> None:
    with pytest.raises(SuiteError) as caught:
        registry.build(spec)
    assert message in str(caught.value)
    assert "Value error" not in str(caught.value)


def test_paths_are_validated_from_text() -> None:
    @dataclass(frozen=True)
    class Reader:
        path: Path

    rooms: Registry[Reader] = Registry("reader", {"reader": "unused:Reader"})
    assert rooms._validated("reader", Reader, {"path": "a/b"}) == Reader(Path("a/b"))
