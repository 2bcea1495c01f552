"""Ray: a real cluster of two nodes on this machine, one of which dies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalkit.backends.workers import open_workers
from evalkit.errors import EvaluationError, SuiteError

cluster_utils = pytest.importorskip("ray.cluster_utils", reason="the ray extra is not installed")

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # Ray's own
    pytest.mark.xdist_group("ray"),
]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    made = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    made.add_node(num_cpus=1)
    monkeypatch.setenv("RAY_ADDRESS", made.address)
    yield made
    made.shutdown()


def square(item: tuple[int, str, Path]) -> int:
    """Leaves a mark that names the task; on the doomed node it would never end."""
    import ray

    number, doomed, marks = item
    if number and ray.get_runtime_context().get_node_id() == doomed:
        (marks / str(number)).touch()
        time.sleep(3600)
    return number * number


def refuse(number: int) -> int:
    raise SuiteError(f"{number}: found a hole; expected none")


def test_the_tasks_of_a_dead_node_run_again_in_order(cluster: Any, tmp_path: Path) -> None:
    with open_workers("ray") as workers:
        doomed = next(iter(cluster.worker_nodes))
        results = workers.map(square, [(n, doomed.node_id, tmp_path) for n in range(8)])
        assert next(results) == 0
        while not list(tmp_path.iterdir()):
            time.sleep(0.01)
        cluster.remove_node(doomed, allow_graceful=False)
        assert list(results) == [n * n for n in range(1, 8)]


def test_an_error_crosses_with_its_type(cluster: Any) -> None:
    with open_workers("ray") as workers, pytest.raises(SuiteError, match="found a hole"):
        list(workers.map(refuse, [1]))


def test_no_cluster_at_the_address() -> None:
    with (
        pytest.raises(EvaluationError, match=r"ray: no cluster at ray://127.0.0.1:9"),
        open_workers("ray://127.0.0.1:9"),
    ):
        pass
