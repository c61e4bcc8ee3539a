"""Lag profile, leads and feedback: by hand, against linearmodels, on known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import PanelOLS
from scipy import stats

from cxlib import plots, roi, simulate
from cxlib.errors import ArgumentError
from cxlib.estimate.joint import sup_t, wald

BURN = 20


def world(customers, months, *, seed, effect=(), feedback=0.0, delay=1, shock=0.0):
    """Money and score by customer and month.

    `effect` is money per point of the score at lag 0, 1, …; `feedback` what a standard
    deviation of money adds to the score `delay` months later; `shock` a lasting state
    that moves both.
    """
    rng = np.random.default_rng(seed)
    n = months + BURN
    noise, level = rng.normal(size=(customers, n)), rng.normal(size=(customers, 1))
    state = np.zeros((customers, n))
    for t in range(1, n):
        state[:, t] = 0.8 * state[:, t - 1] + 0.6 * rng.normal(size=customers)
    score = level + rng.normal(size=(customers, n)) + shock * state
    score[:, delay:] += feedback * noise[:, : n - delay]
    money = 2 * level + noise + shock * state
    for lag, size in enumerate(effect):
        money[:, lag:] += size * score[:, : n - lag]
    keys = {
        "customer_id": np.repeat(np.arange(customers), months),
        "period": np.tile(np.arange(months), customers),
    }
    values = {"score": score[:, BURN:].ravel(), "revenue": money[:, BURN:].ravel()}
    return pd.DataFrame(keys | values)


@pytest.fixture(scope="module")
def profile(company, fits):
    return roi.lag_profile(company, fits, leads=2)


def test_lags_and_leads_equal_linearmodels():
    frame = world(60, 9, seed=1, effect=(0, 0, 0.5))
    frame = frame.drop(index=frame.index[[4, 50, 51, 200]])
    found = roi.lag_profile(
        frame, roi.fit(frame, "revenue", cov_type="CR1_slopes"), lags=2
    ).table
    wide = frame.set_index(["customer_id", "period"])
    for lag in (-1, 0, 1, 2):
        moved = frame.assign(period=frame["period"] + lag)
        wide[f"at {lag}"] = moved.set_index(["customer_id", "period"])["score"]
    wide = wide.dropna()
    terms = [f"at {lag}" for lag in (-1, 0, 1, 2)]
    theirs = PanelOLS(
        wide["revenue"], wide[terms], entity_effects=True, time_effects=True
    ).fit(
        cov_type="clustered", cluster_entity=True, group_debias=True, auto_df=False,
        count_effects=False,
    )  # fmt: skip
    single = found[found["kind"] != "sum"]
    assert single["lag"].tolist() == [-1, 0, 1, 2]
    np.testing.assert_allclose(single["estimate"], theirs.params, rtol=1e-8)
    np.testing.assert_allclose(single["std_error"], theirs.std_errors, rtol=1e-8)
    ones = np.array([0.0, 1.0, 1.0, 1.0])
    total = found[found["kind"] == "sum"].iloc[0]
    assert total["estimate"] == pytest.approx(ones @ theirs.params, rel=1e-8)
    wanted = float((ones @ theirs.cov @ ones) ** 0.5)
    assert total["std_error"] == pytest.approx(wanted, rel=1e-8)
    assert set(found["n"]) == {theirs.nobs}


def test_bands_lie_between_single_intervals_and_bonferroni(profile):
    lags = profile.table[profile.table["kind"] == "lag"]
    width = (lags["band_upper"] - lags["estimate"]) / lags["std_error"]
    assert width.gt(stats.t.isf(0.025, lags["df"])).all()
    assert width.lt(stats.t.isf(0.025 / 4, lags["df"]) + 1e-9).all()
    others = profile.table[profile.table["kind"] != "lag"]
    assert others[["band_lower", "band_upper"]].isna().all(axis=None)


def test_the_sentence_names_sum_declared_lag_and_largest(company):
    fit = roi.fit(company, "revenue", currency="EUR")
    found = roi.lag_profile(company, fit, lags=2)
    total = found.table.iloc[-1]
    assert found.largest == {"revenue": (1,)}
    assert found.text.startswith(
        f"Revenue: a lasting point more goes with +{total['estimate']:.2f} EUR, 95 % CI"
    )
    lost = fit.n - int(total["n"])
    assert f"; {lost:,} rows fewer than in the main regression)" in found.text
    assert "at the declared lag (one month later) alone +" in found.text
    assert "Lag 1 is the largest, beyond the noise." in found.text
    assert len(found.display.columns) <= 5
    assert found.findings[0].estimate == total["estimate"]


def test_the_declared_lag_is_always_there(company):
    found = roi.lag_profile(company, roi.fit(company, "revenue", lag=2), lags=[0, 1])
    lags = found.table[found.table["kind"] == "lag"]
    assert lags["lag"].tolist() == [0, 1, 2]
    assert lags["declared"].tolist() == [False, False, True]


def test_who_leaves_has_lags_but_no_leads(profile):
    rows = profile.table[profile.table["outcome"] == "retained"]
    assert set(rows["kind"]) == {"lag", "sum"}
    assert profile.no_leads == {"retained": "who leaves has no next score"}
    assert "retained" not in profile.lead_pvalues


def test_a_cross_section_and_no_fit_say_so(company):
    one = company.groupby("customer_id").head(1).assign(period="2025-01")
    found = roi.lag_profile(one, roi.fit(one, "revenue", lag=0))
    assert found.text == (
        "Revenue: there is no lag profile, every customer is seen in one period only."
    )
    assert found.table.empty
    assert found.display.empty
    assert found.findings == ()
    short = world(40, 4, seed=1)
    found = roi.lag_profile(short, roi.fit(short, "revenue"), lags=6)
    reason = "lag 6 and leads of 1 need 9 periods and there are 4"
    assert found.reasons == {"revenue": reason}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"lags": [0, -1]},
            "`lags` holds -1; use the whole number of periods, or a list of them, (0, "
            "1, 2, …).",
        ),
        (
            {"leads": 1.5},
            "`leads` holds 1.5; use the whole number of periods after the outcome (0, "
            "1, 2, …).",
        ),
    ],
)
def test_arguments_that_cannot_be_meant(company, options, message):
    fit = roi.fit(company, "revenue")
    with pytest.raises(ArgumentError) as raised:
        roi.lag_profile(company, fit, **options)
    assert str(raised.value) == message


def test_two_leads_are_tested_together():
    frame = world(200, 10, seed=3, feedback=0.4, delay=2)
    fit = roi.fit(frame, "revenue")
    one, two = (roi.placebo_lead(frame, fit, leads=k) for k in (1, 2))
    assert two.verdicts == {"revenue": "loud"}
    assert one.verdicts != {"revenue": "loud"}
    assert two.table["lag"].tolist() == [1, 0, -1, -2]
    assert two.table["term"].iloc[-1] == "score, 2 ahead"
    assert one.joint["revenue"] == pytest.approx(one.table["pvalue"].iloc[-1])
    with pytest.raises(ArgumentError) as raised:
        roi.placebo_lead(frame, fit, leads=0)
    assert str(raised.value) == (
        "`leads` is 0; use the whole number of periods (1, 2, …) that the score is "
        "taken ahead."
    )


def test_the_wald_test_by_hand():
    v = np.array([[2.0, 0.5], [0.5, 1.0]])
    b = np.array([1.0, -1.0])
    found = wald(b, v, df=30)
    wanted = b @ np.linalg.inv(v) @ b / 2
    assert found.statistic == pytest.approx(wanted)
    assert found.pvalue == pytest.approx(stats.f.sf(wanted, 2, 30))
    assert wald([3.0], [[4.0]], df=9).pvalue == pytest.approx(2 * stats.t.sf(1.5, 9))


def test_the_band_of_independent_coefficients_is_sidaks():
    sidak = stats.norm.isf((1 - 0.95 ** (1 / 4)) / 2)
    assert sup_t(np.eye(4)) == pytest.approx(sidak, abs=0.02)
    assert sup_t(np.ones((4, 4))) == pytest.approx(stats.norm.isf(0.025), abs=0.03)


def test_halves_give_the_corrected_estimate_by_hand():
    frame = world(80, 9, seed=5, effect=(0, 0.4), feedback=0.3, delay=0)
    found = roi.half_panel(frame, roi.fit(frame, "revenue")).table.set_index("part")
    early, late = frame[frame["period"] <= 4], frame[frame["period"] >= 4]
    halves = [roi.fit(part, "revenue").row["estimate"] for part in (early, late)]
    b = found["estimate"]
    assert b["first half"] == pytest.approx(halves[0])
    assert b["second half"] == pytest.approx(halves[1])
    assert b["corrected"] == pytest.approx(2 * b["all periods"] - np.mean(halves))
    gap = found.loc["bias (difference)", "estimate"]
    assert gap == pytest.approx(b["all periods"] * -1 + np.mean(halves))


def test_feedback_of_the_same_month_is_stopped():
    frame = world(300, 6, seed=2, feedback=0.5, delay=0)
    fit = roi.fit(frame, "revenue")
    assert fit.row["pvalue"] < 0.05
    assert roi.placebo_lead(frame, fit).verdicts == {"revenue": "silent"}
    found = roi.half_panel(frame, fit)
    assert found.verdicts == {"revenue": "feedback, undone"}
    diagnosis = roi.diagnose(frame, fit)
    assert diagnosis.wording == {"revenue": "association"}
    assert diagnosis.why["revenue"] == "corrected for feedback its interval holds zero"


def test_what_cannot_be_halved_says_so(company, fits):
    found = roi.half_panel(company, fits)
    assert found.reasons == {"retained": "customers are not compared with themselves"}
    short = world(40, 4, seed=1)
    found = roi.half_panel(short, roi.fit(short, "revenue"))
    assert found.text == (
        "Revenue: no correction for feedback, 3 usable periods cannot be halved (at "
        "least 4)."
    )


def test_the_chart_puts_leads_left_of_zero(profile):
    ax = plots.lag_profile(profile.table, currency="EUR")
    names = [label.get_text() for label in ax.get_xticklabels()]
    assert names == ["-2", "-1", "0", "1", "2", "3", "sum"]
    assert ax.get_ylabel() == "revenue, EUR"
    rows = profile.table[profile.table["outcome"] == "revenue"]
    assert ax.texts[0].get_text() == f"n = {rows['n'].iloc[0]:,}"
    leads = ax.collections[2].get_offsets()
    np.testing.assert_allclose(leads[:, 0], [-2, -1])
    np.testing.assert_allclose(
        leads[:, 1], rows.loc[rows["kind"] == "lead", "estimate"]
    )
    empty = plots.lag_profile(pd.DataFrame())
    assert empty.texts[0].get_text() == "nothing to draw: see the sentence"
    plots_closed(ax, empty)


def plots_closed(*axes):
    import matplotlib.pyplot as plt

    for ax in axes:
        plt.close(ax.figure)


def within(hits, runs, level):
    low, high = stats.binom.interval(0.999, runs, level)
    return low <= hits <= high


@pytest.mark.slow
def test_a_planted_lag_is_found_with_nominal_coverage():
    runs, truth = 300, np.array([0.0, 0.0, 0.4, 0.0])
    covered, banded, summed, named = np.zeros(4), 0, 0, 0
    for seed in range(runs):
        frame = world(80, 9, seed=seed, effect=truth)
        found = roi.lag_profile(frame, roi.fit(frame, "revenue"), leads=0)
        rows, total = found.table.iloc[:4], found.table.iloc[4]
        covered += (rows["ci_lower"] < truth) & (truth < rows["ci_upper"])
        banded += bool(
            ((rows["band_lower"] < truth) & (truth < rows["band_upper"])).all()
        )
        summed += total["ci_lower"] < 0.4 < total["ci_upper"]
        named += found.largest["revenue"] == (2,)
    assert all(within(hits, runs, 0.95) for hits in covered)
    assert within(banded, runs, 0.95)
    assert within(summed, runs, 0.95)
    assert named / runs > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("leads", [1, 2])
def test_leads_are_silent_forward(leads):
    runs = 400
    loud = 0
    for seed in range(runs):
        frame = world(100, 9, seed=10_000 + seed, effect=(0, 0.4))
        fit = roi.fit(frame, "revenue")
        found = roi.placebo_lead(frame, fit, leads=leads)
        loud += found.verdicts["revenue"] == "loud"
    assert within(loud, runs, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"feedback": 0.3}, {"shock": 0.8}])
def test_leads_are_loud_backward_and_with_a_lasting_shock(options):
    runs = 60
    loud = 0
    for seed in range(runs):
        frame = world(300, 9, seed=seed, **options)
        found = roi.placebo_lead(frame, roi.fit(frame, "revenue"))
        loud += found.verdicts["revenue"] == "loud"
    assert loud / runs > 0.95


@pytest.mark.slow
@pytest.mark.parametrize(("months", "claims"), [(6, 0.20), (12, 0.15)])
def test_the_guards_stop_the_claims_that_feedback_makes(months, claims):
    """Nickell bias with no effect: how often it claims, and what each guard stops."""
    runs = 80
    for delay in (0, 1):
        wrong = stopped = 0
        for seed in range(runs):
            frame = world(300, months, seed=seed, feedback=0.3, delay=delay)
            fit = roi.fit(frame, "revenue")
            if fit.row["pvalue"] > 0.05:
                continue
            wrong += 1
            if delay:
                stopped += roi.placebo_lead(frame, fit).verdicts["revenue"] == "loud"
            else:
                half = roi.half_panel(frame, fit)
                stopped += half.verdicts["revenue"] == "feedback, undone"
        assert wrong / runs > claims
        assert stopped / wrong > 0.85


@pytest.mark.slow
def test_the_corrected_estimate_has_nominal_coverage_under_feedback():
    runs = 200
    covered = 0
    for seed in range(runs):
        frame = world(150, 10, seed=seed, effect=(0, 0.2), feedback=0.3, delay=0)
        table = roi.half_panel(frame, roi.fit(frame, "revenue")).table
        row = table[table["part"] == "corrected"].iloc[0]
        covered += row["ci_lower"] < 0.2 < row["ci_upper"]
    assert within(covered, runs, 0.95)


def test_simulated_reverse_causality_forbids_reading_the_profile_forward():
    panel = simulate.periods(400, rng=4, reverse=0.6)
    found = roi.lag_profile(panel, roi.fit(panel, "revenue"))
    assert found.lead_pvalues["revenue"] < 0.05
    assert found.text.endswith("so none of this may be read forward.")
