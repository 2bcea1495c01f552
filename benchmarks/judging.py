"""Judging over HTTP: how close to the ideal that latency and concurrency allow.

A scripted endpoint in a process of its own takes 200 ms over every reply. The ideal is the number of calls, canaries
included, times the latency over the concurrency.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from evalkit.backends import ragas_library
from evalkit.backends.runtime import open_runtime
from evalkit.errors import MissingDependency
from evalkit.judges.ragas import Ragas
from evalkit.types import Exchange, Judgement

LATENCY = 0.2
ANSWERS = 500
SERVER = f"""
import sys
from tests.endpoint import serve
with serve(latency={LATENCY}) as endpoint:
    print(endpoint.url, flush=True)
    sys.stdin.read()
"""


def main(data: Path | None) -> str:  # noqa: ARG001
    try:
        ragas_library.for_judging()
    except MissingDependency as error:
        raise ImportError(str(error)) from error
    lines = ["| concurrency | calls | ideal, s | took, s | ratio | again, s |", "|---|---|---|---|---|---|"]
    for concurrency in (8, 16):
        calls, took, again = judged(concurrency)
        ideal = calls * LATENCY / concurrency
        lines.append(
            f"| {concurrency} | {calls:,} | {ideal:.1f} | {took:.1f} | {took / ideal:.2f} | {again:.1f} |"
        )
    return "\n".join(
        [f"{ANSWERS} answers, Faithfulness by ragas, {LATENCY * 1000:.0f} ms a reply.", "", *lines, ""]
    )


def judged(concurrency: int) -> tuple[int, float, float]:
    """Returns how many calls were made, the seconds they took, and those of a second run from what was kept."""
    exchanges = [
        Exchange(f"Does pump {n} run?", f"Pump {n} runs. It is loud.", (f"Pump {n} runs.",))
        for n in range(ANSWERS)
    ]
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        judge = Ragas("double", server.stdout.readline().strip(), concurrency=concurrency)
        with tempfile.TemporaryDirectory() as home:
            runtime = open_runtime(Path(home), progress=lambda _stage, _done, _total: None)
            start = perf_counter()
            said = judge.judge("Faithfulness", exchanges, runtime)
            took = perf_counter() - start
            check(said)
            calls = runtime.tally.made["judge"]
            start = perf_counter()
            check(judge.judge("Faithfulness", exchanges, runtime))
            assert runtime.tally.made["judge"] == calls
            return calls, took, perf_counter() - start
    finally:
        server.communicate("")


def check(said: object) -> None:
    """Every answer is half supported."""
    assert isinstance(said, list)
    assert all(isinstance(one, Judgement) and (one.value, one.error) == (0.5, "") for one in said)
