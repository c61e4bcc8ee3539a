"""Variants assigned by cluster: CR2, its bootstrap check and how alike clusters are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from cxlib import journeys
from cxlib.errors import DataError
from cxlib.estimate.clusters import Totals, cluster_pair, intraclass, wild_bootstrap
from cxlib.journeys import GeometricMean, Mean, Proportion, Ratio, Score, TimeTo

from .conftest import ENGINES


def stores(rng, per_arm=(9, 8), spread=1.0):
    """Stores of very unequal size, all users of one in one variant."""
    rows, k = [], 0
    for name, n in zip(("control", "b"), per_arm, strict=True):
        for _ in range(n):
            size = int(rng.integers(3, 40))
            level = spread * rng.normal()
            rows.append(
                pd.DataFrame(
                    {
                        "variant": name, "store": f"s{k}",
                        "y": level + rng.normal(size=size) + 10,
                        "visits": rng.poisson(3, size) + 1,
                        "got": rng.random(size) < 0.3 + 0.05 * np.sign(level),
                        "score": rng.integers(0, 11, size),
                    }
                )
            )  # fmt: skip
            k += 1
    return pd.concat(rows, ignore_index=True)


def cr2_on_rows(users, y, weights, icc):
    """CR2 of the effect and its df where users are alike, by matrices of all rows."""
    t = (users["variant"] == "b").to_numpy(dtype=float)
    root = np.sqrt(weights)
    x = np.column_stack([np.ones(len(t)), t]) * root[:, None]
    z = np.asarray(y, dtype=float) * root
    bread = np.linalg.inv(x.T @ x)
    left = np.eye(len(z)) - x @ bread @ x.T
    residual = left @ z
    effect = np.array([0.0, 1.0])
    variance, vectors = 0.0, []
    for rows in users.groupby("store").indices.values():
        values, axes = np.linalg.eigh(left[np.ix_(rows, rows)])
        adjust = axes @ np.diag(values**-0.5) @ axes.T
        side = effect @ bread @ x[rows].T @ adjust
        variance += (side @ residual[rows]) ** 2
        vectors.append(side @ left[rows])
    same = users["store"].to_numpy()[:, None] == users["store"].to_numpy()
    own = np.where(weights == 1, 1.0, 1 - icc + icc * weights)
    spread = np.where(same, icc, 0.0)
    np.fill_diagonal(spread, own)
    gram = np.array(vectors) @ spread @ np.array(vectors).T
    return variance, np.trace(gram) ** 2 / (gram**2).sum()


@pytest.mark.parametrize("engine", list(ENGINES))
def test_cr2_is_that_of_all_rows(rng, engine):
    users = stores(rng)
    found = journeys.compare(
        ENGINES[engine](users),
        [
            Mean(name="y", column="y"),
            Proportion(name="got", column="got"),
            Score(name="NPS", column="score"),
        ],
        cluster="store",
    ).table.set_index("metric")
    net = (users["score"] >= 9).astype(float) - (users["score"] <= 6)
    ones = np.ones(len(users))
    for name, y in (("y", users["y"]), ("got", users["got"]), ("NPS", 100 * net)):
        icc = max(0.0, found.loc[name, "icc"])
        variance, df = cr2_on_rows(users, y, ones, icc)
        assert found.loc[name, "std_error"] == pytest.approx(variance**0.5, rel=1e-9)
        assert found.loc[name, "df"] == pytest.approx(df, rel=1e-9)


def test_ratio_is_weighted_least_squares_between_clusters(rng):
    users = stores(rng)
    users["value"] = users["y"] * users["visits"]
    metric = Ratio(name="r", column="value", denominator="visits")
    one = journeys.compare(users, [metric], cluster="store").table.iloc[0]
    totals = users.groupby(["variant", "store"], as_index=False)[
        ["value", "visits"]
    ].sum()
    y, weights = totals["value"] / totals["visits"], totals["visits"].to_numpy(float)
    variance, df = cr2_on_rows(totals, y, weights, max(0.0, one["icc"]))
    assert one["std_error"] == pytest.approx(variance**0.5, rel=1e-9)
    assert one["df"] == pytest.approx(df, rel=1e-9)
    fit = smf.wls(
        "y ~ b", totals.assign(y=y, b=totals["variant"] == "b"), weights=weights
    )
    assert one["effect_size"] == pytest.approx(fit.fit().params.iloc[1])


def test_equal_clusters_are_a_t_test_of_cluster_means(rng):
    users = stores(rng)
    users = users.groupby("store").head(3)
    one = journeys.compare(users, [Mean(name="y", column="y")], cluster="store")
    means = users.groupby(["variant", "store"], as_index=False)["y"].mean()
    parts = [means.loc[means["variant"] == v, "y"] for v in ("control", "b")]
    variance = sum(part.var() / len(part) for part in parts)
    assert one.table["std_error"].iloc[0] == pytest.approx(variance**0.5)


def test_clusters_and_intraclass_correlation_are_told(rng):
    users = stores(rng, per_arm=(30, 40))
    alike = journeys.compare(users, [Mean(name="y", column="y")], cluster="store")
    one = alike.table.iloc[0]
    assert [one["n_clusters_control"], one["n_clusters_treatment"]] == [30, 40]
    told = f"Clusters and intraclass correlation: y 30 / 40, {one['icc']:.2f}."
    assert told in alike._repr_html_()
    assert "Ratio of totals of 'store', CR2" in alike.method
    assert one["icc"] == pytest.approx(0.5, abs=0.15)
    shuffled = users.assign(y=rng.normal(size=len(users)))
    apart = journeys.compare(shuffled, [Mean(name="y", column="y")], cluster="store")
    assert apart.table["icc"].iloc[0] == pytest.approx(0, abs=0.05)
    plain = journeys.compare(users, [Mean(name="y", column="y")]).table.iloc[0]
    assert np.isnan(plain["icc"])
    assert np.isnan(plain["n_clusters_control"])


def test_intraclass_correlation_by_analysis_of_variance(rng):
    users = stores(rng)
    arms, squares = [], []
    for name in ("control", "b"):
        rows = users[users["variant"] == name]
        group = rows.groupby("store")["y"]
        arms.append(Totals(group.sum().to_numpy(), group.size().to_numpy(dtype=float)))
        squares.append(rows["y"].var() * (len(rows) - 1))
    table = (
        smf.ols("y ~ C(store)", users).fit().ssr,
        smf.ols("y ~ C(variant)", users).fit().ssr,
    )
    k, n = users["store"].nunique(), len(users)
    within = table[0] / (n - k)
    between = (table[1] - table[0]) / (k - 2)
    common = (n - sum((a.size**2).sum() / a.size.sum() for a in arms)) / (k - 2)
    expected = (between - within) / (between + (common - 1) * within)
    ours = intraclass((arms[0], arms[1]), (squares[0], squares[1]))
    assert ours == pytest.approx(expected)


def test_covariate_takes_variance_between_clusters(rng):
    users = stores(rng, per_arm=(20, 20))
    users["before"] = users["y"] + rng.normal(0, 0.3, len(users))
    metric = Mean(name="y", column="y", covariate="before")
    one = journeys.compare(users, [metric], cluster="store").table.iloc[0]
    assert one["share_variance_removed"] > 0.8


def test_wild_bootstrap_agrees_with_cr2_where_clusters_are_many(rng):
    a = Totals(rng.normal(50, 5, 60), np.full(60, 10.0))
    b = Totals(rng.normal(53, 5, 60), np.full(60, 10.0))
    pair = cluster_pair(a, b)
    wild = wild_bootstrap(a, b, n_boot=4999, rng=1)
    gap, se = (
        pair.treatment - pair.control,
        (pair.control_var + pair.treatment_var) ** 0.5,
    )
    assert wild.ci_lower == pytest.approx(gap - 1.98 * se, abs=0.15 * se)
    assert wild.ci_upper == pytest.approx(gap + 1.98 * se, abs=0.15 * se)
    assert (wild.pvalue < 0.05) == (wild.ci_lower > 0 or wild.ci_upper < 0)
    webb = wild_bootstrap(a, b, n_boot=4999, weights="webb", rng=1)
    assert webb.pvalue == pytest.approx(wild.pvalue, abs=0.02)


def test_sensitivity_shows_the_wild_bootstrap(rng):
    users = stores(rng)
    metrics = [Mean(name="y", column="y"), Score(name="NPS", column="score")]
    found = journeys.compare(users, metrics, cluster="store")
    shown = journeys.sensitivity(users, found, cluster="store", rng=3)
    table = shown.table.set_index(["metric", "choice"])
    for name in ("y", "NPS"):
        wild = table.loc[(name, "wild cluster bootstrap")]
        declared = table.loc[(name, "as declared")]
        assert wild["pvalue"] == pytest.approx(declared["pvalue"], abs=0.1)
        width = declared["effect_size_ci_upper"] - declared["effect_size_ci_lower"]
        assert wild["effect_size_ci_lower"] == pytest.approx(
            declared["effect_size_ci_lower"], abs=0.3 * width
        )
    again = journeys.sensitivity(users, found, cluster="store", rng=3)
    choice = "wild cluster bootstrap"
    p = [t.loc[t["choice"] == choice, "pvalue"] for t in (again.table, shown.table)]
    assert p[0].tolist() == p[1].tolist()


def test_what_clusters_do_not_allow(rng):
    users = stores(rng, per_arm=(7, 9))
    with pytest.raises(DataError, match=r"7 clusters in a variant; .* at least 8"):
        journeys.compare(users, [Mean(name="y", column="y")], cluster="store")
    wait = TimeTo(name="wait", column="y", event="got", horizon=5)
    with pytest.raises(DataError, match="'wait': a time to an event is compared over"):
        journeys.compare(stores(rng), [wait], cluster="store")
    logs = GeometricMean(name="g", column="visits")
    one = journeys.compare(stores(rng), [logs], cluster="store").table.iloc[0]
    assert 0 < one["control"] < 10
    whole = Totals(np.array([3.0, 0.0]), np.array([2.0, 0.0]))
    with pytest.raises(DataError, match="one cluster holds a whole arm"):
        cluster_pair(whole, whole)
