"""Error rates and coverage on simulated users."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxlib import journeys
from cxlib.journeys import Mean, Proportion, Ratio, Score
from cxlib.journeys.flows import _gap
from cxlib.journeys.flows.transitions import END

pytestmark = pytest.mark.slow


def at_most(hits, n, rate, tail=1e-4):
    """Whether so many hits are compatible with at most this rate."""
    return stats.binom.sf(hits - 1, n, rate) > tail


def within(hits, n, rate, tail=1e-4):
    """Whether so many hits are compatible with this rate."""
    low, high = stats.binom.ppf([tail, 1 - tail], n, rate)
    return low <= hits <= high


def test_coverage_and_error_rate_of_every_kind():
    rng = np.random.default_rng(11)
    metrics = [
        Mean(name="m", column="y"), Mean(name="c", column="y", covariate="x"),
        Proportion(name="p", column="f"), Score(name="s", column="s"),
        Ratio(name="r", column="y", denominator="d"),
    ]  # fmt: skip
    runs, covered, n = 400, np.zeros(5), 400
    for _ in range(runs):
        x = rng.gamma(2, 5, n)
        users = pd.DataFrame(
            {
                "variant": np.resize(["control", "b"], n), "x": x,
                "d": rng.poisson(3, n) + 1,
                "y": 0.8 * x + rng.gamma(1, 5, n), "f": rng.random(n) < 0.15,
                "s": rng.choice(11, n, p=[0.02] * 6 + [0.08] + [0.15, 0.2, 0.25, 0.2]),
            }
        )  # fmt: skip
        table = journeys.compare(users, metrics, correction="none").table
        covered += (
            (table["effect_size_ci_lower"] <= 0) & (table["effect_size_ci_upper"] >= 0)
        ).to_numpy()
    assert all(within(hits, runs, 0.95) for hits in covered), covered / runs


def test_holm_holds_the_family_error_and_clusters_theirs():
    rng = np.random.default_rng(12)
    runs, false, clustered = 250, 0, 0
    metrics = [Mean(name=f"m{i}", column=f"y{i}") for i in range(6)]
    for _ in range(runs):
        n = 240
        shop = np.arange(n) // 8
        users = pd.DataFrame(
            rng.normal(size=(n, 6)), columns=[f"y{i}" for i in range(6)]
        )
        users["variant"], users["shop"] = np.resize(["control", "b"], n), shop
        false += (journeys.compare(users, metrics).table["pvalue_adj"] < 0.05).any()
        users["y0"] += rng.normal(size=30)[shop]
        users["variant"] = np.where(shop % 2 == 0, "control", "b")
        one = journeys.compare(users, metrics[:1], cluster="shop").table
        clustered += one["pvalue"].iloc[0] < 0.05
    assert at_most(false, runs, 0.05), false / runs
    assert within(clustered, runs, 0.05), clustered / runs


def test_gate_error_rate_over_three_arms():
    rng = np.random.default_rng(13)
    runs = 2000
    from cxlib.estimate.counts import chi_square

    draws = rng.multinomial(3000, [0.5, 0.3, 0.2], runs)
    stops = sum(chi_square(row, [5, 3, 2])[2] < 0.01 for row in draws)
    assert within(stops, runs, 0.01), stops / runs


def walks(rng, n):
    """Journeys of very different length by user, equal in both arms."""
    eager = rng.beta(1.5, 1.5, n)
    rows = []
    for i in range(n):
        place, minute = "home", 0
        while place != END and minute < 40:
            rows.append((i, place, minute))
            minute += 1
            move = rng.random()
            place = "cart" if move < 0.6 * eager[i] else "home" if move < 0.8 else END
    events = pd.DataFrame(rows, columns=["user_id", "touchpoint", "minute"])
    start = pd.Timestamp("2026-01-01")
    events["occurred_at"] = start + pd.to_timedelta(events.pop("minute"), unit="min")
    events["variant"] = np.where(events["user_id"] % 2 == 0, "control", "t")
    return events


def test_transition_tests_hold_their_level_where_users_differ():
    rng = np.random.default_rng(14)
    runs, false, tests = 120, 0, 0
    for _ in range(runs):
        p = journeys.transitions(walks(rng, 200)).table["pvalue"].dropna()
        false += int((p < 0.05).sum())
        tests += len(p)
    # tests within a run are dependent: allow for one effective test in three
    assert abs(false / tests - 0.05) < 4 * (0.05 * 0.95 / (tests / 3)) ** 0.5, (
        false / tests
    )


def test_gap_interval_covers_the_true_contribution():
    rng = np.random.default_rng(15)
    control, treatment = [0.7, 0.5, 0.4], [0.7, 0.6, 0.4]
    true = _gap.contributions(control, treatment)
    runs, covered = 2000, np.zeros(3)
    for _ in range(runs):
        arms = []
        for rates in (control, treatment):
            reached = [600]
            for rate in rates:
                reached.append(int(rng.binomial(reached[-1], rate)))
            arms.append(reached)
        parts, errors = _gap.split(*arms)
        covered += np.abs(parts - true) <= 1.96 * errors
    assert all(within(hits, runs, 0.95) for hits in covered), covered / runs
