"""Answers drawn at random for people to label. May import evaluate and below."""

from __future__ import annotations

import numpy as np

from evalkit.errors import SuiteError, did_you_mean
from evalkit.evaluate import read_corpus, read_questions
from evalkit.golden.anchor import anchor
from evalkit.measures.judged import Judged
from evalkit.stages import run_variants
from evalkit.suite import Suite
from evalkit.trust.labels import Labelled
from evalkit.types import Runtime

__all__ = ["draw", "judged_measure"]


def judged_measure(suite: Suite, name: str | None) -> Judged:
    """Returns a suite's judged measure by its name, or its only one.

    Raises:
        SuiteError: where there is no such measure, or a choice of several.
    """
    judged = {str(measure): measure for measure in suite.measures if isinstance(measure, Judged)}
    if name is None and len(judged) == 1:
        return next(iter(judged.values()))
    if name is None:
        if not judged:
            raise SuiteError(
                f"{suite.path}: no measure is judged; name one, such as SupportScore, and its 'judge'"
            )
        raise SuiteError(f"{suite.path}: judges {', '.join(judged)}; name one with --measure")
    if name not in judged:
        raise SuiteError(f"{suite.path}: no judged measure '{name}'; {did_you_mean(name, judged)}")
    return judged[name]


def draw(suite: Suite, measure: Judged, variant: str, count: int, runtime: Runtime) -> list[Labelled]:
    """Runs one variant and draws from what its judge would see, by the suite's seed; all of it where that is less.

    Where the suite splits its questions the test half is drawn from: it is what gates read.

    Raises:
        SuiteError: for an unknown variant.
    """
    variants = {one.name: one for one in suite.variants}
    if variant not in variants:
        raise SuiteError(f"{suite.path}: unknown variant '{variant}'; {did_you_mean(variant, variants)}")
    corpus = read_corpus(suite)
    golden = anchor(read_questions(suite), corpus)
    run = run_variants((variants[variant],), corpus, golden, runtime)[variant]
    exchanges = measure.exchanges(run, golden)
    rows = sorted(exchanges)
    picked = np.random.default_rng(suite.seed).permutation(len(rows))[:count]
    return [
        Labelled(
            exchanges[row].question,
            exchanges[row].answer,
            exchanges[row].passages,
            exchanges[row].reference,
            variant=variant,
            cluster=golden.questions[row].cluster or golden.questions[row].id,
            tags=golden.questions[row].tags,
        )
        for row in sorted(rows[place] for place in picked)
    ]
