"""Before against after: neighbours, a comparison group, a series' own course."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxlib import data, journeys
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import newcombe
from cxlib.journeys.observed.periods import PLACEBO

NPS = {"name": "NPS", "kind": "score", "column": "score", "scale": "nps"}
SHARE = {"name": "step", "kind": "proportion", "column": "followed"}


@pytest.fixture
def oracle(shared):
    cases = json.loads(shared("oracles/nps_roi.json").read_text())["cases"]
    return {case["id"]: case for case in cases}


@pytest.fixture(scope="module")
def survey():
    return data.read("responses", {"path": "data/sample/responses.csv"}).frame


@pytest.fixture(scope="module")
def truth():
    found = json.loads((data.project_root() / "data/sample/truth.json").read_text())
    return found["responses"]


def counted(*cells: tuple[int, int]) -> pd.DataFrame:
    """Successes and rows of each of several days."""
    days = [np.full(n, day) for day, (_, n) in enumerate(cells)]
    hits = [np.arange(n) < x for x, n in cells]
    return pd.DataFrame({"day": np.concatenate(days), "hit": np.concatenate(hits) * 1})


EVENTS = pd.DataFrame(
    {
        "user_id": ["u", "u", "u", "v", "v", "w"],
        "touchpoint": ["cart", "cart", "paid", "cart", "home", "cart"],
        "occurred_at": pd.to_datetime([f"2026-01-0{i}" for i in (1, 2, 3, 1, 2, 1)]),
        "visit": ["1", "1", "2", "1", "1", "1"],
    }
)


def test_departures_say_what_came_next(engine):
    found = journeys.departures(engine(EVENTS), "cart", "paid")
    native = found.df() if hasattr(found, "df") else found
    native = native.to_pandas() if hasattr(native, "to_pandas") else native
    assert native.columns.tolist() == ["user_id", "occurred_at", "followed"]
    assert native["followed"].tolist() == [0, 1, 0, 0]
    within = journeys.departures(EVENTS, "cart", "paid", journey="visit")
    assert within["followed"].tolist() == [0, 0, 0, 0]
    kept = journeys.departures(EVENTS, "cart", "paid", ends="drop")
    assert kept["followed"].tolist() == [0, 1, 0]
    with pytest.raises(ArgumentError, match="`to` names the touchpoint 'pad'; did you"):
        journeys.departures(EVENTS, "cart", "pad")


def test_neighbours_are_fisher_and_newcombe():
    rows = counted((5, 58), (3, 89), (29, 178))
    found = journeys.before_after(rows, outcome="hit", at=1, until=2, time="day")
    before, after = (row for _, row in found.comparisons.iterrows())
    for row, (x, n) in ((before, (5, 58)), (after, (29, 178))):
        exact = stats.fisher_exact([[3, 86], [x, n - x]]).pvalue
        assert row["pvalue"] == pytest.approx(exact)
        low, high = newcombe(3, 89, x, n)
        assert row["effect_size_ci_lower"] == pytest.approx(low)
        assert row["effect_size_ci_upper"] == pytest.approx(high)
    assert before["pvalue"] == pytest.approx(0.26, abs=0.005)
    assert after["pvalue"] == pytest.approx(0.0022, abs=5e-5)
    assert after["pvalue_adj"] == pytest.approx(2 * after["pvalue"])
    assert not found.claimed
    assert (
        "No change from 1 to 2 is claimed: it differs from the period after but "
        in (found.text)
    )


def test_a_change_that_all_agree_on_is_claimed():
    rows = counted((30, 100), (32, 100), (5, 100), (29, 100))
    found = journeys.before_after(rows, outcome="hit", at=2, until=3, time="day")
    assert found.claimed
    assert found.text.startswith("Not an experiment. hit from 2 to 3: 5.0 % against")
    assert found.table["comparison"].tolist()[-1] == PLACEBO


def test_a_loud_placebo_forbids_the_claim():
    rows = counted((10, 100), (60, 100), (90, 100))
    found = journeys.before_after(rows, outcome="hit", at=2, time="day")
    assert not found.claimed
    assert "the outcome already moved within the time before (placebo)" in found.text


def test_between_its_neighbours_is_no_claim():
    rows = counted((10, 100), (10, 100), (50, 200), (90, 200))
    found = journeys.before_after(rows, outcome="hit", at=2, until=3, time="day")
    assert "above one period beside it and below the other" in found.reasons[0]


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"at": ""}, ArgumentError, "`at` is empty; give the moment of the change"),
        ({"at": "soon"}, ArgumentError, "column 'day' holds numbers; give a number"),
        ({"until": 1}, ArgumentError, "`until` is 1, not after `at`, 1"),
        ({"at": 9}, DataError, "the period before of 9 has 200 rows and the period "),
        ({"time": "hour"}, DataError, "column 'hour' is not in rows"),
        ({"outcome": {"name": "d", "kind": "proportion", "column": "day"},
          "rows": counted((1, 9), (1, 9), (1, 9))}, DataError, "neither 0 nor 1"),
    ],
)  # fmt: skip
def test_before_after_errors(change, error, said):
    rows = counted((10, 100), (60, 100))
    asked = {"rows": rows, "outcome": "hit", "at": 1, "time": "day"} | change
    with pytest.raises(error, match=said):
        journeys.before_after(asked.pop("rows"), **asked)


def test_dates_that_are_no_dates():
    rows = counted((10, 100), (60, 100)).assign(when="2026-01-01")
    with pytest.raises(DataError, match=r"not times or numbers; declare its `date_for"):
        journeys.before_after(rows, outcome="hit", at="2026-01-02", time="when")
    rows["when"] = pd.Timestamp("2026-01-01")
    with pytest.raises(ArgumentError, match="give a date such as '2025-10-01'"):
        journeys.before_after(rows, outcome="hit", at="soon", time="when")


def test_double_difference_of_stores(shared, oracle):
    """R: lm(y ~ tr * post), sandwich::vcovCL(type = 'HC1')."""
    case = oracle["21_did_event_study"]
    panel = pd.read_csv(shared("oracles/data/did_panel.csv"))
    panel = panel[panel["g"].isin([0, 3])]
    found = journeys.difference_in_differences(
        panel, outcome="y", group="g", treated="3", at=3, time="quarter",
        cluster="store",
    )  # fmt: skip
    row, n = found.table.iloc[0], len(panel)
    expected, rel = case["expected"], case["tolerance"]["default_rel"]
    assert row["effect_size"] == pytest.approx(
        expected["did_2x2_cohort3_vs_never"], rel=rel
    )
    hc1 = ((n - 1) / (n - 4)) ** 0.5
    assert hc1 * row["std_error"] == pytest.approx(
        expected["did_2x2_se_cluster_HC1"], rel=rel
    )
    leads = found.leads.set_index("period")["estimate"]
    after = [one for one in expected["att_gt"] if one["g"] == 3 and one["t"] >= 3]
    for one in after:
        assert leads[one["t"]] == pytest.approx(one["att"], rel=rel)
    assert found.claimed


def test_seatbelts(shared, oracle):
    """R: sandwich::NeweyWest(lag = 12, prewhite = FALSE, adjust = TRUE)."""
    case = oracle["26_interrupted_time_series_hac"]
    rows = pd.read_csv(shared("oracles/data/seatbelts.csv"))
    rows["y"] = np.log(rows["drivers"])
    rows["when"] = pd.date_range("1969-01-01", periods=len(rows), freq="MS")
    found = journeys.interrupted_series(
        rows, outcome="y", at="1983-02-01", time="when", every="month", slope=False,
        season="month", covariates=["PetrolPrice"], lags=12,
    )  # fmt: skip
    row, rel = found.table.iloc[0], case["tolerance"]["default_rel"]
    expected = case["expected"]
    assert row["effect_size"] == pytest.approx(expected["coef"]["law"], rel=rel)
    assert row["std_error"] == pytest.approx(
        expected["se_nw12_n_over_n_minus_k"]["law"], rel=rel
    )


def test_the_sample_recovers_the_app(survey, truth):
    planted = truth["nps"]["weighted"]["wave and channel"]
    before, after = planted["2025-Q3 app"], planted["2025-Q4 app"]
    asked = {"outcome": NPS, "at": "2025-10-01", "weights": "weight"}
    found = journeys.difference_in_differences(
        survey, group="channel", treated="app", cluster="account_id", **asked
    )
    row = found.table.iloc[0]
    assert after - before == pytest.approx(-24, abs=0.1)
    assert row["effect_size_ci_lower"] < after - before < row["effect_size_ci_upper"]
    assert found.claimed
    assert found.placebo > 0.05
    by_period = found.table[found.table["comparison"].str.startswith("each period")]
    assert by_period["effect_size_ci_upper"].iloc[0] < 0
    others = journeys.difference_in_differences(
        survey[survey["channel"] != "app"], group="channel", treated="store", **asked
    )
    assert not others.claimed


def test_the_sample_app_left_its_course(survey):
    app = survey[survey["channel"] == "app"]
    asked = {"outcome": NPS, "at": "2025-10-01", "weights": "weight"}
    found = journeys.interrupted_series(app, **asked)
    assert found.claimed
    assert found.series.loc[found.series["n"] < 10, "estimate"].isna().all()
    assert "Not an experiment: from 2025-10-01 on, NPS was" in found.text
    short = journeys.interrupted_series(app, every="month", **asked)
    assert not short.claimed
    assert "too few for an interval" in short.text


def test_a_new_mix_of_the_others_is_no_change():
    label = (
        ["app"] * 40 + ["a"] * 30 + ["b"] * 10 + ["app"] * 40 + ["a"] * 10 + ["b"] * 30
    )
    y = [5.0] * 40 + [9.0] * 30 + [1.0] * 10 + [4.0] * 40 + [9.0] * 10 + [1.0] * 30
    noise = np.tile([-0.1, 0.1], 80)
    rows = pd.DataFrame({"day": np.repeat([0, 1], 80), "g": label, "y": y + noise})
    found = journeys.difference_in_differences(
        rows, outcome="y", group="g", treated="app", at=1, time="day"
    )
    row = found.table.iloc[0]
    assert row["control"] == pytest.approx(0, abs=1e-9)
    assert row["effect_size"] == pytest.approx(-1)


def test_few_answers_stay_blank():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "day": np.repeat(np.arange(12), 30), "app": np.tile([1] * 6 + [0] * 24, 12),
            "score": rng.integers(0, 11, 360),
        }
    )  # fmt: skip
    found = journeys.difference_in_differences(
        rows, outcome=NPS, group="app", treated="1", at=8, time="day"
    )
    own = found.series["group"] == "1"
    assert found.series.loc[own, "estimate"].isna().all()
    assert found.series.loc[~own, "estimate"].notna().all()
    assert found.leads["estimate"].isna().all()


def test_a_pre_trend_is_loud():
    rng = np.random.default_rng(1)
    month, app = rng.integers(0, 12, 6000), rng.random(6000) < 0.5
    y = 0.12 * month * app + rng.normal(size=6000)
    rows = pd.DataFrame({"month": month, "app": app, "y": y})
    asked = {"outcome": "y", "group": "app", "treated": "True", "time": "month"}
    found = journeys.difference_in_differences(rows, at=8, **asked)
    assert found.table["pvalue"].iloc[0] < 1e-6
    assert not found.claimed
    assert "the two moved apart before it already (placebo)" in found.text


def test_one_period_before_leaves_no_placebo():
    rows = counted((30, 90), (60, 90)).assign(app=np.tile([0, 1], 90))
    found = journeys.difference_in_differences(
        rows, outcome="hit", group="app", treated="1", at=1, time="day"
    )
    assert np.isnan(found.placebo)
    assert "one period before leaves no placebo" in found.reasons


def test_double_difference_errors():
    rows = counted((30, 90), (60, 90)).assign(app=np.tile([0, 1], 90))
    asked = {"outcome": "hit", "group": "app", "at": 1, "time": "day"}
    with pytest.raises(ArgumentError, match="`treated` is '2', no label of 'app'"):
        journeys.difference_in_differences(rows, treated="2", **asked)
    with pytest.raises(DataError, match="there is no other group"):
        journeys.difference_in_differences(rows[rows["app"] == 1], treated="1", **asked)
    with pytest.raises(DataError, match="have no row after the change"):
        journeys.difference_in_differences(rows, treated="1", **{**asked, "at": 5})


def test_series_errors():
    rows = counted(*[(3, 9)] * 12)
    asked = {"outcome": "hit", "time": "day"}
    with pytest.raises(DataError, match="has 5 periods"):
        journeys.interrupted_series(rows, at=5, **asked)
    with pytest.raises(DataError, match="the periods are numbers"):
        journeys.interrupted_series(rows, at=9, season="weekday", **asked)
    with pytest.raises(ArgumentError, match="`every` is 'year'; use one of"):
        journeys.interrupted_series(rows, at=9, every="year", **asked)


def test_periods_are_split_at_the_date():
    days = pd.date_range("2026-01-01", "2026-04-30")
    rows = pd.DataFrame(
        {"when": days, "y": np.arange(120) >= 50, "g": np.arange(120) % 2}
    )
    found = journeys.difference_in_differences(
        rows.assign(y=rows["y"] * 1.0), outcome="y", group="g", treated="1",
        at="2026-02-20", time="when", until="2026-04-01",
    )  # fmt: skip
    starts = found.series["period"].drop_duplicates().dt.strftime("%m-%d").tolist()
    assert starts == ["01-01", "02-01", "02-20", "03-01"]
    assert found.series["n"].sum() == 90


def test_decision_says_what_disagrees(survey):
    app = survey[survey["channel"] == "app"]
    asked = {"outcome": NPS, "at": "2025-10-01", "weights": "weight"}
    sure = journeys.before_after(app, time="responded_at", **asked)
    unsure = journeys.interrupted_series(app, every="month", **asked)
    assert "is supported against the periods beside it" in (
        journeys.observed_decision(sure)
    )
    both = journeys.observed_decision(sure, unsure)
    assert (
        "is in doubt: seen against the periods beside it, not against its own" in both
    )
    assert "is not claimed" in journeys.observed_decision(unsure)
    assert journeys.observed_caveats(sure)[0].startswith("Whatever else changed")


def test_real_checkout(shared):
    """Planted: a bug on mobile (9 April to 9 May), failing payments (to 7 June)."""
    events = pd.read_csv(
        shared("data/rete_ecom_planted/ecom.csv.gz"), parse_dates=["timestamp"]
    )
    names = {"name": "event", "time": "timestamp", "journey": "session_id"}
    bug = {"outcome": SHARE, "at": "2024-04-09", "until": "2024-05-10"}
    shares = {"mobile": (3 / 89, 5 / 58, 29 / 178), "desktop": (0.126, 0.179, 0.208)}
    for platform, (during, before, after) in shares.items():
        rows = journeys.departures(
            events[events["platform"] == platform], "shipping_details",
            "payment_details", **names,
        )  # fmt: skip
        found = journeys.before_after(rows, time="timestamp", **bug)
        table = found.comparisons
        assert table["treatment"].iloc[0] == pytest.approx(during, abs=5e-4)
        assert table["control"].tolist() == pytest.approx([before, after], abs=5e-4)
        assert not found.claimed
        assert "is claimed" in found.text
    rows = journeys.departures(
        events, "payment_details", "purchase", ends="drop", **names
    )
    found = journeys.before_after(
        rows, outcome=SHARE, at="2024-05-19", until="2024-06-08", time="timestamp",
        cluster="user_id",
    )  # fmt: skip
    assert found.claimed
    assert found.table["treatment"].iloc[0] == pytest.approx(0.083, abs=5e-4)
    inside = rows["timestamp"].between("2024-05-19", "2024-06-08", inclusive="left")
    assert rows.loc[~inside, "followed"].mean() == pytest.approx(0.257, abs=5e-4)
