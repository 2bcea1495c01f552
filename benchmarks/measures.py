"""Scoring 10,000 questions of 100 hits, beside ir_measures (trec_eval) and ranx.

Whole documents are the evidence, one passage a document, so that all three compute the same numbers; they are compared
before they are timed. Timed is one measure's value for every question, in this process, from the structures each
library is handed at its best: evalkit's columns, ir_measures' evaluator and a run as dicts (trec_eval's binding reads
no other form), ranx's Qrels and Run, its numba code compiled beforehand and its results not stored back. Building those
structures is not timed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.sidebyside import alternate, table
from evalkit.backends.runtime import open_runtime
from evalkit.measures import parse
from evalkit.types import Document, Evidence, Golden, Hits, Passages, Qrels, Question, Run, Variant

QUESTIONS, DEPTH, DOCUMENTS, SEED, REPEATS = 10_000, 100, 50_000, 7, 9
NAMES = {
    "Recall@10": ("R@10", "recall@10"),
    "Recall@100": ("R@100", "recall@100"),
    "nDCG@10": ("nDCG@10", "ndcg@10"),
    "nDCG@100": ("nDCG@100", "ndcg@100"),
    "AP@100": ("AP@100", "map@100"),
}
TOLERANCE = 1e-9


class Blank:
    """A corpus whose documents nobody reads."""

    digest = ""

    def __len__(self) -> int:
        return DOCUMENTS

    def __getitem__(self, row: int, /) -> Document:
        raise IndexError(row)

    def row(self, doc_id: str) -> int | None:
        raise KeyError(doc_id)


@dataclass(frozen=True)
class Given:
    """One run and its judgements, in evalkit's form and as dicts of ids."""

    run: Run
    golden: Golden
    hits: dict[str, dict[str, float]]
    judged: dict[str, dict[str, int]]


def given() -> Given:
    """Five judged documents a question, about three of them retrieved, graded 1 to 3."""
    rng = np.random.default_rng(SEED)
    hits = np.stack([rng.choice(DOCUMENTS, DEPTH, replace=False) for _ in range(QUESTIONS)]).astype(np.int32)
    relevant = [np.unique([*rng.choice(row, 3, replace=False), *rng.choice(DOCUMENTS, 2)]) for row in hits]
    question = np.repeat(np.arange(QUESTIONS, dtype=np.int32), [len(docs) for docs in relevant])
    doc = np.concatenate(relevant).astype(np.int32)
    grade = rng.integers(1, 4, len(doc), dtype=np.int32)
    score = np.tile(np.arange(DEPTH, 0, -1, dtype=np.float32), (QUESTIONS, 1))

    zeros, length = np.zeros(DOCUMENTS, dtype=np.int32), np.full(DOCUMENTS, 1000, dtype=np.int32)
    passages = Passages(Blank(), np.arange(DOCUMENTS, dtype=np.int32), zeros, length, zeros, ("",), "")
    variant = Variant("v", None, None, depth=DEPTH)  # type: ignore[arg-type]
    run = Run(variant, passages, Hits(hits, score, np.full(QUESTIONS, -1.0)))
    qrels = Qrels(question, doc, zeros[doc], length[doc], grade, np.ones(len(doc), dtype=np.bool_))
    golden = Golden(tuple(Question(str(n), "?", (Evidence("d"),)) for n in range(QUESTIONS)), qrels, {}, "")

    judged: dict[str, dict[str, int]] = {}
    for row, of, worth in zip(question.tolist(), doc.tolist(), grade.tolist(), strict=True):
        judged.setdefault(str(row), {})[str(of)] = worth
    listed = {
        str(n): dict(zip(map(str, row.tolist()), worths.tolist(), strict=True))
        for n, (row, worths) in enumerate(zip(hits, score, strict=True))
    }
    return Given(run, golden, listed, judged)


def main(data: Path | None) -> str:  # noqa: ARG001
    import ir_measures
    import ranx

    made = given()
    theirs = ranx.Qrels(made.judged), ranx.Run(made.hits)
    # ranx returns values in the order of its sorted ids.
    order = np.array(sorted(range(QUESTIONS), key=str))
    rows = []
    with TemporaryDirectory() as folder:
        runtime = open_runtime(Path(folder), progress=lambda _stage, _done, _total: None)
        for name, (trec, ranx_name) in NAMES.items():
            measure = parse(name)
            evaluator = ir_measures.evaluator([ir_measures.parse_measure(trec)], made.judged)
            contenders: list[Callable[[], object]] = [
                partial(measure.score, made.run, made.golden, runtime),
                partial(per_question, evaluator, made.hits),
                partial(ranx.evaluate, *theirs, ranx_name, save_results_in_run=False),
            ]
            ours = measure.score(made.run, made.golden, runtime).value
            by_id = per_question(evaluator, made.hits)
            agree(name, ours, np.array([by_id[str(n)] for n in range(QUESTIONS)]))
            agree(name, ours[order], np.asarray(ranx.evaluate(*theirs, ranx_name, return_mean=False)))
            own, trec_eval, numba = alternate(contenders, REPEATS)
            faster = min(trec_eval.median, numba.median)
            rows.append((name, own, trec_eval, numba, f"{faster / own.median:.1f}×"))
    head = ("measure", "evalkit", "ir_measures", "ranx", "the faster of the two / evalkit")
    return table(head, rows) + f"\nValues equal to {TOLERANCE:g}; seed {SEED}, median of {REPEATS}.\n"


def per_question(evaluator: Any, hits: dict[str, dict[str, float]]) -> dict[str, float]:
    """Reads every question's value out of ir_measures."""
    return {metric.query_id: metric.value for metric in evaluator.iter_calc(hits)}


def agree(name: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    """Stops the benchmark where two libraries disagree about any question."""
    worst = float(np.abs(ours - theirs).max())
    if worst > TOLERANCE:
        raise SystemExit(f"{name}: values differ by up to {worst}; nothing was timed")
