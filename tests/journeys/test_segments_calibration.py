"""Error rates, coverage and bias of segments and claims; real data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxlib import journeys
from cxlib.estimate.pooling import pool, vague_scale
from cxlib.estimate.winner import after_selection
from cxlib.journeys import Mean, Proportion, Ratio, Score
from tests.journeys.test_calibration import at_most, within
from tests.journeys.test_claims import CLAIM, comparison

pytestmark = pytest.mark.slow


def null_users(rng, segments, per_arm, many, lift=0.0):
    """Users without (or with a linear) interaction; metrics of four kinds."""
    n = 2 * segments * per_arm
    segment = np.repeat(np.arange(segments), 2 * per_arm)
    variant = np.resize(["control", "b"], n)
    gain = lift * (segment - (segments - 1) / 2) * (variant == "b")
    frame = {"variant": variant, "segment": segment.astype(str)}
    frame["other"] = rng.permutation(segment).astype(str)
    metrics = []
    for i in range(many):
        frame[f"y{i}"] = rng.exponential(size=n) + gain
        frame[f"f{i}"] = rng.random(n) < 0.15
        frame[f"d{i}"] = rng.poisson(3, n) + 1
        frame[f"s{i}"] = rng.choice(11, n, p=[0.02] * 6 + [0.08, 0.15, 0.2, 0.25, 0.2])
        metrics += [
            Mean(name=f"mean {i}", column=f"y{i}"),
            Proportion(name=f"share {i}", column=f"f{i}"),
            Ratio(name=f"ratio {i}", column=f"y{i}", denominator=f"d{i}"),
            Score(name=f"score {i}", column=f"s{i}"),
        ]
    return pd.DataFrame(frame), metrics


def test_equal_effects_are_rejected_at_five_per_cent():
    rng, pvalues = np.random.default_rng(21), []
    for _ in range(10):
        users, metrics = null_users(rng, 6, 60, 15)
        found = journeys.by_segment(users, metrics, by="segment")
        pvalues.append(found.tests[["kind", "pvalue"]])
    each = pd.concat(pvalues).groupby("kind")["pvalue"]
    hits = each.apply(lambda p: (p < 0.05).sum())
    assert len(hits) == 4
    assert all(at_most(h, 150, 0.07, tail=1e-3) for h in hits), hits.to_dict()
    assert within(hits.sum(), 600, 0.05), hits.to_dict()


def test_a_family_of_tests_holds_its_error_and_finds_what_is_there():
    rng, false, seen = np.random.default_rng(22), 0, 0
    for _ in range(50):
        users, metrics = null_users(rng, 4, 60, 1)
        found = journeys.by_segment(users, metrics, by=["segment", "other"])
        false += found.tests["differs"].any()
        users, metrics = null_users(rng, 4, 250, 1, lift=0.2)
        mine = journeys.by_segment(users, metrics[:1], by=["segment", "other"]).tests
        seen += mine.loc[mine["by"] == "segment", "differs"].iloc[0]
    assert at_most(false, 50, 0.05), false / 50
    # lift -0.3 … 0.3 over four segments with standard errors of 0.09: lambda 24.8
    power = stats.ncx2.sf(stats.chi2.isf(0.025, 3), 3, 0.2 / (2 / 250))
    assert within(seen, 50, power), (seen / 50, power)


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.5, 3.0])
def test_shrunken_intervals_cover(tau):
    rng = np.random.default_rng(23)
    runs, covered, better = 200, 0, 0
    for _ in range(runs):
        se = rng.uniform(0.5, 1.5, 8)
        true = rng.normal(0.3, tau, 8)
        y = rng.normal(true, se)
        found = pool(y, se**2, scale=vague_scale(se**2))
        covered += ((found.ci_lower <= true) & (true <= found.ci_upper)).sum()
        better += np.mean((found.estimate - true) ** 2) < np.mean((y - true) ** 2)
    assert covered / (8 * runs) > 0.91
    assert better / runs > 0.5


@pytest.mark.parametrize("true", [0.5, 1.0, 2.0, 3.0])
def test_selected_effects_are_median_unbiased_and_covered(true):
    x = np.random.default_rng(24).normal(true, 1, 200_000)
    x = x[x > 1.96][:10_000]
    n, cut = len(x), np.full(len(x), 1.96)
    found = after_selection(x, np.ones(n), cutoffs=cut)
    covered = ((found.ci_lower <= true) & (true <= found.ci_upper)).sum()
    assert abs(covered / n - 0.95) < 0.012
    assert abs((found.estimate > true).mean() - 0.5) < 0.025
    assert np.median(x - true) > (0.15 if true > 2 else 0.6)
    if true < 2:
        assert (np.abs(x - true) < 1.96).mean() < 0.9


@pytest.mark.parametrize("truth", [(1.0, 1.0, 1.0), (0.0, 1.0, 2.0)])
def test_the_best_of_three_treatments_is_covered(truth):
    rng, true = np.random.default_rng(25), np.array(truth)
    rows, half = [], 0.5**0.5
    while len(rows) < 120:
        y = true + half * (rng.normal(size=3) - rng.normal())
        best = int(np.argmax(y))
        found = comparison(y)
        if found.table["verdict"].iloc[best] == "better":
            claim = journeys.claims(found).table.iloc[best]
            rows.append([true[best], y[best], *claim[CLAIM]])
    real, raw, claimed, low, high = np.array(rows, dtype=float).T
    assert within(((low <= real) & (real <= high)).sum(), 120, 0.95)
    assert abs(np.median(claimed - real)) < 0.5 < np.median(raw - real)


def test_with_a_past_the_claims_of_winners_are_right_on_average():
    rng, rows = np.random.default_rng(26), []
    for _ in range(500):
        true = rng.normal(0.3, 1.0, 16)
        y, n = rng.normal(true, 1.0), len(true) - 1
        if y[n] < 1.96:
            continue
        found = pool(y, np.ones(n + 1), scale=1.0)
        rows.append([true[n], y[n], *(getattr(found, c)[n] for c in _POOLED)])
    real, raw, claimed, low, high = np.array(rows).T
    n = len(rows)
    error = (claimed - real).std() / n**0.5
    assert abs((claimed - real).mean()) < 4 * error
    assert (raw - real).mean() > 0.8
    assert within(((low <= real) & (real <= high)).sum(), n, 0.95)
    assert (np.abs(raw - real) < 1.96).mean() < 0.93


_POOLED = ("estimate", "ci_lower", "ci_upper")


def test_hillstrom_by_segment(shared):
    path = shared("data/hillstrom/hillstrom_data.csv")
    users = pd.read_csv(path).rename(columns={"segment": "variant"})
    metrics = [
        Mean(name="spend", column="spend", unit="amount", covariate="history"),
        Proportion(name="conversion", column="conversion"),
        Proportion(name="visit", column="visit"),
    ]
    by = ["channel", "newbie", "history_segment", "womens"]
    found = journeys.by_segment(users, metrics, by=by, control="No E-Mail")
    assert len(found.tests) == 24
    differs = found.tests[found.tests["differs"]]
    assert differs[["metric", "by", "treatment_arm"]].to_numpy().tolist() == [
        ["visit", "womens", "Womens E-Mail"]
    ]  # fmt: skip
    mine = found.table[
        (found.table["metric"] == "visit") & (found.table["by"] == "womens")
        & (found.table["treatment_arm"] == "Womens E-Mail")
    ].set_index("segment")  # fmt: skip
    inside = users[users["womens"] == 1].groupby("variant")["visit"].mean()
    assert mine.loc["1", "effect_size"] == pytest.approx(
        inside["Womens E-Mail"] - inside["No E-Mail"], rel=1e-9
    )
    assert "for womens = 0 to" in found.text
    spend = found.tests[found.tests["metric"] == "spend"]
    whole = journeys.compare(users, metrics, control="No E-Mail").table
    adjusted = whole[whole["metric"] == "spend"].set_index("treatment_arm")
    for _, row in spend.iterrows():
        assert row["effect_size"] == pytest.approx(
            adjusted.loc[row["treatment_arm"], "effect_size"], rel=1e-9
        )
    claimed = journeys.claims(
        journeys.compare(users, metrics, control="No E-Mail")
    ).table
    assert (claimed["claimed_effect_size"] <= claimed["effect_size"]).all()
    assert (claimed["share_kept"] > 0.5).all()
