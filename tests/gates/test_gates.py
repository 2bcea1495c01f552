from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.errors import SuiteError
from evalkit.gates import registry
from evalkit.types import Gate, Golden, Outcome, Scores, State, Verdict
from tests.conftest import golden


@dataclass
class Sheet:
    """Results by hand: columns of numbers, None for unscored."""

    columns: Mapping[str, Sequence[float | None]]
    clusters: Sequence[str] | None = None
    tags: Sequence[Mapping[str, str]] | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    baseline: str | None = "old"
    seed: int = 0

    @property
    def variants(self) -> Sequence[str]:
        return tuple(self.columns)

    @property
    def golden(self) -> Golden:
        n = len(next(iter(self.columns.values())))
        return golden([[(0, 0, 1)]] * n, clusters=self.clusters, tags=self.tags)

    def scores(self, variant: str, measure: str) -> Scores:
        column = self.columns[variant]
        state = np.array([State.VALUE if v is not None else State.UNSCORED for v in column], dtype=np.uint8)
        reason = {row: "lost" for row, v in enumerate(column) if v is None}
        return Scores(np.array([v or 0.0 for v in column]), state, reason)

    def figure(self, name: str) -> float | None:
        return self.figures.get(name)


def judge(spec: Mapping[str, object], sheet: Sheet) -> Verdict:
    (verdict,) = registry.build(spec).judge(sheet)
    return verdict


def floor(at_least: float = 0.85, **more: object) -> dict[str, object]:
    return {"floor": {"variant": "new", "measure": "Recall@5", "at_least": at_least, **more}}


def hits(of: int, n: int) -> list[float | None]:
    return [*[1.0] * of, *[0.0] * (n - of)]


@pytest.mark.parametrize(
    ("of", "n", "outcome"),
    [
        (92, 100, Outcome.PASS),
        (91, 100, Outcome.INCONCLUSIVE),
        (78, 100, Outcome.FAIL),
        (79, 100, Outcome.INCONCLUSIVE),
        (19, 19, Outcome.PASS),
        (18, 18, Outcome.INCONCLUSIVE),
        (3, 3, Outcome.INCONCLUSIVE),
    ],
)
def test_a_floor_compares_exact_bounds(of: int, n: int, outcome: Outcome) -> None:
    verdict = judge(floor(), Sheet({"new": hits(of, n)}))
    assert verdict.outcome is outcome
    assert verdict.low is not None
    assert verdict.high is not None
    assert verdict.low < verdict.high


def test_reasons_say_what_was_found_and_what_would_settle_it() -> None:
    passed = judge(floor(), Sheet({"new": hits(95, 100)}))
    assert passed.reason == (
        "new: Recall@5 is 0.950, at least 0.898 with 95% confidence over 100 questions: clears the floor 0.85"
    )
    undecided = judge(floor(), Sheet({"new": hits(90, 100)}))
    assert undecided.needed == 304 - 100
    assert "the floor 0.85 lies between; about 204 more questions would settle it" in undecided.reason
    failed = judge(floor(), Sheet({"new": hits(70, 100)}))
    assert "below the floor 0.85" in failed.reason


def test_an_unscored_cell_counts_against_a_pass_and_for_no_fail() -> None:
    assert judge(floor(), Sheet({"new": [*hits(93, 97), None, None, None]})).outcome is Outcome.PASS
    assert judge(floor(), Sheet({"new": [*hits(93, 93), *[None] * 7]})).outcome is Outcome.PASS
    assert judge(floor(), Sheet({"new": [*hits(90, 90), *[None] * 10]})).outcome is Outcome.INCONCLUSIVE
    assert judge(floor(), Sheet({"new": [*hits(70, 92), *[None] * 8]})).outcome is Outcome.FAIL
    assert judge(floor(), Sheet({"new": [*hits(60, 80), *[None] * 20]})).outcome is Outcome.INCONCLUSIVE
    assert "(20 unscored)" in judge(floor(), Sheet({"new": [*hits(60, 80), *[None] * 20]})).reason


GATES: list[dict[str, object]] = [
    floor(0.5),
    {"no_regression": {"variant": "new", "measure": "Recall@5", "margin": 0.03}},
]


@pytest.mark.parametrize("spec", GATES)
@pytest.mark.parametrize(
    "sheet",
    [
        Sheet({"new": [1.0], "old": [1.0]}),
        Sheet({"new": [1.0] * 500, "old": [1.0] * 500}, clusters=["one"] * 500),
        Sheet({"new": [None] * 100, "old": [None] * 100}),
        Sheet({"new": [0.7] * 5, "old": [0.7] * 5}),
        Sheet({"new": [1.0] * 90, "old": [1.0] * 90}, clusters=[f"c{n % 9}" for n in range(90)]),
    ],
)
def test_degenerate_data_never_passes(spec: dict[str, object], sheet: Sheet) -> None:
    assert judge(spec, sheet).outcome is Outcome.INCONCLUSIVE


def test_identical_variants_pass_only_with_enough_questions() -> None:
    same = {"no_regression": {"variant": "new", "measure": "Recall@5", "margin": 0.03}}
    assert judge(same, Sheet({"new": [1.0] * 98, "old": [1.0] * 98})).outcome is Outcome.INCONCLUSIVE
    assert judge(same, Sheet({"new": [1.0] * 99, "old": [1.0] * 99})).outcome is Outcome.PASS


def test_no_regression_names_the_loss() -> None:
    sheet = Sheet({"new": hits(140, 200), "old": hits(180, 200)})
    verdict = judge({"no_regression": {"variant": "new", "measure": "Recall@5", "margin": 0.03}}, sheet)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.estimate == pytest.approx(-0.2)
    assert "new against old: Recall@5 differs by -0.200" in verdict.reason
    assert "0 better, 40 worse: a loss beyond the margin 0.03" in verdict.reason


def test_no_regression_asks_for_no_fewer_questions_than_it_takes() -> None:
    verdict = judge(
        {"no_regression": {"variant": "new", "measure": "nDCG@10", "margin": 0.03}},
        Sheet({"new": [1.0], "old": [0.4]}),
    )
    assert verdict.needed == 99
    assert "over 1 question, 1 better, 0 worse: 1 of 1 question changed; deciding takes 10" in verdict.reason


def test_no_regression_needs_a_baseline() -> None:
    sheet = Sheet({"new": [1.0]}, baseline=None)
    with pytest.raises(SuiteError, match="no baseline to compare with"):
        judge({"no_regression": {"variant": "new", "measure": "Recall@5", "margin": 0.03}}, sheet)


def test_unscored_pairs_are_the_worst_case() -> None:
    spec = {"no_regression": {"variant": "new", "measure": "Recall@5", "margin": 0.03}}
    whole = Sheet({"new": [1.0] * 300, "old": [1.0] * 300})
    gaps = Sheet({"new": [*[1.0] * 280, *[None] * 20], "old": [1.0] * 300})
    assert judge(spec, whole).outcome is Outcome.PASS
    assert judge(spec, gaps).outcome is Outcome.INCONCLUSIVE
    assert "(20 unscored)" in judge(spec, gaps).reason


def by_slice(good: int, bad: int) -> Sheet:
    tags = [{"lang": "en"}] * 400 + [{"lang": "de"}] * 100
    return Sheet({"new": [*hits(good, 400), *hits(bad, 100)]}, tags=tags)


def slices(sheet: Sheet, **more: object) -> dict[str, Verdict]:
    gate: Gate = registry.build(floor(0.8, by="lang", **more))
    return {verdict.slice: verdict for verdict in gate.judge(sheet)}


def test_a_slice_far_below_fails_though_the_whole_passes() -> None:
    verdicts = slices(by_slice(380, 60))
    assert {name: v.outcome for name, v in verdicts.items()} == {
        "": Outcome.PASS,
        "lang=en": Outcome.PASS,
        "lang=de": Outcome.FAIL,
    }


def test_an_undecided_slice_is_advisory_unless_every_slice_must_pass() -> None:
    undecided = slices(by_slice(380, 81))["lang=de"]
    assert (undecided.outcome, undecided.advisory) == (Outcome.INCONCLUSIVE, True)
    assert not slices(by_slice(380, 81), every_slice=True)["lang=de"].advisory


def test_the_best_of_several_pays_for_the_choice() -> None:
    columns = {f"v{n}": hits(90, 100) for n in range(7)} | {"v7": hits(92, 100)}
    single = judge(
        {"floor": {"variant": "v7", "measure": "Recall@5", "at_least": 0.85}}, Sheet(columns, baseline=None)
    )
    best = judge(
        {"floor": {"variant": "best", "measure": "Recall@5", "at_least": 0.85}}, Sheet(columns, baseline=None)
    )
    assert single.outcome is Outcome.PASS
    assert (best.variant, best.outcome) == ("v7", Outcome.INCONCLUSIVE)


def test_a_floor_is_for_shares() -> None:
    with pytest.raises(SuiteError, match="use a ceiling for times and costs"):
        judge(floor(), Sheet({"new": [3.0, 4.0]}))


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ([0.1] * 59, Outcome.PASS),
        ([0.1] * 58, Outcome.INCONCLUSIVE),
        ([0.1] * 80 + [9.0] * 20, Outcome.FAIL),
        ([0.1] * 95 + [None] * 5, Outcome.INCONCLUSIVE),
        ([None] * 9, Outcome.INCONCLUSIVE),
    ],
)
def test_a_ceiling_on_a_quantile(values: list[float | None], outcome: Outcome) -> None:
    verdict = judge(
        {"ceiling": {"variant": "new", "measure": "Latency", "at_most": 0.5}}, Sheet({"new": values})
    )
    assert verdict.outcome is outcome


def test_a_ceiling_says_how_many_questions_it_needs() -> None:
    verdict = judge(
        {"ceiling": {"variant": "new", "measure": "Latency", "at_most": 0.5}}, Sheet({"new": [0.1] * 40})
    )
    assert verdict.needed == 19


def mean(values: Sequence[float | None], at_most: float, clusters: Sequence[str] | None = None) -> Verdict:
    spec = {"ceiling": {"variant": "new", "measure": "Cost", "at_most": at_most, "of": "mean"}}
    return judge(spec, Sheet({"new": values}, clusters=clusters))


def test_a_ceiling_on_a_mean_by_hand() -> None:
    # Deviations of 0.01: s = 0.01 * sqrt(100 / 99), s / sqrt(100) = 0.00100504, t(99, 5%) = 1.66039, no skewness.
    values = [0.01, 0.03] * 50
    passed = mean(values, 0.022)
    assert (passed.low, passed.high) == pytest.approx((0.02 - 0.00166876, 0.02 + 0.00166876), abs=1e-8)
    assert passed.outcome is Outcome.PASS
    assert mean(values, 0.018).outcome is Outcome.FAIL
    open_ = mean(values, 0.021)
    assert (open_.outcome, "more questions would settle it" in open_.reason) == (Outcome.INCONCLUSIVE, True)


def test_a_ceiling_on_a_mean_allows_for_a_long_tail() -> None:
    # 90 zeros and 10 ones: m = 0.1, sum of squares 9 / 100, skewness (1 - 0.2) / 0.3 = 2.6667;
    # standard error 0.3 / sqrt(99) = 0.0301511; t = 1.66039; more = 2.6667 * (1 + 2 t^2) / 60 = 0.289507.
    verdict = mean([0.0] * 90 + [1.0] * 10, 0.2)
    assert verdict.high == pytest.approx(0.1 + 0.0301511 * (1.66039 + 0.289507), abs=1e-6)
    assert verdict.low == pytest.approx(0.1 - 0.0301511 * 1.66039, abs=1e-6)


@pytest.mark.parametrize(
    ("values", "clusters", "reason"),
    [
        ([0.01, 0.03] * 49, None, "takes 100 questions"),
        ([0.01] * 200, None, "all values are the same"),
        ([0.0] * 200, None, "all values are the same"),
        ([0.01, 0.03] * 50, [str(n // 6) for n in range(100)], "only 17 clusters"),
        ([0.01, 0.03] * 50, ["one"] * 100, "one cluster shows no spread"),
        ([0.01, 0.03] * 50 + [None], None, "score the 1 unscored first"),
        ([None] * 100, None, "has no score"),
    ],
)
def test_a_ceiling_on_a_mean_decides_nothing_on(
    values: Sequence[float | None], clusters: Sequence[str] | None, reason: str
) -> None:
    verdict = mean(values, 0.5, clusters)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert reason in verdict.reason
    assert verdict.needed == (2 if len(values) == 98 else None)


def test_reasons_carry_the_unit() -> None:
    class Timed(Sheet):
        def scores(self, variant: str, measure: str) -> Scores:
            return replace(super().scores(variant, measure), unit="s")

    spec = {"ceiling": {"variant": "new", "measure": "Latency", "at_most": 2}}
    reason = judge(spec, Timed({"new": [0.0081] * 100})).reason
    assert "the 95th percentile of Latency is 0.0081 s, at most 0.0081 s" in reason
    assert reason.endswith("under the ceiling 2 s")


def test_coverage_is_a_census() -> None:
    spec = {"coverage": {"variant": "new", "measure": "Recall@5", "at_least": 0.95}}
    assert judge(spec, Sheet({"new": [1.0] * 95 + [None] * 5})).outcome is Outcome.PASS
    failed = judge(spec, Sheet({"new": [1.0] * 94 + [None] * 6}))
    assert failed.outcome is Outcome.FAIL
    assert "score 1 more" in failed.reason


@pytest.mark.parametrize(
    ("figures", "outcome"),
    [({"x": 0.1}, Outcome.PASS), ({"x": 0.3}, Outcome.FAIL), ({}, Outcome.INCONCLUSIVE)],
)
def test_a_figure_that_was_not_measured_decides_nothing(figures: dict[str, float], outcome: Outcome) -> None:
    spec = {"figure": {"name": "x", "at_most": 0.2}}
    assert judge(spec, Sheet({"new": [1.0]}, figures=figures)).outcome is outcome


@pytest.mark.parametrize("spec", [{"name": "x"}, {"name": "x", "at_least": 0.1, "at_most": 0.2}])
def test_a_figure_has_one_bound(spec: dict[str, object]) -> None:
    with pytest.raises(SuiteError, match="give one of at_least and at_most"):
        registry.build({"figure": spec})


def test_all_questions_and_one_slice_are_two_gates() -> None:
    with pytest.raises(SuiteError, match="give one of slice and by"):
        registry.build(floor(slice="language=de", by="language"))


def test_an_unknown_slice_or_tag_is_answered() -> None:
    with pytest.raises(SuiteError, match="holds no question"):
        judge(floor(slice="lang=fr"), by_slice(1, 1))
    with pytest.raises(SuiteError, match="did you mean 'lang'"):
        registry.build(floor(by="lan")).judge(by_slice(1, 1))


@st.composite
def degenerate(draw: st.DrawFn) -> Sheet:
    """All the same value, one question, one cluster, nothing scored, or two variants that never differ."""
    kind = draw(st.sampled_from(["constant", "one question", "one cluster", "unscored", "identical"]))
    n = 1 if kind == "one question" else draw(st.integers(1, 400))
    value = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))
    new: list[float | None] = [None] * n
    if kind == "constant":
        # Fewer than 20 perfect answers say nothing about a floor of 0.86: 0.86 ** 19 is 5.7%.
        n = draw(st.integers(1, 19))
        new = [draw(value)] * n
    elif kind != "unscored":
        random = np.random.default_rng(draw(st.integers(0, 9)))
        new = list(random.choice([0.0, 0.5, 1.0], n, p=[0.01, 0.01, 0.98]))
    old = new if kind == "identical" else [0.0] * n
    clusters = ["one"] * n if kind == "one cluster" else None
    if kind == "identical":
        new, old = new[:98], old[:98]
    return Sheet({"new": new, "old": old}, clusters=clusters)


@settings(max_examples=150)
@given(degenerate())
def test_no_degenerate_data_passes_by_having_no_width(sheet: Sheet) -> None:
    old, new = sheet.columns["old"], sheet.columns["new"]
    if old == new:
        spec: dict[str, object] = {"no_regression": {"variant": "new", "measure": "m", "margin": 0.03}}
    else:
        spec = floor(0.86, min_n=1)
    verdict = judge(spec, sheet)
    assert verdict.outcome is not Outcome.PASS, verdict.reason
    assert verdict.low is not None
    assert verdict.high is not None
    assert verdict.low < verdict.high
