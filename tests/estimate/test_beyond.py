"""The one-sided test from a published interval never alerts more than it declares."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from cxlib.errors import ArgumentError
from cxlib.estimate import adjusted_wald, wilson
from cxlib.estimate.beyond import beyond

RATES = (0.05, 0.01, 0.001)
Z = stats.norm.isf(0.025)


def test_at_the_end_of_a_normal_interval_it_is_the_tail():
    for level in (0.8, 0.95):
        p = beyond(3.0, (1.0, 5.0), limit=5.0, confidence_level=level)
        assert p == pytest.approx((1 - level) / 2)
        assert beyond(3.0, (1.0, 5.0), limit=1.0, confidence_level=level) == p


def test_it_is_the_z_test_of_a_symmetric_interval():
    p = beyond(10.0, (10 - Z, 10 + Z), limit=12.5, confidence_level=0.95)
    assert p == pytest.approx(stats.norm.sf(2.5))


def test_it_is_never_below_the_t_test_of_a_small_sample():
    half = stats.t.isf(0.025, 9)
    p = beyond(10.0, (10 - half, 10 + half), limit=14.0, confidence_level=0.95, n=10)
    assert p == pytest.approx(stats.t.sf(4, 9))


def test_each_side_has_its_own_half_width_unless_that_is_the_smaller():
    far = beyond(0.0, (-1.0, 6.0), limit=4.0, confidence_level=0.95)
    near = beyond(0.0, (-6.0, 1.0), limit=1.5, confidence_level=0.95)
    assert far == pytest.approx(stats.norm.sf(Z * 4 / 6))
    assert near == pytest.approx(stats.norm.sf(Z * 1.5 / 3.5))


def test_a_ratio_is_measured_on_its_log_scale():
    ends = (2 / 1.5, 2 * 1.5)
    p = beyond(2.0, ends, limit=2 / 2.25, confidence_level=0.95)
    assert p == pytest.approx(stats.norm.sf(2 * Z))


def test_a_share_is_never_below_the_exact_binomial_tail():
    p = beyond(0.02, wilson(0.02, 400), limit=0.01, confidence_level=0.95, n=400,
               share=True)  # fmt: skip
    assert p >= stats.binom.sf(7, 400, 0.01) * 0.999


def test_a_clustered_share_counts_as_fewer_units():
    wide = wilson(0.3, 100)
    p = beyond(0.3, wide, limit=0.2, confidence_level=0.95, n=400, share=True)
    assert p == pytest.approx(stats.binom.sf(29, 100, 0.2), rel=0.02)


@pytest.mark.parametrize(
    ("ends", "limit"), [((5.0, 5.0), 6.0), ((4.0, 5.0), 6.0), ((math.nan, 7.0), 6.0)]
)
def test_no_width_on_the_side_means_no_test(ends, limit):
    assert math.isnan(beyond(5.0, ends, limit=limit, confidence_level=0.95))


def test_an_estimate_at_the_limit_is_no_evidence():
    assert beyond(5.0, (4.0, 6.0), limit=5.0, confidence_level=0.95) == 1.0
    assert beyond(5.0, (4.0, 6.0), limit=5.4, confidence_level=0.95, step=1) == 1.0


def test_the_level_is_checked():
    with pytest.raises(ArgumentError, match=r"it must lie in \(0, 1\)"):
        beyond(5.0, (4.0, 6.0), limit=7.0, confidence_level=95)


def sizes(pvalues, weights):
    """Return the exact chance of an alert at each rate."""
    return [float(weights[pvalues <= rate].sum()) for rate in RATES]


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("truth", [0.02, 0.05, 0.2, 0.5])
@pytest.mark.parametrize("n", [30, 100, 400])
def test_exact_rate_of_a_share_at_its_limit(n, truth, side):
    k = np.arange(n + 1)
    p = np.array([
        beyond(i / n, wilson(i / n, n), limit=truth, confidence_level=0.95, n=n,
               share=True) if (i / n - truth) * side > 0 else 1.0
        for i in k
    ])  # fmt: skip
    found = sizes(p, stats.binom.pmf(k, n, truth))
    assert all(size <= rate for size, rate in zip(found, RATES, strict=True)), found


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(
    "shares", [(0.3, 0.2, 0.5), (0.1, 0.2, 0.7), (0.05, 0.15, 0.8)]
)
def test_exact_rate_of_a_net_score_at_its_limit(shares, side):
    n, truth, p, weights = 30, 100 * (shares[2] - shares[0]), [], []
    for i in range(n + 1):
        for j in range(n + 1 - i):
            k = n - i - j
            own = 100 * (k - i) / n
            centre, se = (100 * v for v in adjusted_wald([i / n, j / n, k / n], n))
            ends = (min(centre - Z * se, own), max(centre + Z * se, own))
            ends = (max(-100.0, ends[0]), min(100.0, ends[1]))
            found = 1.0
            if (own - truth) * side > 1e-9:
                found = beyond(own, ends, limit=truth, confidence_level=0.95, n=n,
                               step=100 / n)  # fmt: skip
            p.append(found)
            weights.append(stats.multinomial.pmf([i, j, k], n, shares))
    found = sizes(np.array(p), np.array(weights))
    assert all(size <= rate for size, rate in zip(found, RATES, strict=True)), found
