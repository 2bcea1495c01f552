"""The offline judge: how well the passages' words support an answer, statement by statement.

A logistic regression over the features of features.py, its coefficients in support.json, trained by
benchmarks/support.py on statements that people marked. It reads words, not meaning: a swapped role or a
paraphrase escapes it. Its figures are advisory until it has a card.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from evalkit.digest import of_value
from evalkit.judges.features import Features, Source, describe, read
from evalkit.judges.statements import statements
from evalkit.types import Claim, Exchange, Judgement, Runtime

__all__ = ["DOUBT", "Support", "unsupported"]

DOUBT = 0.3
"""From what chance on a statement is shown as not supported: half of those that people mark reach it, and of those that
reach it nearly half are marked (benchmarks/support.py)."""

MEASURE = "SupportScore"
_VERSION = 1
"""Of the features and the statements; a change of either changes every score."""


@dataclass(frozen=True, slots=True)
class Support:
    """The chance that every statement of the answer is supported: the product over its statements.

    Offline and deterministic; thousands of statements a second. For English answers.
    """

    def identity(self) -> str:
        return f"support {of_value(_VERSION, _model())[:12]}"

    def measures(self) -> frozenset[str]:
        return frozenset({MEASURE})

    def judge(self, measure: str, exchanges: Sequence[Exchange], runtime: Runtime) -> Sequence[Judgement]:  # noqa: ARG002
        return [_judged(exchange) for exchange in exchanges]


def unsupported(features: Features) -> float:
    """The chance that a statement with these features is not supported by its passages."""
    weights = _model()
    logit = weights["intercept"] + sum(weights[name] * value for name, value in features._asdict().items())
    return 1 / (1 + math.exp(-logit))


def _judged(exchange: Exchange) -> Judgement:
    source = Source(read(exchange.question), [read(text) for text in exchange.passages])
    claims, value = [], 1.0
    for statement in statements(exchange.answer):
        features, passage, note = describe(statement, source)
        chance = unsupported(features)
        value *= 1 - chance
        claims.append(Claim(statement.text, chance < DOUBT, passage, note))
    if not claims:
        return Judgement(error="the answer holds no statement")
    return Judgement(value, claims=tuple(claims))


@cache
def _model() -> Mapping[str, float]:
    text = files("evalkit.judges").joinpath("support.json").read_text(encoding="utf-8")
    coefficients: dict[str, float] = json.loads(text)["coefficients"]
    return coefficients
