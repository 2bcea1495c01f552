from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from evalkit import stats

shares = st.lists(st.floats(0, 1), min_size=1, max_size=60)


def ids(n: int) -> list[str]:
    return [f"q{number}" for number in range(n)]


# ---------------------------------------------------------------- exact


@pytest.mark.parametrize(("n", "hits"), [(50, 47), (100, 92), (200, 179), (300, 266), (500, 439), (19, 19)])
def test_the_hits_that_a_floor_of_085_takes(n: int, hits: int) -> None:
    assert stats.exact_bounds(hits, n, 0.05).low >= 0.85
    assert stats.exact_bounds(hits - 1, n, 0.05).low < 0.85


@given(st.integers(1, 400), st.data(), st.sampled_from([0.01, 0.05, 0.1]))
def test_exact_bounds_are_scipys(n: int, data: st.DataObject, alpha: float) -> None:
    hits = data.draw(st.integers(0, n))
    bounds = stats.exact_bounds(hits, n, alpha)
    greater = scipy_stats.binomtest(hits, n, alternative="greater").proportion_ci(1 - alpha, "exact")
    less = scipy_stats.binomtest(hits, n, alternative="less").proportion_ci(1 - alpha, "exact")
    assert bounds.low == pytest.approx(greater.low, abs=1e-9)
    assert bounds.high == pytest.approx(less.high, abs=1e-9)


# ---------------------------------------------------------------- betting


@settings(max_examples=60)
@given(shares)
def test_betting_bounds_hold_the_mean_and_mirror(values: list[float]) -> None:
    x = np.array(values)
    bounds = stats.betting_bounds(x, ids(len(x)), 0.05)
    mirrored = stats.betting_bounds(1 - x, ids(len(x)), 0.05)
    assert 0 <= bounds.low <= x.mean() <= bounds.high <= 1
    assert bounds.low < bounds.high
    assert bounds.low == pytest.approx(1 - mirrored.high, abs=1e-6)


@settings(max_examples=30)
@given(shares, st.randoms())
def test_betting_does_not_depend_on_the_order_of_rows(values: list[float], random: object) -> None:
    rows = list(zip(values, ids(len(values)), strict=True))
    random.shuffle(rows)  # type: ignore[attr-defined]
    shuffled = stats.betting_bounds(np.array([row[0] for row in rows]), [row[1] for row in rows], 0.05)
    assert shuffled == stats.betting_bounds(np.array(values), ids(len(values)), 0.05)


def test_betting_bounds_narrow_with_more_questions() -> None:
    draw = np.random.default_rng(3)
    widths = []
    for n in (20, 80, 320):
        bounds = stats.betting_bounds(draw.beta(4, 1, n), ids(n), 0.05)
        widths.append(bounds.high - bounds.low)
    assert widths == sorted(widths, reverse=True)


def test_betting_bounds_miss_at_most_their_error() -> None:
    draw = np.random.default_rng(5)
    missed = sum(stats.betting_bounds(draw.beta(4, 1, 50), ids(50), 0.05).low > 0.8 for _ in range(400))
    assert missed <= 400 * 0.05 + 3 * math.sqrt(400 * 0.05 * 0.95)


# ---------------------------------------------------------------- clusters


def test_the_effective_size_is_worked_by_hand() -> None:
    # Two values in each of two clusters, equal inside: the four questions are worth two... less one degree.
    values, clusters = np.array([0.0, 0.0, 1.0, 1.0]), ["a", "a", "b", "b"]
    plain = values.var(ddof=1) / 4
    clustered = ((-1.0) ** 2 + 1.0**2) * 2 / 1 / 16
    size, count = stats.effective_size(values, clusters)
    assert size == pytest.approx(4 * plain / clustered)
    assert count == 2


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0, 1)), min_size=2, max_size=40))
def test_the_effective_size_is_never_more_than_n(rows: list[tuple[str, float]]) -> None:
    size, count = stats.effective_size(np.array([v for _, v in rows]), [c for c, _ in rows])
    assert 0 < size <= len(rows)
    assert count == len({c for c, _ in rows})


def test_wilson_at_effective_n_is_wilson_where_nothing_is_shared() -> None:
    low, high = stats.wilson(0.8, 200, 10**9, 0.025)
    expected = proportion_confint(160, 200, alpha=0.05, method="wilson")
    assert (low, high) == pytest.approx(expected, abs=1e-6)


def test_few_clusters_cannot_decide() -> None:
    bounds = stats.mean_bounds(np.ones(190), [f"c{n % 19}" for n in range(190)], ids(190), 0.05)
    assert not bounds.decisive
    assert "19 clusters" in bounds.why


@pytest.mark.parametrize("n", [1, 2, 5, 100])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("per_cluster", [1, 4])
def test_identical_scores_have_width(n: int, value: float, per_cluster: int) -> None:
    clusters = [f"c{row // per_cluster}" for row in range(n)]
    bounds = stats.mean_bounds(np.full(n, value), clusters, ids(n), 0.05)
    assert bounds.high - bounds.low > 0.005
    estimate = stats.interval(np.full(n, value), clusters=clusters, ids=ids(n), unscored=0)
    assert estimate.high - estimate.low > 0.005


def test_nothing_scored_is_the_whole_range() -> None:
    estimate = stats.interval(np.empty(0), clusters=[], ids=[], unscored=7)
    assert (estimate.low, estimate.high, estimate.n, estimate.unscored) == (0, 1, 0, 7)


# ---------------------------------------------------------------- quantiles


def test_quantile_bounds_are_order_statistics() -> None:
    values = np.arange(1.0, 101.0)
    bounds = stats.quantile_bounds(values, 0.95, 0.05)
    # P(Binomial(100, .95) <= 90) = .028, <= 91 = .063; <= 97 = .882, <= 98 = .963.
    assert (bounds.low, bounds.high) == (91.0, 99.0)
    assert stats.quantile_bounds(values[:58], 0.95, 0.05).high == math.inf
    assert stats.quantile_bounds(values[:59], 0.95, 0.05).high == 59.0


def test_quantile_bounds_cover() -> None:
    draw = np.random.default_rng(1)
    truth = -math.log(0.05)
    bounds = [stats.quantile_bounds(draw.exponential(size=120), 0.95, 0.05) for _ in range(400)]
    slack = 3 * math.sqrt(400 * 0.05 * 0.95)
    assert sum(b.low > truth for b in bounds) <= 20 + slack
    assert sum(b.high < truth for b in bounds) <= 20 + slack


# ---------------------------------------------------------------- paired


def test_no_changed_question_takes_99_for_a_margin_of_3_points() -> None:
    assert stats.score_bounds(0, 0, 98, 0.05).low < -0.03
    assert stats.score_bounds(0, 0, 99, 0.05).low > -0.03


def test_score_bounds_solve_tangos_equation() -> None:
    better, worse, n = 12, 5, 100
    low = stats.score_bounds(better, worse, n, 0.05).low
    # Tango's statistic at the bound, written out once more, is the normal quantile.
    a, b, c = 2 * n, -better - worse + (2 * n - better + worse) * low, -worse * low * (1 - low)
    share = (math.sqrt(b * b - 4 * a * c) - b) / (2 * a)
    z = (better - worse - n * low) / math.sqrt(n * (2 * share + low * (1 - low)))
    assert z == pytest.approx(scipy_stats.norm.ppf(0.95), abs=1e-6)


@pytest.mark.parametrize("changed", [0.03, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("n", [50, 100, 300])
def test_the_score_bound_accepts_a_loss_at_the_margin_rarely(n: int, changed: float) -> None:
    """Exact: the probability over all outcomes that a true loss of exactly the margin is accepted."""
    margin = 0.03
    better = (changed - margin) / 2
    accepted = 0.0
    for total in range(int(scipy_stats.binom.isf(1e-7, n, changed)) + 2):
        weight = scipy_stats.binom.pmf(total, n, changed)
        for up in range(total, -1, -1):
            if stats.score_bounds(up, total - up, n, 0.05).low <= -margin:
                break
            accepted += weight * scipy_stats.binom.pmf(up, total, better / changed)
    assert accepted <= 0.06


@given(st.integers(0, 30), st.integers(0, 30), st.integers(60, 200))
def test_score_bounds_mirror_and_hold_the_difference(better: int, worse: int, n: int) -> None:
    bounds, mirrored = stats.score_bounds(better, worse, n, 0.05), stats.score_bounds(worse, better, n, 0.05)
    assert bounds.low == pytest.approx(-mirrored.high, abs=1e-9)
    assert bounds.low < (better - worse) / n < bounds.high


def test_graded_differences_use_the_t_bound_of_statsmodels() -> None:
    draw = np.random.default_rng(2)
    differences = np.clip(draw.normal(0.02, 0.1, 120), -1, 1)
    clusters = [f"c{n % 40}" for n in range(120)]
    low = stats.paired_bounds(differences, clusters, 0.05).low
    groups = np.array([n % 40 for n in range(120)])
    fit = OLS(differences, np.ones(120)).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    # statsmodels corrects by G/(G-1) * (n-1)/(n-k); with one column that is our G/(G-1).
    error = fit.bse[0]
    assert low == pytest.approx(differences.mean() - scipy_stats.t.ppf(0.95, 39) * error, abs=1e-9)


def test_few_changed_graded_questions_cannot_decide() -> None:
    differences = np.zeros(200)
    differences[:9] = 0.5
    bounds = stats.paired_bounds(differences, ids(200), 0.05)
    assert not bounds.decisive
    assert "9 of 200 questions changed" in bounds.why


def test_strict_bounds_bet() -> None:
    differences = np.random.default_rng(4).choice([-0.5, 0.0, 0.5], 300)
    strict = stats.paired_bounds(differences, ids(300), 0.05, strict=True)
    usual = stats.paired_bounds(differences, ids(300), 0.05)
    assert strict.method == "betting"
    assert strict.low < usual.low < differences.mean() < usual.high < strict.high


# ---------------------------------------------------------------- planning


@pytest.mark.parametrize(("mean", "n"), [(0.87, 1963), (0.88, 864), (0.90, 304), (0.92, 150), (0.95, 68)])
def test_how_many_questions_a_floor_of_085_takes(mean: float, n: int) -> None:
    assert stats.needed_for_floor(mean, 0.85, 0.05) == n


def test_no_number_of_questions_settles_a_mean_at_the_floor() -> None:
    assert stats.needed_for_floor(0.85, 0.85, 0.05) is None
    assert stats.needed_for_margin(-0.03, 0.1, 0.03, 0.05) is None


@pytest.mark.parametrize(("changed", "n"), [(0.02, 138), (0.05, 344), (0.10, 688), (0.20, 1375)])
def test_how_many_questions_a_margin_of_3_points_takes(changed: float, n: int) -> None:
    assert stats.needed_for_margin(0.0, 0.0, 0.03, 0.05) == 99
    found = stats.needed_for_margin(0.0, changed, 0.03, 0.05)
    assert found is not None
    assert abs(found - n) <= 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_statsmodels(p_values: list[float]) -> None:
    assert stats.holm(p_values, 0.05) == list(multipletests(p_values, 0.05, method="holm")[0])
