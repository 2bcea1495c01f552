"""Stages give the same bytes wherever and in whatever order their work is done."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from evalkit.backends import encoder
from evalkit.backends.runtime import open_runtime
from evalkit.backends.workers import Processes, Serial, open_workers
from evalkit.chunkers.recursive import Recursive
from evalkit.chunkers.semantic import Semantic
from evalkit.corpus.snapshot import Store
from evalkit.errors import EvaluationError, SuiteError
from evalkit.golden.anchor import anchor
from evalkit.retrievers.bm25 import BM25
from evalkit.retrievers.dense import Dense
from evalkit.retrievers.hybrid import Hybrid
from evalkit.stages import run_variants
from evalkit.types import Document, Evidence, Question, Run, Runtime, Variant, Workers

SENTENCES = [
    f"Machine {n} in hall {n % 7} stops when sensor {n * 3} reports {n + 40} degrees. Ask team {n % 5}."
    for n in range(60)
]
VARIANTS = [
    Variant("words", Recursive(size=90), BM25(), depth=5),
    Variant("meaning", Recursive(size=90), Dense(), depth=5),
    Variant("both", Recursive(size=90), Hybrid(), depth=5),
    Variant("topics", Semantic(size=200), Dense(), depth=5),
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "corpus")


def run_in(home: Path, store: Store, workers: Workers) -> tuple[dict[str, Run], Runtime]:
    documents = [Document(f"{n:02}", " ".join(SENTENCES[n * 4 : n * 4 + 4])) for n in range(15)]
    corpus = store.snapshot(documents)
    questions = tuple(
        Question(f"q{n}", f"Which team owns machine {n * 4}?", (Evidence(f"{n:02}", SENTENCES[n * 4]),))
        for n in range(15)
    )
    runtime = open_runtime(home, progress=lambda stage, done, total: None, workers=workers)
    return run_variants(VARIANTS, corpus, anchor(questions, corpus), runtime), runtime


def digest(runs: dict[str, Run]) -> str:
    made = hashlib.sha256()
    for run in runs.values():
        for array in (run.passages.start, run.passages.end, run.hits.passage, run.hits.score):
            made.update(np.ascontiguousarray(array).tobytes())
    return made.hexdigest()


@pytest.mark.filterwarnings("ignore")  # Ray's own
@pytest.mark.parametrize("spec", ["2", "ray"])
def test_workers_give_the_bytes_of_one_process(tmp_path: Path, store: Store, spec: str) -> None:
    if spec == "ray":
        pytest.importorskip("ray", reason="the ray extra is not installed")
    serial, _ = run_in(tmp_path / "a", store, Serial())
    with open_workers(spec) as workers:
        parallel, _ = run_in(tmp_path / "b", store, workers)
    assert digest(serial) == digest(parallel)


def test_a_second_run_makes_nothing(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first, tally = run_in(tmp_path / "a", store, Serial())
    assert tally.tally.made["chunk"] == 2
    assert tally.tally.made["search"] == 4
    monkeypatch.setattr(encoder, "embed_now", None)
    again, tally = run_in(tmp_path / "a", store, Serial())
    assert (tally.tally.made, tally.tally.reused) == ({"chunk": 0, "search": 0}, {"chunk": 2, "search": 4})
    assert digest(first) == digest(again)


def test_no_text_is_embedded_twice_across_variants(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    real = encoder.embed_now

    def watched(name: str, texts: list[str]) -> encoder.Embedded:
        seen.extend(texts)
        return real(name, texts)

    monkeypatch.setattr(encoder, "embed_now", watched)
    monkeypatch.setattr("evalkit.retrievers.dense._TIMED", 0)
    run_in(tmp_path / "a", store, Serial())
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("name", [encoder.DEFAULT, f"openvino:{encoder.DEFAULT}"])
def test_a_vector_depends_on_its_text_alone(name: str) -> None:
    if name.startswith("openvino:"):
        pytest.importorskip("openvino", reason="the openvino extra is not installed")
    texts = [sentence * (1 + n % 9) for n, sentence in enumerate(SENTENCES)]
    together = encoder.embed_now(name, texts).rows
    order = np.random.default_rng(3).permutation(len(texts))
    assert encoder.embed_now(name, [texts[row] for row in order]).rows.tobytes() == together[order].tobytes()
    assert encoder.embed_now(name, [texts[8]]).rows.tobytes() == together[8:9].tobytes()


def test_openvino_agrees_with_pytorch() -> None:
    pytest.importorskip("openvino", reason="the openvino extra is not installed")
    ours = encoder.embed_now(f"openvino:{encoder.DEFAULT}", SENTENCES).rows.astype(np.float32)
    theirs = encoder.embed_now(encoder.DEFAULT, SENTENCES).rows.astype(np.float32)
    assert (np.sum(ours * theirs, axis=1) > 0.999).all()
    assert encoder.identity(f"openvino:{encoder.DEFAULT}") != encoder.identity(encoder.DEFAULT)


def _suicidal(item: tuple[int, Path]) -> int:
    number, marks = item
    mark = marks / str(number)
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def _always(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def _raising(number: int) -> int:
    raise EvaluationError(f"{number}: found a hole; expected none")


@pytest.fixture
def two() -> Iterator[Processes]:
    workers = Processes(2)
    yield workers
    workers.close()


def test_work_of_a_killed_process_is_done_again(tmp_path: Path, two: Processes) -> None:
    assert list(two.map(_suicidal, [(n, tmp_path) for n in range(8)])) == [n * n for n in range(8)]


def test_work_that_kills_every_process_is_an_error(two: Processes) -> None:
    with pytest.raises(EvaluationError, match="3 times a worker process was lost"):
        list(two.map(_always, [1]))


def test_an_error_crosses_from_a_process(two: Processes) -> None:
    with pytest.raises(EvaluationError, match="found a hole"):
        list(two.map(_raising, [1]))
    assert not multiprocessing.current_process().daemon


@pytest.mark.parametrize("spec", ["0", "-1", "many", "http://x"])
def test_unknown_workers_are_refused(spec: str) -> None:
    with pytest.raises(SuiteError, match="--workers: found"):
        open_workers(spec)
