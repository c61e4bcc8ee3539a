"""Differences of two samples, corrections and resampling."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep

from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import (
    Moments,
    adjust,
    bootstrap,
    cuped,
    design,
    difference,
    estimate,
    newcombe,
    ratio,
    welch,
)

EXACT = {"rel": 1e-10}  # same closed forms in another order
A, B = [1.0, 2.0, 4.0, 9.0, 3.0], [3.0, 5.0, 8.0, 8.0]


def test_means_are_welch():
    found = difference(estimate(A, "mean"), estimate(B, "mean"))
    test = stats.ttest_ind(B, A, equal_var=False)
    ends = test.confidence_interval(0.95)
    assert found.statistic == pytest.approx(test.statistic, **EXACT)
    assert found.df == pytest.approx(test.df, **EXACT)
    assert found.pvalue == pytest.approx(test.pvalue, **EXACT)
    assert (found.ci_lower, found.ci_upper) == pytest.approx(
        (ends.low, ends.high), **EXACT
    )
    moments = welch(Moments.of(A), Moments.of(B))
    assert moments.pvalue == pytest.approx(test.pvalue, **EXACT)
    assert moments.effect_size == pytest.approx(found.estimate, **EXACT)


def test_shares_are_newcombe():
    a, b = estimate([1] * 5 + [0] * 20, "share"), estimate([1] * 15 + [0] * 10, "share")
    found = difference(a, b)
    expected = confint_proportions_2indep(
        15, 25, 5, 25, method="newcomb", compare="diff"
    )
    assert (found.ci_lower, found.ci_upper) == pytest.approx(expected, **EXACT)
    assert newcombe(15, 25, 5, 25) == pytest.approx(expected, **EXACT)


def test_unanimous_shares_can_be_told_apart():
    none, all_ = estimate([0] * 10, "share"), estimate([1] * 10, "share")
    found = difference(none, all_)
    assert found.std_error == 0
    assert found.pvalue < 1e-5
    same = difference(none, none)
    assert (same.estimate, same.pvalue) == (0, 1)
    assert same.ci_lower < 0 < same.ci_upper


def test_few_clusters_give_t_and_not_z():
    plan = design(40, cluster=np.repeat(range(4), 10))
    rng = np.random.default_rng(5)
    a, b = (estimate(rng.integers(0, 2, 40), "share", plan=plan) for _ in range(2))
    found = difference(a, b)
    assert found.df < 7
    assert found.pvalue == pytest.approx(2 * stats.t.sf(abs(found.statistic), found.df))


def test_opposite_handfuls_stay_inside_their_interval():
    found = difference(estimate([1, 1], "net"), estimate([-1, -1], "net"))
    assert found.ci_lower <= found.estimate == -2


def test_constant_samples_cannot_be_compared():
    found = difference(estimate([5.0] * 3, "mean"), estimate([4.0] * 3, "mean"))
    assert found.estimate == -1
    assert np.isnan(
        [found.ci_lower, found.ci_upper, found.statistic, found.pvalue]
    ).all()


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (
            estimate([1, 0], "net"),
            estimate([1, 0], "share"),
            "a net cannot be compared with a share.",
        ),
        (
            estimate([1, 0], "net"),
            estimate([1, 0], "net", confidence_level=0.9),
            "an interval of 0.95 cannot be compared with one of 0.9.",
        ),
    ],
)
def test_what_cannot_be_compared(a, b, said):
    with pytest.raises(ArgumentError) as caught:
        difference(a, b)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((1, 0, 1, 2), "`n1` is 0; it must lie in [1, inf)."),
        ((1, 2, 5, 2), "`x2` is 5; it must lie in [0, 2]."),
    ],
)
def test_newcombe_messages(counts, said):
    with pytest.raises(ArgumentError) as caught:
        newcombe(*counts)
    assert str(caught.value) == said


def test_moments_from_rows_and_from_sums_agree():
    x = np.array([[1, 2], [0, 1], [2, 3], [5, 5]], dtype="int8")
    rows = Moments.of(x)
    y = x.astype(float)
    sums = Moments.from_sums(4, y.sum(axis=0), y.T @ y)
    np.testing.assert_allclose(rows.mean, sums.mean, rtol=1e-12)
    np.testing.assert_allclose(rows.cov, sums.cov, rtol=1e-12)


def test_sums_that_lost_their_variance_do_not_pretend():
    y = 1e9 + np.random.default_rng(1).normal(size=1000)
    found = Moments.from_sums(1000, [y.sum()], [[(y**2).sum()]])
    assert found.cov[0, 0] == 0
    assert np.isnan(welch(found, found).pvalue)


def test_arms_without_spread_tell_nothing():
    found = welch(Moments.of([0, 0, 0]), Moments.of([0, 0, 0, 0]))
    assert found.effect_size == 0
    assert np.isnan(
        [found.effect_size_ci_lower, found.pvalue, found.rel_effect_size]
    ).all()


def test_relative_effect_is_fieller():
    rng = np.random.default_rng(3)
    a, b = rng.normal(10, 1, 400), rng.normal(11, 1, 400)
    found = welch(Moments.of(a), Moments.of(b))
    assert found.rel_effect_size == pytest.approx(b.mean() / a.mean() - 1, **EXACT)
    delta = (
        np.sqrt(b.var() / 400 + (b.mean() / a.mean()) ** 2 * a.var() / 400) / a.mean()
    )
    half = (found.rel_effect_size_ci_upper - found.rel_effect_size_ci_lower) / 2
    assert half == pytest.approx(1.96 * delta, rel=0.02)  # asymptotically equal


def test_relative_effect_of_a_control_near_zero_is_unknown():
    found = welch(Moments.of([-1.0, 1.0, 0.1]), Moments.of([1.0, 2.0, 3.0]))
    assert np.isnan(
        [found.rel_effect_size_ci_lower, found.rel_effect_size_ci_upper]
    ).all()
    negative = welch(Moments.of([-1.0, -2.0]), Moments.of([1.0, 2.0]))
    assert np.isnan(negative.rel_effect_size)


def test_ratio_is_of_totals_not_of_rows():
    found = ratio(
        Moments.of([[1, 2], [0, 1], [2, 3]]), Moments.of([[2, 2], [1, 1], [2, 3]])
    )
    assert (found.control, found.treatment) == pytest.approx((3 / 6, 5 / 6), **EXACT)


def test_cuped_with_a_perfect_covariate_removes_the_noise():
    x = np.arange(20.0)
    a = Moments.of(np.column_stack([2 * x, x]))
    b = Moments.of(np.column_stack([2 * x + [0.1, -0.1] * 10, x]))
    found, plain = cuped(a, b), welch(a, b)
    assert found.effect_size == pytest.approx(0, abs=1e-9)
    assert found.std_error < plain.std_error / 50


def test_cuped_with_a_constant_covariate_is_welch():
    a = Moments.of([[1, 3], [2, 3], [4, 3]])
    b = Moments.of([[2, 3], [4, 3], [4, 3]])
    plain = welch(a, b).as_row()
    assert cuped(a, b).as_row() == pytest.approx(plain, nan_ok=True, **EXACT)


BLANK = (
    "an arm holds blank or infinite values; leave those units out, and count them, "
    "before comparing."
)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Moments.of([]), "0 units in an arm; at least two are needed."),
        (lambda: Moments.of([3]), "1 unit in an arm; at least two are needed."),
        (lambda: Moments.from_sums(1, [3], [[9]]),
         "1 unit in an arm; at least two are needed."),
        (lambda: Moments.of([1, np.nan, 2]), BLANK),
        (lambda: Moments.of([1, np.inf, 2]), BLANK),
        (lambda: ratio(Moments.of([[1, 0], [2, 0]]), Moments.of([[1, 1], [2, 3]])),
         "the denominator of a ratio metric is zero in one arm."),
    ],
)  # fmt: skip
def test_arms_that_cannot_be_compared(make, said):
    with pytest.raises(DataError) as caught:
        make()
    assert str(caught.value) == said


def test_adjust_by_hand():
    raw = [0.01, 0.04, 0.03, np.nan]
    np.testing.assert_allclose(adjust(raw, "holm"), [0.03, 0.06, 0.06, np.nan])
    np.testing.assert_allclose(adjust(raw, "fdr_bh"), [0.03, 0.04, 0.04, np.nan])
    np.testing.assert_allclose(adjust(raw, "none"), raw)
    assert adjust([], "holm").size == 0
    assert np.isnan(adjust([np.nan], "holm")).all()


@pytest.mark.parametrize("correction", ["holm", "fdr_bh"])
@pytest.mark.parametrize("size", [1, 2, 7, 40])
def test_adjust_as_in_statsmodels(correction, size):
    raw = np.random.default_rng(size).uniform(size=size).round(2) / 10  # with ties
    expected = multipletests(raw, method=correction)[1]
    np.testing.assert_allclose(adjust(raw, correction), expected, rtol=1e-12)


def test_adjust_message():
    with pytest.raises(ArgumentError) as caught:
        adjust([0.1], "bonf")
    assert str(caught.value) == (
        "`correction` is 'bonf'; use one of 'holm', 'fdr_bh', 'fdr_by', "
        "'bonferroni', 'none'."
    )


def test_bootstrap_is_seeded_and_keeps_clusters_whole():
    label = np.array(["a", "a", None, "b", None], dtype=object)
    draws = bootstrap(lambda k: k, 5, cluster=label, n_resamples=200, rng=1)
    assert draws.shape == (200, 5)
    np.testing.assert_array_equal(draws[:, 0], draws[:, 1])
    assert not np.array_equal(draws[:, 2], draws[:, 4])
    again = bootstrap(lambda k: k, 5, cluster=label, n_resamples=200, rng=1)
    np.testing.assert_array_equal(draws, again)


def test_bootstrap_spread_is_the_standard_error():
    y = np.random.default_rng(2).normal(size=200)
    draws = bootstrap(lambda k: (k @ y) / k.sum(), 200, n_resamples=2000, rng=3)
    # a standard deviation of 2000 draws is known to 1/sqrt(4000) = 1.6 %
    assert draws.std() == pytest.approx(stats.sem(y), rel=0.06)


@pytest.mark.parametrize(
    ("n", "options", "said"),
    [
        (0, {}, "`n` is 0; it must lie in [1, inf)."),
        (3, {"n_resamples": 0}, "`n_resamples` is 0; it must lie in [1, inf)."),
        (3, {"cluster": ["a"]}, "`cluster` has 1 labels for 3 rows."),
    ],
)
def test_bootstrap_messages(n, options, said):
    with pytest.raises(ArgumentError) as caught:
        bootstrap(lambda k: k.sum(), n, **options)
    assert str(caught.value) == said
