"""Simulated truth: the sample's, and coverage over many panels (slow)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from cxlib import data, roi, simulate

OUTCOMES = ["revenue", "retained", "cost_to_serve"]


@pytest.fixture(scope="module")
def sample():
    truth = json.loads(Path(data.project_root(), "data/sample/truth.json").read_text())
    return data.read("periods", "data/sample/periods.csv").frame, truth["periods"]


def test_the_sample_gives_its_truth_back(sample):
    frame, truth = sample
    fits = roi.fit_outcomes(frame, OUTCOMES, drivers=["ease", "speed", "plan"])
    known = truth["effect of one point of last month's score"]
    for name in ("revenue", "cost_to_serve"):
        row = fits.of(name).row
        assert row["ci_lower"] < known[name] < row["ci_upper"]
    retained = fits.of("retained").row
    rate = fits.base.means["retained"]
    effect = -known["churn log odds"] * rate * (1 - rate)
    assert retained["ci_lower"] < effect < retained["ci_upper"]
    lead = roi.placebo_lead(frame, fits)
    assert lead.verdicts["revenue"] == lead.verdicts["cost_to_serve"] == "silent"
    pooled = roi.fit(frame, "revenue", model="pooled").row["estimate"]
    assert pooled == pytest.approx(truth["pooled ols"]["revenue"], abs=1.5)


def within(share, n, level):
    low, high = stats.binom.interval(0.999, n, level)
    return low <= round(share * n) <= high


@pytest.fixture(scope="module")
def true_value():
    """Value of a point from a large panel: its error is a seventh of a sample's."""
    fits = roi.fit_outcomes(simulate.periods(20_000, rng=1), OUTCOMES, drivers=["plan"])
    return float(roi.point_value(fits, margin=0.4).total["estimate"])


@pytest.mark.slow
def test_value_of_a_point_has_nominal_coverage(true_value):
    runs, covered = 150, 0
    for seed in range(runs):
        panel = simulate.periods(400, rng=1000 + seed)
        fits = roi.fit_outcomes(panel, OUTCOMES, drivers=["plan"])
        row = roi.point_value(fits, margin=0.4).total
        covered += row["ci_lower"] < true_value < row["ci_upper"]
    assert within(covered / runs, runs, 0.95)


@pytest.mark.slow
def test_coefficients_have_nominal_coverage():
    runs = 200
    covered = np.zeros(2)
    for seed in range(runs):
        panel = simulate.periods(200, rng=5000 + seed)
        for at, (name, truth) in enumerate([("revenue", 4.0), ("cost_to_serve", -0.6)]):
            row = roi.fit(panel, name).row
            covered[at] += row["ci_lower"] < truth < row["ci_upper"]
    assert all(within(share, runs, 0.95) for share in covered / runs)


@pytest.mark.slow
@pytest.mark.parametrize("clusters", [6, 12])
def test_the_jackknife_holds_its_level_with_few_clusters(make, clusters):
    runs = 400
    wrong = sum(
        roi.fit(make(clusters, 6, effect=0.0, seed=s), "revenue").row["pvalue"] < 0.05
        for s in range(runs)
    )
    assert wrong / runs < 0.08


@pytest.mark.slow
def test_placebo_is_silent_forward_and_loud_backward():
    runs = 120
    loud = {0.0: 0, 0.6: 0}
    for reverse in loud:
        for seed in range(runs):
            panel = simulate.periods(300, rng=9000 + seed, reverse=reverse)
            fit = roi.fit(panel, "revenue")
            loud[reverse] += roi.placebo_lead(panel, fit).verdicts["revenue"] == "loud"
    assert within(loud[0.0] / runs, runs, 0.05)
    assert loud[0.6] / runs > 0.95
