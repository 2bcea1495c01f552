"""What a run would pay for, before anything is paid. May import evaluate and below."""

from __future__ import annotations

from dataclasses import dataclass, replace

from evalkit.evaluate import read_corpus, read_questions
from evalkit.golden.anchor import anchor
from evalkit.golden.split import Side
from evalkit.measures.judged import Judged
from evalkit.stages import run_variants, shown
from evalkit.suite import Suite
from evalkit.types import Answer, Golden, Run, Runtime

__all__ = ["Spending", "estimate"]

_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Spending:
    """About how many calls a part of a run makes, and what they cost in the currency of its prices."""

    what: str
    calls: int
    cost: float


def estimate(suite: Suite, runtime: Runtime, side: Side = "test") -> list[Spending]:
    """Retrieves, which is free, and estimates answering and judging from the texts' lengths; nothing is called.

    Replies that an earlier run kept are not counted off: this is the price of a first run. An answer that would have
    to be paid for is taken to be as long as the reference.
    """
    corpus = read_corpus(suite)
    golden = anchor(read_questions(suite, side), corpus)
    free = [
        v if not hasattr(v.answerer, "concurrency") else replace(v, answerer=None) for v in suite.variants
    ]
    runs = run_variants(free, corpus, golden, runtime)
    spending: list[Spending] = []
    for variant in suite.variants:
        run = replace(runs[variant.name], variant=variant)
        if variant.answerer is not None and run.answers is None:
            costs = getattr(variant.answerer, "estimate", lambda _question, _passages: 0.0)
            asked = shown(variant, run.passages, run.hits, golden)
            cost = sum(costs(*one) for one in asked)
            spending.append(Spending(f"answers of {variant.name}", len(asked), cost))
            run = replace(run, answers=_stand_ins(golden))
        spending += _judging(suite, run, golden)
    return spending


def _judging(suite: Suite, run: Run, golden: Golden) -> list[Spending]:
    spending = []
    for measure in suite.measures:
        costs = getattr(measure.judge, "estimate", None) if isinstance(measure, Judged) else None
        if isinstance(measure, Judged) and costs is not None:
            exchanges = tuple(measure.exchanges(run, golden).values())
            spending.append(Spending(f"{measure} of {run.variant.name}", *costs(str(measure), exchanges)))
    return spending


def _stand_ins(golden: Golden) -> tuple[Answer, ...]:
    return tuple(Answer(question.reference or "x" * _LENGTH) for question in golden.questions)
