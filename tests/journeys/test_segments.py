"""Effects by segment and over time: reconciling, small cells, tests, texts, charts."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.oneway import anova_generic

from cxlib import journeys, plots
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import Moments
from cxlib.estimate.interaction import equal_effects, one_sign, trend
from cxlib.estimate.pooling import pool, total, vague_scale
from cxlib.journeys import Mean, Proportion, Ratio, Score
from cxlib.journeys.experiments._cells import Cells

EVERY = (
    Mean(name="spend", column="spend", unit="amount"),
    Mean(name="adjusted", column="spend", covariate="before"),
    Proportion(name="paid", column="paid"),
    Proportion(name="paid adjusted", column="paid", covariate="before"),
    Ratio(name="basket", column="spend", denominator="orders"),
    Score(name="NPS", column="score"),
    Score(name="CSAT", column="stars", scale="csat"),
)
ENDS = ["effect_size", "effect_size_ci_lower", "effect_size_ci_upper"]


@pytest.fixture(scope="module")
def users():
    rng = np.random.default_rng(7)
    n = 3000
    variant = rng.choice(["control", "b"], n)
    region = rng.choice(["north", "south", "west"], n, p=[0.5, 0.3, 0.2])
    before = rng.gamma(2, 10, n)
    lift = np.where((variant == "b") & (region == "south"), 12.0, 0.0)
    return pd.DataFrame(
        {
            "variant": variant, "region": region,
            "device": rng.choice(["app", "web"], n),
            "before": np.where(rng.random(n) < 0.2, np.nan, before),
            "spend": before * 0.7 + rng.gamma(2, 5, n) + lift,
            "orders": rng.poisson(2, n) + 1, "paid": rng.random(n) < 0.3,
            "score": np.where(rng.random(n) < 0.5, np.nan, rng.integers(0, 11, n)),
            "stars": np.where(rng.random(n) < 0.3, np.nan, rng.integers(1, 6, n)),
            "assigned_at": pd.Timestamp("2026-01-05")
            + pd.to_timedelta(rng.integers(0, 14 * 24, n), unit="h"),
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(users):
    return journeys.by_segment(users, EVERY, by=["region", "device"])


def test_segments_merge_into_the_comparison_of_all(users, found):
    whole = journeys.compare(users, EVERY).table.set_index("metric")
    for by in ("region", "device"):
        rows = found.tests[found.tests["by"] == by].set_index("metric")
        for name in (*ENDS, "control", "treatment", "n_control", "n_treatment"):
            np.testing.assert_allclose(
                rows[name].astype(float), whole[name].astype(float), rtol=1e-9
            )


def test_each_segment_is_the_comparison_of_its_users(users, found):
    plain = [metric for metric in EVERY if not metric.covariate]
    for region, part in users.groupby("region"):
        alone = journeys.compare(part, plain).table.set_index("metric")
        rows = found.table[found.table["segment"] == region].set_index("metric")
        for name in (*ENDS, "std_error", "n_control"):
            np.testing.assert_allclose(
                rows.loc[alone.index, name].astype(float), alone[name].astype(float),
                rtol=1e-9,
            )  # fmt: skip


def test_one_slope_of_the_covariate_serves_all_segments(users, found):
    filled = users.assign(x=users["before"].fillna(users["before"].mean()))
    cov = np.cov(filled["spend"], filled["x"])
    y = filled["spend"] - cov[0, 1] / cov[1, 1] * filled["x"]
    rows = found.table[found.table["metric"] == "adjusted"].set_index("segment")
    for region in ("north", "south", "west"):
        inside = filled["region"] == region
        arms = y[inside].groupby(filled["variant"])
        gap = arms.mean()["b"] - arms.mean()["control"]
        error = (arms.var() / arms.size()).sum() ** 0.5
        assert rows.loc[region, "effect_size"] == pytest.approx(gap, rel=1e-9)
        assert rows.loc[region, "std_error"] == pytest.approx(error, rel=1e-9)


def test_the_average_of_segments_is_the_overall_effect_but_for_chance(found):
    for _, test in found.tests.iterrows():
        rows = found.table[
            (found.table["metric"] == test["metric"])
            & (found.table["by"] == test["by"])
        ]
        assert rows["share_users"].sum() == pytest.approx(1)
        average = rows["effect_size"] @ rows["share_users"]
        width = test["effect_size_ci_upper"] - test["effect_size_ci_lower"]
        assert abs(average - test["effect_size"]) < width / 4


def test_the_planted_difference_is_found_and_worded(found):
    differs = found.tests[found.tests["differs"]]
    assert set(differs["by"]) == {"region"}
    assert {"spend", "adjusted"} <= set(differs["metric"])
    spend = found.table[
        (found.table["metric"] == "spend") & (found.table["by"] == "region")
    ].set_index("segment")
    inside = spend["shrunk_effect_size"].sort_values()
    assert inside.index[-1] == "south"
    assert spend["shrunk_effect_size_ci_lower"]["south"] < 12
    assert spend["shrunk_effect_size_ci_upper"]["south"] > 12
    assert inside["south"] < spend["effect_size"].max()
    said = found.sentence(differs.set_index("metric", drop=False).loc["spend"])
    assert said.startswith(
        "spend by region: the effect differs between the 3 segments by more than "
        "chance (standard deviation "
    )
    assert "for region = south" in said
    assert "n = 3,000" in said
    assert "significant" not in found.text
    assert "nan" not in found._repr_html_()


def test_findings_carry_the_spread_with_its_interval(found):
    ids = [one.id for one in found.findings]
    assert "spend_by_region_spread" in ids
    assert len(set(ids)) == len(ids) == len(EVERY) * 2
    for one in found.findings:
        assert one.ci_lower <= one.estimate <= one.ci_upper


def test_every_engine_gives_the_same_numbers(engine, users, found):
    other = journeys.by_segment(engine(users), EVERY, by=["region", "device"])
    for name in ("effect_size", "std_error", "shrunk_effect_size"):
        np.testing.assert_allclose(other.table[name], found.table[name], rtol=1e-9)
    assert other.text == found.text


def few(n_small, n_blank, n=400):
    region = ["north"] * n + ["south"] * n + ["isle"] * n_small + [None] * n_blank
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {"variant": np.resize(["control", "b"], len(region)), "region": region,
         "y": rng.normal(size=len(region)), "score": rng.integers(0, 11, len(region))}
    )  # fmt: skip


def test_small_segments_are_shown_together_or_left_out():
    metrics = [Mean(name="y", column="y"), Score(name="NPS", column="score")]
    pooled = journeys.by_segment(few(40, 40), metrics, by="region")
    assert list(pooled.table["segment"].unique()) == ["north", "south", "(small)"]
    shown = journeys.by_segment(few(100, 100), metrics, by="region")
    assert set(shown.table["segment"]) == {"isle", "north", "south", "(blank)"}
    out = journeys.by_segment(few(20, 0), metrics, by="region")
    assert out.tests["left_out"].tolist() == ["isle", "isle"]
    assert out.tests["n_left_out"].tolist() == [20, 20]
    assert out.tests["n_control"].tolist() == [400, 400]


@settings(max_examples=8)
@given(st.integers(0, 24), st.integers(0, 24), st.integers(2, 60))
def test_no_answers_of_under_ten_people_can_be_had(n_small, n_blank, min_n):
    score = [Score(name="NPS", column="score")]
    frame = few(n_small, n_blank, 160)
    found = journeys.by_segment(frame, score, by="region", min_n=min_n)
    assert found.table[["n_control", "n_treatment"]].min(axis=None) >= 10
    hidden = len(frame) - found.tests["n_control"] - found.tests["n_treatment"]
    assert hidden.iloc[0] == 0 or hidden.iloc[0] >= 20


def test_segments_without_any_spread_are_shown_and_not_tested():
    frame = few(0, 0).assign(flag=0)
    found = journeys.by_segment(
        frame.assign(flat=1.0), [Mean(name="m", column="flat")], by="region"
    )
    assert found.tests["pvalue"].isna().all()
    assert found.text == "Too few users to compare segments: m by region."
    shares = journeys.by_segment(
        frame, [Proportion(name="never", column="flag")], by="region"
    )
    assert shares.tests["pvalue"].iloc[0] > 0.9
    assert not shares.tests["differs"].any()


def test_a_segment_column_may_also_be_a_metric_or_a_covariate(users):
    metric = Mean(name="spend", column="spend", covariate="orders")
    found = journeys.by_segment(users, [metric], by="orders", min_n=60)
    assert set(found.table["by"]) == {"orders"}


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"by": "region", "cluster": "shop"}, ArgumentError, "`cluster` is 'shop'"),
        ({"by": []}, ArgumentError, "`by` is empty; name a segment column."),
        (
            {"by": "variant"},
            ArgumentError,
            "`by` names 'variant', which is",
        ),
        ({"by": "regio"}, DataError, "did you mean 'region'"),
        ({"by": "region", "min_n": 1}, ArgumentError, "`min_n` is 1"),
        ({"by": "before"}, DataError, "column 'before' has [0-9,]+ segments; at most"),
        ({"by": "region", "control": "a"}, ArgumentError, "names the variant 'a'"),
        (
            {"by": "region", "correction": "bonf"},
            ArgumentError,
            "`correction` is 'bonf'",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused(users, given, error, message):
    with pytest.raises(error, match=message):
        journeys.by_segment(users, EVERY[:1], **given)


def _cov(rows):
    """Sample covariance; zero for one row."""
    return np.cov(rows.T) if len(rows) > 1 else np.zeros((2, 2))


@given(
    st.lists(st.floats(-100, 100), min_size=4, max_size=30),
    st.lists(st.integers(0, 3), min_size=30, max_size=30),
)
def test_merged_cells_are_the_moments_of_all_rows(values, labels):
    x = np.column_stack([values, np.square(values) / 10])
    group = np.array(labels[: len(values)])
    parts = [x[group == g] for g in np.unique(group)]
    cells = Cells(
        keys=pd.DataFrame({"variant": ["a"] * len(parts)}),
        exposed=np.array([len(p) for p in parts]),
        n=np.array([len(p) for p in parts]), missing=np.zeros(len(parts), dtype=int),
        mean=np.array([p.mean(axis=0) for p in parts]),
        scatter=np.array([(len(p) - 1) * _cov(p) for p in parts]),
    )  # fmt: skip
    whole, merged = Moments.of(x), cells.arm(cells.of("a")).moments
    assert merged.n == whole.n
    np.testing.assert_allclose(merged.mean, whole.mean, atol=1e-9)
    np.testing.assert_allclose(merged.cov, whole.cov, atol=1e-7)


def test_equal_effects_against_statsmodels():
    y, n = np.array([1.0, 2.5, 0.3, 1.9]), np.array([20, 35, 12, 50])
    v = np.array([0.3, 0.2, 0.5, 0.1])
    ours = equal_effects(y, v**0.5, n - 1)
    theirs = anova_generic(y, v * n, n, use_var="unequal", welch_correction=True)
    assert ours.statistic == pytest.approx(theirs.statistic, rel=1e-10)
    assert ours.pvalue == pytest.approx(theirs.pvalue, rel=1e-10)
    assert ours.q == pytest.approx(combine_effects(y, v).q, rel=1e-10)
    with pytest.raises(ArgumentError, match="`effects` has 1 values"):
        equal_effects([1.0], [1.0], [5])
    with pytest.raises(ArgumentError, match="must be positive"):
        equal_effects([1.0, 2.0], [1.0, 0.0], [5, 5])


@pytest.mark.parametrize(
    ("k", "critical"), [(2, 2.71), (3, 4.23), (4, 5.43), (5, 6.50)]
)
def test_one_sign_at_the_published_critical_values(k, critical):
    """Gail and Simon (1985), table 1, 5 %."""
    effects = np.array([-(critical**0.5), *[3.0] * (k - 1)])
    assert one_sign(effects, np.ones(k)) == pytest.approx(0.05, abs=2e-4)
    assert one_sign(np.abs(effects), np.ones(k)) == 1


def test_trend_is_weighted_least_squares_with_known_errors():
    rng = np.random.default_rng(2)
    y, se, t = rng.normal(size=9), rng.uniform(0.2, 2, 9), np.arange(9.0)
    fit = sm.WLS(y, sm.add_constant(t), weights=se**-2).fit(cov_type="fixed scale")
    ours = trend(y, se, t)
    assert ours.slope == pytest.approx(fit.params[1], rel=1e-10)
    assert ours.std_error == pytest.approx(fit.bse[1], rel=1e-10)
    assert ours.pvalue == pytest.approx(fit.pvalues[1], rel=1e-8)
    with pytest.raises(ArgumentError, match="all the same"):
        trend([1, 2], [1, 1], [3, 3])


def test_sum_of_pooled_groups():
    y, v = np.array([0.3, -0.1, 0.8, 0.2]), np.array([0.04, 0.09, 0.02, 0.05])
    found = pool(y, v, scale=vague_scale(v))
    one = total(y, v, found=found, rows=[False, False, True, False])
    assert one[0] == pytest.approx(found.estimate[2], rel=1e-9)
    assert one[1:] == pytest.approx((found.ci_lower[2], found.ci_upper[2]), abs=1e-4)
    every = total(y, v, found=found, rows=[True] * 4)
    assert every[0] == pytest.approx(found.estimate.sum(), rel=1e-9)
    apart = np.sum(found.ci_upper - found.ci_lower)
    assert every[2] - every[1] < apart


def test_two_segments_are_pooled_and_shrunk_towards_each_other():
    found = pool([1.0, 3.0], [0.25, 0.25], scale=0.5, min_groups=2)
    assert 1.0 < found.estimate[0] < 2.0 < found.estimate[1] < 3.0


def test_days_and_weeks_hold_every_user_once(users):
    days = journeys.by_day(users, EVERY)
    whole = journeys.compare(users, EVERY).table
    np.testing.assert_allclose(days.tests[ENDS], whole[ENDS], rtol=1e-9)
    spend = days.table[days.table["metric"] == "spend"]
    assert spend["period"].tolist() == list(range(14))
    assert spend["start"].iloc[-1] == "2026-01-18"
    assert spend[["n_control", "n_treatment"]].sum().sum() == len(users)
    assert not days.tests["differs"].any()
    assert "over 14 days of assignment the effect shows no trend beyond" in days.text
    assert days.findings[0].id == "spend_trend"


def test_a_gain_that_wears_off_is_seen(users):
    week = (users["assigned_at"] - users["assigned_at"].min()).dt.days // 7
    late = pd.concat(
        [users.assign(week=week), users.assign(week=week + 2)], ignore_index=True
    )
    late["assigned_at"] = pd.Timestamp("2026-01-05") + pd.to_timedelta(
        7 * late["week"], unit="D"
    )
    gone = np.where(late["variant"] == "b", 12.0 - 4 * late["week"], 0.0)
    late["spend"] += gone
    found = journeys.by_day(late, EVERY[:1], every="week")
    assert found.tests["differs"].all()
    assert found.table["n_control"].sum() == (late["variant"] == "control").sum()
    assert found.text.startswith("spend: the effect fades with the week of assignment")
    assert found.tests["slope"].iloc[0] == pytest.approx(-4, abs=1)


def test_too_few_users_are_said_and_stop_nothing(users):
    few = journeys.by_segment(users, EVERY[:1], by="region", min_n=900)
    assert few.text == (
        "Segments are not compared: no metric has two segments of region with 900 "
        "users with a value in each arm."
    )
    short = journeys.by_day(users, EVERY[:1], every="week")
    assert short.text.startswith(
        "No trend is looked for: no metric has three weeks of 'assigned_at' with 30 "
    )
    for found in (few, short):
        assert (len(found.table), len(found.tests), found.findings) == (0, 0, ())
        assert "cx-skipped" in found._repr_html_()


def test_times_to_an_event_are_left_out_and_named(users):
    days = users.assign(days=1.0, came=1)
    waits = {"kind": "time_to", "column": "days", "event": "came", "horizon": 2}
    found = journeys.by_segment(
        days, [EVERY[0], {"name": "wait", **waits}], by="region"
    )
    assert "wait" not in set(found.tests["metric"])
    assert "Times to an event are left out: wait." in found.method


def test_time_is_refused_where_it_says_nothing(users):
    with pytest.raises(DataError, match="holds string, not times"):
        journeys.by_day(users, EVERY[:1], assigned_at="region")
    with pytest.raises(ArgumentError, match="`every` is 'month'"):
        journeys.by_day(users, EVERY[:1], every="month")


def test_charts_draw_every_segment_with_interval_and_n(users, found):
    ax = plots.segment_effects(found.table, tests=found.tests)
    assert [label.get_text() for label in ax.get_yticklabels()][-1] == "south"
    lines = [
        len(c.get_segments()) for c in ax.collections if hasattr(c, "get_segments")
    ]
    assert lines == [3, 3]
    written = [text.get_text() for text in ax.texts]
    assert sum("n = " in text for text in written) == 3
    assert "the effect differs between segments" in ax.get_xlabel()
    plt.close(ax.figure)
    days = journeys.by_day(users, EVERY[:1])
    ax = plots.effect_by_time(days.table, tests=days.tests)
    assert "trend within chance" in [text.get_text() for text in ax.texts]
    plt.close(ax.figure)
    for chart in (plots.segment_effects, plots.effect_by_time):
        ax = chart(pd.DataFrame())
        plt.close(ax.figure)
