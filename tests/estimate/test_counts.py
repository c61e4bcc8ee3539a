"""Estimates from counts equal those from rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxlib.errors import DataError
from cxlib.estimate import difference, estimate
from cxlib.estimate.counts import (
    chi_square,
    compare_nets,
    compare_shares,
    net_from_counts,
    share_from_counts,
)

NAMES = [
    *("n", "estimate", "std_error", "ci_lower", "ci_upper"),
    *("df", "centre", "centre_se"),
]


@given(st.tuples(*[st.integers(0, 60)] * 3).filter(lambda c: sum(c) > 1))
def test_net_from_counts_is_the_estimate_of_the_rows(counts):
    rows = estimate(np.repeat([-1.0, 0.0, 1.0], counts), "net")
    ours = net_from_counts(counts)
    for name in NAMES:
        assert getattr(ours, name) == pytest.approx(getattr(rows, name), abs=1e-12)


@given(st.integers(0, 50), st.integers(0, 50))
def test_share_from_counts_is_the_estimate_of_the_rows(x, rest):
    if x + rest < 2:
        with pytest.raises(DataError, match="at least two are needed"):
            share_from_counts(x, x + rest)
        return
    rows = estimate(np.repeat([1.0, 0.0], [x, rest]), "share")
    ours = share_from_counts(x, x + rest)
    for name in NAMES:
        assert getattr(ours, name) == pytest.approx(getattr(rows, name), abs=1e-12)


def test_comparisons_are_those_of_the_estimates():
    gap = difference(share_from_counts(5, 25), share_from_counts(15, 25))
    ours = compare_shares(5, 25, 15, 25)
    assert ours.effect_size_ci_lower == pytest.approx(gap.ci_lower)
    assert ours.statistic**2 == pytest.approx(8.33333333333333)
    net = difference(net_from_counts([3, 4, 3]), net_from_counts([2, 3, 5]))
    assert compare_nets([3, 4, 3], [2, 3, 5]).pvalue == pytest.approx(net.pvalue)


def test_unanimous_arms_keep_a_width_and_claim_nothing():
    ours = compare_shares(0, 30, 0, 30)
    assert ours.pvalue == 1
    assert ours.effect_size_ci_lower < 0 < ours.effect_size_ci_upper
    assert np.isnan(ours.rel_effect_size_ci_lower)


def test_chi_square_is_scipys():
    from scipy.stats import chisquare

    observed, plan = [50, 30, 40], [0.4, 0.3, 0.3]
    expected = chisquare(observed, np.array(plan) * 120)
    statistic, df, p = chi_square(observed, plan)
    assert (statistic, df) == (pytest.approx(expected.statistic), 2)
    assert p == pytest.approx(expected.pvalue)
