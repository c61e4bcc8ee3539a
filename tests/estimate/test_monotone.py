"""Ordered means: against isotonic regression, closed forms and simulated levels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.isotonic import IsotonicRegression

from cxlib.estimate.monotone import monotone, wald

numbers = st.lists(st.floats(-5, 5), min_size=2, max_size=7)


def covariance_of(n, seed=0):
    root = np.random.default_rng(seed).normal(size=(n, n + 3))
    return root @ root.T / (n + 3)


@given(numbers)
def test_independent_levels_give_isotonic_regression(values):
    weights = np.arange(1, len(values) + 1, dtype=float)
    found = monotone(values, np.diag(1 / weights), n_draws=50)
    known = IsotonicRegression().fit(
        np.arange(len(values)), values, sample_weight=weights
    )
    np.testing.assert_allclose(
        found.fit, known.predict(np.arange(len(values))), atol=1e-6
    )


@given(numbers, st.floats(-100, 100))
def test_properties_of_fit_and_band(values, shift):
    v = covariance_of(len(values))
    found = monotone(values, v, n_draws=50)
    assert (np.diff(found.fit) >= -1e-8).all()
    assert (found.lower <= found.fit + 1e-9).all()
    assert (found.upper >= found.fit - 1e-9).all()
    assert 0 <= found.pvalue <= 1
    moved = monotone(np.array(values) + shift, v, n_draws=50)
    np.testing.assert_allclose(moved.fit, found.fit + shift, atol=1e-6)
    mirrored = monotone(-np.array(values), v, increasing=False, n_draws=50)
    np.testing.assert_allclose(mirrored.fit, -found.fit, atol=1e-7)
    np.testing.assert_allclose(mirrored.lower, -found.upper, atol=1e-7)


def test_a_centred_covariance_without_full_rank_is_enough():
    centre = np.eye(4) - 0.25
    values = np.array([0.0, 2.0, 1.0, 3.0])
    free = monotone(values, np.eye(4))
    found = monotone(centre @ values, centre @ centre.T)
    np.testing.assert_allclose(found.fit, free.fit - 1.5, atol=1e-9)
    assert found.statistic == pytest.approx(free.statistic)


def test_weights_of_three_equal_levels_are_the_known_ones():
    """Weights 1/6, 1/2, 1/3: Silvapulle and Sen (2005), simple order, equal errors."""
    found = monotone([2.0, 1.0, 0.0], np.eye(3), n_draws=20_000)
    known = stats.chi2.sf(2, 1) / 2 + stats.chi2.sf(2, 2) / 3
    assert found.statistic == pytest.approx(2)
    assert found.pvalue == pytest.approx(known, abs=0.01)
    few = monotone([2.0, 1.0, 0.0], np.eye(3), df=8, n_draws=20_000)
    assert few.pvalue > found.pvalue


def test_wald_is_t_squared_for_one_and_hotelling_for_more():
    one = wald([1.5], [[0.5]], df=11)
    assert one.pvalue == pytest.approx(2 * stats.t.sf(1.5 / 0.5**0.5, 11))
    rng = np.random.default_rng(3)
    sample = rng.normal(0.4, 1, size=(15, 3))
    mean, v = sample.mean(axis=0), np.cov(sample.T) / 15
    t2 = mean @ np.linalg.solve(v, mean)
    known = stats.f.sf(t2 * 12 / (3 * 14), 3, 12)
    assert wald(mean, v, df=14).pvalue == pytest.approx(known)


@pytest.mark.parametrize(
    ("covariance", "df"),
    [([[1, 1], [1, 1]], 20), ([[1, 0], [0, 0]], 20), (np.eye(2), 1)],
)
def test_wald_is_blank_where_it_cannot_be(covariance, df):
    assert np.isnan(wald([1.0, 2.0], covariance, df=df).pvalue)


def test_direction_is_blank_without_errors():
    found = monotone([0.0, 1.0, 2.0], np.zeros((3, 3)))
    assert np.isnan(found.pvalue)
    assert np.isnan(found.fit).all()


@pytest.mark.slow
def test_level_of_the_test_and_cover_of_the_band_on_a_flat_truth():
    rng = np.random.default_rng(5)
    v = covariance_of(6, seed=2)
    drawn = rng.multivariate_normal(np.zeros(6), v, size=600)
    found = [monotone(row, v, n_draws=300, rng=rng) for row in drawn]
    wrong = sum(one.pvalue < 0.05 for one in found)
    low, high = stats.binom.interval(0.999, 600, 0.05)
    assert low <= wrong <= high
    held = [((f.lower <= 0) & (f.upper >= 0)).all() for f in found]
    assert np.mean(held) >= stats.binom.ppf(0.0005, 600, 0.95) / 600
