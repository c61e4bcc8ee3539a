"""Effects, families and verdicts of a comparison."""

from __future__ import annotations

import narwhals as nw
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from cxlib import journeys, scales
from cxlib.errors import ArgumentError, DataError
from cxlib.journeys import Mean, Proportion, Ratio, Score, compare
from cxlib.journeys.experiments._moments import scale_expr

EVERY = (
    Mean(name="spend", column="spend", unit="amount"),
    Mean(name="spend adjusted", column="spend", covariate="before"),
    Proportion(name="paid", column="paid"),
    Ratio(name="basket", column="spend", denominator="orders", role="exploratory"),
    Score(name="NPS", column="score", role="guardrail", margin=5.0),
    Score(name="CSAT", column="stars", scale="csat", role="exploratory"),
)


@pytest.fixture(scope="module")
def users():
    rng = np.random.default_rng(7)
    n = 1200
    variant = rng.choice(["control", "b", "c"], n)
    before = rng.gamma(2, 10, n)
    return pd.DataFrame(
        {
            "user_id": [f"u{i}" for i in range(n)],
            "variant": variant,
            "before": np.where(rng.random(n) < 0.2, np.nan, before),
            "spend": before * 0.7 + rng.gamma(2, 5, n) + 3 * (variant == "b"),
            "orders": rng.poisson(2, n),
            "paid": rng.random(n) < np.where(variant == "b", 0.35, 0.25),
            "score": np.where(rng.random(n) < 0.5, np.nan, rng.integers(0, 11, n)),
            "stars": np.where(rng.random(n) < 0.3, np.nan, rng.integers(0, 7, n)),
        }
    )


def test_every_engine_gives_the_same_numbers(users, engine):
    ours = compare(engine(users), EVERY).table
    base = compare(users, EVERY).table
    pd.testing.assert_frame_equal(ours, base, rtol=1e-10)


def test_a_blank_is_no_zero(users):
    one = compare(users, [EVERY[4]], treatments=["b"]).table.iloc[0]
    answered = users[users["variant"] == "b"]["score"].notna()
    assert one["n_treatment"] == answered.sum()
    assert one["n_exposed_treatment"] == len(answered)
    values = scales.get("nps").values(users[users["variant"] == "b"]["score"])
    assert one["treatment"] == pytest.approx(100 * np.nanmean(values))


def test_cuped_is_the_pooled_regression_on_filled_covariates(users):
    found = compare(users, [EVERY[1]], treatments=["b"]).table.iloc[0]
    pair = users[users["variant"].isin(["control", "b"])]
    filled = pair["before"].fillna(users["before"].mean())
    slope = sm.OLS(pair["spend"], sm.add_constant(filled)).fit().params["before"]
    adjusted = pair["spend"] - slope * (filled - filled.mean())
    means = adjusted.groupby(pair["variant"]).mean()
    assert found["effect_size"] == pytest.approx(means["b"] - means["control"])
    assert 0 < found["share_variance_removed"] < 1
    assert "CUPED removed" in compare(users, [EVERY[1]]).cuped


def test_holm_over_decision_metrics_bh_over_exploration_nothing_on_guardrails(users):
    from statsmodels.stats.multitest import multipletests

    found = compare(users, EVERY)
    for role, method in (("decision", "holm"), ("exploratory", "fdr_bh")):
        rows = found.of(role)
        expected = multipletests(rows["pvalue"], method=method)[1]
        assert rows["pvalue_adj"].to_numpy() == pytest.approx(expected)
    guard = found.of("guardrail")
    assert guard["pvalue_adj"].tolist() == guard["pvalue"].tolist()
    assert found.family == (
        "Decision family (Holm, 6 tests): spend, spend adjusted, paid; exploratory "
        "family (Benjamini-Hochberg, 4 tests): basket, CSAT; guardrails (each on its "
        "own): NPS."
    )


def test_relative_effects_only_where_they_mean_something(users):
    table = compare(users, EVERY).table.set_index(["metric", "treatment_arm"])
    assert np.isfinite(table.loc[("paid", "b"), "rel_effect_size_ci_lower"])
    scores = table.loc[["NPS", "CSAT"]]
    assert scores["rel_effect_size"].isna().all()
    assert "relative" not in compare(users, [EVERY[4]]).text
    paid = table.loc[("paid", "b")]
    assert paid["rel_effect_size"] == pytest.approx(
        paid["treatment"] / paid["control"] - 1
    )


def test_three_variants_are_each_compared_with_control(users):
    found = compare(users, EVERY[:1])
    assert found.table["treatment_arm"].tolist() == ["b", "c"]
    chosen = compare(users, EVERY[:1], control="c", treatments=["control", "b"])
    assert chosen.table["treatment_arm"].tolist() == ["control", "b"]
    assert [f.id for f in found.findings] == ["spend_b_effect", "spend_c_effect"]


def test_swapping_the_arms_turns_the_sign(users):
    two = users[users["variant"] != "c"]
    a = compare(two, EVERY).table
    b = compare(two, EVERY, control="b").table
    assert a["effect_size"].to_numpy() == pytest.approx(-b["effect_size"].to_numpy())
    assert a["pvalue"].to_numpy() == pytest.approx(b["pvalue"].to_numpy())
    flipped = -b["effect_size_ci_upper"].to_numpy()
    assert a["effect_size_ci_lower"].to_numpy() == pytest.approx(flipped)


def row_of(effect, low, high, p, margin=np.nan, direction="increase"):
    return pd.Series(
        {
            "direction": direction, "effect_size": effect, "margin": margin,
            "effect_size_ci_lower": low, "effect_size_ci_upper": high, "pvalue_adj": p,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (row_of(2, 1, 3, 0.01), "better"),
        (row_of(2, 1, 3, 0.20), "cannot tell"),  # not after correction
        (row_of(-2, -3, -1, 0.01), "worse"),
        (row_of(-2, -3, -1, 0.01, margin=5), "not worse"),
        (row_of(-2, -3, -1, 0.01, margin=2.5), "worse"),
        (row_of(0.1, -1, 1.2, 0.8, margin=2), "not worse"),
        (row_of(0.1, -1, 1.2, 0.8, margin=0.5), "cannot tell"),
        (row_of(-2, -3, -1, 0.01, direction="decrease"), "better"),
        (row_of(2, 1, 3, 0.01, direction="decrease"), "worse"),
        (row_of(0.1, -1, 1.2, 0.8, 2, "decrease"), "not worse"),
        (row_of(0.1, -1, 1.2, 0.8, 1, "decrease"), "cannot tell"),
        (row_of(0.0, 0.0, 0.0, np.nan), "cannot tell"),
    ],
)
def test_verdicts(row, expected):
    from cxlib.journeys.experiments.verdicts import verdict

    assert verdict(row, 0.05) == expected


def test_text_findings_and_page_say_the_same(users):
    two = users[users["variant"] != "c"]
    found = compare(two, EVERY)
    one = found.findings[0]
    assert one.statement in found.text
    assert one.unit == "amount"
    assert found.findings[2].unit == "share_points"
    page = found._repr_html_()
    for part in ("95 % CI", "verdict (adjusted p)", "Holm", "CUPED removed"):
        assert part in page
    assert "nan" not in page.lower().replace("financ", "")


def clusters(rng, n_clusters=30, size=8, straddling=False):
    shop = np.repeat(np.arange(n_clusters), size)
    arm = np.where(shop % 2 == 0, "control", "b")
    if straddling:
        arm = np.where(np.arange(len(shop)) % 2 == 0, "control", "b")
    level = rng.normal(0, 3, n_clusters)[shop]
    before = level + rng.normal(0, 1, len(shop))
    return pd.DataFrame(
        {
            "variant": arm, "shop": shop, "before": before, "orders": 1 + shop % 3,
            "spend": 20 + level + rng.normal(0, 2, len(shop)),
        }
    )  # fmt: skip


def test_clustered_error_is_that_of_cluster_totals(rng):
    users = clusters(rng)
    users = users.drop(users.sample(40, random_state=1).index)
    metric = Mean(name="spend", column="spend")
    one = compare(users, [metric], cluster="shop").table.iloc[0]
    variance = 0.0
    for _, arm in users.groupby("variant"):
        mean = arm["spend"].mean()
        u = (arm["spend"] - mean).groupby(arm["shop"]).sum() / len(arm)
        share = arm.groupby("shop").size() / len(arm)
        variance += (u**2 / (1 - share)).sum()
    assert one["std_error"] == pytest.approx(variance**0.5)
    assert one["df"] < 30
    plain = compare(users, [metric]).table.iloc[0]
    assert one["effect_size"] == pytest.approx(plain["effect_size"])
    assert one["std_error"] > 1.5 * plain["std_error"]


def test_clustered_cuped_and_ratio_run(rng):
    users = clusters(rng)
    metrics = [
        Mean(name="a", column="spend", covariate="before"),
        Mean(name="p", column="spend"),
        Ratio(name="r", column="spend", denominator="orders"),
    ]
    table = compare(users, metrics, cluster="shop").table.set_index("metric")
    assert table.loc["a", "std_error"] < table.loc["p", "std_error"]
    free = compare(users, metrics).table.set_index("metric")
    assert table["effect_size"].to_numpy() == pytest.approx(
        free["effect_size"].to_numpy()
    )


def test_few_or_shared_clusters_are_refused(rng):
    metric = Mean(name="spend", column="spend")
    with pytest.raises(DataError) as error:
        compare(clusters(rng, n_clusters=14), [metric], cluster="shop")
    assert str(error.value) == (
        "metric 'spend': 7 clusters in a variant; a cluster-randomised comparison "
        "needs at least 8 in each."
    )
    with pytest.raises(DataError) as error:
        compare(clusters(rng, straddling=True), [metric], cluster="shop")
    assert str(error.value) == (
        "30 of 30 clusters in 'shop' have users in more than one variant, so variants "
        "were not assigned by cluster; leave `cluster` empty."
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"control": "Control"}, "`control` names the variant 'Control'; did you mean"),
        ({"treatments": ["d"]}, "`treatments` names the variant 'd'; there are 'b', "),
        ({"treatments": ["control"]}, "`treatments` names 'control', which is the con"),
        ({"confidence_level": 95}, "`confidence_level` is 95; it must lie in (0, 1)."),
        ({"correction": "bonf"}, "`correction` is 'bonf'; use one of 'holm', 'fdr_bh'"),
    ],
)
def test_bad_arguments_are_worded(users, change, message):
    with pytest.raises(ArgumentError) as error:
        compare(users, EVERY[:1], **change)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (
            Mean(name="m", column="spent"),
            "column 'spent' is not in users; did you mean 'spend'?",
        ),
        (
            Mean(name="m", column="user_id"),
            "column 'user_id' of users holds string, not numbers; recode it to numbers "
            "or 0/1.",
        ),
        (
            Proportion(name="m", column="orders"),
            "metric 'm': a proportion needs 0/1 in 'orders'; it holds other values, ",
        ),
        (
            Mean(name="m", column="empty"),
            "metric 'm': 0 users of variant 'b' have a value in 'empty'; at least two "
            "are needed.",
        ),
        (
            Mean(name="m", column="infinite"),
            "metric 'm': 'infinite' has infinite values.",
        ),
    ],
)
def test_data_that_cannot_answer_are_worded(users, metric, message):
    odd = users.assign(empty=np.nan, infinite=np.where(users.index == 3, np.inf, 1.0))
    with pytest.raises(DataError) as error:
        compare(odd, [metric])
    assert str(error.value).startswith(message)


def test_constant_and_unanimous_metrics_give_no_nonsense():
    users = pd.DataFrame(
        {"variant": ["control", "b"] * 20, "same": 1.0, "never": 0, "score": 10}
    )
    metrics = [
        Mean(name="same", column="same"),
        Proportion(name="never", column="never"),
        Score(name="NPS", column="score"),
    ]
    found = compare(users, metrics)
    assert set(found.table["verdict"]) == {"cannot tell"}
    assert found.table["effect_size"].abs().max() == 0
    assert "nan" not in found.text


@settings(max_examples=12)
@given(
    st.lists(st.one_of(st.none(), st.floats(-2, 12), st.integers(-1, 11)), min_size=1),
    st.sampled_from(["nps", "nps_1_10", "csat", "ces_mean"]),
)
def test_scale_expression_equals_scale_values(answers, name):
    scale = scales.get(name)
    frame = pd.DataFrame({"s": pd.Series(answers, dtype=float)})
    lazy = nw.from_native(frame).lazy("duckdb")
    ours = lazy.select(scale_expr("s", scale).alias("v")).collect("pandas").to_pandas()
    theirs = scale.values(frame["s"])
    np.testing.assert_array_equal(ours["v"].to_numpy(dtype=float), theirs)


@settings(max_examples=12)
@given(
    st.lists(st.floats(-50, 50), min_size=4, max_size=40),
    st.floats(-1e6, 1e6),
)
def test_a_constant_added_to_all_changes_no_difference(values, shift):
    users = pd.DataFrame(
        {"variant": (["control", "b"] * 20)[: len(values)], "y": values}
    )
    moved = users.assign(y=users["y"] + shift)
    metric = [Mean(name="y", column="y")]
    a = compare(users, metric).table.iloc[0]
    b = compare(moved, metric).table.iloc[0]
    size = 1e-8 * max(1, abs(shift))
    assert a["effect_size"] == pytest.approx(b["effect_size"], abs=size)
    assert a["std_error"] == pytest.approx(b["std_error"], abs=1e-5)


def test_variance_survives_a_large_mean():
    rng = np.random.default_rng(1)
    users = pd.DataFrame(
        {"variant": ["control", "b"] * 5000, "y": 1e6 + rng.normal(0, 1, 10000)}
    )
    users["x"] = users["y"] + rng.normal(0, 1, 10000)
    metrics = [Mean(name="p", column="y"), Mean(name="c", column="y", covariate="x")]
    table = compare(users, metrics).table.set_index("metric")
    expected = users.groupby("variant")["y"].var().sum() / 5000
    assert table.loc["p", "std_error"] ** 2 == pytest.approx(expected, rel=1e-6)
    assert table.loc["c", "share_variance_removed"] == pytest.approx(0.5, abs=0.03)


def test_users_of_one_row_are_refused():
    users = pd.DataFrame({"variant": ["control", "b"], "y": [1.0, 2.0]})
    with pytest.raises(DataError, match="1 users of variant"):
        journeys.compare(users, [Mean(name="y", column="y")])
