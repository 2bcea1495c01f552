from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.test_cli import SUITE, project

__all__ = ["project"]

pytest_plugins = ["pytester"]


def gates(folder: Path, pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.run(
        sys.executable,
        "-m",
        "pytest",
        str(folder / "suite.yaml"),
        "-p",
        "no:cacheprovider",
        "-rA",
        *arguments,
    )


def test_each_gate_is_an_item(project: Path, pytester: pytest.Pytester) -> None:
    extra = (
        "  - coverage: {variant: new, measure: Recall@2}\n"
        "  - no_regression: {variant: new, measure: Success@2, margin: 0.2}\n"
    )
    (project / "suite.yaml").write_text(SUITE + extra)
    result = gates(project, pytester, "--junitxml=out.xml")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*floor new Success@2 >= 0.5*"])
    cases = ET.parse(pytester.path / "out.xml").getroot().iter("testcase")
    assert [case.get("name") for case in cases] == [
        "floor new Success@2 >= 0.5",
        "coverage new Recall@2 >= 0.95",
        "no_regression new Success@2 margin 0.2",
    ]
    gates(project, pytester, "-k", "coverage").assert_outcomes(passed=1, deselected=2)


def test_a_failure_shows_estimate_bound_and_worst_questions(project: Path, pytester: pytest.Pytester) -> None:
    golden = (project / "golden.jsonl").read_text().replace("how heavy is the otter0", "zzz")
    (project / "golden.jsonl").write_text(golden)
    (project / "suite.yaml").write_text(SUITE.replace("at_least: 0.5", "at_least: 0.99"))
    result = gates(project, pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "INCONCLUSIVE: floor new Success@2",
            "*about * more questions would settle it*",
            "*estimate 0.967, bounds * required 0.990, n = 30*",
            "*q00: zzz*",
            "*expected  docs/00.md:*The otter0 weighs 3 kilograms.*",
        ]
    )
    assert "Traceback" not in result.stdout.str()


def test_inconclusive_can_warn(project: Path, pytester: pytest.Pytester) -> None:
    (project / "suite.yaml").write_text(SUITE.replace("at_least: 0.5", "at_least: 0.95"))
    gates(project, pytester).assert_outcomes(failed=1)
    result = gates(project, pytester, "--on-inconclusive=warn")
    result.assert_outcomes(passed=1, warnings=1)


def test_a_broken_suite_is_an_error_in_a_sentence(project: Path, pytester: pytest.Pytester) -> None:
    (project / "suite.yaml").write_text(SUITE.replace("bm25}", "bm52}"))
    result = gates(project, pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*unknown retriever 'bm52'; did you mean 'bm25'?*"])
    assert "Traceback" not in result.stdout.str()


def test_a_broken_corpus_is_an_error_not_a_failure(project: Path, pytester: pytest.Pytester) -> None:
    (project / "corpus.lock").unlink()
    result = gates(project, pytester)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*no corpus is pinned yet*"])
    assert "CorpusError" not in result.stdout.str(), "its source is no use to the suite's owner"


def test_a_suite_without_its_environment_is_skipped_with_the_reason(
    project: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_DATA", raising=False)
    (project / "suite.yaml").write_text(SUITE + "requires: [NO_SUCH_DATA]\n")
    result = gates(project, pytester)
    result.stdout.fnmatch_lines(["*SKIPPED*needs the environment variable NO_SUCH_DATA*"])


def test_pytest_without_suites_loads_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import sys\ndef test_nothing():\n"
        "    assert not {'numpy', 'pydantic', 'yaml', 'evalkit.suite', 'evalkit.run'} & set(sys.modules)"
    )
    pytester.run(
        sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", "-p", "no:anyio"
    ).assert_outcomes(passed=1)
