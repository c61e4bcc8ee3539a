"""Before and during a test: users needed, users missing, false alarms, their charts."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from statsmodels.stats.power import NormalIndPower

from cxlib import journeys, plots
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import Moments
from cxlib.estimate.power import PowerRule
from cxlib.journeys import GeometricMean, Mean, Proportion, Ratio, Score, TimeTo

from .conftest import from_sums

PAID = Proportion(name="paid", column="paid")
SPEND = Mean(name="spend", column="spend", unit="amount")


@pytest.fixture(scope="module")
def oracle(shared):
    cases = json.loads(shared("oracles/ab.json").read_text())["cases"]
    return {case["id"]: case for case in cases}


def earlier(n=2000, seed=1):
    rng = np.random.default_rng(seed)
    before = rng.gamma(2, 10, n)
    return pd.DataFrame(
        {
            "paid": (rng.random(n) < 0.2).astype(int), "before": before,
            "spend": 0.6 * before + rng.gamma(2, 5, n), "visits": rng.poisson(3, n) + 1,
            "score": np.where(rng.random(n) < 0.4, rng.integers(0, 11, n), np.nan),
        }
    )  # fmt: skip


def test_powered_effect_and_required_users_of_confidence(oracle):
    case = oracle["spotify_powered_effect"]
    arm = case["input"]["control"]
    mean, cov = from_sums(arm["n"], [arm["sum"]], [[arm["sumsq"]]])
    metric = Mean(name="m", column="m")
    before = {"m": {"mean": mean[0], "sd": cov[0, 0] ** 0.5}}
    for name in ("test", "test2"):
        n = case["input"][name]["n"]
        row = journeys.power(
            None, [metric], baselines=before, split=[arm["n"], n], n=arm["n"] + n,
            relative_effects={"m": case["input"]["mde_relative"]},
        ).table.iloc[0]  # fmt: skip
        want = case["expected"][f"vs_{name}"]
        assert row["detectable"] == pytest.approx(want["powered_effect"], abs=0.001)
        assert row["n"] == pytest.approx(want["required_n"], abs=100)


@pytest.mark.parametrize("looks", ["once", "any"])
def test_users_still_needed_of_growthbook(oracle, looks):
    """Theirs is the error of the relative difference: the rule takes any error."""
    case = oracle["gb_midexperiment_power"]
    given_ = case["input"]
    a, b = (
        Moments(arm["n"], *from_sums(arm["n"], [arm["sum"]], [[arm["sum_squares"]]]))
        for arm in (given_["a"], given_["b"])
    )
    v0, v1 = a.cov[0, 0] / a.n, b.cov[0, 0] / b.n
    error = (v1 + (b.mean[0] / a.mean[0]) ** 2 * v0) ** 0.5 / a.mean[0]
    rule = PowerRule(looks=looks, tuning_n=given_["sequential_N"])
    want = case["expected"]["scaling_factor"][
        "fixed" if looks == "once" else "sequential"
    ]
    found = rule.factor(given_["target_mde_relative"], error, n=a.n + b.n)
    # theirs counts additional users and stops where the power is within 1e-5
    assert found - 1 == pytest.approx(want, abs=1e-3)
    there = rule.chance(0.05, error / (1 + want) ** 0.5, n=(a.n + b.n) * (1 + want))
    assert there == pytest.approx(0.8, abs=1e-5)


@given(
    d=st.floats(0.05, 0.5), ratio=st.floats(0.2, 5), level=st.floats(0.8, 0.99),
    power=st.floats(0.5, 0.95),
)  # fmt: skip
def test_means_agree_with_statsmodels(d, ratio, level, power):
    found = journeys.power(
        None, [SPEND], effects={"spend": 3 * d}, split=[1, ratio], power=power,
        baselines={"spend": {"mean": 10, "sd": 3}}, confidence_level=level,
    ).table.iloc[0]  # fmt: skip
    sizes = found[["n_control", "n_treatment"]].to_numpy(dtype=float)
    at = {"effect_size": d, "alpha": 1 - level, "ratio": ratio}
    # both arms are rounded up
    assert NormalIndPower().power(nobs1=sizes[0], **at) >= power - 1e-3
    assert NormalIndPower().power(nobs1=sizes[0] - 1, **at) <= power + 1e-9
    assert sizes[1] / sizes[0] == pytest.approx(ratio, abs=2 * (1 + ratio) / sizes[0])


@given(
    base=st.floats(0.05, 0.9), n=st.integers(500, 10**6),
    looks=st.sampled_from(["once", "any"]), better=st.sampled_from([1, -1]),
)  # fmt: skip
def test_what_n_detects_needs_n(base, n, looks, better):
    direction = "increase" if better == 1 else "decrease"
    metric = Proportion(name="paid", column="paid", direction=direction)
    plan = {"baselines": {"paid": {"mean": base}}, "looks": looks}
    size = journeys.power(None, [metric], n=n, **plan).table["detectable"].iloc[0]
    if not np.isfinite(size):
        return
    assert np.sign(size) == better
    row = journeys.power(None, [metric], n=n, effects={"paid": size}, **plan).table
    assert row["n"].iloc[0] == pytest.approx(n, rel=2e-3, abs=4)
    assert row["share_power"].iloc[0] == pytest.approx(0.8, abs=1e-3)


def test_baselines_are_learnt_from_earlier_users(engine):
    users = earlier()
    metrics = [
        PAID, Mean(name="cuped", column="spend", covariate="before"),
        Ratio(name="ratio", column="spend", denominator="visits"),
        Score(name="NPS", column="score"),
    ]  # fmt: skip
    table = journeys.power(engine(users), metrics).table.set_index("metric")
    assert table.loc["paid", "baseline"] == pytest.approx(users["paid"].mean())
    r = np.corrcoef(users["spend"], users["before"])[0, 1]
    assert table.loc["cuped", "share_variance_removed"] == pytest.approx(r**2)
    sd = users["spend"].std(ddof=1) * (1 - r**2) ** 0.5
    assert table.loc["cuped", "sd"] == pytest.approx(sd)
    ratio = users["spend"].sum() / users["visits"].sum()
    line = (users["spend"] - ratio * users["visits"]) / users["visits"].mean()
    assert table.loc["ratio", ["baseline", "sd"]].tolist() == pytest.approx(
        [ratio, line.std(ddof=1)]
    )
    answers = users["score"].dropna()
    net = 100.0 * (answers >= 9) - 100.0 * (answers <= 6)
    assert table.loc["NPS", ["baseline", "sd"]].tolist() == pytest.approx(
        [net.mean(), net.std(ddof=1)]
    )
    assert table.loc["NPS", "share_answered"] == len(answers) / len(users)


def test_surveys_families_arms_and_days_count():
    users = earlier()
    nps = Score(name="NPS", column="score", margin=5, role="guardrail")
    asked = {"effects": {"paid": 0.05, "spend": 2}, "daily_users": 100}
    one = journeys.power(users, [PAID, SPEND, nps], **asked).table.set_index("metric")
    assert one["alpha"].tolist() == pytest.approx([0.025, 0.025, 0.05])
    assert one.loc["NPS", "question"] == "exclude the margin"
    weeks = np.ceil(one["n"] / 700)
    assert one["weeks"].tolist() == weeks.tolist()
    alone = journeys.power(users, [PAID, SPEND, nps], correction="none", **asked).table
    assert (alone["n"].to_numpy()[:2] < one["n"].to_numpy()[:2]).all()
    full = journeys.power(
        users, [nps], baselines={"NPS": {"share_answered": 1.0}}
    ).table  # fmt: skip
    answered = one.loc["NPS", "share_answered"]
    assert full["n"].iloc[0] == pytest.approx(one.loc["NPS", "n"] * answered, abs=4)
    arms = journeys.power(users, [PAID], effects={"paid": 0.05}, split=[2, 1, 1]).table
    sizes = arms[["n_control", "n_treatment"]].iloc[0]
    assert sizes["n_control"] == pytest.approx(2 * sizes["n_treatment"], abs=1)
    assert arms["alpha"].iloc[0] == pytest.approx(0.025)


def test_assignment_by_cluster_multiplies_by_the_design_effect():
    rng = np.random.default_rng(3)
    shop = np.repeat(np.arange(200), 20)
    y = rng.normal(size=200)[shop] * 0.5 + rng.normal(size=4000)
    users = pd.DataFrame({"shop": shop, "spend": y + 10})
    row = journeys.power(users, [SPEND], effects={"spend": 0.2}, cluster="shop").table
    # 1 + (m - 1) icc with icc = .25 / 1.25, over the spread of 200 shops
    assert row["deff"].iloc[0] == pytest.approx(1 + 19 * 0.2, rel=0.25)
    plain = journeys.power(users, [SPEND], effects={"spend": 0.2}).table
    grown = row["n"].iloc[0] / plain["n"].iloc[0]
    assert grown == pytest.approx(row["deff"].iloc[0], rel=1e-2)
    with pytest.raises(
        DataError, match="10 clusters have a value; planning by cluster"
    ):
        journeys.power(users[users["shop"] < 10], [SPEND], cluster="shop")


def test_only_control_is_learnt_from():
    users = earlier().assign(variant=["control", "b"] * 1000)
    users.loc[users["variant"] == "b", "paid"] = 1
    found = journeys.power(users, [PAID], control="control").table
    want = users.loc[users["variant"] == "control", "paid"].mean()
    assert found["baseline"].iloc[0] == want
    with pytest.raises(ArgumentError, match="'old', which no earlier user is in"):
        journeys.power(users, [PAID], control="old")


def test_plan_texts_come_from_the_table():
    plan = journeys.power(
        None, [PAID], effects={"paid": 0.02}, baselines={"paid": {"mean": 0.1}},
        n=5000, daily_users=300,
    )  # fmt: skip
    assert plan.text == (
        "To detect +2.0 percentage points on paid (from 10.0 %) with 80 % power takes "
        "7,678 users in all, 4 weeks. 5,000 users can detect +2.5 percentage points on "
        "paid."
    )
    assert plan.length == (
        "Run the test for 4 weeks, until 7,678 users are in: paid needs most. The "
        "5,000 planned leave a chance below 80 % for paid (61.8 %)."
    )
    (finding,) = plan.findings
    assert (finding.estimate, finding.unit) == (7678.0, "count")
    assert "7,678" in plan._repr_html_()
    nothing = journeys.power(None, [PAID], baselines={"paid": {"mean": 0.1}})
    assert nothing.text == "No effect, margin or number of users to plan for."
    assert nothing.length.startswith("No effect and no margin was given")


@pytest.mark.parametrize(
    ("metrics", "given_", "words"),
    [
        ([PAID], {"effects": {"pai": 1}}, r"`effects` names the metric 'pai'; did you"),
        ([PAID], {"effects": {"paid": 0}}, r"`effects` of 'paid' is 0; give the small"),
        (
            [PAID], {"effects": {"paid": 1}, "relative_effects": {"paid": 1}},
            r"'paid' is in `effects` and in `relative_effects`; keep one",
        ),
        (
            [Score(name="NPS", column="score")], {"relative_effects": {"NPS": 0.1}},
            r"`relative_effects` names 'NPS', a score",
        ),
        ([SPEND], {}, r"metric 'spend' has no baseline; give earlier `users` or its"),
        ([SPEND], {"baselines": {"spend": {"mean": 1}}}, r"`sd` is 0; values that do"),
        ([SPEND], {"baselines": {"spend": {"men": 1}}}, r"field 'men'; did you mean"),
        ([PAID], {"baselines": {"paid": {"mean": 20}}}, r"mean` is 20; it must"),
        ([PAID], {"baselines": {"pad": {}}}, r"`baselines` names the metric 'pad'"),
        (
            [PAID], {"baselines": {"paid": {"mean": 0.1}}, "effects": {"paid": 2}},
            r"an effect of 2 on a baseline of 0.1 leaves 0 to 1",
        ),
        ([PAID], {"split": [1]}, r"`split` is \[1\]; give a positive ratio"),
        ([PAID], {"correction": "bonf"}, r"`correction` is 'bonf'; use one of"),
    ],
)  # fmt: skip
def test_broken_plans_are_worded(metrics, given_, words):
    given_ = (
        {"baselines": {"paid": {"mean": 0.1}}, **given_}
        if metrics == [PAID]
        else given_
    )
    if metrics[0].name == "NPS":
        given_ = {"baselines": {"NPS": {"mean": 10, "sd": 80}}, **given_}
    with pytest.raises(ArgumentError, match=words):
        journeys.power(None, metrics, **given_)


@pytest.mark.parametrize(
    "metric",
    [
        GeometricMean(name="t", column="spend"),
        TimeTo(name="t", column="spend", event="paid", horizon=9),
    ],
)
def test_metrics_on_another_scale_are_refused_not_planned_wrongly(metric):
    users = earlier().assign(variant=["control", "b"] * 1000)
    for plan in (journeys.power, journeys.midway):
        with pytest.raises(ArgumentError, match="metric 't': no plan is made for a "):
            plan(users, [metric])


def test_midway_asks_for_what_the_plan_asked_for():
    """The same spread asks for the same users, whatever the effect so far."""
    rng = np.random.default_rng(5)
    n = 4000
    users = pd.DataFrame(
        {
            "variant": ["control", "b"] * (n // 2), "before": rng.gamma(2, 10, n),
            "score": np.where(rng.random(n) < 0.4, rng.integers(0, 11, n), np.nan),
        }
    )  # fmt: skip
    users["spend"] = 0.6 * users["before"] + rng.gamma(2, 5, n)
    users["spend"] += 5 * (users["variant"] == "b")
    metrics = [
        Mean(name="spend", column="spend", covariate="before"),
        Score(name="NPS", column="score", margin=5, role="guardrail"),
        Mean(name="other", column="spend", role="exploratory"),
    ]
    for looks in ("once", "any"):
        asked = {"relative_effects": {"spend": 0.03}, "looks": looks, "tuning_n": 5000}
        plan = journeys.power(users, metrics, control="control", **asked).table
        found = journeys.midway(users, metrics, daily_users=100, **asked).table
        assert found["metric"].tolist() == ["spend", "NPS"]
        want = plan["n"][:2].tolist()
        assert found["n_needed"].tolist() == pytest.approx(want, rel=0.08)
        missing = np.maximum(0, np.ceil((found["factor"] - 1) * n))
        assert found["n_missing"].tolist() == missing.tolist()
    text = journeys.midway(users, metrics, **asked).text
    assert text.startswith("NPS (b): ")
    assert "more users are needed to exclude a loss of 5.0 points with 80 %" in text
    assert journeys.midway(users, metrics[2:]).text.startswith("No metric has a target")


def heavy(n=4000):
    spend = np.random.default_rng(7).gamma(0.3, 20, n)
    spend[0] = 49_854.0
    return pd.DataFrame({"spend": spend})


def test_false_alarms_find_the_metric_that_one_value_rules():
    found = journeys.false_alarms(heavy(), [SPEND], rng=1)
    row = found.table.iloc[0]
    assert row["status"] == "too few"
    assert row["largest_share"] > 0.99
    assert "Fewer false alarms than the 5.0 % promised" in found.text


def sessions(users=400, each=8):
    rng = np.random.default_rng(3)
    rate = np.repeat(rng.beta(0.5, 1.5, users), each)
    return pd.DataFrame(
        {
            "user_id": np.repeat(np.arange(users), each),
            "paid": (rng.random(users * each) < rate).astype(int),
        }
    )


def test_false_alarms_find_a_wrong_unit_of_analysis():
    wrong = journeys.false_alarms(sessions(), [PAID], assigned_by="user_id", rng=1)
    right = journeys.false_alarms(sessions(), [PAID], cluster="user_id", rng=1)
    assert wrong.table["share_false"].iloc[0] > 0.15
    assert wrong.failed == {"paid"}
    assert "Too many false alarms, so verdicts cannot be trusted: paid" in wrong.text
    assert right.table["status"].tolist() == ["holds"]
    assert right.failed == frozenset()


def test_false_alarms_use_the_estimators_of_the_comparison():
    """The p-value of one relabelling equals that of `compare` on those labels."""
    from cxlib.journeys._frames import collect, lazy
    from cxlib.journeys.experiments import _relabel
    from cxlib.journeys.experiments._moments import prepare

    users = earlier(600).assign(shop=np.arange(600) // 10)
    users.loc[:30, "before"] = np.nan
    metrics = (
        PAID, Mean(name="cuped", column="spend", covariate="before"),
        Ratio(name="ratio", column="spend", denominator="visits"),
        Score(name="NPS", column="score"),
    )  # fmt: skip
    rows = lazy(users, users.columns, "users")
    values = collect(prepare(rows, metrics, ["shop"]))
    for cluster in (None, "shop"):
        unit = users["shop"].to_numpy() if cluster else np.arange(600)
        plan = _relabel.Relabelled(
            values=values, metrics=metrics, unit=unit, cluster=cluster, share=0.5,
            level=0.95,
        )  # fmt: skip
        chosen = np.random.default_rng(1).random(unit.max() + 1) < 0.5
        labelled = users.assign(variant=np.where(chosen[unit], "b", "control"))
        want = journeys.compare(labelled, metrics, cluster=cluster).table["pvalue"]
        columns = [_relabel._Columns.of(plan, i) for i in range(len(metrics))]
        found = [c.pvalues(chosen[None, :].astype(float))[0] for c in columns]
        assert found == pytest.approx(want.tolist(), rel=1e-6)


def test_false_alarms_are_seeded_and_say_when_they_sample(engine):
    users = earlier(1000)
    first, again = (
        journeys.false_alarms(engine(users), [SPEND], rng=4, n_resamples=100)
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(first.table, again.table)
    few = journeys.false_alarms(users, [SPEND], max_users=300, n_resamples=100)
    assert (few.n_users, few.n_used) == (1000, 300)
    assert "on 300 of 1,000 users drawn at random" in few.text
    by_user = journeys.false_alarms(
        sessions(), [PAID], cluster="user_id", max_users=1001, n_resamples=100
    )
    assert by_user.n_used == 1000


def test_false_alarms_refuse_what_the_comparison_refuses():
    with pytest.raises(DataError, match="a proportion needs 0/1 in 'spend'"):
        journeys.false_alarms(heavy(), [Proportion(name="p", column="spend")])
    with pytest.raises(DataError, match="10 units to assign at random"):
        journeys.false_alarms(heavy(10), [SPEND])
    with pytest.raises(ArgumentError, match="`n_resamples` is 20; it must lie in"):
        journeys.false_alarms(heavy(), [SPEND], n_resamples=20)


def test_charts_show_what_the_tables_hold():
    metrics = [PAID, Score(name="NPS", column="score", margin=5, role="guardrail")]
    plan = journeys.power(earlier(), metrics, effects={"paid": 0.05}, n=3000)
    ax = plots.planned_power(plan.curve, n=3000, daily_users=100)
    assert len(ax.lines) == 4
    texts = [text.get_text() for text in ax.texts]
    assert "paid\n+5.0 percentage points" in texts
    assert "NPS\nloss under 5.0 points" in texts
    assert ax.child_axes[0].get_xlabel() == "weeks"
    ax = plots.peeking_cost(plan.curve, metric="NPS", n=3000)
    assert ax.get_ylabel() == "NPS: half width of the interval,\npoints"
    once, any_ = (line.get_ydata() for line in ax.lines[:2])
    assert (np.asarray(any_) > 1.3 * np.asarray(once)).all()
    found = journeys.false_alarms(earlier(), metrics, n_resamples=100)
    ax = plots.false_alarm_rates(found.table)
    spans = np.sort([s[:, 0] for s in ax.collections[0].get_segments()], axis=1)
    ends = found.table[["share_false_ci_lower", "share_false_ci_upper"]]
    assert spans == pytest.approx(100 * ends.to_numpy())
    for empty in (plots.planned_power, plots.peeking_cost):
        blank = pd.DataFrame(columns=plan.curve.columns)
        assert len(empty(blank).texts) == 1
    assert len(plots.false_alarm_rates(found.table[:0]).texts) == 1
    plt.close("all")
