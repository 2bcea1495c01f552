from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType

import pytest

from evalkit.errors import SuiteError
from evalkit.measures import parse, registry
from evalkit.measures.cutoff import Cutoff
from evalkit.measures.recall import Recall

CUT = ("Recall", "P", "IoU", "nDCG", "RR", "AP", "Success")
WHOLE = tuple(name for name in registry if name not in CUT)
LOWER = {"Cost", "Latency", "NoiseSensitivity"}
NAMES = [
    *(f"{name}{cutoff}" for name in CUT for cutoff in ("@1", "@5", "@4000c", "@800t")),
    *("nDCG", "AP", "RR", *WHOLE),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_measure_prints_as_it_parses(name: str) -> None:
    assert str(parse(name)) == name
    assert parse(name) == parse(name)


def test_the_cutoff_is_part_of_the_measure() -> None:
    assert parse("Recall@5") == Recall(Cutoff(5))
    assert parse("Recall@5") != parse("Recall@5c") != parse("Recall@5t")


@pytest.mark.parametrize("name", NAMES)
def test_only_latency_is_timed_and_few_are_better_when_lower(name: str) -> None:
    measure = parse(name)
    assert measure.timed == (name == "Latency")
    assert measure.higher_is_better == (name not in LOWER)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Recal@5", "unknown measure 'Recal'; did you mean 'Recall'?"),
        ("ndcg@10", "unknown measure 'ndcg'; did you mean 'nDCG'?"),
        ("Recall", "measure 'Recall': Recall needs a cutoff; write Recall@5, Recall@4000c or Recall@800t"),
        ("Latency@5", "measure 'Latency@5': Latency takes no cutoff; write Latency"),
        *(
            (text, f"measure '{text}': expected a name and a cutoff such as Recall@5, Recall@4000c")
            for text in (
                "",
                "Recall@",
                "Recall@0",
                "Recall@05",
                "Recall@-1",
                "Recall@9999999999",
                "Recall@٣",
                "Recall@5 ",
            )
        ),
    ],
)
def test_what_cannot_be_read_is_answered(text: str, message: str) -> None:
    with pytest.raises(SuiteError) as caught:
        parse(text)
    assert caught.value.problems == (message,)


def test_a_measure_of_the_users_own_is_found_by_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True, slots=True)
    class Mine:
        pass

    module = ModuleType("someones_measures")
    monkeypatch.setattr(module, "Mine", Mine, raising=False)
    monkeypatch.setitem(sys.modules, "someones_measures", module)
    assert isinstance(parse("someones_measures:Mine"), Mine)
    with pytest.raises(SuiteError, match="takes no cutoff"):
        parse("someones_measures:Mine@5")


def test_a_required_cutoff_is_required_of_the_class_too() -> None:
    with pytest.raises(ValueError, match="Recall needs a cutoff"):
        Recall()
