"""Gates on what a judge says: nothing without labels, and with them what people say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from evalkit.gates import registry
from evalkit.types import Golden, Labels, Outcome, Scores, State, Verdict
from tests.conftest import golden

RNG = np.random.default_rng(11)
TRUTH = RNG.random(400) < 0.7
JUDGED = np.clip(0.55 * TRUTH + 0.45 * RNG.random(400), 0, 1)
LABELLED = np.sort(RNG.permutation(400)[:160]).astype(np.int32)


@dataclass
class Sheet:
    """Results by hand."""

    columns: Mapping[str, Scores]
    tags: Sequence[Mapping[str, str]] | None = None
    baseline: str | None = "old"
    seed: int = 0

    @property
    def variants(self) -> Sequence[str]:
        return tuple(self.columns)

    @property
    def golden(self) -> Golden:
        return golden([[(0, 0, 1)]] * 400, tags=self.tags)

    def scores(self, variant: str, measure: str) -> Scores:
        return self.columns[variant]

    def figure(self, name: str) -> float | None:
        return None


def column(value: np.ndarray = JUDGED, truth: np.ndarray = TRUTH, rows: np.ndarray = LABELLED) -> Scores:
    labels = Labels(rows, value[rows], truth[rows].astype(np.float64), "3f9a")
    return Scores(value, np.full(400, State.VALUE, dtype=np.uint8), {}, labels=labels)


def judge(gate: str, sheet: Sheet, **more: object) -> Verdict:
    return registry.build({gate: {"variant": "new", "measure": "Faithfulness", **more}}).judge(sheet)[0]


def test_without_a_card_nothing_is_decided_however_good_it_looks() -> None:
    perfect = replace(column(np.ones(400)), labels="no judge card for 'support 1': label 100 answers")
    sheet = Sheet({"new": perfect, "old": perfect})
    for verdict in (
        judge("floor", sheet, at_least=0.5),
        judge("floor", sheet, at_least=1.0),
        judge("no_regression", sheet, margin=0.1),
    ):
        assert verdict.outcome is Outcome.INCONCLUSIVE
        assert "no judge card for 'support 1': label 100 answers" in verdict.reason
    assert judge("ceiling", sheet, at_most=1.0).outcome is Outcome.INCONCLUSIVE


def test_the_figure_is_the_corrected_one_and_says_so() -> None:
    verdict = judge("floor", Sheet({"new": column()}), at_least=0.6)
    assert verdict.outcome is Outcome.PASS
    assert verdict.estimate == pytest.approx(TRUTH.mean(), abs=0.05)
    assert verdict.low is not None
    assert verdict.low < TRUTH.mean() < (verdict.high or 0)
    assert verdict.method.startswith("PPI++, 160 labels, lambda ")
    assert f"with 95% confidence ({verdict.method})" in verdict.reason


def test_a_mean_that_a_judge_gave_has_a_ceiling_by_labels_and_a_quantile_has_none() -> None:
    sheet = Sheet({"new": column()})
    kept = judge("ceiling", sheet, at_most=0.8, of="mean")
    assert (kept.outcome, kept.method[:5]) == (Outcome.PASS, "PPI++")
    assert judge("ceiling", sheet, at_most=0.5, of="mean").outcome is Outcome.FAIL
    assert "not a quantile" in judge("ceiling", sheet, at_most=1.0).reason


def test_a_judge_that_flatters_is_overruled_by_people() -> None:
    flattered = np.clip(JUDGED + 0.35, 0, 1)
    assert flattered.mean() > 0.85
    assert judge("floor", Sheet({"new": column(flattered)}), at_least=0.85).outcome is Outcome.FAIL


def test_labels_help_more_beside_a_judge_that_agrees() -> None:
    def width(found: Verdict) -> float:
        return (found.high or 0) - (found.low or 0)

    good = judge("floor", Sheet({"new": column()}), at_least=0.6)
    blind = judge("floor", Sheet({"new": column(RNG.random(400))}), at_least=0.6)
    assert width(good) < 0.8 * width(blind)


def test_an_undecided_floor_says_how_many_labels_would_settle_it() -> None:
    verdict = judge("floor", Sheet({"new": column()}), at_least=0.72)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "more labelled answers would settle it" in verdict.reason
    assert verdict.needed is None


def test_what_nobody_knows_may_be_anything() -> None:
    lost = column()
    rest = np.setdiff1d(np.arange(400), LABELLED)[:80]
    lost.state[rest] = State.UNSCORED
    whole, gaps = (judge("floor", Sheet({"new": c}), at_least=0.6) for c in (column(), lost))
    assert gaps.outcome is Outcome.INCONCLUSIVE
    assert gaps.low == pytest.approx(0.8 * (whole.low or 0), abs=0.03)
    assert gaps.high == pytest.approx(0.8 * (whole.high or 0) + 0.2, abs=0.03)


def test_labels_of_one_kind_decide_alone_and_exactly() -> None:
    good = np.ones(400, dtype=np.bool_)
    verdict = judge("floor", Sheet({"new": column(truth=good)}), at_least=0.98)
    assert verdict.outcome is Outcome.PASS
    assert verdict.low == pytest.approx(0.05 ** (1 / 160))
    assert verdict.method == "Clopper-Pearson on 160 labels alone, card 3f9a"


def test_a_slice_is_corrected_by_its_own_labels() -> None:
    tags = [{"part": "a" if row < 350 else "b" if row < 399 else "c"} for row in range(400)]
    sheet = Sheet({"new": column(rows=LABELLED[LABELLED < 399])}, tags)
    inside = judge("floor", sheet, at_least=0.5, slice="part=b")
    own = int(((LABELLED >= 350) & (LABELLED < 399)).sum())
    assert inside.method == f"Clopper-Pearson on {own} labels alone, card 3f9a"
    unlabelled = judge("floor", sheet, at_least=0.5, slice="part=c", min_n=1)
    assert unlabelled.outcome is Outcome.INCONCLUSIVE
    assert "none of these answers is labelled" in unlabelled.reason


def test_no_regression_compares_what_people_would_say() -> None:
    worse = TRUTH & (RNG.random(400) < 0.75)
    flattered = np.clip(0.55 * worse + 0.45, 0, 1)
    sheet = Sheet({"new": column(flattered, worse), "old": column()})
    assert flattered.mean() > JUDGED.mean()
    found = judge("no_regression", sheet, margin=0.05)
    assert found.outcome is Outcome.FAIL
    assert found.estimate == pytest.approx(worse.mean() - TRUTH.mean(), abs=0.06)
    same = judge("no_regression", Sheet({"new": column(), "old": column()}), margin=0.05)
    assert (same.outcome, same.estimate) == (Outcome.PASS, 0)
    assert same.low == pytest.approx(-(1 - 0.05 ** (1 / 160)))  # that nothing differs proves no more


def test_no_regression_needs_labels_of_both_kinds() -> None:
    good = np.ones(400, dtype=np.bool_)
    found = judge("no_regression", Sheet({"new": column(truth=good), "old": column()}), margin=0.05)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "takes 30 labels of the rarer kind for each variant" in found.reason
