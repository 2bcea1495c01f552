"""Prediction-powered inference: by hand, its limits, and how often it covers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtr, ndtri, stdtrit

from evalkit.stats import exact_bounds
from evalkit.trust.ppi import Sample, bounds, corrected, difference


def sample(judged: list[float], label: list[float], rest: list[float]) -> Sample:
    names = [f"l{row}" for row in range(len(label))]
    return Sample(
        np.array(judged),
        np.array(label),
        names,
        names,
        np.array(rest),
        [f"r{row}" for row in range(len(rest))],
    )


def test_by_hand() -> None:
    # Per answer, over n = 4: labels sway by ±1/8 from their mean 1/2, the judge by 1/8, 0, 0, -1/8 from its 1/2 on
    # them, and by ±1/16 from its 3/4 on the rest. lambda = (2/64) / (2/64 + 4/256) = 2/3.
    found = corrected(sample([1, 0.5, 0.5, 0], [1, 1, 0, 0], [1, 1, 0.5, 0.5]))
    assert found.weight == pytest.approx(2 / 3)
    assert found.mean == pytest.approx(1 / 2 + 2 / 3 * (3 / 4 - 1 / 2))
    # What is left sways by 1/24, 1/8, -1/8, -1/24 and four times 1/24; times 4/3 for four labels.
    assert found.error**2 == pytest.approx((2 / 64 + 6 / 576) * 4 / 3)


def test_the_weight_is_that_of_the_paper() -> None:
    rng = np.random.default_rng(4)
    n, m = 150, 900
    beneath = rng.normal(size=n + m)
    label, judged = (beneath > 0).astype(float), ndtr(beneath + rng.normal(size=n + m))
    found = corrected(sample(judged[:n].tolist(), label[:n].tolist(), judged[n:].tolist()))
    covariance = float(np.mean((label[:n] - label[:n].mean()) * (judged[:n] - judged[:n].mean())))
    assert found.weight == pytest.approx(covariance / (judged[:n].var() + n / m * judged[n:].var()))
    residual = label[:n] - found.weight * judged[:n]
    error = math.sqrt(residual.var() / n + found.weight**2 * judged[n:].var() / m)
    assert found.error == pytest.approx(error * math.sqrt(n / (n - 1)))
    # Wilson's equation: the bound is where the estimate is t standard errors away, by the variance there.
    size, low = label[:n].mean() * (1 - label[:n].mean()) / found.error**2, found.bounds(0.05).low
    assert (found.mean - low) ** 2 == pytest.approx(stdtrit(n - 1, 0.95) ** 2 * low * (1 - low) / size)


def test_a_judge_without_any_relation_changes_nothing() -> None:
    label = [1.0] * 60 + [0.0] * 40
    constant = corrected(sample([0.9] * 100, label, [0.9] * 300))
    against = corrected(sample([1 - x for x in label], label, [0.5, 0.6] * 100))
    assert constant.weight == against.weight == 0
    assert constant.mean == against.mean == pytest.approx(0.6)


def test_a_judge_that_never_erred_may_still_err() -> None:
    """Agreement on every label leaves the judge this much room on the others: no interval has zero width."""
    label = [1.0] * 60 + [0.0] * 40
    found = bounds(sample(label, label, [1.0] * 300), 0.05)
    assert found.high == 1
    assert found.low <= 0.05 ** (1 / 100) < 1


def test_an_estimate_stays_within_its_range() -> None:
    found = corrected(sample([0.9] * 40 + [0.1] * 60, [1.0] * 60 + [0.0] * 40, [1.0, 0.95] * 200))
    assert 0 <= found.mean <= 1
    low, high = found.bounds(0.05).low, found.bounds(0.05).high
    assert 0 <= low < high <= 1


@pytest.mark.parametrize("ones", [0, 3, 71, 97, 100])
def test_labels_nearly_all_of_one_kind_decide_alone(ones: int) -> None:
    label = [1.0] * ones + [0.0] * (100 - ones)
    found, exact = bounds(sample(label, label, [0.5] * 300), 0.05), exact_bounds(ones, 100, 0.05)
    assert (found.low, found.high) == (exact.low, exact.high)
    assert found.method == "Clopper-Pearson on 100 labels alone"


def test_few_clusters_of_labels_cannot_decide() -> None:
    label = np.array([1.0, 0.0] * 60)
    names = [f"c{row % 10}" for row in range(120)]
    found = bounds(
        Sample(label, label, names, names, np.array([0.5] * 200), [f"r{n}" for n in range(200)]), 0.05
    )
    assert not found.decisive
    assert "only 10 clusters" in found.why


def test_a_cluster_that_is_labelled_in_part_counts_once() -> None:
    """An error shared by labelled and other answers of one document does not average out."""
    rng = np.random.default_rng(5)
    label = (rng.random(120) < 0.5).astype(float)
    judged = 0.6 * label + 0.2
    rest = rng.random(120)
    names = [str(row) for row in range(120)]
    apart = corrected(Sample(judged, label, names, names, rest, [f"r{name}" for name in names]))
    assert corrected(Sample(judged, label, names, names, rest, names)).error != pytest.approx(apart.error)


def test_the_same_answers_differ_by_nothing() -> None:
    one = corrected(sample([0.9, 0.2] * 60, [1.0, 0.0] * 60, [0.9, 0.1, 0.4] * 50))
    mean, bounds = difference(one, one, 0.05)
    assert mean == 0
    assert bounds.high == -bounds.low == pytest.approx(1 - 0.05 ** (1 / 120))


def test_a_difference_by_hand() -> None:
    # The judge says the same of all, so the labels decide: 3/4 less 1/4. Of four differences 0, 0, 1, 1 the error is
    # sqrt(4 · 1/4) / 4 · sqrt(4/3).
    one, two = (corrected(sample([0.5] * 4, label, [0.5])) for label in ([1.0, 1, 1, 0], [1.0, 0, 0, 0]))
    mean, bounds = difference(one, two, 0.05)
    assert mean == pytest.approx(0.5)
    assert bounds.high == pytest.approx(min(1.0, 0.5 + stdtrit(3, 0.95) * 0.25 * math.sqrt(4 / 3)))
    assert not bounds.decisive


def test_intervals_cover_and_are_never_wider_than_labels_alone() -> None:
    """Two hundred draws at 95%; benchmarks/ppi.py has a thousand of each of 26 settings."""
    rng = np.random.default_rng(7)
    covered, widths = 0, []
    for _ in range(200):
        beneath = rng.normal(size=500)
        judge = 0.7 * beneath + math.sqrt(1 - 0.49) * rng.normal(size=500)
        label, judged = (beneath > ndtri(0.35)).astype(float), ndtr(judge + 1)
        drawn = sample(judged[:120].tolist(), label[:120].tolist(), judged[120:].tolist())
        found = bounds(drawn, 0.025)
        alone = corrected(
            Sample(drawn.judged, drawn.label, drawn.clusters, drawn.ids, np.empty(0), [])
        ).bounds(0.025)
        covered += found.low <= 0.65 <= found.high
        if not drawn.few:
            widths.append((found.high - found.low, alone.high - alone.low))
    assert covered >= 186
    ours, labels_alone = np.mean(widths, axis=0)
    assert ours < 0.9 * labels_alone
