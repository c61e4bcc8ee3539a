"""Covariance, contrasts, heterogeneity and Shapley shares by brute force."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import design, design_se, difference, estimate
from cxlib.estimate.contrast import contrast, plain
from cxlib.estimate.covariance import design_cov, domain_influence
from cxlib.estimate.heterogeneity import heterogeneity
from cxlib.estimate.score_interval import score_interval
from cxlib.estimate.shapley import shapley_r2, subset_r2


@pytest.fixture
def draw():
    return np.random.default_rng(5)


@pytest.mark.parametrize(
    "parts", [(), ("strata",), ("cluster",), ("strata", "cluster")]
)
def test_variances_are_those_of_design_se(draw, parts):
    given_parts = {"strata": np.repeat([0, 1, 2], 40), "cluster": np.arange(120) // 4}
    plan = design(
        120, weights=draw.uniform(1, 3, 120), fpc=np.repeat([100.0, 200.0, 90.0], 40),
        **{name: given_parts[name] for name in parts},
    )  # fmt: skip
    if "strata" not in parts:
        plan = design(120, weights=plan.weights, **{n: given_parts[n] for n in parts})
    u = draw.normal(size=(120, 3))
    cov, df = design_cov(u, plan)
    for k in range(3):
        se, own = design_se(u[:, k], plan)
        assert cov[k, k] == pytest.approx(se**2)
        assert df == own
    both = design_se(u[:, 0] + u[:, 1], plan)[0] ** 2
    assert 2 * cov[0, 1] == pytest.approx(both - cov[0, 0] - cov[1, 1])


def test_influence_is_zero_outside_and_sums_to_zero(draw):
    inside = draw.random(50) < 0.4
    u = domain_influence(
        draw.normal(size=50), inside, design(50, weights=draw.uniform(1, 2, 50))
    )
    assert (u[~inside] == 0).all()
    assert u.sum() == pytest.approx(0, abs=1e-12)


def test_simple_design_gives_the_two_sample_difference(draw):
    y = draw.choice([-1.0, 0.0, 1.0], 90)
    a = np.arange(90) < 40
    found = contrast(y, "net", a=a, b=~a, plan=design(90))
    assert found == difference(estimate(y[a], "net"), estimate(y[~a], "net"))


def test_twins_in_both_groups_cancel(draw):
    """Each account answers alike on both sides: no spread, so no interval."""
    side = draw.choice([-1.0, 0.0, 1.0], 60)
    y = np.concatenate([side, side])
    a = np.arange(120) < 60
    plan = design(120, cluster=[*range(60), *range(60)])
    found = contrast(y, "net", a=a, b=~a, plan=plan)
    assert found.estimate == 0
    assert found.std_error == pytest.approx(0, abs=1e-9)
    assert not found.pvalue < 0.05
    apart = contrast(y, "net", a=a, b=~a, plan=design(120, cluster=range(120)))
    assert apart.std_error > 0.1


@pytest.mark.parametrize("kind", ["net", "share", "mean"])
def test_weights_of_one_change_next_to_nothing(draw, kind):
    y = draw.choice([-1.0, 0.0, 1.0] if kind == "net" else [0.0, 1.0], 200)
    a = np.arange(200) < 80
    plain_one = contrast(y, kind, a=a, b=~a, plan=design(200))
    weighted = contrast(y, kind, a=a, b=~a, plan=design(200, weights=np.ones(200)))
    assert weighted.estimate == pytest.approx(plain_one.estimate)
    assert weighted.ci_lower == pytest.approx(plain_one.ci_lower, rel=0.02)
    assert weighted.ci_upper == pytest.approx(plain_one.ci_upper, rel=0.02)


def test_few_clusters_use_their_own_degrees_of_freedom(draw):
    y = draw.choice([-1.0, 0.0, 1.0], 100)
    cluster = np.where(np.arange(100) < 12, np.arange(100) // 4, np.arange(100))
    a = np.arange(100) >= 12
    found = contrast(y, "net", a=a, b=~a, plan=design(100, cluster=cluster))
    assert found.df == 2


def test_unanimous_groups_keep_an_interval():
    y = np.array([1.0] * 20 + [-1.0] * 20)
    a = np.arange(40) < 20
    for plan in (design(40), design(40, weights=np.full(40, 2.0))):
        found = contrast(y, "net", a=a, b=~a, plan=plan)
        assert found.estimate == -2
        assert found.ci_upper - found.ci_lower > 0.1


def test_plain_names_its_methods():
    with pytest.raises(ArgumentError) as caught:
        plain(estimate([0.0, 1.0], "net"), "walt", design(2))
    assert (
        str(caught.value) == "`method` is 'walt'; use one of 'adjusted', 't', 'wald'."
    )


def test_heterogeneity_with_correlated_estimates_is_the_contrast():
    """Two estimates: Q is the squared z of their difference."""
    cov = np.array([[4.0, 1.5], [1.5, 9.0]])
    found = heterogeneity([10.0, 4.0], cov)
    assert found.statistic == pytest.approx(36 / (4 + 9 - 3))
    few = heterogeneity([10.0, 4.0], cov, df_error=5)
    assert few.pvalue > found.pvalue


def test_heterogeneity_needs_two():
    with pytest.raises(ArgumentError, match="has 1 values; at least 2 are compared"):
        heterogeneity([1.0], [1.0])


@given(st.tuples(*[st.integers(0, 60)] * 3).filter(lambda k: sum(k) > 0))
def test_score_interval_holds_the_estimate_and_mirrors(counts):
    lower, upper = score_interval(counts)
    net = (counts[2] - counts[0]) / sum(counts)
    assert -1 <= lower <= net + 1e-9
    assert net - 1e-9 <= upper <= 1
    mirrored = score_interval(counts[::-1])
    assert mirrored == pytest.approx((-upper, -lower), abs=1e-7)


def test_score_interval_without_answers():
    with pytest.raises(DataError, match="no answers: an interval needs at least one"):
        score_interval([0, 0, 0])


def brute_lmg(corr):
    """Shapley values by the definition."""
    p = len(corr) - 1

    def r2(chosen):
        s = list(chosen)
        if not s:
            return 0.0
        return corr[-1, s] @ np.linalg.solve(corr[np.ix_(s, s)], corr[s, -1])

    values = np.zeros(p)
    for j in range(p):
        others = [k for k in range(p) if k != j]
        for m in range(p):
            weight = factorial(m) * factorial(p - m - 1) / factorial(p)
            for chosen in combinations(others, m):
                values[j] += weight * (r2((*chosen, j)) - r2(chosen))
    return values


@given(st.integers(1, 6), st.integers(0, 10_000))
def test_shapley_equals_the_definition(p, seed):
    data = np.random.default_rng(seed).normal(size=(60, p + 1))
    data[:, -1] += data[:, 0]
    corr = np.corrcoef(data.T)
    found = shapley_r2(corr)
    assert found == pytest.approx(brute_lmg(corr), abs=1e-10)
    assert found.sum() == pytest.approx(subset_r2(corr)[-1])
    assert (found >= -1e-12).all()


def test_shapley_of_a_stack_and_of_covariances(draw):
    data = draw.normal(size=(7, 50, 5)) * [1, 2, 3, 4, 5]
    covs = np.stack([np.cov(d.T) for d in data])
    corrs = np.stack([np.corrcoef(d.T) for d in data])
    assert shapley_r2(covs) == pytest.approx(shapley_r2(corrs))
    assert shapley_r2(corrs)[3] == pytest.approx(shapley_r2(corrs[3]))


def test_a_copied_predictor_shares_its_part():
    corr = np.array([[1, 1, 0.6], [1, 1, 0.6], [0.6, 0.6, 1]])
    assert shapley_r2(corr) == pytest.approx([0.18, 0.18])


def test_sixteen_predictors_are_refused():
    with pytest.raises(ArgumentError) as caught:
        subset_r2(np.eye(17))
    assert str(caught.value) == "16 predictors; at most 15 are decomposed."
