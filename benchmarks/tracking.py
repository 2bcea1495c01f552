"""Logging an evaluation to MLflow, beside mlflow.genai.evaluate.

12 variants over the 472 questions of `chroma-chunking-eval`, into a new SQLite store; beside it MLflow's own evaluation
of 200 rows with one scorer that returns a constant. A row is a question of a variant.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.sidebyside import table

VARIANTS, ROWS, REPEATS = 12, 200, 3
MLFLOW = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": "100"}
"""With the default pool MLflow's evaluation waits 30 s at a time for a connection to SQLite."""
SUITE = """\
name: tracking
owner: benchmarks
corpus: {{docs: {{folder: {{path: "{data}/corpora"}}}}}}
golden: {{chroma: {{path: "{data}/questions_df.csv"}}}}
measures: [Recall@5, nDCG@10, P@5, IoU@5]
grid:
  chunker: [{chunkers}]
  retriever: bm25
"""


def main(data: Path | None) -> str:
    if data is None:
        raise ImportError("EVALKIT_DATA is not set")
    took: dict[str, list[tuple[int, float]]] = {"evalkit": [], "mlflow.genai.evaluate": []}
    for _ in range(REPEATS):
        for name, kept in took.items():
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.tracking", name, str(data / "chroma-chunking-eval")],
                check=True,
                capture_output=True,
                text=True,
                env={**os.environ, **MLFLOW},
            )
            rows, seconds = done.stdout.split()[-2:]
            kept.append((int(rows), float(seconds)))
    rates = {
        name: sorted(rows / seconds for rows, seconds in kept)[REPEATS // 2] for name, kept in took.items()
    }
    lines = [
        (
            name,
            f"{kept[0][0]:,}",
            f"{sorted(seconds for _, seconds in kept)[REPEATS // 2]:.2f} s",
            f"{rates[name]:,.0f}",
        )
        for name, kept in took.items()
    ]
    ratio = rates["evalkit"] / rates["mlflow.genai.evaluate"]
    head = ("what logs", "rows", "time", "rows a second")
    return (
        table(head, lines)
        + f"\n{ratio:,.0f}× the rows a second; median of {REPEATS}, each a new process and store.\n"
    )


def ours(data: Path, folder: Path) -> tuple[int, Callable[[], object]]:
    from evalkit.backends import tracking
    from evalkit.report.tracked import tracked
    from evalkit.run import run_suite
    from evalkit.suite import load_suite
    from evalkit.sync import sync

    chunkers = ", ".join(f"{{fixed: {200 + 100 * n}}}" for n in range(VARIANTS))
    path = folder / "suite.yaml"
    path.write_text(SUITE.format(data=data.resolve(), chunkers=chunkers))
    suite = load_suite(path)
    sync(suite, silent)
    report = run_suite(suite, silent)
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    made = partial(tracking.log, uri, "ours", tracked(report), folder / "artifacts")
    return len(report["items"]) * len(report["variants"]), made


def theirs(data: Path, folder: Path) -> tuple[int, Callable[[], object]]:  # noqa: ARG001
    import mlflow
    from mlflow.genai import evaluate, scorer

    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.set_experiment("theirs")

    @scorer  # type: ignore[untyped-decorator]
    def constant(outputs: str) -> float:
        return float(bool(outputs))

    rows = [{"inputs": {"question": str(n)}, "outputs": "yes"} for n in range(ROWS)]
    return ROWS, partial(evaluate, data=rows, scorers=[constant])


def silent(stage: str, done: int, total: int) -> None:
    """Shows nothing."""


if __name__ == "__main__":
    with TemporaryDirectory() as temporary:
        os.chdir(temporary)
        contender = ours if sys.argv[1] == "evalkit" else theirs
        count, work = contender(Path(sys.argv[2]), Path(temporary))
        begin = perf_counter()
        work()
        print(count, perf_counter() - begin)
