"""Labels and a judge -> its card."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evalkit.errors import EvaluationError
from evalkit.trust.agreement import THRESHOLD, agreement, between_people
from evalkit.trust.card import Card, Pair, Slice
from evalkit.trust.labels import Labelled, key
from evalkit.types import Judge, Judgement, Runtime
from evalkit.wording import counted

if TYPE_CHECKING:
    from evalkit.types import Arrays

__all__ = ["calibrate"]

REPEATED = 50
"""How many answers a judge is asked about again."""

_MIN_SLICE = 20


def calibrate(
    judge: Judge,
    measure: str,
    labelled: Sequence[Labelled],
    runtime: Runtime,
    *,
    today: dt.date,
    days: int,
    repeats: int,
    seed: int,
) -> Card:
    """Asks a judge about labelled answers and records how the two agree.

    Args:
        judge: the judge.
        measure: what it judges.
        labelled: answers with what people said of them.
        runtime: what the judge may use.
        today: the day that the card is made.
        days: for how long it holds.
        repeats: how often the judge is asked again about up to `REPEATED` of the answers, past any cache.
        seed: of the intervals and of the answers asked about again.

    Raises:
        EvaluationError: where the judge does not return one judgement an answer, or no value at all.
    """
    judgements = _ask(judge, measure, labelled, runtime)
    values = [_value(judgement) for judgement in judgements]
    if all(value is None for value in values):
        reason = next(iter(judgements)).error
        raise EvaluationError(f"{judge.identity()}: gave no value to any of {len(values)} answers ({reason})")
    label = np.array([item.label for item in labelled])
    positive = label > THRESHOLD
    # An answer without a value counts as misjudged, however the figure is made.
    judged = np.array(
        [v if v is not None else 0.0 if p else 1.0 for v, p in zip(values, positive, strict=True)]
    )
    clusters = [item.cluster or f"answer {row}" for row, item in enumerate(labelled)]
    rng = np.random.default_rng(seed)
    return Card(
        judge=judge.identity(),
        measure=measure,
        made_on=today,
        expires_on=today + dt.timedelta(days=days),
        labels=len(labelled),
        rarer=int(min(positive.sum(), (~positive).sum())),
        clusters=len(set(clusters)),
        unscored=sum(value is None for value in values),
        agreement=agreement(positive, judged, clusters, rng),
        slices={
            name: Slice(len(rows), agreement(positive[rows], judged[rows], [clusters[r] for r in rows], rng))
            for name, rows in _slices(labelled).items()
        },
        people=between_people([item.labels for item in labelled]),
        repeats=_again(judge, measure, labelled, values, runtime=runtime, repeats=repeats, rng=rng)
        if repeats
        else None,
        pairs=tuple(
            Pair(key(item.exchange), item.variant, value, item.label)
            for item, value in zip(labelled, values, strict=True)
        ),
    )


def _ask(judge: Judge, measure: str, labelled: Sequence[Labelled], runtime: Runtime) -> Sequence[Judgement]:
    judgements = judge.judge(measure, [item.exchange for item in labelled], runtime)
    if len(judgements) != len(labelled):
        raise EvaluationError(
            f"{judge.identity()}: found {counted(len(judgements), 'judgement')} "
            f"of {counted(len(labelled), 'answer')}; expected one each"
        )
    return judgements


def _value(judgement: Judgement) -> float | None:
    return None if judgement.error or not 0 <= judgement.value <= 1 else judgement.value


def _slices(labelled: Sequence[Labelled]) -> dict[str, list[int]]:
    """Rows by "tag=value", of slices that are not too small to say anything."""
    rows: dict[str, list[int]] = {}
    for row, item in enumerate(labelled):
        for tag, value in item.tags.items():
            rows.setdefault(f"{tag}={value}", []).append(row)
    return {name: found for name, found in sorted(rows.items()) if len(found) >= _MIN_SLICE}


def _again(
    judge: Judge,
    measure: str,
    labelled: Sequence[Labelled],
    values: Sequence[float | None],
    *,
    runtime: Runtime,
    repeats: int,
    rng: np.random.Generator,
) -> Mapping[str, float]:
    """Asks about the same answers again: the noise that questions do not explain."""
    rows = np.sort(rng.permutation(len(labelled))[:REPEATED])
    asked = [labelled[row] for row in rows]
    forgetful = replace(runtime, cache=_Forgetful())
    changes, flips = [], []
    for _ in range(repeats):
        for row, judgement in zip(rows, _ask(judge, measure, asked, forgetful), strict=True):
            before, after = values[row], _value(judgement)
            if before is None or after is None:
                flips.append(before is not after)
                continue
            changes.append(abs(after - before))
            flips.append((after >= THRESHOLD) != (before >= THRESHOLD))
    return {
        "answers": len(rows),
        "repeats": repeats,
        "flipped": float(np.mean(flips)),
        "mean_change": float(np.mean(changes)) if changes else 0.0,
    }


class _Forgetful:
    """A cache that holds nothing, so that a repeated question is asked."""

    def get(self, key: str) -> Arrays | None:  # noqa: ARG002
        return None

    def put(self, key: str, arrays: Arrays) -> None:
        """Keeps nothing."""
