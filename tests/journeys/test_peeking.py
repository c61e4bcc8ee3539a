"""Error rates over many looks, and those of the A/A harness, on simulated users."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxlib import journeys
from cxlib.estimate import Moments, welch
from cxlib.estimate.counts import compare_shares
from cxlib.estimate.sequential import count_evidence
from cxlib.journeys import Mean, Proportion, Ratio, Score
from cxlib.journeys.experiments._looks import Looking

pytestmark = pytest.mark.slow
LOOKS, EACH = 20, 250


def at_most(hits, n, rate, tail=1e-4):
    """Whether so many hits are compatible with at most this rate."""
    return stats.binom.sf(hits - 1, n, rate) > tail


def peeks(runs, draw, seed):
    """Moments of both arms at every look: shape (runs, arms, looks)."""
    rng = np.random.default_rng(seed)
    for _ in range(runs):
        y = draw(rng, (2, LOOKS * EACH))
        n = EACH * np.arange(1, LOOKS + 1)
        total, square = (np.cumsum(v, axis=1)[:, n - 1] for v in (y, y * y))
        mean = total / n
        yield n, mean, (square - n * mean**2) / (n - 1)


def ever(runs, looking, draw, seed=1):
    """Runs with a false alarm, and with an interval that misses zero, at any look."""
    alarms = misses = 0
    for n, mean, var in peeks(runs, draw, seed):
        found = []
        for k in range(LOOKS):
            a, b = (
                Moments(n[k], mean[i, k : k + 1], var[i, k : k + 1, None])
                for i in (0, 1)
            )
            found.append(looking.at(means(a, b), 2 * n[k]))
        alarms += any(one.pvalue < 0.05 for one in found)
        misses += any(
            one.effect_size_ci_lower > 0 or one.effect_size_ci_upper < 0
            for one in found
        )
    return alarms, misses


def means(a, b):
    """Welch's comparison of two arms, at any level."""
    return lambda level: welch(a, b, confidence_level=level)


def shares(a, b, n):
    """The comparison of a and b flags of n each, at any level."""
    return lambda level: compare_shares(a, n, b, n, confidence_level=level)


def skewed(rng, shape):
    return rng.gamma(0.5, 20, shape)


def test_twenty_peeks_keep_the_error_rate_that_one_look_loses():
    """The naive control shows that the test can fail: about one run in four."""
    runs = 300
    naive, _ = ever(runs, Looking.of("once", None, 0.95, clustered=False), skewed)
    assert 0.17 < naive / runs < 0.32
    runs = 300
    for tuning in (2 * EACH * LOOKS, 1000):
        looking = Looking.of("any", tuning, 0.95, clustered=False)
        alarms, misses = ever(runs, looking, skewed)
        assert alarms == misses
        assert at_most(alarms, runs, 0.05), alarms / runs
        assert alarms / runs < 0.05


def test_peeking_at_a_rare_flag():
    """Ten looks from 200 users an arm on, at a rate of 2 %."""
    rng = np.random.default_rng(4)
    runs, alarms = 400, {"once": 0, "any": 0}
    ways = {how: Looking.of(how, None, 0.95, clustered=False) for how in alarms}
    for _ in range(runs):
        counts = rng.binomial(200, 0.02, (2, 10)).cumsum(axis=1)
        for how, looking in ways.items():
            found = [
                looking.at(shares(*one, 200 * k), 400 * k)
                for k, one in enumerate(counts.T, 1)
            ]
            alarms[how] += any(one.pvalue < 0.05 for one in found)
    assert alarms["once"] / runs > 0.1
    assert at_most(alarms["any"], runs, 0.05), alarms["any"] / runs


def test_sample_ratio_over_many_looks():
    rng = np.random.default_rng(5)
    runs, alpha = 3000, 0.01
    share = np.array([0.5, 0.3, 0.2])
    stops = naive = 0
    for _ in range(runs):
        days = rng.multinomial(300, share, 30)
        _, p = count_evidence(days, share, concentration=400)
        stops += p[-1] < alpha
        seen = days.cumsum(axis=0)
        planned = seen.sum(axis=1, keepdims=True) * share
        chi2 = (np.square(seen - planned) / planned).sum(axis=1)
        naive += (stats.chi2.sf(chi2, 2) < alpha).any()
    assert at_most(stops, runs, alpha), stops / runs
    assert naive / runs > 0.03
    found = [
        count_evidence(rng.multinomial(300, [0.44, 0.34, 0.22], 30), share,
                       concentration=400)[1][-1] < alpha
        for _ in range(200)
    ]  # fmt: skip
    assert np.mean(found) > 0.95


def test_false_alarms_of_sound_metrics_are_as_promised():
    """One rate per data set; over data sets they average to alpha."""
    rng = np.random.default_rng(6)
    metrics = [
        Mean(name="m", column="y", covariate="x"), Proportion(name="p", column="f"),
        Ratio(name="r", column="y", denominator="d"), Score(name="s", column="s"),
    ]  # fmt: skip
    hits, runs, flagged = np.zeros(4), 0, 0
    for seed in range(8):
        n = 1500
        x = rng.gamma(2, 5, n)
        users = pd.DataFrame(
            {
                "x": x, "y": 0.8 * x + rng.gamma(1, 5, n), "d": rng.poisson(3, n) + 1,
                "f": rng.random(n) < 0.15,
                "s": np.where(rng.random(n) < 0.5, rng.integers(0, 11, n), np.nan),
            }
        )  # fmt: skip
        table = journeys.false_alarms(users, metrics, n_resamples=300, rng=seed).table
        hits, runs = hits + table["n_alarms"].to_numpy(), runs + 300
        flagged += (table["status"] != "holds").sum()
    low, high = stats.binom.ppf([1e-4, 1 - 1e-4], runs, 0.05)
    assert ((low <= hits) & (hits <= high)).all(), hits / runs
    assert flagged <= 2


def test_real_users_hold_their_error_rate(shared):
    """Hillstrom's e-mail test: visits, conversions and spend of 64,000 customers."""
    users = pd.read_csv(shared("data/hillstrom/hillstrom_data.csv"))
    metrics = [
        Proportion(name="visit", column="visit"),
        Proportion(name="conversion", column="conversion"),
        Mean(name="spend", column="spend", covariate="history"),
    ]
    found = journeys.false_alarms(users, metrics, n_resamples=300, rng=1)
    assert "too many" not in set(found.table["status"])
    assert found.table.set_index("metric").loc["visit", "status"] == "holds"


def test_power_is_kept_at_the_planned_number():
    """The plan's users find the planned effect as often as promised."""
    rng = np.random.default_rng(8)
    metric = [Proportion(name="paid", column="paid")]
    for looks in ("once", "any"):
        plan = journeys.power(
            None, metric, effects={"paid": 0.05}, baselines={"paid": {"mean": 0.2}},
            looks=looks,
        ).table.iloc[0]  # fmt: skip
        n, runs, found = int(plan["n_control"]), 1000, 0
        looking = Looking.of(looks, 2 * n, 0.95, clustered=False)
        for a, b in rng.binomial(n, [0.2, 0.25], (runs, 2)):
            one = looking.at(shares(a, b, n), 2 * n)
            found += one.pvalue < 0.05 and one.effect_size > 0
        low, high = stats.binom.ppf([1e-4, 1 - 1e-4], runs, 0.8)
        assert low <= found <= high, (looks, found / runs)
