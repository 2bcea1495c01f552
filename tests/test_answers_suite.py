"""The project's own suite with answers: offline, with the figures that its recorded answers were made to have."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from evalkit.run import run_suite
from evalkit.suite import load_suite
from evalkit.sync import sync
from tests.conftest import silent

SUITE = Path(__file__).parent.parent / "suites" / "answers"


def test_a_suite_with_answers_runs_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setenv("EVALKIT_HOME", str(tmp_path))
    monkeypatch.setattr(socket.socket, "connect", refused)
    suite = load_suite(SUITE)
    assert not sync(suite, silent).changed
    report = run_suite(suite, silent)
    figures = {(row["variant"], row["measure"]): row for row in report["estimates"]}
    # 30 questions have no evidence, every eighth of which is answered; of the other 240 every thirteenth is refused,
    # but for the two that are every ninth as well.
    assert figures["assistant", "Refusal"]["mean"] == pytest.approx(27 / 30)
    assert figures["assistant", "Answered"]["mean"] == pytest.approx(224 / 240)
    assert figures["assistant", "SupportScore"]["n"] == 224 + 3
    assert {row["unscored"] for row in report["estimates"]} == {0}
    assert report["judges"]["SupportScore"]["identity"].startswith("support ")
    assert report["verdict"] == "GO"
    (cost,) = (row for row in report["comparisons"] if row["measure"] == "Cost")
    assert (cost["better"], cost["worse"]) == (0, 270), "what costs more is worse"
    judged = [item["results"]["assistant"] for item in report["items"]]
    assert sum("claims" in result for result in judged) == 227
    unsupported = [
        r for r in judged if not all(c["supported"] for c in r.get("claims", {}).get("SupportScore", []))
    ]
    assert "unfaithful" in {result["stage"] for result in unsupported}
    assert {"found", "unanswerable"}.isdisjoint(result["stage"] for result in unsupported)
    refusals = [result for result in judged if "SupportScore" in result["reasons"]]
    lost = {result["stage"] for result in refusals}
    assert ("ignored by the answer" in lost, lost & {"found", "unfaithful"}) == (True, set())
    assert {result["reasons"]["SupportScore"] for result in refusals} == {
        "the answer is a refusal, which makes no claim"
    }
