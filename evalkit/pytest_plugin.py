"""pytest collects suite.yaml files: one test item per gate. May import run and below.

Nothing is imported until a suite.yaml is collected.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest._code.code import TerminalRepr

    from evalkit.report.model import Report
    from evalkit.suite import Suite

__all__ = ["GateItem", "SuiteFile"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds evalkit's options."""
    group = parser.getgroup("evalkit", "release gates of suite.yaml files")
    group.addoption(
        "--on-inconclusive",
        choices=("fail", "warn"),
        default="fail",
        help="what an INCONCLUSIVE gate does [default: fail]",
    )
    group.addoption("--evalkit-json", metavar="FOLDER", help="also write each suite's report as JSON here")
    group.addoption(
        "--evalkit-tracking", metavar="URI", help="log to this MLflow tracking URI [default: do not]"
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SuiteFile | None:
    """Collects files named suite.yaml."""
    return SuiteFile.from_parent(parent, path=file_path) if file_path.name == "suite.yaml" else None


class SuiteFile(pytest.File):
    """A suite; its evaluation runs once, when the first of its gates is tested."""

    _report: Report | None = None
    _suite: Suite | None = None

    def collect(self) -> Iterator[GateItem]:
        from evalkit.errors import EvalkitError
        from evalkit.suite import MissingEnvironment, load_suite

        try:
            self._suite = load_suite(self.path)
        except MissingEnvironment as error:
            pytest.skip(str(error), allow_module_level=True)
        except EvalkitError as error:
            raise self.CollectError(str(error)) from error
        for number, gate in enumerate(self._suite.gates):
            yield GateItem.from_parent(self, name=str(gate), number=number)

    def report(self) -> Report:
        """Evaluates the suite on first use and saves its report."""
        from evalkit.report import files
        from evalkit.run import run_suite

        if self._report is None:
            assert self._suite is not None
            self._report = run_suite(
                self._suite, _silent, tracking=self.config.getoption("--evalkit-tracking") or None
            )
            files.save(self._report, self._suite.home)
            if folder := self.config.getoption("--evalkit-json"):
                files.write(self._report, json=Path(folder) / f"{self._report['suite']}.json")
        return self._report

    def repr_failure(  # type: ignore[override]
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> str | TerminalRepr:
        if isinstance(excinfo.value, self.CollectError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)


class GateItem(pytest.Item):
    """One gate of a suite: passes where all its verdicts are PASS."""

    def __init__(self, *, number: int, **arguments: object) -> None:
        super().__init__(**arguments)  # type: ignore[arg-type]
        self.number = number

    def setup(self) -> None:
        """Evaluates the suite here, so that a broken harness is an ERROR and only a verdict is a FAILURE."""
        from evalkit.errors import EvalkitError

        assert isinstance(self.parent, SuiteFile)
        problem = ""
        try:
            self.parent.report()
        except EvalkitError as error:
            problem = str(error)
        if problem:
            pytest.fail(problem, pytrace=False)

    def runtest(self) -> None:
        from evalkit.report.text import all_gates, explain

        assert isinstance(self.parent, SuiteFile)
        report = self.parent.report()
        rows = [row for row in all_gates(report) if row["position"] == self.number and not row["advisory"]]
        bad = [row for row in rows if row["outcome"] == "FAIL"]
        undecided = [row for row in rows if row["outcome"] == "INCONCLUSIVE"]
        if undecided and not bad and self.config.getoption("--on-inconclusive") == "warn":
            self.warn(pytest.PytestWarning(explain(report, undecided)))
        elif bad or undecided:
            raise GateFailure(explain(report, rows))

    def repr_failure(  # type: ignore[override]
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> str | TerminalRepr:
        from evalkit.errors import EvalkitError

        if isinstance(excinfo.value, GateFailure | EvalkitError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.path.parent.name}: {self.name}"


class GateFailure(Exception):  # noqa: N818 - a verdict, not a malfunction
    """The gate's verdict is not PASS."""


def _silent(stage: str, done: int, total: int) -> None:
    """Draws nothing: pytest shows its own progress."""
