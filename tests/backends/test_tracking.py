"""Against a real MLflow: its own client reads back what was logged, from SQLite and from a server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalkit.backends import tracking
from evalkit.errors import EvaluationError
from evalkit.report.tracked import tracked
from tests.report.conftest import made_report

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow and its dependencies warn about one another


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = [
        "--backend-store-uri",
        f"sqlite:///{folder / 'm.db'}",
        "--artifacts-destination",
        str(folder / "a"),
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), *store],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{url}/health", timeout=1)
            break
        except OSError:
            time.sleep(0.5)
    yield url
    os.killpg(process.pid, 15)
    process.wait(20)


@pytest.mark.parametrize("kind", ["sqlite", "server"])
def test_one_parent_run_and_one_child_a_variant(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path / 'm.db'}" if kind == "sqlite" else request.getfixturevalue("server")
    artifacts = tmp_path / "artifacts" if kind == "sqlite" else None
    where = tracking.log(uri, "evalkit/demo", tracked(made_report("plain")), artifacts)
    client = MlflowClient(uri)
    parent = client.get_run(where["run"])
    assert parent.data.tags["evalkit.verdict"] == "INCONCLUSIVE"
    assert parent.data.tags["evalkit.corpus_digest"] == "c" * 64
    assert parent.info.run_name == "INCONCLUSIVE 2026-11-24 10:00"
    look = {
        "sqlite": f"mlflow ui --backend-store-uri {uri}",
        "server": f"{uri}/#/experiments/1/runs/{where['run']}",
    }
    assert where["look" if kind == "sqlite" else "page"] == look[kind]
    page = Path(client.download_artifacts(parent.info.run_id, "report.html", str(tmp_path))).read_text(
        "utf-8"
    )
    assert page.startswith("<!doctype html>")
    (child,) = client.search_runs(
        [parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    )
    assert child.info.run_name == "plain"
    for run in (parent, child):
        assert run.inputs is not None
        digests = {d.dataset.name: d.dataset.digest for d in run.inputs.dataset_inputs}
        assert digests == {"corpus": "c" * 36, "golden": "d" * 36}
    assert child.data.metrics["Recall_at_5"] == 0.8
    assert (child.data.metrics["Recall_at_5/low"], child.data.metrics["Recall_at_5/high"]) == (0.7, 0.9)
    assert child.data.metrics["Recall_at_5/unscored"] == 1
    assert child.data.params["chunker"] == "plain"
    table = json.loads(
        Path(client.download_artifacts(child.info.run_id, "questions.json", str(tmp_path))).read_text()
    )
    assert table["columns"][:3] == ["id", "question", "stage"]
    assert len(table["data"]) == 3
    assert {run.info.status for run in (parent, child)} == {"FINISHED"}


def test_what_cannot_be_reached_is_one_sentence(tmp_path: Path) -> None:
    for scheme in ("http", "postgresql+psycopg2"):
        with pytest.raises(EvaluationError) as caught:
            tracking.log(f"{scheme}://user:secret@127.0.0.1:9", "x", tracked(made_report()))
        assert str(caught.value) == (
            f"MLflow at {scheme}://user:***@127.0.0.1:9: no server answers (connection refused)"
        )
