"""The same users through tea-tasting, live: means, ratios, shares, CUPED."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tea_tasting as tt
from hypothesis import given, settings
from hypothesis import strategies as st

from cxlib import journeys
from cxlib.journeys import GeometricMean, Mean, Proportion, Ratio, TimeTo

# both sum in floating point, in a different order
LINEAR = {"rel": 1e-9, "abs": 1e-12}
SHARED = ("control", "treatment", "effect_size", "pvalue", "statistic")


def ours(users, metric, level=0.95):
    table = journeys.compare(users, [metric], control="0", confidence_level=level).table
    return table.iloc[0]


def theirs(users, metric):
    return tt.Experiment(m=metric).analyze(users, 0)["m"]


def agree(one, other, names=SHARED):
    for name in names:
        assert one[name] == pytest.approx(getattr(other, name), **LINEAR), name
    for end in ("lower", "upper"):
        name = f"effect_size_ci_{end}"
        assert one[name] == pytest.approx(getattr(other, name), **LINEAR)
    assert one["rel_effect_size"] == pytest.approx(other.rel_effect_size, **LINEAR)


@settings(max_examples=8)
@given(
    st.integers(0, 10_000), st.integers(60, 400), st.sampled_from([0.5, 1, 3]),
    st.sampled_from([0.8, 0.9, 0.95, 0.99]),
)  # fmt: skip
def test_made_users_give_the_same_numbers(seed, n, ratio, level):
    users = tt.make_users_data(
        covariates=True, rng=seed, n_users=n, ratio=ratio, avg_orders_per_session=0.5,
        return_type="pandas",
    )  # fmt: skip
    pairs = [
        (
            Mean(name="m", column="revenue"),
            tt.Mean("revenue", confidence_level=level),
        ),
        (
            Mean(name="m", column="revenue", covariate="revenue_covariate"),
            tt.Mean("revenue", "revenue_covariate", confidence_level=level),
        ),
        (
            Ratio(name="m", column="orders", denominator="sessions"),
            tt.RatioOfMeans("orders", "sessions", confidence_level=level),
        ),
    ]
    for mine, peer in pairs:
        agree(ours(users, mine, level), theirs(users, peer))


def test_relative_intervals_differ_by_method_only():
    users = tt.make_users_data(rng=7, n_users=40_000, return_type="pandas")
    one = ours(users, Mean(name="m", column="revenue"))
    other = theirs(users, tt.Mean("revenue"))
    width = other.rel_effect_size_ci_upper - other.rel_effect_size_ci_lower
    for end in ("lower", "upper"):  # Fieller here, logarithm there
        name = f"rel_effect_size_ci_{end}"
        assert one[name] == pytest.approx(getattr(other, name), abs=0.02 * width)
        assert one[name] != getattr(other, name)


@settings(max_examples=20)
@given(
    st.lists(st.floats(1, 1e3), min_size=3, max_size=40),
    st.lists(st.floats(1, 1e3), min_size=3, max_size=40),
)
def test_any_numbers_give_the_same_welch(a, b):
    a[:2], b[:2] = [10.0, 20.0], [30.0, 25.0]  # spread in both arms
    users = pd.DataFrame({"variant": [0] * len(a) + [1] * len(b), "y": [*a, *b]})
    one, other = ours(users, Mean(name="m", column="y")), theirs(users, tt.Mean("y"))
    for name in ("control", "treatment", "effect_size", "pvalue", "statistic"):
        assert one[name] == pytest.approx(getattr(other, name), rel=1e-7, abs=1e-8)


def test_shares_give_the_same_score_test():
    rng = np.random.default_rng(3)
    users = pd.DataFrame(
        {"variant": np.resize([0, 1], 900), "paid": (rng.random(900) < 0.2) * 1}
    )
    one = ours(users, Proportion(name="m", column="paid"))
    other = theirs(users, tt.Proportion("paid", method="norm", correction=False))
    for name in ("control", "treatment", "effect_size", "pvalue"):
        assert one[name] == pytest.approx(getattr(other, name), rel=1e-9)


def test_geometric_mean_without_a_difference_is_a_mean_of_logs():
    rng = np.random.default_rng(5)
    y = rng.lognormal(2, 1, 300)
    users = pd.DataFrame({"variant": np.resize([0, 1], 300), "y": y, "l": np.log(y)})
    one = ours(users, GeometricMean(name="m", column="y"))
    other = theirs(users, tt.Mean("l"))
    assert one["pvalue"] == pytest.approx(other.pvalue, rel=1e-9)
    assert np.log1p(one["rel_effect_size_ci_lower"]) == pytest.approx(
        other.effect_size_ci_lower, rel=1e-9
    )


def test_times_without_censoring_are_a_mean_of_capped_times():
    rng = np.random.default_rng(6)
    y = rng.exponential(5, 5000)
    users = pd.DataFrame(
        {"variant": np.resize([0, 1], 5000), "y": y, "got": 1, "c": y.clip(max=8)}
    )
    one = ours(users, TimeTo(name="m", column="y", event="got", horizon=8))
    other = theirs(users, tt.Mean("c"))
    assert one["effect_size"] == pytest.approx(other.effect_size, rel=1e-9)
    # Greenwood's variance divides by n, Welch's by n - 1
    assert one["statistic"] == pytest.approx(other.statistic, rel=5e-4)
