"""Post-stratified comparisons against the interacted regression and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from cxlib import journeys
from cxlib.errors import ArgumentError, DataError
from cxlib.journeys import GeometricMean, Mean, Proportion, Ratio, Score, TimeTo

from .conftest import ENGINES


@pytest.fixture
def users(rng):
    n = 900
    plan = rng.choice(["free", "basic", "pro"], n, p=[0.5, 0.3, 0.2])
    base = pd.Series(plan).map({"free": 0.0, "basic": 10.0, "pro": 30.0}).to_numpy()
    treated = rng.random(n) < 0.5
    before = base + rng.normal(0, 5, n)
    return pd.DataFrame(
        {
            "variant": np.where(treated, "b", "control"), "plan": plan,
            "before": before, "country": rng.choice(["it", "de"], n),
            "spend": before + 2 * treated + rng.normal(50, 5, n),
            "visits": rng.poisson(2, n) + 1, "paid": rng.random(n) < 0.01 * base + 0.1,
            "score": rng.integers(0, 11, n),
        }
    )  # fmt: skip


def interacted(users, y):
    """Effect and its standard error: Lin's regression with centred strata, HC2."""
    dummies = pd.get_dummies(users["plan"], drop_first=True, dtype=float)
    centred = dummies - dummies.mean()
    frame = centred.assign(y=np.asarray(y, float), t=(users["variant"] == "b") * 1.0)
    terms = " + ".join(centred.columns)
    fit = smf.ols(f"y ~ t * ({terms})", frame).fit(cov_type="HC2")
    return fit.params["t"], fit.bse["t"]


@pytest.mark.parametrize("engine", list(ENGINES))
def test_effect_is_that_of_the_interacted_regression(users, engine):
    metrics = [
        Mean(name="spend", column="spend"),
        Proportion(name="paid", column="paid"),
        Score(name="NPS", column="score"),
    ]
    found = journeys.compare(ENGINES[engine](users), metrics, strata="plan")
    table = found.table.set_index("metric")
    net = (users["score"] >= 9).astype(float) - (users["score"] <= 6)
    for name, y in (
        ("spend", users["spend"]),
        ("paid", users["paid"]),
        ("NPS", 100 * net),
    ):
        effect, std_error = interacted(users, y)
        assert table.loc[name, "effect_size"] == pytest.approx(effect, rel=1e-9)
        assert table.loc[name, "std_error"] == pytest.approx(std_error, rel=1e-9)
    assert table["n_strata"].tolist() == [3, 3, 3]
    assert table.loc["spend", "share_variance_removed"] > 0.5
    assert "Post-stratification removed" in found._repr_html_()
    assert found.method.startswith("Post-stratified by plan, t intervals")


def test_strata_and_covariate_work_together(users):
    metric = Mean(name="spend", column="spend", covariate="before")
    both = journeys.compare(users, [metric], strata="plan")
    one = both.table.iloc[0]
    within = users.copy()
    cell = within.groupby(["plan"])["before"].transform("mean")
    theta = np.cov(within["spend"] - within.groupby("plan")["spend"].transform("mean"),
                   within["before"] - cell)  # fmt: skip
    slope = theta[0, 1] / theta[1, 1]
    adjusted = users["spend"] - slope * users["before"]
    effect, std_error = interacted(users, adjusted)
    assert one["effect_size"] == pytest.approx(effect, rel=1e-9)
    assert one["std_error"] == pytest.approx(std_error, rel=1e-9)
    alone = journeys.compare(users, [Mean(name="s", column="spend")], strata="plan")
    assert one["std_error"] < alone.table["std_error"].iloc[0]
    assert one["share_variance_removed"] > 0.5
    assert both.adjustment == "CUPED and Post-stratification"


def test_ratio_and_geometric_mean_by_hand(users):
    metrics = [
        Ratio(name="r", column="spend", denominator="visits"),
        GeometricMean(name="g", column="spend"),
    ]
    table = journeys.compare(users, metrics, strata="plan").table.set_index("metric")
    share = users["plan"].value_counts(normalize=True)
    cells = users.groupby(["variant", "plan"])
    y, x = (
        users.pivot_table(index="variant", columns="plan", values=c) @ share
        for c in ("spend", "visits")
    )
    ratio = y / x
    gap = ratio["b"] - ratio["control"]
    assert table.loc["r", "effect_size"] == pytest.approx(gap)
    variance = 0.0
    for (name, plan), rows in cells:
        z = (rows["spend"] - ratio[name] * rows["visits"]) / x[name]
        variance += share[plan] ** 2 * z.var() / len(z)
    assert table.loc["r", "std_error"] == pytest.approx(variance**0.5)
    logs = users.assign(log=np.log(users["spend"])).pivot_table(
        index="variant", columns="plan", values="log"
    )
    means = np.exp(logs @ share)
    assert table.loc["g", "treatment"] == pytest.approx(means["b"])
    assert table.loc["g", "rel_effect_size"] == pytest.approx(
        means["b"] / means["control"] - 1
    )


def test_two_columns_make_their_combinations(users):
    found = journeys.compare(
        users, [Mean(name="s", column="spend")], strata=["plan", "country"]
    ).table.iloc[0]
    users["both"] = users["plan"] + users["country"]
    one = journeys.compare(users, [Mean(name="s", column="spend")], strata="both")
    assert found["n_strata"] == 6
    assert found["effect_size"] == pytest.approx(one.table["effect_size"].iloc[0])


def test_small_strata_are_put_together(users, rng):
    rare = rng.choice(len(users), 40, replace=False)
    users.loc[rare[:20], "plan"] = [f"rare{i}" for i in range(20)]
    users.loc[rare[20:], "plan"] = None
    users.loc[rare[20:], "variant"] = ["control", "b"] * 10
    found = journeys.compare(users, [Mean(name="s", column="spend")], strata="plan")
    merged = users.assign(
        plan=users["plan"].fillna("none").where(
            ~users["plan"].fillna("").str.startswith("rare"), "rare"
        )
    )  # fmt: skip
    # blanks hold ten users of each variant, the twenty single plans together are small
    few = merged[merged["plan"] == "rare"]["variant"].value_counts().min()
    if few < 10:
        merged["plan"] = merged["plan"].replace("rare", "none")
    effect, std_error = interacted(merged, merged["spend"])
    one = found.table.iloc[0]
    assert one["n_strata"] == merged["plan"].nunique()
    assert one["effect_size"] == pytest.approx(effect)
    assert one["std_error"] == pytest.approx(std_error)


def test_sensitivity_leaves_the_strata_out(users):
    metric = Mean(name="s", column="spend")
    found = journeys.compare(users, [metric], strata="plan")
    table = journeys.sensitivity(users, found, strata="plan").table.set_index("choice")
    plain = journeys.compare(users, [metric]).table.iloc[0]
    assert table.loc["without strata", "effect_size"] == plain["effect_size"]


def test_strata_that_cannot_be_used_are_refused(users):
    metric = Mean(name="s", column="spend")
    with pytest.raises(ArgumentError) as both:
        journeys.compare(users, [metric], strata="plan", cluster="country")
    assert str(both.value) == (
        "`strata` is ['plan'] and `cluster` 'country'; strata are of single users, so "
        "leave one of them empty."
    )
    users["one"] = np.arange(len(users))
    with pytest.raises(DataError) as single:
        journeys.compare(users, [metric], strata="one")
    assert str(single.value) == (
        "metric 's': no two strata of one have 10 users of each variant; choose "
        "coarser strata, or leave `strata` empty."
    )
    wait = TimeTo(name="w", column="spend", event="paid", horizon=9)
    with pytest.raises(DataError, match="'w': a time to an event is not post-strat"):
        journeys.compare(users, [wait], strata="plan")


def test_strata_of_no_worth_change_next_to_nothing(users):
    metric = Mean(name="s", column="spend")
    plain = journeys.compare(users, [metric]).table.iloc[0]
    found = journeys.compare(users, [metric], strata="country").table.iloc[0]
    assert found["std_error"] == pytest.approx(plain["std_error"], rel=0.02)
