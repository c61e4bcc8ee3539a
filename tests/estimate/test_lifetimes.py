"""Discounted lifetimes, repeat purchases and log means against outside numbers."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from cxlib.errors import DataError
from cxlib.estimate import bg_nbd, gamma_gamma, log_mean, time_to
from cxlib.estimate.delta import hessian, jacobian
from cxlib.estimate.lifetimes import Ages, lifetime

CDNOW = np.log([0.243, 4.414, 0.793, 2.426])


def one_by_one(stays, followed, money=1.0):
    """Rows of units that leave after `stays` periods, seen for `followed`."""
    stays, followed = np.asarray(stays), np.asarray(followed)
    seen = np.minimum(stays, followed)
    unit, age = np.nonzero(np.arange(seen.max()) < seen[:, None])
    left = (age + 1 == stays[unit]).astype(float)
    return Ages(age, left, np.full(len(age), money), unit)


def test_a_lifetime_of_one_a_period_is_the_area_under_kaplan_meier():
    rng = np.random.default_rng(1)
    stays, followed = rng.geometric(0.2, 300), rng.integers(3, 9, 300)
    rows = one_by_one(stays, followed)
    found = lifetime(rows, discount=np.ones(6), horizons=[6], tail=3, min_units=1)
    ends = np.minimum(stays, followed)
    curve = time_to.kaplan_meier(time_to.Times.of(ends, stays <= followed))
    area, variance = time_to.restricted_mean(curve, 6)
    assert found.estimate[0] == pytest.approx(area, abs=1e-12)
    assert found.std_error[0] == pytest.approx(np.sqrt(variance), rel=0.01)


def test_late_comers_count_from_the_age_they_are_seen():
    rng = np.random.default_rng(2)
    rows = one_by_one(rng.geometric(0.2, 400), np.full(400, 6))
    late = rows.age >= np.where(rows.unit % 2, 2, 0)
    kept = Ages(rows.age[late], rows.event[late], rows.money[late], rows.unit[late])
    found = lifetime(kept, discount=np.ones(6), horizons=[6], tail=3)
    at_risk = np.bincount(kept.age)
    hazard = np.bincount(kept.age, kept.event) / at_risk
    by_hand = np.r_[1, np.cumprod(1 - hazard)[:5]].sum()
    assert found.estimate[0] == pytest.approx(by_hand, abs=1e-12)
    assert found.first == 0
    assert found.beyond[0] == 0


def test_beyond_the_data_leaving_goes_on():
    rows = one_by_one([1] * 10 + [2] * 30 + [9] * 20, [2] * 60, money=3.0)
    found = lifetime(rows, discount=np.ones(40), horizons=[2, 40], tail=2)
    rate = 40 / 110
    inside = 3 * (1 + 5 / 6)
    after = 3 * (5 / 6) * (1 - 3 / 5) / rate * (1 - (1 - rate) ** 38)
    assert found.estimate == pytest.approx([inside, inside + after])
    assert found.beyond == pytest.approx([0, after])


@given(st.floats(0.1, 50), st.integers(0, 10_000))
def test_money_scales_and_order_does_not_matter(scale, seed):
    rng = np.random.default_rng(seed)
    rows = one_by_one(rng.geometric(0.3, 40), np.full(40, 4))
    money = rng.gamma(2, size=len(rows.age))
    order = rng.permutation(len(money))

    def value(at, factor):
        ages = Ages(rows.age[at], rows.event[at], factor * money[at], rows.unit[at])
        return lifetime(ages, discount=np.ones(8), horizons=[8], tail=4, min_units=3)

    plain, moved = value(np.arange(len(money)), 1.0), value(order, scale)
    assert moved.estimate[0] == pytest.approx(scale * plain.estimate[0])
    assert moved.std_error[0] == pytest.approx(scale * plain.std_error[0], rel=1e-4)


def test_ages_too_thin_are_refused():
    rows = one_by_one([1, 2, 3], [3, 3, 3])
    with pytest.raises(
        DataError, match="no age has 10 units; the most at one age is 3"
    ):
        lifetime(rows, discount=np.ones(3), horizons=[3], tail=1)


def test_derivatives():
    def curve(x):
        return [np.exp(x[0]) * x[1], x[1] ** 3]

    found = jacobian(curve, [0.0, 2.0], steps=[1e-4, 1e-4])
    np.testing.assert_allclose(found, [[2, 1], [0, 12]], atol=1e-6)
    assert not jacobian(curve, [0.0, 2.0], steps=[0, 1e-4])[:, 0].any()
    second = hessian(lambda x: np.exp(x[0]) * x[1] ** 2, [0.0, 2.0])
    np.testing.assert_allclose(second, [[4, 4], [4, 2]], rtol=1e-4)


def test_chance_of_being_active_and_purchases_ahead_by_simulation():
    rng = np.random.default_rng(3)
    n = 1_500_000
    rate = np.maximum(rng.gamma(0.243, size=n) / 4.414, 1e-12)
    leaves = rng.beta(0.793, 2.426, n)
    first, gap = rng.exponential(1 / rate), rng.exponential(1 / rate)
    stayed = rng.random(len(rate)) > leaves
    once = (first > 18) & (first < 22) & (~stayed | (first + gap > 40))
    history = bg_nbd.Purchases(np.ones(1), np.full(1, 20.0), np.full(1, 40.0))
    share = stayed[once].mean()
    assert bg_nbd.active(CDNOW, history)[0] == pytest.approx(share, abs=0.02)
    here = once & stayed
    drawn = (
        np.minimum(rng.poisson(rate[here] * 30), rng.geometric(leaves[here])).sum()
        / once.sum()
    )
    assert bg_nbd.expected(CDNOW, history, 30.0)[0] == pytest.approx(drawn, rel=0.05)
    many = bg_nbd.Purchases(*(np.full(200_000, v) for v in (1.0, 20.0, 40.0)))
    ahead = bg_nbd.simulate_ahead(CDNOW, many, 30.0, rng=rng).mean()
    assert ahead == pytest.approx(bg_nbd.expected(CDNOW, history, 30.0)[0], rel=0.02)


def test_published_example_of_a_conditional_expectation():
    """x = 2, t_x = 30.43, T = 38.86: 1.226 in 39 weeks (Fader, Hardie & Lee 2005)."""
    history = bg_nbd.Purchases(np.array([2.0]), np.array([30.43]), np.array([38.86]))
    assert bg_nbd.expected(CDNOW, history, 39.0)[0] == pytest.approx(1.226, abs=5e-4)


def test_leaving_of_one_is_no_pole():
    history = bg_nbd.Purchases(np.array([2.0]), np.array([30.0]), np.array([39.0]))
    at, beside = (
        bg_nbd.expected(np.log([0.2, 4.4, a, 2.4]), history, 39.0)[0]
        for a in (1, 1.001)
    )
    assert at == pytest.approx(beside, rel=0.002)


def test_histories_that_cannot_be():
    with pytest.raises(DataError, match="1 of 1 do not"):
        bg_nbd.Purchases(np.ones(1), np.full(1, 50.0), np.full(1, 40.0))
    nobody = bg_nbd.Purchases(np.zeros(9), np.zeros(9), np.full(9, 40.0))
    with pytest.raises(DataError, match="no customer bought again"):
        bg_nbd.fit(nobody)


def test_amounts_are_shrunk_by_as_much_as_they_are_few():
    logs = np.log([6.25, 3.74, 15.44])
    mean = float(gamma_gamma.expected_amount(logs, [0], [0])[0])
    assert mean == pytest.approx(6.25 * 15.44 / 2.74)
    found = gamma_gamma.expected_amount(logs, [1, 5, 1000], [100.0] * 3)
    assert mean < found[0] < found[1] < found[2]
    assert found[2] == pytest.approx(100, rel=0.01)
    with pytest.raises(DataError, match="amounts must be positive"):
        gamma_gamma.fit([1, 1, 1], [3.0, 0.0, 4.0])


@pytest.mark.parametrize("family", ["poisson", "gamma"])
def test_log_means_are_those_of_statsmodels(family):
    rng = np.random.default_rng(4)
    x = np.column_stack([np.ones(300), rng.integers(0, 2, 300), rng.normal(size=300)])
    y = rng.gamma(2, size=300) * np.exp(x @ [0.5, 0.3, -0.2]) / 2
    y = rng.poisson(y).astype(float) if family == "poisson" else y
    people = rng.integers(0, 60, 300)
    people = np.unique(people, return_inverse=True)[1]
    found = log_mean.fit(y, x, cluster=people, family=family)
    families = {
        "poisson": sm.families.Poisson(),
        "gamma": sm.families.Gamma(sm.families.links.Log()),
    }
    other = sm.GLM(y, x, family=families[family]).fit(
        tol=1e-12, cov_type="cluster", cov_kwds={"groups": people}
    )
    np.testing.assert_allclose(found.coef, other.params, rtol=1e-6)
    np.testing.assert_allclose(found.std_error, other.bse, rtol=1e-5)


def test_log_means_that_do_not_settle():
    x = np.column_stack([np.ones(8), [0, 0, 0, 0, 1, 1, 1, 1]])
    with pytest.raises(DataError, match="do not settle"):
        log_mean.fit(
            [1, 2, 3, 1, 0, 0, 0, 0], x, cluster=np.arange(8), family="poisson"
        )
    with pytest.raises(DataError, match="not all 0"):
        log_mean.fit(np.zeros(8), x, cluster=np.arange(8), family="poisson")
