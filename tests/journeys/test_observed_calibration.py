"""What the intervals and claims hold on simulated truth, with binomial bounds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxlib import journeys
from cxlib.estimate import design
from cxlib.estimate.aipw import adjusted_gap, cross_fit
from cxlib.estimate.interrupted import interrupted, two_sided

pytestmark = pytest.mark.slow


def bounds(share: float, n: int) -> tuple[float, float]:
    """Central 99.9 % of a binomial share."""
    low, high = stats.binom.interval(0.999, n, share)
    return low / n, high / n


def confounded(rng: np.random.Generator, n: int, kind: str, slope: float):
    """Two causes of both; the true gaps, of all and of those with it, at hand."""
    x = rng.normal(size=(n, 2))
    had = rng.random(n) < 1 / (1 + np.exp(-(0.7 * x[:, 0] - 0.5 * x[:, 1] - 0.3)))
    gap = 0.3 + slope * x[:, 0]
    if kind == "linear":
        y = x[:, 0] - 0.5 * x[:, 1] + gap * had + rng.normal(size=n)
        return x, had, y, gap
    chance = [1 / (1 + np.exp(-(0.8 * x[:, 0] - 0.4 * x[:, 1] - 0.5 + d * gap)))
              for d in (0, 1)]  # fmt: skip
    y = (rng.random(n) < np.where(had, chance[1], chance[0])) * 1.0
    return x, had, y, chance[1] - chance[0]


@pytest.mark.parametrize("kind", ["linear", "logistic"])
def test_adjusted_gaps_cover_and_the_naive_one_does_not(kind):
    rng, rounds = np.random.default_rng(11), 300
    big = confounded(rng, 400_000, kind, 0.3)
    truth = {"all": big[3].mean(), "treated": big[3][big[1]].mean()}
    hits = dict.fromkeys([*truth, "naive"], 0)
    for i in range(rounds):
        x, had, y, _ = confounded(rng, 700, kind, 0.3)
        plan = design(700)
        fit = cross_fit(y, had, x, plan=plan, outcome=kind, rng=i)
        for estimand, true in truth.items():
            one = adjusted_gap(y, had, nuisance=fit, plan=plan, estimand=estimand)
            hits[estimand] += abs(one.estimate - true) < 1.96 * one.std_error
        naive = y[had].mean() - y[~had].mean()
        error = (y[had].var() / had.sum() + y[~had].var() / (~had).sum()) ** 0.5
        hits["naive"] += abs(naive - truth["all"]) < 1.96 * error
    low, high = bounds(0.95, rounds)
    for estimand in truth:
        assert low <= hits[estimand] / rounds <= high, (estimand, hits)
    assert hits["naive"] / rounds < 0.5


def test_no_effect_is_rarely_seen():
    rng, rounds, alarms = np.random.default_rng(12), 250, 0
    for i in range(rounds):
        x = rng.normal(size=600)
        users = pd.DataFrame(
            {
                "x": x, "had": rng.random(600) < 1 / (1 + np.exp(-x)),
                "y": x + rng.normal(size=600),
            }
        )  # fmt: skip
        found = journeys.adjusted_effect(users, "had", ["x"], outcome="y", rng=i)
        alarms += found.row("adjusted, everybody")["pvalue"] < 0.05
    assert alarms / rounds <= bounds(0.05, rounds)[1]


def memory(rng: np.random.Generator, shape: tuple[int, int], rho: float) -> np.ndarray:
    """Series with autocorrelation rho and unit variance, along the second axis."""
    noise = rng.normal(size=shape)
    for i in range(1, shape[1]):
        noise[:, i] = rho * noise[:, i - 1] + (1 - rho**2) ** 0.5 * noise[:, i]
    return noise


def stores(rng: np.random.Generator, shock: float, trend: float = 0.0) -> pd.DataFrame:
    """Forty stores over twelve months, each with a memory; shocks by group."""
    own = memory(rng, (40, 12), 0.6)
    group = np.repeat([0, 1], 20)
    shared = shock * memory(rng, (2, 12), 0.6)
    month = np.arange(12)
    y = own + shared[group] + trend * group[:, None] * month
    return pd.DataFrame(
        {
            "store": np.repeat(np.arange(40), 12), "month": np.tile(month, 40),
            "changed": np.repeat(group, 12), "y": y.ravel(),
        }
    )  # fmt: skip


def difference(rows: pd.DataFrame):
    return journeys.difference_in_differences(
        rows, outcome="y", group="changed", treated="1", at=8, time="month",
        cluster="store",
    )  # fmt: skip


def test_double_differences_of_units_with_a_memory():
    rng, rounds = np.random.default_rng(13), 250
    found = [difference(stores(rng, 0.0)) for _ in range(rounds)]
    alarms = np.mean([one.table["pvalue"].iloc[0] < 0.05 for one in found])
    low, high = bounds(0.05, rounds)
    assert low <= alarms <= high
    assert np.mean([one.placebo < 0.05 for one in found]) <= high
    assert np.mean([one.claimed for one in found]) <= high


def test_shocks_of_a_whole_group_are_mostly_caught():
    """They fool the clustered interval; placebo and periods stop most claims."""
    rng, rounds = np.random.default_rng(14), 150
    found = [difference(stores(rng, 0.5)) for _ in range(rounds)]
    fooled = np.mean([one.table["pvalue"].iloc[0] < 0.05 for one in found])
    assert fooled > 0.3
    assert np.mean([one.claimed for one in found]) < fooled / 3


def test_a_planted_pre_trend_is_loud():
    rng = np.random.default_rng(15)
    found = [difference(stores(rng, 0.0, trend=0.3)) for _ in range(40)]
    assert np.mean([one.placebo < 0.05 for one in found]) > 0.8
    assert np.mean([one.claimed for one in found]) < 0.2


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_series_with_a_memory(rho):
    """At most about one false claim in twelve, where Newey-West alone gives more."""
    rng, rounds = np.random.default_rng(16), 150
    claims = naive = 0
    for series in memory(rng, (rounds, 52), rho):
        rows = pd.DataFrame({"week": np.arange(52), "y": series})
        found = journeys.interrupted_series(rows, outcome="y", at=39, time="week")
        claims += found.claimed
        one = interrupted(series, np.arange(52) >= 39, lags=3)
        naive += two_sided(one.estimate / one.std_error, one.df) < 0.05
    assert claims / rounds <= bounds(0.08, rounds)[1]
    assert claims <= naive
    if rho == 0.8:
        assert naive / rounds > 0.2


def test_a_real_break_is_found():
    rng = np.random.default_rng(17)
    week = np.arange(60)
    found = [
        journeys.interrupted_series(
            pd.DataFrame({"week": week, "y": noise - 4 * (week >= 45)}),
            outcome="y", at=45, time="week",
        )
        for noise in memory(rng, (40, 60), 0.3)
    ]  # fmt: skip
    assert np.mean([one.claimed for one in found]) > 0.8
    inside = [
        one.table["effect_size_ci_lower"].iloc[0] < -4
        < one.table["effect_size_ci_upper"].iloc[0]
        for one in found
    ]  # fmt: skip
    assert np.mean(inside) > 0.8
