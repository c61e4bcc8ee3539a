"""Coverage of every model on simulated truth, and real files (slow)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit

from cxlib import roi

RUNS = 200


def within(share, n, level):
    low, high = stats.binom.interval(0.999, n, level)
    return low <= round(share * n) <= high


def accounts(n, rng, *, size=4):
    """Scores and drivers of customers in accounts that share a part of them."""
    account = np.arange(n) // size
    common = rng.normal(size=n // size + 1)[account]
    score = 7 + common + rng.normal(size=n)
    vip = (rng.random(n) < 0.3).astype(int)
    frame = pd.DataFrame({"score": score, "vip": vip, "account": account})
    return frame.assign(customer_id=np.arange(n), period="2025")


def spend(n, rng, *, parts):
    """Money of customers; the effects are those of the score on their means."""
    frame = accounts(n, rng)
    x = frame["score"].to_numpy() - 7
    mean = np.exp(3 + 0.15 * x + 0.3 * frame["vip"].to_numpy())
    some = expit(-0.3 + 0.3 * x + 0.2 * frame["vip"].to_numpy())
    shared = stats.norm.cdf((rng.normal(size=n // 4 + 1)[np.arange(n) // 4]
                             + rng.normal(size=n)) / 2**0.5)  # fmt: skip
    amount = stats.gamma.ppf(shared, 2, scale=mean / 2)
    if not parts:
        return frame.assign(revenue=amount), (0.15 * mean).mean()
    frame["revenue"] = np.where(rng.random(n) < some, amount, 0.0)
    return frame, (some * mean * (0.15 + 0.3 * (1 - some))).mean()


@pytest.fixture(scope="module")
def truths():
    rng = np.random.default_rng(99)
    return {
        parts: np.mean([spend(200_000, rng, parts=parts)[1] for _ in range(5)])
        for parts in (True, False)
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "parts"),
    [("two_part", True), ("gamma", False)],
)
def test_marginal_effects_have_nominal_coverage(truths, model, parts):
    covered = 0
    for seed in range(RUNS):
        frame, _ = spend(600, np.random.default_rng(1000 + seed), parts=parts)
        row = roi.fit(
            frame, "revenue", drivers=["vip"], lag=0, model=model, cluster="account"
        ).row
        covered += row["ci_lower"] < truths[parts] < row["ci_upper"]
    assert within(covered / RUNS, RUNS, 0.95), covered / RUNS


@pytest.mark.slow
def test_two_parts_hold_their_level_where_nearly_all_is_zero():
    wrong = 0
    for seed in range(RUNS):
        rng = np.random.default_rng(20_000 + seed)
        n = 1200
        revenue = np.where(rng.random(n) < 0.05, rng.lognormal(4, 1, n), 0.0)
        frame = pd.DataFrame({"score": rng.integers(0, 11, n), "revenue": revenue})
        frame = frame.assign(customer_id=np.arange(n), period="2025")
        found = roi.fit(frame, "revenue", lag=0)
        assert found.spec.model == "two_part"
        wrong += found.row["pvalue"] < 0.05
    assert within(wrong / RUNS, RUNS, 0.05), wrong / RUNS


def months(n, rng):
    """Customers by month until they leave; the truth of hazard and a year kept."""
    level = 7 + rng.normal(size=n)
    score = level[:, None] + rng.normal(size=(n, 8))
    plus = (rng.random(n) < 0.5).astype(int)
    hazard = expit(-3.2 - 0.3 * (score - 7) - 0.4 * plus[:, None])
    left = rng.random((n, 8)) < hazard
    at_risk = np.cumsum(left, axis=1) - left == 0
    who, when = np.nonzero(at_risk)
    frame = pd.DataFrame(
        {
            "customer_id": who, "period": when, "score": score[at_risk],
            "plus": plus[who], "retained": (~left)[at_risk].astype(int),
        }
    )  # fmt: skip
    frame["period"] = pd.PeriodIndex(
        pd.period_range("2025-01", periods=8, freq="M")[when]
    ).astype(str)
    h = hazard[at_risk]
    return frame, ((0.3 * h * (1 - h)).mean(), (12 * 0.3 * h * (1 - h) ** 12).mean())


@pytest.mark.slow
def test_leaving_by_the_month_has_nominal_coverage():
    runs = 150
    rng = np.random.default_rng(98)
    truth = np.mean([months(50_000, rng)[1] for _ in range(4)], axis=0)
    covered = np.zeros(2)
    for seed in range(runs):
        frame, _ = months(400, np.random.default_rng(3000 + seed))
        found = roi.fit(frame, "retained", drivers=["plus"], lag=0)
        for at, row in enumerate((found.row, found.kept.iloc[0])):
            covered[at] += row["ci_lower"] < truth[at] < row["ci_upper"]
    assert all(within(share, runs, 0.95) for share in covered / runs), covered / runs


def tenures(n, rng, *, late):
    """Customers in accounts with a hazard of their own, some under view late."""
    frame = accounts(n, rng)
    x, plus = frame["score"].to_numpy() - 7, frame["vip"].to_numpy()
    size = 0.05 * np.exp(-0.2 * x - 0.5 * plus)
    left_at = rng.exponential(1 / size)
    begun = rng.uniform(0, 6, n) * (rng.random(n) < 0.7) if late else np.zeros(n)
    seen = begun + rng.uniform(3, 24, n)
    frame = frame.assign(
        begun=begun, tenure=np.minimum(left_at, seen), churned=left_at <= seen
    )
    keep = (left_at > begun).astype(bool)
    kept = np.exp(-12 * size[keep])
    return frame[keep], ((0.2 * 12 * size[keep] * kept).mean(), kept.mean())


@pytest.mark.slow
@pytest.mark.parametrize("late", [False, True])
def test_customers_kept_by_cox_have_nominal_coverage(late):
    rng = np.random.default_rng(97)
    truth = np.mean([tenures(200_000, rng, late=late)[1] for _ in range(4)], axis=0)
    covered = np.zeros(2)
    for seed in range(RUNS):
        frame, _ = tenures(600, np.random.default_rng(7000 + seed), late=late)
        found = roi.survival(
            frame, tenure="tenure", entry="begun" if late else "", drivers=["vip"],
            cluster="account",
        )  # fmt: skip
        row = found.table.iloc[0]
        covered[0] += row["ci_lower"] < truth[0] < row["ci_upper"]
        low, high = found.share_kept_ci_lower, found.share_kept_ci_upper
        covered[1] += low < truth[1] < high
    assert all(within(share, RUNS, 0.95) for share in covered / RUNS), covered / RUNS


@pytest.mark.slow
def test_the_checks_of_form_hold_their_level():
    runs, cautions = 100, {"form of the mean": 0, "spread": 0, "calibration": 0}
    for seed in range(runs):
        frame, _ = spend(800, np.random.default_rng(50_000 + seed), parts=True)
        fit = roi.fit(frame, "revenue", drivers=["vip"], lag=0, model="two_part")
        table = roi.diagnose(frame, fit).table.set_index("check")["status"]
        for check in cautions:
            cautions[check] += table[check] == "caution"
    assert all(n <= stats.binom.isf(0.001, runs, 0.05) for n in cautions.values())


@pytest.mark.parametrize(
    ("arm", "lift", "error"),
    [("Mens E-Mail", 0.7698, 0.1452), ("Womens E-Mail", 0.4244, 0.1303)],
)
@pytest.mark.parametrize("model", ["two_part", "tweedie"])
def test_hillstrom_of_a_randomised_arm_every_model_gives_the_lift(
    shared, arm, lift, error, model
):
    """99 % of the customers spend nothing: the published lifts and errors."""
    frame = pd.read_csv(shared("data/hillstrom/hillstrom_data.csv"))
    frame = frame[frame["segment"].isin([arm, "No E-Mail"])].reset_index(drop=True)
    frame = frame.assign(
        mail=(frame["segment"] == arm).astype(int), period="2008",
        customer_id=frame.index,
    )  # fmt: skip
    found = roi.fit(frame, "spend", score="mail", lag=0, model=model)
    assert found.row["estimate"] == pytest.approx(lift, abs=1e-4)
    assert found.row["std_error"] == pytest.approx(error, abs=1e-4)
    assert roi.fit(frame, "spend", score="mail", lag=0).spec.model == "two_part"
    held = roi.fit(
        frame, "spend", score="mail", drivers=["recency", "history"], lag=0,
        model=model,
    )  # fmt: skip
    assert held.row["estimate"] == pytest.approx(lift, abs=0.1 * error)


def test_cdnow_spend_of_the_second_half_on_the_orders_of_the_first(shared):
    """The master file: 23,570 buyers, most of whom never come back."""
    orders = pd.read_csv(
        shared("data/cdnow/CDNOW_master.txt"), sep=r"\s+", skiprows=1, header=None,
        names=["customer_id", "day", "units", "revenue"],
    )  # fmt: skip
    day = pd.to_datetime(orders["day"].astype(str), format="%Y%m%d")
    week = (day - pd.Timestamp("1997-01-01")).dt.days // 7
    early = orders[week < 39].groupby("customer_id")
    buyers = early.agg(frequency=("units", "size")).assign(period="1998")
    buyers["recency"] = week[week < 39].groupby(orders["customer_id"]).max()
    later = orders[week >= 39].groupby("customer_id")["revenue"].sum()
    buyers["revenue"] = later.reindex(buyers.index).fillna(0.0)
    frame = buyers.reset_index()
    frame["repeat"] = np.log1p(frame["frequency"] - 1)
    options = {"score": "repeat", "drivers": ["recency"], "lag": 0}
    found = roi.fit(frame, "revenue", **options)
    assert found.spec.model == "two_part"
    assert "of the amounts are zero" in found.method
    ols = roi.fit(frame, "revenue", model="pooled", **options)
    tweedie = roi.fit(frame, "revenue", model="tweedie", **options)
    assert found.row["estimate"] > 0
    ratios = found.ratios[found.ratios["term"] == "repeat"]
    assert (ratios["ci_lower"] > 1).all()
    between = sorted([ols.row["estimate"], tweedie.row["estimate"]])
    assert between[0] * 0.5 < found.row["estimate"] < between[1] * 1.5
    table = roi.diagnose(frame, found).table.set_index("check")["status"]
    assert {"form of the mean", "spread", "calibration"} <= set(table.index)


def test_telco_a_snapshot_needs_its_entry(shared):
    """Only customers of the last quarter are in the file: who left before is not."""
    frame = pd.read_csv(shared("data/ibm_telco/Telco-Customer-Churn.csv"))
    frame = frame.assign(churned=(frame["Churn"] == "Yes").astype(int))
    frame = frame[frame["tenure"] > 0].assign(
        begun=lambda d: (d["tenure"] - 3).clip(lower=0)
    )
    options = {"tenure": "tenure", "score": "MonthlyCharges", "drivers": ["Contract"]}
    naive = roi.survival(frame, **options)
    entered = roi.survival(frame, entry="begun", **options)
    assert naive.n == entered.n == 7032
    assert naive.share_kept > 0.8
    assert entered.share_kept < 0.4
    ratios = entered.table.set_index("term")["hazard_ratio"]
    assert ratios["Contract: Two year"] < ratios["Contract: One year"] < 1
    assert naive.checks["pvalue"].iloc[-1] < entered.checks["pvalue"].iloc[-1]
