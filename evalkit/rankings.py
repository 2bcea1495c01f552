"""What a suite's variants find, as TREC's tools read it: whole documents, ranked. May import evaluate and below."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evalkit.evaluate import read_corpus, read_questions
from evalkit.golden.anchor import anchor
from evalkit.stages import run_variants
from evalkit.suite import Suite
from evalkit.types import Run, Runtime

__all__ = ["Ranked", "ranked"]

Ranked = dict[str, list[tuple[str, float]]]
"""Question id -> (document, score), best first, scores strictly falling."""


def ranked(suite: Suite, runtime: Runtime, source: str = "") -> dict[str, Ranked]:
    """Runs every variant and returns each question's documents, each at its best passage.

    Args:
        suite: what to run.
        runtime: what stages may use.
        source: the corpus source that documents are named without, where there is only one.
    """
    corpus = read_corpus(suite)
    golden = anchor(read_questions(suite), corpus)
    variants = [replace(variant, answerer=None) for variant in suite.variants]
    ids = [question.id for question in golden.questions]
    found = run_variants(variants, corpus, golden, runtime)
    return {name: _ranked(run, ids, f"{source}/" if source else "") for name, run in found.items()}


def _ranked(run: Run, ids: list[str], prefix: str) -> Ranked:
    result: Ranked = {}
    for row, question in enumerate(ids):
        hits: dict[str, float] = {}
        last = np.inf
        for hit, score in zip(run.hits.passage[row], run.hits.score[row], strict=True):
            document = run.passages.corpus[int(run.passages.doc[hit])].doc_id if hit >= 0 else ""
            if document and document not in hits:
                # TREC's tools sort by score alone: equal scores would be put in another order.
                last = min(float(score), float(np.nextafter(last, -np.inf)))
                hits[document] = last
        result[question] = [(document.removeprefix(prefix), score) for document, score in hits.items()]
    return result
