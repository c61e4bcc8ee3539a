"""Cox regression against R's survival and statsmodels; what it says and refuses."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight

from cxlib import roi
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate.cox import Spells, baseline, cox


def leavers(n=600, seed=1, *, late=False):
    """Customers by month, many leaving in the same one; some come under view late."""
    rng = np.random.default_rng(seed)
    score, plus = rng.integers(0, 11, n), rng.integers(0, 2, n)
    hazard = 0.04 * np.exp(-0.12 * (score - 5) - 0.3 * plus)
    left_at = np.ceil(rng.exponential(1 / hazard))
    seen = rng.integers(6, 37, n)
    begun = rng.integers(0, 6, n) if late else np.zeros(n, dtype=int)
    frame = pd.DataFrame(
        {
            "score": score, "plus": plus, "begun": begun,
            "tenure": np.minimum(left_at, seen),
            "churned": (left_at <= seen).astype(int),
            "account": rng.integers(0, n // 3, n),
        }
    )  # fmt: skip
    return frame[frame["tenure"] > frame["begun"]].reset_index(drop=True)


@pytest.fixture
def lung(shared):
    expected = json.loads(shared("oracles/nps_roi.json").read_text("utf-8"))["cases"]
    found = next(c for c in expected if c["id"] == "18_cox_churn")["expected"]
    frame = pd.read_csv(shared("oracles/data/lung.csv"))
    frame = frame.assign(died=(frame["status"] == 2).astype(int))
    return frame, found


def lung_fit(frame, **options):
    return roi.survival(
        frame, "died", tenure="time", score="age", drivers=["sex", "ph.ecog"],
        cluster="inst", horizon=365, **({"cov_type": "CR0"} | options),
    )  # fmt: skip


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_coefficients_and_clustered_errors_of_r(lung, ties):
    frame, expected = lung
    found = lung_fit(frame, ties=ties)
    suffix = "" if ties == "efron" else "_breslow"
    rows = found.table.set_index("term")
    for term in ("age", "sex", "ph.ecog"):
        wanted = expected[f"coef_{ties}"][term]
        assert rows.loc[term, "log_hazard_ratio"] == pytest.approx(wanted, rel=1e-6)
        wanted = expected[f"se_cluster_inst{suffix}"][term]
        ours = rows.loc[term, "log_hazard_ratio_std_error"]
        assert ours == pytest.approx(wanted, rel=1e-6)
    assert found.log_likelihood == pytest.approx(expected[f"loglik_{ties}"], rel=1e-9)
    counts = tuple(expected[name] for name in ("n", "events", "clusters"))
    assert (found.n, found.n_events, found.n_clusters) == counts


def test_hazard_ratios_concordance_and_constancy_of_r(lung):
    frame, expected = lung
    found = lung_fit(frame)
    ratios = found.table.set_index("term")["hazard_ratio"]
    assert ratios.to_dict() == pytest.approx(expected["hr"], rel=1e-6)
    assert found.concordance == pytest.approx(expected["concordance"], rel=1e-6)
    chi2 = found.checks.set_index("term")["chi2"].rename({"all": "GLOBAL"}).to_dict()
    assert chi2 == pytest.approx(expected["zph_km_chisq"], rel=1e-6)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_plain_errors_of_r(lung, ties):
    frame, expected = lung
    rows = frame.dropna(subset=["time", "status", "age", "sex", "ph.ecog", "inst"])
    x = rows[["age", "sex", "ph.ecog"]].to_numpy(float)
    ends, left = rows["time"].to_numpy(float), rows["died"].to_numpy() == 1
    found = cox(Spells(np.zeros(len(rows)), ends, left, x, ties))
    errors, wanted = np.sqrt(np.diag(found.covariance)), expected[f"se_{ties}"]
    np.testing.assert_allclose(errors, list(wanted.values()), rtol=1e-6)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_late_entry_equals_statsmodels_with_entry_just_after(ties):
    """statsmodels counts a row at its entry time: 1e-6 later is what is meant."""
    frame = leavers(late=True)
    found = roi.survival(
        frame, tenure="tenure", entry="begun", drivers=["plus"], ties=ties
    )
    x = frame[["score", "plus"]].to_numpy(float)
    theirs = PHReg(
        frame["tenure"].to_numpy(), x, status=frame["churned"].to_numpy(),
        entry=frame["begun"].to_numpy() + 1e-6, ties=ties,
    ).fit()  # fmt: skip
    np.testing.assert_allclose(
        found.table["log_hazard_ratio"], theirs.params, rtol=1e-7
    )
    wrong = PHReg(
        frame["tenure"].to_numpy(), x, status=frame["churned"].to_numpy(),
        entry=frame["begun"].to_numpy(), ties=ties,
    ).fit()  # fmt: skip
    assert abs(wrong.params[0] - theirs.params[0]) > 1e-5


def test_without_an_effect_the_share_kept_is_that_of_the_sample():
    """Efron's baseline splits ties, so it follows Kaplan-Meier in tied months too."""
    frame = leavers(4000)
    frame["score"] = np.random.default_rng(9).normal(size=len(frame))
    found = roi.survival(frame, tenure="tenure")
    kept = SurvfuncRight(frame["tenure"], frame["churned"])
    at_year = kept.surv_prob[kept.surv_times <= 12][-1]
    assert found.share_kept == pytest.approx(at_year, abs=0.0005)


def test_the_error_of_customers_kept_is_that_of_leaving_one_out():
    frame = leavers(200, seed=3, late=True)
    options = {"tenure": "tenure", "entry": "begun", "drivers": ["plus"]}
    found = roi.survival(frame, cov_type="CR0", **options)
    again = pd.DataFrame(
        [
            [*f.table["estimate"], f.share_kept]
            for i in range(len(frame))
            for f in [roi.survival(frame.drop(index=i), **options)]
        ]
    )
    n = len(frame)
    spread = np.sqrt((n - 1) / n * np.square(again - again.mean()).sum())
    np.testing.assert_allclose(found.table["std_error"], spread[:2], rtol=0.04)
    half = (found.share_kept_ci_upper - found.share_kept_ci_lower) / 2
    assert half / 1.97 == pytest.approx(spread[2], rel=0.04)


def test_the_baseline_at_zero():
    """Two leave of four alike, then one of two: 1/4 + 1/3 (Efron), 1/2."""
    spells = Spells(
        np.zeros(4), np.array([1.0, 1, 2, 3]), np.array([True, True, True, False]),
        np.array([[1.0], [-1], [0], [0]]),
    )  # fmt: skip
    found = cox(spells)
    hazard, _ = baseline(spells, found, 1.0)
    assert found.coef[0] == pytest.approx(0, abs=1e-9)
    assert hazard == pytest.approx(1 / 4 + 1 / 3)
    assert baseline(spells, found, 2.0)[0] == pytest.approx(1 / 4 + 1 / 3 + 1 / 2)


def test_text_table_and_findings():
    found = roi.survival(leavers(), tenure="tenure", drivers=["plus"])
    row = found.table.iloc[0]
    assert found.text.startswith(
        f"One point more on score goes with +{100 * row['estimate']:.2f} percentage "
        f"points of customers kept to tenure 12 (95 % CI {100 * row['ci_lower']:.2f} "
        f"to {100 * row['ci_upper']:.2f}, n = 600, {found.n_events} left), where "
    )
    assert f"is multiplied by {row['hazard_ratio']:.2f} (95 % CI" in found.text
    assert len(found.display.columns) == 5
    (finding,) = found.findings
    assert (finding.unit, finding.n) == ("share_points", 600)
    assert found.method == (
        "Cox proportional hazards, Efron ties; errors clustered, factor G/(G-1), 600 "
        "clusters, t(599)."
    )
    assert "constant ratio" in found._repr_html_()


def test_a_ratio_that_changes_with_tenure_is_said():
    rng = np.random.default_rng(2)
    score = rng.integers(0, 2, 3000)
    early = rng.exponential(np.where(score == 1, 30, 8))
    late = 8 + rng.exponential(np.where(score == 1, 8, 30))
    left_at = np.where(early < 8, early, late)
    frame = pd.DataFrame(
        {"score": score, "tenure": np.minimum(left_at, 40), "churned": left_at < 40}
    )
    found = roi.survival(frame, tenure="tenure")
    assert found.text.endswith(
        "The ratio of score changes with tenure, so read it as an average over the "
        "customers seen."
    )


def test_what_cannot_be_answered_is_refused():
    frame = leavers()

    def told(data, **options):
        with pytest.raises((DataError, ArgumentError)) as error:
            roi.survival(data, **({"tenure": "tenure"} | options))
        return str(error.value)

    assert told(frame, horizon=60).startswith(
        "`horizon` is 60 and no customer is seen beyond a tenure of 36"
    )
    assert "that is not after 0: nobody is at risk" in told(frame.assign(tenure=0))
    assert "that is not after `late`" in told(
        frame.assign(late=frame["tenure"]), entry="late"
    )
    late = frame["tenure"] + (frame.index == 7)
    assert told(frame.assign(late=late, churned=0), entry="late").startswith(
        "1 of 600 rows have a `tenure` before `late`"
    )
    yes = frame.assign(churned=np.where(frame["churned"] == 1, "Yes", "No"))
    assert told(yes) == (
        "column 'churned' is text and a number is needed ('No', 'Yes'): make it 1 "
        "where the customer left, else 0."
    )
    long = frame.assign(tenure=frame["tenure"].astype(str))
    assert told(long).endswith("give a length of time.")
    never = frame.assign(tenure=frame["tenure"].where(frame.index > 0, np.inf))
    assert told(never) == "1 rows of 'tenure' are not finite: mend them."
    one = frame.assign(account=frame["account"] % 2)
    assert told(one, cluster="account").startswith("2 clusters of 'account'")
    few = frame.assign(churned=(frame.index < 4).astype(int))
    assert told(few).startswith("4 customers left among 600 complete rows")
    made = frame.assign(score=frame["churned"] * 3)
    assert "(complete separation), so a hazard ratio would say how" in told(made)
    assert "hold both 0 (still there) and 1 (left)" in told(frame, event="account")
    assert "`ties` is 'exact'; use one of" in told(frame, ties="exact")
    assert "has the same value in every row" in told(frame.assign(plus=1),
                                                     drivers=["plus"])  # fmt: skip
    assert "is text and a number is needed" in told(frame.assign(score="high"))
    twin = frame.assign(twin=frame["score"] * 2)
    assert "no finite hazard ratio" in told(twin, drivers=["twin"])


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(0.01, 100), shift=st.floats(-50, 50), seed=st.integers(0, 3))
def test_another_scale_of_score_and_unit_of_time(factor, shift, seed):
    frame = leavers(150, seed)
    other = frame.assign(
        score=factor * frame["score"] + shift, tenure=frame["tenure"] * 30
    )
    one = roi.survival(frame, tenure="tenure").table.iloc[0]
    two = roi.survival(other, tenure="tenure", horizon=360).table.iloc[0]
    assert two["estimate"] * factor == pytest.approx(one["estimate"], rel=1e-5)
    assert two["std_error"] * factor == pytest.approx(one["std_error"], rel=1e-5)


def test_spells_of_a_customer_are_one_cluster():
    """Cutting every customer's time into months changes nothing but the rows."""
    frame = leavers(150, seed=5)
    frame["customer_id"] = np.arange(len(frame))
    months = frame.loc[frame.index.repeat(frame["tenure"].astype(int))]
    at = months.groupby("customer_id").cumcount()
    last = at + 1 == months["tenure"]
    cut = months.assign(
        begun=at, tenure=at + 1, churned=(months["churned"] == 1) & last
    )
    whole = roi.survival(frame, tenure="tenure").table.iloc[0]
    parts = roi.survival(
        cut, tenure="tenure", entry="begun", cluster="customer_id"
    ).table.iloc[0]
    for name in ("log_hazard_ratio", "log_hazard_ratio_std_error"):
        assert parts[name] == pytest.approx(whole[name], rel=1e-7)


def test_rows_at_risk_for_no_time_are_left_out_and_counted():
    frame = leavers()
    plain = roi.survival(frame, tenure="tenure")
    new = frame.head(11).assign(tenure=0, churned=0)
    found = roi.survival(pd.concat([frame, new]), tenure="tenure")
    pd.testing.assert_frame_equal(found.table, plain.table)
    assert found.assumptions[-1].text == (
        "Nothing hangs on 11 rows still there as their tenure begins: at risk for no "
        "time, left out."
    )
    blank = new.assign(tenure=np.nan)
    found = roi.survival(pd.concat([frame, blank]), tenure="tenure")
    assert found.assumptions[-1].text == (
        "Nothing hangs on 11 rows with a blank, left out."
    )
    assert len(plain.assumptions) == 3


def test_telco_as_it_comes(shared):
    frame = pd.read_csv(shared("data/ibm_telco/Telco-Customer-Churn.csv"))
    options = {"tenure": "tenure", "score": "MonthlyCharges", "drivers": ["Contract"]}
    with pytest.raises(DataError, match="column 'Churn' is text"):
        roi.survival(frame, "Churn", **options)
    frame["churned"] = (frame["Churn"] == "Yes").astype(int)
    found = roi.survival(frame, **options)
    assert (found.n, found.n_events) == (7043 - 11, 1869)
    assert found.assumptions[-1].text.startswith("Nothing hangs on 11 rows")
    kept = SurvfuncRight(frame["tenure"], frame["churned"])
    at_year = kept.surv_prob[kept.surv_times <= 12][-1]
    assert found.share_kept == pytest.approx(at_year, abs=0.02)
