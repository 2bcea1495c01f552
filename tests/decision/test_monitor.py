from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalkit.decision.monitor import Alarm, call, read_state, scored, watched
from evalkit.errors import EvaluationError, SuiteError
from tests.test_cli import SUITE, evalkit, project

__all__ = ["project"]


class Hook:
    """A webhook's receiver: a real server that keeps what it was sent and answers with `status`."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.status = 204
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Says nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/secret"


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_the_first_bets_worked_by_hand() -> None:
    assert (
        Alarm(0.5).after([0.0]).capital == 0.0
    )  # nothing speaks against the floor yet, so nothing is staked
    second = Alarm(0.5).after([0.0, 0.0])
    mean, variance = 4 * 0.5 / 5, (4 * 0.25 + 0.25) / 5
    stake = min(0.1 / (variance + 0.01), 0.5 / 0.5)
    assert mean == 0.4
    assert second.capital == pytest.approx(math.log1p(stake * 0.5))


def test_looking_often_raises_few_false_alarms_and_a_fall_is_noticed() -> None:
    draw = np.random.default_rng(3)
    at_floor = [Alarm(0.85).after((draw.random(2000) < 0.85) * 1.0).raised for _ in range(200)]
    assert sum(at_floor) <= 10 + 3 * math.sqrt(200 * 0.05 * 0.95)
    fallen = [Alarm(0.85).after((draw.random(400) < 0.7) * 1.0).raised for _ in range(50)]
    assert all(fallen)


def test_looks_in_pieces_are_one_look() -> None:
    values = list((np.random.default_rng(1).random(300) < 0.6) * 1.0)
    assert Alarm(0.8).after(values[:100]).after(values[100:]) == Alarm(0.8).after(values)


def test_an_alarm_calls_the_webhook_once_and_again_until_it_answers(hook: Hook, tmp_path: Path) -> None:
    outcomes, state = tmp_path / "live.jsonl", tmp_path / "state.json"
    outcomes.write_text('{"value": 1}\n' * 20)
    told = {"floor": 0.85, "alpha": 0.05, "webhook": hook.url, "suite": "demo"}
    assert not watched(outcomes, state, **told).raised  # type: ignore[arg-type]
    with outcomes.open("a") as file:
        file.write('{"value": 0}\n' * 60)
    hook.status = 500
    with pytest.raises(EvaluationError, match=r"webhook at 127\.0\.0\.1: .*500.* called again"):
        watched(outcomes, state, **told)  # type: ignore[arg-type]
    assert read_state(state, 0.85, 0.05).n == 20
    hook.status = 204
    assert watched(outcomes, state, **told).raised  # type: ignore[arg-type]
    assert watched(outcomes, state, **told).raised  # type: ignore[arg-type]
    assert len(hook.bodies) == 2
    assert hook.bodies[1]["now"] == "alarm"
    assert "below the floor 0.85 with 95% confidence" in hook.bodies[1]["reason"]


@pytest.mark.parametrize("line", ["{", '{"value": 2}', '{"value": null}', '{"score": 1}', "NaN"])
def test_a_line_without_a_share_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "live.jsonl"
    path.write_text(f'{{"value": 1}}\n{line}\n')
    with pytest.raises(SuiteError, match=r"live\.jsonl:2: found"):
        list(scored(path, 0))


def test_a_state_of_another_floor_and_a_shorter_file_are_refused(tmp_path: Path) -> None:
    outcomes, state = tmp_path / "live.jsonl", tmp_path / "state.json"
    outcomes.write_text('{"value": 1}\n' * 3)
    watched(outcomes, state, floor=0.8, alpha=0.05, webhook=None, suite="demo")
    with pytest.raises(SuiteError, match=r"watches the floor 0\.8"):
        read_state(state, 0.9, 0.05)
    outcomes.write_text('{"value": 1}\n')
    with pytest.raises(SuiteError, match="append to it"):
        watched(outcomes, state, floor=0.8, alpha=0.05, webhook=None, suite="demo")
    state.write_text("{}")
    with pytest.raises(SuiteError, match="delete it to start afresh"):
        read_state(state, 0.8, 0.05)


def test_only_http_is_called() -> None:
    with pytest.raises(EvaluationError, match="expected http or https"):
        call("file:///etc/passwd", "demo", "GO", "NO-GO", "why")


def test_a_flipped_verdict_calls_the_webhook(project: Path, hook: Hook) -> None:
    first = evalkit("monitor", ".", "--webhook", hook.url, cwd=project)
    assert (first.returncode, hook.bodies) == (0, [])
    (project / "suite.yaml").write_text(SUITE.replace("at_least: 0.5", "at_least: 0.95"))
    assert evalkit("monitor", ".", "--webhook", hook.url, cwd=project).returncode == 3
    (body,) = hook.bodies
    assert (body["suite"], body["was"], body["now"]) == ("demo", "GO", "INCONCLUSIVE")
