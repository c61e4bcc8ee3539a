"""Customers by month: fixed effects recover the truth and pooled OLS does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from cxlib import simulate
from cxlib.errors import ArgumentError


def lagged(frame):
    by = frame.groupby("customer_id")["score"]
    return frame.assign(last=by.shift(), lead=by.shift(-1)).dropna(subset=["last"])


def within(frame, outcome, names):
    """Two-way fixed effects (customers demeaned, months as dummies): slopes, SE."""
    months = pd.get_dummies(frame["period"], dtype=float).iloc[:, 1:]
    data = pd.concat([frame[[outcome, *names]], months], axis=1)
    data = data - data.groupby(frame["customer_id"]).transform("mean")
    x, y = data.iloc[:, 1:].to_numpy(), data[outcome].to_numpy()
    inverse = np.linalg.inv(x.T @ x)
    slopes = inverse @ x.T @ y
    influence = pd.DataFrame(x * (y - x @ slopes)[:, None])
    meat = influence.groupby(frame["customer_id"].to_numpy()).sum().to_numpy()
    error = np.sqrt(np.diag(inverse @ meat.T @ meat @ inverse))
    return slopes[: len(names)], error[: len(names)]


@pytest.fixture(scope="module")
def panel():
    return simulate.periods(6000, rng=41)


def test_columns_and_shape(panel):
    assert list(panel.columns) == [
        "customer_id",
        "period",
        "score",
        "ease",
        "speed",
        "revenue",
        "retained",
        "upsell",
        "cost_to_serve",
        "plan",
    ]
    assert not panel.duplicated(["customer_id", "period"]).any()
    last = panel.groupby("customer_id").tail(1)
    assert (panel.drop(last.index)["retained"] == 1).all()
    left = last["retained"] == 0
    assert (last.loc[~left, "period"] == "2025-12").all()
    assert 0.1 < left.mean() < 0.4
    assert panel["score"].isin(range(11)).all()


@pytest.mark.parametrize(
    ("outcome", "true"), [("revenue", 4.0), ("cost_to_serve", -0.6)]
)
def test_fixed_effects_are_right_and_pooled_ols_is_biased(panel, outcome, true):
    frame = lagged(panel)
    slope, error = within(frame, outcome, ["last"])
    assert abs(slope[0] - true) < 4.5 * error[0]
    pooled = np.polyfit(frame["last"], frame[outcome], 1)[0]
    known = simulate.truth("periods")["pooled ols"][outcome]
    assert pooled == pytest.approx(known, rel=0.06)
    assert abs(pooled - true) > 10 * error[0]


def test_the_lead_is_silent_forward_and_loud_backward():
    forward = lagged(simulate.periods(4000, rng=42)).dropna(subset=["lead"])
    slopes, errors = within(forward, "revenue", ["last", "score", "lead"])
    assert abs(slopes[2]) < 4 * errors[2]
    back = lagged(simulate.periods(4000, rng=42, reverse=0.5)).dropna(subset=["lead"])
    slopes, errors = within(back, "revenue", ["last", "score", "lead"])
    assert slopes[2] > 6 * errors[2]


@pytest.mark.parametrize(("outcome", "factor"), [("churn", 0.8), ("upsell", 1.25)])
def test_odds_are_the_ones_planted(outcome, factor):
    frame = lagged(simulate.periods(20_000, rng=43)).assign(
        churn=lambda f: 1 - f["retained"]
    )
    plans = pd.get_dummies(frame["plan"], dtype=float).iloc[:, 1:]
    design = sm.add_constant(pd.concat([frame[["last"]], plans], axis=1))
    fit = sm.Logit(frame[outcome], design).fit(disp=0)
    assert abs(fit.params["last"] - np.log(factor)) < 4.5 * fit.bse["last"]


def test_no_effect_means_none():
    frame = lagged(simulate.periods(3000, rng=44, revenue_effect=0.0, correlation=0.0))
    slope, error = within(frame, "revenue", ["last"])
    assert abs(slope[0]) < 4.5 * error[0]


def test_bad_arguments():
    with pytest.raises(ArgumentError, match=r"`churn_odds` is 0; it must lie in"):
        simulate.periods(10, churn_odds=0)


def test_initiatives():
    frame = simulate.initiatives()
    assert 5 <= len(frame) <= 6
    assert (frame["effect_low"] < frame["effect"]).all()
    assert (frame["effect"] < frame["effect_high"]).all()
    assert frame["reach"].between(0, 1).all()
    assert set(frame["evidence"]) == {"randomised", "quasi", "regression", "expert"}
