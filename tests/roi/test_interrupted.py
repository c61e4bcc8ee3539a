"""Interrupted series: against R, by hand, refusals, false alarms of a null series."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxlib import roi
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate.interrupted import interrupted, placebo_cuts, placebo_quantile


def case(shared, start):
    cases = json.loads(shared("oracles/nps_roi.json").read_text("utf-8"))["cases"]
    return next(c for c in cases if c["id"].startswith(start))["expected"]


@pytest.fixture
def seatbelts(shared):
    rows = pd.read_csv(shared("oracles/data/seatbelts.csv"))
    year, month = 1969 + (rows["t"] - 1) // 12, (rows["t"] - 1) % 12 + 1
    rows["period"] = [f"{y}-{m:02d}" for y, m in zip(year, month, strict=True)]
    return rows


def law(rows, **options):
    at = rows.loc[rows["law"] == 1, "period"].iloc[0]
    return roi.interrupted(
        rows, "drivers", at=at, covariates=["PetrolPrice"], season="year", slope=False,
        lags=12, **options,
    )  # fmt: skip


def test_seatbelts_with_newey_west(shared, seatbelts):
    expected = case(shared, "26")
    found = law(seatbelts, log=True)
    rows = found.coefficients.set_index("term")
    rows = rows.rename({"trend": "t", "at once": "law"})
    names = ["t", "law", "PetrolPrice"]
    for name in names:
        assert rows.loc[name, "estimate"] == pytest.approx(
            expected["coef"][name], rel=1e-8
        )
        assert rows.loc[name, "std_error"] == pytest.approx(
            expected["se_nw12_n_over_n_minus_k"][name], rel=1e-8
        )
        plain = rows.loc[name, "std_error"] * ((192 - 15) / 192) ** 0.5
        assert plain == pytest.approx(expected["se_nw12"][name], rel=1e-8)
    assert found.durbin_watson == pytest.approx(expected["durbin_watson"], rel=1e-8)
    percent = 100 * found.main["estimate"]
    assert percent == pytest.approx(expected["effect_percent"], rel=1e-8)
    assert found.text.startswith(
        "Not an experiment. From 1983-02 on, drivers lay −13.5 % off the course"
    )
    assert found.findings[0].unit == "share"


def test_seatbelts_the_placebo_dates_widen_what_newey_west_says(seatbelts):
    found = law(seatbelts)
    row = found.main
    half = (row["ci_upper"] - row["ci_lower"]) / 2
    assert half > 1.5 * stats.t.isf(0.025, row["df"]) * row["std_error"]
    assert len(found.cuts) == 120
    assert found.series["period"].iloc[-1] == pd.Timestamp("1984-12-01")


def line(n=40, cut=30, *, jump=-5.0, bend=0.0, seed=0):
    t = np.arange(n)
    noise = np.random.default_rng(seed).normal(size=n) if seed is not None else 0.0
    after = t >= cut
    y = 100 + 0.5 * t + after * (jump + bend * (t - cut)) + noise
    return pd.DataFrame({"period": t, "contacts": y})


def test_level_slope_mean_and_money_by_hand():
    rows = line(bend=1.0, seed=None)
    found = roi.interrupted(rows, "contacts", at=30, margin=-3, currency="EUR")
    values = found.table.set_index("part")["estimate"]
    assert values["at once"] == pytest.approx(-5)
    assert values["more each period after"] == pytest.approx(1)
    assert values["mean after the date"] == pytest.approx(-5 + 4.5)
    assert found.worth["estimate"].tolist() == pytest.approx([1.5, 15])
    assert found.findings[0].estimate == pytest.approx(15)


def test_several_rows_a_period_are_combined():
    rows = pd.concat([line(), line(seed=2)])
    mean = roi.interrupted(rows, "contacts", at="30").main
    total = roi.interrupted(rows, "contacts", at="30", combine="sum").main
    assert total["estimate"] == pytest.approx(2 * mean["estimate"])
    assert total["ci_lower"] == pytest.approx(2 * mean["ci_lower"])


def test_season_by_itself_from_three_years_before():
    t = np.arange(60)
    month = [f"{2020 + i // 12}-{i % 12 + 1:02d}" for i in t]
    wave = 10 * np.sin(t * np.pi / 6) - 4 * (t >= 48)
    rows = pd.DataFrame({"period": month, "contacts": 50 + wave})
    found = roi.interrupted(rows, "contacts", at="2024-01", slope=False)
    assert "11 columns for seasons" in found.method
    assert found.main["estimate"] == pytest.approx(-4, abs=1e-6)
    short = roi.interrupted(rows.iloc[24:], "contacts", at="2024-01")
    assert "0 columns for seasons" in short.method


def test_a_short_time_before_claims_nothing():
    found = roi.interrupted(line(20, 12, jump=-50), "contacts", at="12")
    assert not found.claimed
    assert "too few for an interval" in found.text
    assert "No change at 12 is claimed" in found.text


def test_nothing_to_follow_is_a_result():
    for rows, at in ((None, "3"), (line(), ""), (line().iloc[:0], "3")):
        found = roi.interrupted(rows, "contacts", at=at)
        assert found.text == "No series to follow: no series, or no date."
        assert found.findings == ()
        assert "<table" not in found._repr_html_()


def test_refusals():
    with pytest.raises(DataError, match="lacks 1 of its 40 periods"):
        roi.interrupted(line().drop(index=7), "contacts", at="30")
    with pytest.raises(DataError, match="4 periods before the date and 36 after"):
        roi.interrupted(line(), "contacts", at="4")
    with pytest.raises(ArgumentError, match="`at` is 'March', which is no period"):
        roi.interrupted(line(), "contacts", at="March")
    rows = line()
    rows.loc[:1, "contacts"] = 0
    with pytest.raises(DataError, match="2 periods are zero or negative"):
        roi.interrupted(rows, "contacts", at="30", log=True)
    with pytest.raises(ArgumentError, match="`margin` has no meaning with `log`"):
        roi.interrupted(line(), "contacts", at="30", log=True, margin=1)
    with pytest.raises(ArgumentError, match="the periods name no year"):
        roi.interrupted(line(), "contacts", at="30", season="year")


@pytest.mark.slow
@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_false_alarms_of_a_series_with_a_memory(rho):
    rng, runs, alarms, naive = np.random.default_rng(4), 250, 0, 0
    after = np.arange(52) >= 40
    for _ in range(runs):
        y = rng.normal(size=52)
        for t in range(1, 52):
            y[t] += rho * y[t - 1]
        fit = interrupted(y, after, lags=3)
        cuts = placebo_cuts(y[~after], length=12, lags=3)
        t = fit.estimate / fit.std_error
        quantile, _, enough = placebo_quantile(t, [c[2] for c in cuts], df=fit.df)
        alarms += enough and abs(t) > quantile
        naive += abs(t) > stats.t.isf(0.025, fit.df)
    assert alarms <= stats.binom.ppf(0.999, runs, 0.08)
    assert naive > alarms
