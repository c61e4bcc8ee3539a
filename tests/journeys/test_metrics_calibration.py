"""Error rates and coverage of the estimators of this room on simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxlib import journeys
from cxlib.estimate import Moments
from cxlib.estimate.clusters import (
    Totals,
    cluster_pair,
    intraclass,
    wild_bootstrap,
)
from cxlib.estimate.geometric import geometric
from cxlib.estimate.moments import arm_difference, pair_of_means
from cxlib.estimate.strata import stratified_means
from cxlib.estimate.time_to import Times, kaplan_meier, restricted_mean
from cxlib.journeys import GeometricMean, Mean, TimeTo

pytestmark = pytest.mark.slow


def at_most(hits, n, rate, tail=1e-4):
    return stats.binom.sf(hits - 1, n, rate) > tail


def within(hits, n, rate, tail=1e-4):
    low, high = stats.binom.ppf([tail, 1 - tail], n, rate)
    return low <= hits <= high


def unequal(rng, clusters, icc=0.2):
    """Totals of clusters of 5 to 200 users, and the users' sum of squares."""
    size = np.exp(rng.uniform(np.log(5), np.log(200), clusters)).round()
    level = rng.normal(0, icc**0.5, clusters)
    noise = rng.normal(0, (1 - icc) ** 0.5, clusters) / size**0.5
    arm = Totals(size * (level + noise), size)
    between = ((arm.y - arm.mean * size) ** 2 / size).sum()
    return arm, between + (1 - icc) * rng.chisquare(size.sum() - clusters)


@pytest.mark.parametrize("clusters", [8, 12])
def test_cr2_holds_its_level_with_few_and_unequal_clusters(clusters):
    rng = np.random.default_rng(100 + clusters)
    runs, false, plain = 4000, 0, 0
    for _ in range(runs):
        arms, squares = zip(*(unequal(rng, clusters) for _ in range(2)), strict=True)
        pair = cluster_pair(*arms, icc=intraclass(arms, squares))
        found = arm_difference(pair)
        false += found.pvalue < 0.05
        plain += abs(found.statistic) > 1.96
    assert at_most(false, runs, 0.05, tail=0.01), false / runs
    assert plain / runs > 0.06  # the normal interval would not do
    assert false / runs > 0.02


def test_wild_bootstrap_holds_its_level():
    rng = np.random.default_rng(7)
    runs, false = 600, 0
    for _ in range(runs):
        arms = unequal(rng, 10)[0], unequal(rng, 10)[0]
        found = wild_bootstrap(*arms, n_boot=399, rng=rng)
        false += found.pvalue <= 0.05
    # it is a check: a little too ready where clusters are this unequal
    assert at_most(false, runs, 0.08), false / runs
    assert false / runs > 0.02


def test_strata_cover_a_planted_effect_with_less_width():
    rng = np.random.default_rng(8)
    runs, covered, shorter = 2000, 0, 0
    shift, share = np.array([0.0, 5.0, 12.0]), [0.5, 0.3, 0.2]
    for _ in range(runs):
        stratum = rng.choice(3, 150, p=share)
        treated = rng.random(150) < 0.5
        y = shift[stratum] + 1.5 * treated + rng.gamma(2, 1.5, 150)
        cells = [
            [Moments.of(y[(stratum == s) & (treated == t)]) for s in range(3)]
            for t in (False, True)
        ]
        found = arm_difference(stratified_means(*cells))
        covered += found.effect_size_ci_lower <= 1.5 <= found.effect_size_ci_upper
        plain = pair_of_means(Moments.of(y[~treated]), Moments.of(y[treated]))
        shorter += found.std_error < arm_difference(plain).std_error
    assert within(covered, runs, 0.95), covered / runs
    assert shorter == runs


def test_geometric_mean_covers_a_ratio():
    rng = np.random.default_rng(9)
    runs, covered, absolute = 4000, 0, 0
    for _ in range(runs):
        arms = [Moments.of(rng.normal(m, s, 60)) for m, s in ((3, 0.8), (2.7, 1.0))]
        found = geometric(pair_of_means(*arms))
        true = np.exp(-0.3) - 1
        covered += (
            found.rel_effect_size_ci_lower <= true <= found.rel_effect_size_ci_upper
        )
        gap = np.exp(2.7) - np.exp(3)
        absolute += found.effect_size_ci_lower <= gap <= found.effect_size_ci_upper
    assert within(covered, runs, 0.95), covered / runs
    assert abs(absolute / runs - 0.95) < 0.015, absolute / runs


def test_restricted_mean_covers_the_truth_under_censoring():
    rng = np.random.default_rng(10)
    runs, n, horizon, covered, false = 2000, 150, 10.0, 0, 0
    means = [s * (1 - np.exp(-horizon / s)) for s in (8.0, 6.0)]
    for _ in range(runs):
        found = []
        for scale in (8.0, 6.0, 8.0):
            time, end = rng.exponential(scale, n), rng.uniform(5, 20, n)
            arm = Times.of(np.minimum(time, end), time <= end)
            found.append(restricted_mean(kaplan_meier(arm), horizon))
        (a, v_a), (b, v_b), (c, v_c) = found
        covered += abs(b - a - (means[1] - means[0])) <= 1.96 * (v_a + v_b) ** 0.5
        false += abs(c - a) > 1.96 * (v_a + v_c) ** 0.5
    assert within(covered, runs, 0.95), covered / runs
    assert within(false, runs, 0.05), false / runs


def test_compare_holds_its_level_on_heavy_tails_and_times():
    rng = np.random.default_rng(11)
    metrics = [
        Mean(name="w", column="spend", winsorise=0.95),
        Mean(name="wc", column="spend", winsorise=0.95, covariate="before"),
        GeometricMean(name="g", column="seconds", covariate="before"),
        TimeTo(name="t", column="wait", event="came", horizon=10),
    ]
    runs, n, false = 150, 300, np.zeros(4)
    for _ in range(runs):
        spend = (rng.random(n) < 0.5) * rng.lognormal(2, 1.5, n)
        wait, end = rng.exponential(8, n), rng.uniform(10, 20, n)
        users = pd.DataFrame(
            {
                "variant": np.resize(["control", "b"], n), "spend": spend,
                "before": np.log1p(spend) + rng.normal(0, 1, n),
                "seconds": rng.lognormal(3, 1, n), "wait": np.minimum(wait, end),
                "came": wait <= end,
            }
        )  # fmt: skip
        found = journeys.compare(users, metrics, correction="none").table
        false += (found["pvalue"] < 0.05).to_numpy()
    assert all(at_most(hits, runs, 0.05) for hits in false), false / runs


def test_winsorising_finds_more_than_the_mean_of_heavy_tails():
    rng = np.random.default_rng(12)
    metrics = [
        Mean(name="raw", column="y"), Mean(name="capped", column="y", winsorise=0.97),
    ]  # fmt: skip
    better = np.zeros(2)
    for _ in range(100):
        y = rng.lognormal(1, 1.8, 800) * np.resize([1.0, 1.5], 800)
        users = pd.DataFrame({"variant": np.resize(["control", "b"], 800), "y": y})
        verdicts = journeys.compare(users, metrics, correction="none").table["verdict"]
        better += (verdicts == "better").to_numpy()
    assert better[1] > 1.4 * better[0], better
