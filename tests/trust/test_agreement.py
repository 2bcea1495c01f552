from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.trust.agreement import agreement, auroc, balanced_accuracy, between_people, kappa

YES = np.array([True, True, True, False, False])
SAID = np.array([0.9, 0.6, 0.3, 0.6, 0.1])


def test_figures_by_hand() -> None:
    # Pairs (yes, no): .9 beats both; .6 ties one and beats one; .3 beats one: 2 + 1.5 + 1 of 6.
    assert auroc(YES, SAID) == pytest.approx(4.5 / 6)
    # Right at .5: two of three yes, one of two no.
    assert balanced_accuracy(YES, SAID) == pytest.approx((2 / 3 + 1 / 2) / 2)
    # Observed 3 of 5; both say yes to 3 of 5: expected .36 + .16.
    assert kappa(YES, SAID) == pytest.approx((0.6 - 0.52) / (1 - 0.52))


def test_one_kind_alone_has_no_figure() -> None:
    only = np.array([True, True])
    found = agreement(only, np.array([0.9, 0.2]), ["a", "b"], np.random.default_rng(0))
    assert found["auroc"].value is None
    assert found["balanced_accuracy"].low is None


def test_the_figures_agree_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    positive, said = rng.random(200) < 0.3, rng.random(200).round(1)
    assert auroc(positive, said) == pytest.approx(metrics.roc_auc_score(positive, said))
    assert kappa(positive, said) == pytest.approx(metrics.cohen_kappa_score(positive, said >= 0.5))
    assert balanced_accuracy(positive, said) == pytest.approx(
        metrics.balanced_accuracy_score(positive, said >= 0.5)
    )


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=2, max_size=30))
def test_turning_the_judge_round_turns_auroc_round(rows: list[tuple[bool, int]]) -> None:
    positive, said = np.array([p for p, _ in rows]), np.array([v / 4 for _, v in rows])
    one = auroc(positive, said)
    if one is not None:
        assert auroc(positive, 1 - said) == pytest.approx(1 - one)
        assert auroc(~positive, said) == pytest.approx(1 - one)


def test_clusters_widen_the_interval_and_the_seed_fixes_it() -> None:
    rng = np.random.default_rng(2)
    positive = np.repeat(rng.random(25) < 0.5, 8)
    said = np.clip(positive * 0.3 + np.repeat(rng.random(25), 8) * 0.7, 0, 1)
    alone = agreement(positive, said, [str(row) for row in range(200)], np.random.default_rng(3))["auroc"]
    names = [str(row // 8) for row in range(200)]
    together = agreement(positive, said, names, np.random.default_rng(3))["auroc"]
    assert together.value == alone.value
    assert alone.low is not None
    assert together.low is not None
    assert together.low < alone.low
    assert agreement(positive, said, names, np.random.default_rng(3))["auroc"] == together


def test_people_against_each_other() -> None:
    said = [
        {"ann": 1.0, "bob": 1.0},
        {"ann": 1.0, "bob": 0.0},
        {"ann": 0.0, "bob": 0.0, "cy": 0.0},
        {"ann": 1.0},
    ]
    # Pairs: 1-1, 1-0, and three of 0-0: 4 of 5 agree; 3 of the 10 sayings in them are yes.
    found = between_people(said)
    assert found is not None
    assert found["pairs"] == 5
    assert found["agreement"] == pytest.approx(0.8)
    assert found["kappa"] == pytest.approx((0.8 - 0.58) / 0.42)
    assert between_people([{"ann": 1.0}]) is None
