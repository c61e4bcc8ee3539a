"""Time to an event: curves, means, medians, tests and the durations behind them."""

from __future__ import annotations

import json

import duckdb
import matplotlib.pyplot as plt
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from cxlib import journeys, plots
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate.time_to import Times, kaplan_meier, log_rank, restricted_mean
from cxlib.journeys import TimeTo


@pytest.fixture
def lung(shared):
    rows = pd.read_csv(shared("oracles/data/lung.csv"))
    return pd.DataFrame(
        {
            "variant": rows["sex"].map({1: "control", 2: "women"}),
            "days": rows["time"], "died": (rows["status"] == 2).astype(int),
            "ecog": rows["ph.ecog"],
        }
    )  # fmt: skip


def test_lung_of_r(lung, shared, engine):
    cases = json.loads(shared("oracles/ab.json").read_text())["cases"]
    expected = next(c for c in cases if c["id"] == "lung_logrank")["expected"]
    found = journeys.time_to(engine(lung), duration="days", event="died", horizon=365)
    assert found.test.statistic == pytest.approx(expected["chi2"], rel=1e-8)
    assert found.test.pvalue == pytest.approx(expected["p"], rel=1e-8)
    assert found.test.observed.tolist() == expected["observed"]
    assert found.test.expected == pytest.approx(expected["expected"], rel=1e-8)
    columns = ["median", "median_ci_lower", "median_ci_upper"]
    medians = found.arms.set_index("variant")[columns]
    assert medians.loc["control"].tolist() == expected["median"]["1"]
    assert medians.loc["women"].tolist() == expected["median"]["2"]
    assert found.arms["n_censored"].tolist() == [26, 37]


def test_curves_and_log_rank_of_statsmodels(lung):
    found = journeys.time_to(
        lung, duration="days", event="died", horizon=800, strata="ecog"
    )
    for name, rows in found.table.groupby("variant"):
        mine = lung[lung["variant"] == name]
        theirs = SurvfuncRight(mine["days"], mine["died"])
        kept = theirs.surv_times <= 800
        ours = rows[rows["n_events"] > 0]
        assert ours["time"].tolist() == theirs.surv_times[kept].tolist()
        assert ours["estimate"].to_numpy() == pytest.approx(theirs.surv_prob[kept])
        assert ours["std_error"].to_numpy() == pytest.approx(theirs.surv_prob_se[kept])
        assert ours["n"].tolist() == theirs.n_risk[kept].tolist()
    known = lung.dropna(subset="ecog")
    chi2, p = survdiff(
        known["days"], known["died"], known["variant"], strata=known["ecog"]
    )
    assert found.test.statistic == pytest.approx(chi2, rel=1e-9)
    assert found.test.pvalue == pytest.approx(p, rel=1e-9)
    assert "within ecog" in found.method


def test_restricted_mean_is_the_area_and_its_error_the_influence(lung):
    one = lung[lung["variant"] == "control"]
    mean, variance = restricted_mean(
        kaplan_meier(Times.of(one["days"], one["died"])), 365
    )
    curve = SurvfuncRight(one["days"], one["died"])
    grid = np.arange(0, 365, 0.01)
    place = np.searchsorted(curve.surv_times, grid, side="right")
    area = np.concatenate([[1.0], curve.surv_prob])[place].mean() * 365
    assert mean == pytest.approx(area, abs=0.02)
    rows = one[["days", "died"]].to_numpy()
    left_out = [
        restricted_mean(kaplan_meier(Times.of(*np.delete(rows, i, 0).T)), 365)[0]
        for i in range(len(rows))
    ]
    n = len(rows)
    jackknife = (n - 1) / n * np.square(left_out - np.mean(left_out)).sum()
    assert variance == pytest.approx(jackknife, rel=0.03)


@given(st.lists(st.floats(0.01, 50), min_size=2, max_size=40), st.floats(1, 60))
def test_without_censoring_it_is_the_mean_of_the_smaller(values, horizon):
    x = np.array(values)
    mean, variance = restricted_mean(
        kaplan_meier(Times.of(x, np.ones(len(x)))), horizon
    )
    capped = np.minimum(x, horizon)
    assert mean == pytest.approx(capped.mean(), rel=1e-9)
    assert variance == pytest.approx(capped.var() / len(x), rel=1e-6, abs=1e-12)


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.booleans(), st.booleans()),
        min_size=12, max_size=60,
    )
)  # fmt: skip
def test_log_rank_of_statsmodels_on_any_data(rows):
    t, d, g = (np.array(c) for c in zip(*rows, strict=True))
    g[:4] = [True, True, False, False]
    t[:4], d[:4] = [3, 5, 4, 8], True
    arms = [Times.of(t[g == side], d[g == side]) for side in (False, True)]
    found = log_rank([arms])
    chi2, p = survdiff(t, d, g)
    assert found.statistic == pytest.approx(chi2, rel=1e-9)
    assert found.pvalue == pytest.approx(p, rel=1e-9)
    assert found.observed.sum() == pytest.approx(found.expected.sum())


def test_as_a_metric_and_as_a_result_it_is_the_same(lung, engine):
    metric = TimeTo(name="days", column="days", event="died", horizon=365)
    one = journeys.compare(engine(lung), [metric]).table.iloc[0]
    found = journeys.time_to(lung, duration="days", event="died", horizon=365)
    alone = found.effects.iloc[0]
    for column in ("control", "treatment", "effect_size", "std_error", "pvalue"):
        assert one[column] == pytest.approx(alone[column], rel=1e-12)
    assert one["direction"] == "decrease"
    assert one["verdict"] == "worse"
    assert found.text == (
        "Mean time to 'died', counted up to 365: women 297.5 against control 241.5, "
        "+56.0 (95 % CI 26.7 to 85.3, n = 228). Median: control 270.0, women 426.0. "
        "The curves differ beyond chance (log-rank p = 0.001, n = 228)."
    )
    assert found.findings[0].n == 228


def test_blanks_are_left_out_and_odd_rows_refused(lung):
    lung.loc[lung.index[:5], "days"] = np.nan
    found = journeys.time_to(lung, duration="days", event="died", horizon=365)
    assert found.arms["n"].sum() == 223
    wrong = lung.assign(died=2)
    with pytest.raises(DataError) as odd:
        journeys.time_to(wrong, duration="days", event="died", horizon=365)
    assert str(odd.value) == (
        "metric 'died': 228 users have a 'days' below 0 or neither 0 nor 1 in 'died'; "
        "mend or blank them."
    )
    with pytest.raises(DataError) as far:
        journeys.time_to(lung, duration="days", event="died", horizon=2000)
    assert str(far.value) == (
        "`horizon` is 2000, but variant 'control' was watched up to 1022 only; set "
        "1022 or less."
    )


def test_long_curves_are_thinned(rng):
    n = 3000
    users = pd.DataFrame(
        {
            "variant": np.resize(["control", "b"], n),
            "duration": rng.exponential(10, n), "event": 1,
        }
    )  # fmt: skip
    found = journeys.time_to(users, horizon=20)
    assert found.table.groupby("variant").size().max() <= 202
    whole = (users["duration"] <= 20).groupby(users["variant"]).sum()
    assert found.table.groupby("variant")["n_events"].sum().to_dict() == whole.to_dict()


START = pd.Timestamp("2026-03-01 08:00")


@pytest.fixture
def log():
    at = [0, 30, 5, 90, 10, 20, 50, 70]
    return pd.DataFrame(
        {
            "user_id": ["a", "a", "b", "b", "c", "d", "d", "e"],
            "touchpoint": ["ask", "answer", "ask", "answer", "ask", "answer", "ask",
                           "browse"],
            "occurred_at": START + pd.to_timedelta(at, unit="min"),
        }
    )  # fmt: skip


@pytest.fixture
def askers():
    return pd.DataFrame(
        {"user_id": list("abcde"), "variant": ["control", "b", "b", "control", "b"]}
    )


@pytest.mark.parametrize(
    "make", [lambda f: f, pl.from_pandas, duckdb.from_df], ids=["pd", "pl", "duck"]
)
def test_durations_keep_those_without_an_end(log, askers, make):
    found = journeys.durations(make(log), make(askers), start="ask", end="answer")
    rows = nw.from_native(found).lazy().collect("pandas").to_native()
    assert rows["user_id"].tolist() == list("abcde")
    assert rows["duration"].tolist()[:4] == [30.0, 85.0, 80.0, 40.0]
    assert rows["event"].tolist()[:4] == [1.0, 1.0, 0.0, 0.0]
    assert rows.iloc[4][["duration", "event"]].isna().all()


def test_durations_from_a_column_of_users_up_to_a_date(log, askers):
    askers["assigned_at"] = START
    found = journeys.durations(
        log, askers, start="assigned_at", end=["answer"], unit="hours",
        until="2026-03-01 09:00",
    )  # fmt: skip
    assert found["duration"].tolist() == pytest.approx([0.5, 1, 1, 1 / 3, 1])
    assert found["event"].tolist() == [1, 0, 0, 1, 0]


def test_mistakes_in_durations_are_worded(log, askers):
    with pytest.raises(ArgumentError) as unknown:
        journeys.durations(log, askers, start="ask", end="anser")
    assert str(unknown.value) == (
        "'anser' is no touchpoint of events; did you mean 'answer'?"
    )
    with pytest.raises(DataError) as late:
        journeys.durations(log, askers, start="ask", end="answer", until=START)
    assert str(late.value) == (
        "3 users started after watching ended (2026-03-01 08:00); leave them out, or "
        "give a later `until`."
    )
    zoned = askers.assign(at=START.tz_localize("UTC"))
    with pytest.raises(DataError, match="only one has a time zone"):
        journeys.durations(log, zoned, start="at", end="answer")
    with pytest.raises(DataError, match="already have a column 'event'"):
        journeys.durations(log, askers.assign(event=1), start="ask", end="answer")
    with pytest.raises(ArgumentError) as clock:
        journeys.durations(
            log, askers, start="ask", end="answer", until="2026-03-01 10:00+01:00"
        )
    assert str(clock.value) == (
        "`until` is '2026-03-01 10:00+01:00'; give it without a time zone, as events "
        "have theirs."
    )
    text = log.assign(occurred_at="soon")
    with pytest.raises(DataError, match="holds string, not dates"):
        journeys.durations(text, askers, start="ask", end="answer")


def test_a_true_median_of_sixty_minutes_is_found_with_a_fifth_unanswered():
    rng = np.random.default_rng(4)
    n = 4000
    asked = START + pd.to_timedelta(rng.uniform(0, 480, n), unit="min")
    answered = asked + pd.to_timedelta(rng.exponential(60 / np.log(2), n), unit="min")
    ids = np.arange(n)
    events = pd.DataFrame(
        {
            "user_id": np.concatenate([ids, ids]),
            "touchpoint": ["ask"] * n + ["answer"] * n,
            "occurred_at": np.concatenate([asked, answered]),
        }
    )
    end = START + pd.Timedelta(480, unit="min")
    events = events[events["occurred_at"] <= end]
    users = pd.DataFrame({"user_id": ids, "variant": np.resize(["control", "b"], n)})
    waited = journeys.durations(events, users, start="ask", end="answer", until=end)
    assert waited["event"].mean() < 0.85
    naive = waited.loc[waited["event"] == 1, "duration"].median()
    found = journeys.time_to(waited, horizon=240)
    assert naive < 53
    assert found.arms["median"].tolist() == pytest.approx([60, 60], abs=5)


def test_curves_are_drawn_with_bands_and_numbers(lung):
    found = journeys.time_to(lung, duration="days", event="died", horizon=730)
    ax = plots.survival_curves(found.table, unit="days")
    assert len(ax.lines) == len(ax.collections) == 2
    drawn = ax.lines[0].get_ydata()
    rows = found.table[found.table["variant"] == "control"]
    assert drawn[-1] == pytest.approx(100 * rows["estimate"].iloc[-1])
    texts = [text.get_text() for text in ax.texts]
    assert {"138", "90", "still watched"} <= set(texts)
    assert ax.get_xlabel() == "days since the start"
    assert plots.survival_curves(found.table.head(0)).texts[0].get_text() == (
        "no time to draw"
    )
    plt.close("all")
