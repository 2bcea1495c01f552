"""What is said of gates that were changed after results existed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import EvaluationError
from evalkit.gates import registry
from evalkit.report.edits import edits, requirement, said
from evalkit.report.model import Report, Requirement

FLOOR = {"floor": {"variant": "shipped", "measure": "Recall@5", "at_least": 0.8}}
FIGURE = {"figure": {"name": "corpus.documents", "at_least": 10}}
WHEN = "since the first results (2026-11-24T10:00:00+00:00)"


def asked(*specs: object) -> list[Requirement]:
    return [requirement(registry.build(spec)) for spec in specs]


def changed(
    make: Callable[..., Report], folder: Path, before: Sequence[Requirement], now: Sequence[Requirement]
) -> list[str]:
    """What is said of the gates `now`, where they were `before` when the questions were first answered."""
    for gates in (before, now):
        report = make()
        report["requirements"] = json.loads(json.dumps(gates))
        found = edits(report, folder, folder / "decisions.jsonl")
    return found


def floor(**more: object) -> dict[str, Any]:
    return {"floor": {**FLOOR["floor"], **more}}


@pytest.mark.parametrize(
    ("before", "now", "said_of_it"),
    [
        ([FLOOR], [floor(at_least=0.75)], [f"edited {WHEN}: floor shipped Recall@5: at least 0.8 → 0.75"]),
        (
            [FLOOR, FIGURE],
            [FIGURE, floor(by="language", min_n=5)],
            [f"edited {WHEN}: floor shipped Recall@5: by none → language, min n 10 → 5"],
        ),
        (
            [FLOOR],
            [floor(variant="candidate")],
            [f"edited {WHEN}: floor shipped Recall@5: variant shipped → candidate"],
        ),
        ([FLOOR, FIGURE], [FLOOR], [f"removed {WHEN}: figure: name corpus.documents, at least 10"]),
        ([FLOOR], [FLOOR, FIGURE], [f"added {WHEN}: figure: name corpus.documents, at least 10"]),
        ([FLOOR, FIGURE], [FIGURE, FLOOR], []),
    ],
)
def test_only_what_changed_is_said_as_the_suite_says_it(
    make: Callable[..., Report],
    tmp_path: Path,
    before: list[object],
    now: list[object],
    said_of_it: list[str],
) -> None:
    assert changed(make, tmp_path, asked(*before), asked(*now)) == said_of_it


def test_a_parameter_that_a_newer_evalkit_brought_is_an_edit_only_where_it_is_used(
    make: Callable[..., Report], tmp_path: Path
) -> None:
    older = asked(FLOOR)
    del older[0]["parameters"]["min_n"]
    assert changed(make, tmp_path / "same", older, asked(FLOOR)) == []
    (edit,) = changed(make, tmp_path / "used", older, asked(floor(min_n=5)))
    assert edit.endswith(": min n 10 → 5")


def test_a_default_that_changed_is_an_edit(make: Callable[..., Report], tmp_path: Path) -> None:
    older = asked(FLOOR)
    older[0]["parameters"]["alpha"] = 0.1
    (edit,) = changed(make, tmp_path, older, asked(FLOOR))
    assert edit.endswith(": alpha 0.1 → 0.05")


def test_a_gate_is_said_without_what_it_does_not_ask() -> None:
    assert said(asked(FLOOR)[0]) == (
        "floor: variant shipped, measure Recall@5, at least 0.8, alpha 0.05, min n 10"
    )
    assert said(asked({"figure": {"name": "lost", "at_most": 0}})[0]) == "figure: name lost, at most 0"


def test_gates_in_a_form_of_another_time(make: Callable[..., Report], tmp_path: Path) -> None:
    before: Any = ["Floor(variant='shipped', measure='Recall@5', at_least=0.8)"]
    (told,) = changed(make, tmp_path, before, asked(FLOOR))
    assert told.startswith(
        f"cannot be compared with {WHEN.removeprefix('since ')}: it says its gates in a form"
    )


def test_a_damaged_memory_is_one_clear_error(make: Callable[..., Report], tmp_path: Path) -> None:
    report = make()
    edits(report, tmp_path, tmp_path / "decisions.jsonl")
    (kept,) = tmp_path.rglob("gates.json")
    kept.write_text("{")
    with pytest.raises(EvaluationError, match=r"gates\.json: not JSON .* delete it"):
        edits(report, tmp_path, tmp_path / "decisions.jsonl")
