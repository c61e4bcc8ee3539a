"""What must hold of every estimate, whatever the data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cxlib.estimate import (
    adjust,
    adjusted_wald,
    design,
    difference,
    estimate,
    newcombe,
    wilson,
)

CLOSE = {"rel": 1e-9, "abs": 1e-9}  # sums in another order
KINDS = {"net": st.sampled_from([-1.0, 0.0, 1.0]), "share": st.sampled_from([0.0, 1.0])}
KINDS["mean"] = st.floats(-100, 100).map(lambda x: round(x, 3))
LEVELS = st.floats(0.5, 0.999)


@st.composite
def samples(draw, least=2):
    kind = draw(st.sampled_from(sorted(KINDS)))
    values = draw(st.lists(KINDS[kind], min_size=least, max_size=60))
    return kind, np.array(values)


@st.composite
def pairs(draw, kinds=("net", "share", "mean")):
    """Two samples of one kind."""
    kind = draw(st.sampled_from(kinds))
    size = {"min_size": 2, "max_size": 60}
    return kind, *(np.array(draw(st.lists(KINDS[kind], **size))) for _ in range(2))


@st.composite
def designed(draw):
    """A sample with weights, clusters or both; at least two clusters."""
    kind, y = draw(samples(least=4))
    n = len(y)
    weights = draw(st.none() | st.lists(st.floats(0.1, 10), min_size=n, max_size=n))
    cluster = draw(st.none() | st.lists(st.integers(0, 5), min_size=n, max_size=n))
    assume(cluster is None or len(set(cluster)) > 1)
    return kind, y, weights, cluster


def same(a, b, flip=1):
    """Compare all numbers of two estimates; `flip` -1 mirrors the interval."""
    pairs = [(a.estimate, flip * b.estimate), (a.std_error, b.std_error)]
    ends = (b.ci_lower, b.ci_upper) if flip == 1 else (-b.ci_upper, -b.ci_lower)
    pairs += [(a.ci_lower, ends[0]), (a.ci_upper, ends[1]), (a.n_eff, b.n_eff)]
    return all(x == pytest.approx(y, nan_ok=True, **CLOSE) for x, y in pairs)


@given(designed(), LEVELS)
def test_bounds(sample, level):
    kind, y, weights, cluster = sample
    plan = design(len(y), weights=weights, cluster=cluster)
    found = estimate(y, kind, plan=plan, confidence_level=level)
    low, high = {"net": (-1, 1), "share": (0, 1), "mean": (y.min(), y.max())}[kind]
    tiny = 1e-9
    assert low - tiny <= found.estimate <= high + tiny
    assert 0 < found.n_eff <= found.n + tiny
    assert found.std_error >= 0
    if not np.isnan(found.ci_lower):
        assert found.ci_lower - tiny <= found.estimate <= found.ci_upper + tiny
    if kind != "mean":
        assert low <= found.ci_lower <= found.ci_upper <= high


@given(designed())
def test_sign_flip(sample):
    kind, y, weights, cluster = sample
    kind = "mean" if kind == "share" else kind
    plan = design(len(y), weights=weights, cluster=cluster)
    assert same(estimate(-y, kind, plan=plan), estimate(y, kind, plan=plan), flip=-1)


@given(designed(), st.randoms(use_true_random=False))
def test_row_order(sample, random):
    kind, y, weights, cluster = sample
    order = list(range(len(y)))
    random.shuffle(order)

    def at(column):
        return None if column is None else [column[i] for i in order]

    plan = design(len(y), weights=weights, cluster=cluster)
    mixed = design(len(y), weights=at(weights), cluster=at(cluster))
    assert same(estimate(y, kind, plan=plan), estimate(y[order], kind, plan=mixed))


@given(samples())
def test_weights_of_one_are_no_weights(sample):
    kind, y = sample
    assume(len(set(y)) > 1 or kind != "mean")
    ones = design(len(y), weights=np.ones(len(y)))
    assert same(estimate(y, kind, plan=ones), estimate(y, kind))


@given(designed(), st.floats(1e-3, 1e3))
def test_scale_of_the_weights(sample, factor):
    kind, y, weights, cluster = sample
    weights = np.ones(len(y)) if weights is None else weights
    plan = design(len(y), weights=weights, cluster=cluster)
    scaled = design(len(y), weights=np.multiply(weights, factor), cluster=cluster)
    assert same(estimate(y, kind, plan=plan), estimate(y, kind, plan=scaled))


@given(samples(least=10))
def test_every_row_twice(sample):
    kind, y = sample
    once, twice = estimate(y, kind), estimate(np.tile(y, 2), kind)
    assert twice.estimate == pytest.approx(once.estimate, **CLOSE)
    n = len(y)
    shrink = np.sqrt((n - 1) / (2 * n - 1))  # sqrt(1/2) but for the n - 1
    assert twice.std_error == pytest.approx(once.std_error * shrink, **CLOSE)


@given(samples())
def test_each_row_its_own_cluster_keeps_the_standard_error(sample):
    kind, y = sample
    rows = design(len(y), cluster=range(len(y)))
    plain, clustered = estimate(y, kind), estimate(y, kind, plan=rows)
    assert clustered.std_error == pytest.approx(plain.std_error, **CLOSE)
    assert clustered.estimate == plain.estimate


@given(samples(least=4), st.data())
def test_domain_of_everybody(sample, data):
    kind, y = sample
    everybody = estimate(y, kind, domain=np.ones(len(y), dtype=bool))
    assert same(everybody, estimate(y, kind))


@given(pairs(), LEVELS)
def test_difference_is_antisymmetric_and_inside_its_interval(pair, level):
    kind, *values = pair
    a, b = (estimate(y, kind, confidence_level=level) for y in values)
    there, back = difference(a, b), difference(b, a)
    assert there.estimate == pytest.approx(-back.estimate, **CLOSE)
    assert there.ci_lower == pytest.approx(-back.ci_upper, nan_ok=True, **CLOSE)
    assert there.pvalue == pytest.approx(back.pvalue, nan_ok=True, **CLOSE)
    if not np.isnan(there.ci_lower):
        assert there.ci_lower - 1e-9 <= there.estimate <= there.ci_upper + 1e-9
        assert 0 <= there.pvalue <= 1


@given(pairs(("net", "mean")))
def test_interval_and_test_of_nets_and_means_agree(pair):
    kind, *values = pair
    a, b = (estimate(y, kind) for y in values)
    found = difference(a, b)
    assume(not np.isnan(found.pvalue) and abs(found.pvalue - 0.05) > 1e-6)
    assume(found.estimate * found.statistic >= 0)
    excludes_zero = found.ci_lower > 0 or found.ci_upper < 0
    assert excludes_zero == (found.pvalue < 0.05)


@given(st.floats(0, 1), st.floats(0.5, 1e6), LEVELS)
def test_wilson_holds_its_share(share, n, level):
    lower, upper = wilson(share, n, confidence_level=level)
    assert 0 <= lower <= share <= upper <= 1
    mirrored = wilson(1 - share, n, confidence_level=level)
    assert (lower, upper) == pytest.approx((1 - mirrored[1], 1 - mirrored[0]), abs=1e-9)


@given(st.tuples(*[st.integers(0, 50)] * 3))
def test_adjusted_wald_flips_with_its_counts(counts):
    n = sum(counts)
    assume(n > 0)
    shares = np.array(counts) / n
    centre, spread = adjusted_wald(shares, n)
    assert adjusted_wald(shares[::-1], n) == pytest.approx((-centre, spread), **CLOSE)
    assert abs(centre) < 1
    assert spread > 0


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_newcombe_stays_in_range(n1, n2, data):
    x1 = data.draw(st.integers(0, n1))
    x2 = data.draw(st.integers(0, n2))
    lower, upper = newcombe(x1, n1, x2, n2)
    assert -1 - 1e-9 <= lower <= x1 / n1 - x2 / n2 <= upper <= 1 + 1e-9


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_corrections_only_raise_and_keep_order(raw):
    for correction in ("holm", "fdr_bh"):
        adjusted = adjust(raw, correction)
        assert (adjusted >= np.array(raw) - 1e-12).all()
        assert (adjusted <= 1).all()
        assert (np.diff(adjusted[np.argsort(raw, kind="stable")]) >= -1e-12).all()
    assert (adjust(raw, "fdr_bh") <= adjust(raw, "holm") + 1e-12).all()
