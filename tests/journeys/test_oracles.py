"""Public functions against numbers that others computed (../shared/oracles/ab.json)."""

from __future__ import annotations

import json

import duckdb
import numpy as np
import pandas as pd
import pytest

from cxlib import journeys
from cxlib.estimate import newcombe
from cxlib.journeys import Mean, Proportion, Ratio, Score

from .conftest import from_sums, with_moments


@pytest.fixture(scope="module")
def oracle(shared):
    cases = json.loads(shared("oracles/ab.json").read_text())["cases"]
    return {case["id"]: case for case in cases}


def flags(control, treatment):
    """Users with x of n flags in each arm, as (x, n) pairs."""
    parts = [
        pd.DataFrame({"variant": name, "flag": np.arange(n) < x})
        for name, (x, n) in (("control", control), ("treatment", treatment))
    ]
    return pd.concat(parts, ignore_index=True)


def counted(counts):
    """A DuckDB relation with so many rows a variant."""
    parts = [
        f"SELECT '{name}' AS variant FROM range({n})" for name, n in counts.items()
    ]
    return duckdb.sql(" UNION ALL ".join(parts))


def row(found, metric=None):
    table = found.table
    return table.iloc[0] if metric is None else table.set_index("metric").loc[metric]


def ends(one):
    return [one["effect_size_ci_lower"], one["effect_size_ci_upper"]]


def test_fagerland_newcombe(oracle):
    case = oracle["prop_2indep_fagerland"]
    given, expected = case["input"], case["expected"]["diff"]["newcombe"]
    x1, n1, x2, n2 = (given[k] for k in ("x1", "n1", "x2", "n2"))
    assert newcombe(x1, n1, x2, n2) == pytest.approx(expected, abs=0.005)
    users = flags((x2, n2), (x1, n1))
    found = journeys.compare(users, [Proportion(name="f", column="flag")])
    assert ends(row(found)) == pytest.approx(expected, abs=0.005)


def test_prop_test(oracle):
    case = oracle["prop_test_15_25_vs_5_25"]
    expected = case["expected"]["correct=FALSE"]
    users = flags((5, 25), (15, 25))
    one = row(journeys.compare(users, [Proportion(name="f", column="flag")]))
    assert one["statistic"] ** 2 == pytest.approx(expected["chi2"], rel=1e-9)
    assert one["pvalue"] == pytest.approx(expected["p"], rel=1e-9)


def test_cookie_cats_counts(oracle):
    case = oracle["cookie_cats"]
    a, b = case["input"]["control_gate_30"], case["input"]["treatment_gate_40"]
    for day, column in (("d1", "retention_1"), ("d7", "retention_7")):
        users = flags((a[column], a["n"]), (b[column], b["n"]))
        one = row(journeys.compare(users, [Proportion(name=day, column="flag")]))
        expected = case["expected"][day]
        assert one["effect_size"] == pytest.approx(expected["diff"], rel=1e-8)
        assert one["statistic"] == pytest.approx(expected["z_pooled"], rel=1e-8)
        assert one["pvalue"] == pytest.approx(expected["p"], rel=1e-8)
        # Newcombe's interval and R's unpooled Wald interval meet at this n
        assert ends(one) == pytest.approx(expected["ci_R_unpooled"], abs=2e-5)
    gate = journeys.sample_ratio(counted({"gate_30": a["n"], "gate_40": b["n"]}))
    test = gate.tests.iloc[0]
    assert test["statistic"] == pytest.approx(case["expected"]["srm_chi2"], rel=1e-8)
    assert test["pvalue"] == pytest.approx(case["expected"]["srm_p"], rel=1e-8)
    assert not gate.passed


def test_cookie_cats_rounds(oracle, shared):
    expected = oracle["cookie_cats"]["expected"]["rounds_welch"]
    rows = duckdb.read_csv(str(shared("data/cookie_cats/cookie_cats.csv")))
    metric = Mean(name="rounds", column="sum_game_rounds")
    found = journeys.compare(rows, [metric], variant="version", control="gate_30")
    one = row(found)
    assert one["statistic"] == pytest.approx(expected["t"], rel=1e-8)
    assert one["df"] == pytest.approx(expected["df"], rel=1e-8)
    assert one["pvalue"] == pytest.approx(expected["p"], rel=1e-8)
    assert ends(one) == pytest.approx(expected["ci"], rel=1e-8)


def test_hillstrom(oracle, shared):
    expected = oracle["hillstrom"]["expected"]
    rows = duckdb.read_csv(str(shared("data/hillstrom/hillstrom_data.csv")))
    gate = journeys.sample_ratio(rows, variant="segment")
    assert gate.tests["pvalue"].iloc[0] == pytest.approx(
        expected["srm_3arm"]["p"], rel=1e-6
    )
    metrics = [
        Mean(name="spend", column="spend", unit="amount"),
        Proportion(name="visit", column="visit"),
        Proportion(name="conversion", column="conversion"),
    ]
    found = journeys.compare(rows, metrics, variant="segment", control="No E-Mail")
    table = found.table.set_index(["metric", "treatment_arm"])
    for arm in ("mens", "womens"):
        name = f"{arm.capitalize()} E-Mail"
        spend, welch = table.loc[("spend", name)], expected["spend_welch"][arm]
        for ours, theirs in (
            ("effect_size", "diff"), ("std_error", "se"), ("statistic", "t"),
            ("df", "df"), ("pvalue", "p"),
        ):  # fmt: skip
            assert spend[ours] == pytest.approx(welch[theirs], rel=1e-6)
        assert ends(spend) == pytest.approx(welch["ci"], rel=1e-6)
        for metric in ("visit", "conversion"):
            one, r = table.loc[(metric, name)], expected[metric][arm]
            assert one["effect_size"] == pytest.approx(r["diff"], rel=1e-6)
            assert ends(one) == pytest.approx(r["ci"], abs=2e-4)
        p = table.loc[("conversion", name), "pvalue"]
        assert p == pytest.approx(expected["conversion"][arm]["p"], rel=1e-6)


def moments_frame(arms, columns):
    parts = []
    for i, (name, (mean, cov, n)) in enumerate(arms.items()):
        rows = pd.DataFrame(with_moments(mean, cov, n, seed=i), columns=columns)
        parts.append(rows.assign(variant=name))
    return pd.concat(parts, ignore_index=True)


def one_column(arm):
    mean, var = from_sums(arm["n"], [arm["sum"]], [[arm["sumsq"]]])
    return mean, var, arm["n"]


def test_growthbook_absolute(oracle):
    case = oracle["gb_ttest_abs_rel"]
    arms = {
        name: one_column(arm | {"sumsq": arm["sum_squares"]})
        for name, arm in zip(("control", "b"), case["input"].values(), strict=True)
    }
    users = moments_frame(arms, ["y"])
    one = row(journeys.compare(users, [Mean(name="y", column="y")]))
    expected = case["expected"]["absolute"]
    assert one["effect_size"] == pytest.approx(expected["expected"], abs=5e-6)
    assert one["std_error"] == pytest.approx(expected["se"], abs=5e-6)
    assert one["pvalue"] == pytest.approx(expected["p"], abs=5e-6)
    assert ends(one) == pytest.approx(expected["ci"], abs=5e-6)


def test_hundred_users_welch_ratio_and_cuped(oracle):
    case = oracle["tt100_mean_ratio_cuped"]
    names = case["input"]["columns"]
    kept = [names.index(c) for c in ("orders", "sessions", "orders_covariate")]
    arms = {}
    for name in ("control", "treatment"):
        arm = case["input"][name]
        sums = [arm["sums"][names[i]] for i in kept]
        products = np.array(arm["cross_products"])[np.ix_(kept, kept)]
        arms[name] = (*from_sums(arm["n"], sums, products), arm["n"])
    users = moments_frame(arms, ["orders", "sessions", "before"])
    found = journeys.compare(
        users,
        [
            Mean(name="welch", column="orders"),
            Mean(name="cuped", column="orders", covariate="before"),
            Ratio(name="ratio", column="orders", denominator="sessions"),
        ],
    )
    expected = case["expected"]
    welch, e = row(found, "welch"), expected["orders_welch"]
    assert welch["control"] == pytest.approx(e["control"], rel=1e-9)
    assert welch["treatment"] == pytest.approx(e["treatment"], rel=1e-9)
    assert welch["effect_size"] == pytest.approx(e["effect"], rel=1e-9)
    assert welch["rel_effect_size"] == pytest.approx(e["rel"], rel=1e-9)
    assert welch["statistic"] == pytest.approx(e["t"], rel=1e-9)
    assert welch["df"] == pytest.approx(e["df_R"], rel=1e-9)
    assert welch["pvalue"] == pytest.approx(e["p"], rel=1e-9)
    assert ends(welch) == pytest.approx(e["ci"], rel=1e-9)
    cuped, e = row(found, "cuped"), expected["orders_cuped"]
    assert cuped["control"] == pytest.approx(e["control_adj"], rel=1e-9)
    assert cuped["treatment"] == pytest.approx(e["treatment_adj"], rel=1e-9)
    assert cuped["pvalue"] == pytest.approx(e["p"], rel=1e-9)
    assert ends(cuped) == pytest.approx(e["ci"], rel=1e-9)
    ratio, e = row(found, "ratio"), expected["orders_per_session"]
    assert ratio["control"] == pytest.approx(e["control"], rel=1e-9)
    assert ratio["treatment"] == pytest.approx(e["treatment"], rel=1e-9)
    errors = e["se_control_svyratio"], e["se_treatment_svyratio"]
    assert ratio["std_error"] == pytest.approx(np.hypot(*errors), rel=1e-9)


def test_kohavi_sample_ratio(oracle):
    case = oracle["srm_kohavi"]
    a, b = case["input"]["counts"]
    gate = journeys.sample_ratio(counted({"control": a, "treatment": b}))
    test = gate.tests.iloc[0]
    assert test["statistic"] == pytest.approx(case["expected"]["chi2"], rel=1e-9)
    assert test["pvalue"] == pytest.approx(case["expected"]["p"], rel=1e-9)


@pytest.mark.parametrize("direction", ["increase", "decrease"])
def test_spotify_non_inferiority(oracle, direction):
    case = oracle["spotify_nim"]
    arms = {name: one_column(case["input"][name]) for name in ("control", "treatment")}
    users = moments_frame(arms, ["y"])
    margin = 0.02 * float(arms["control"][0][0])
    metric = Mean(name="y", column="y", direction=direction, margin=margin)
    # their bound is one-sided at 99 %, ours is one end of a two-sided interval
    one = row(journeys.compare(users, [metric], confidence_level=0.98))
    expected = case["expected"]
    assert one["effect_size"] == pytest.approx(expected["diff"], abs=1e-9)
    if direction == "increase":
        bound = expected["increase_preferred"]["ci_lower"]
        assert one["effect_size_ci_lower"] == pytest.approx(bound, abs=1e-3)
        assert one["verdict"] == "cannot tell"
    else:
        bound = expected["decrease_preferred"]["ci_upper"]
        assert one["effect_size_ci_upper"] == pytest.approx(bound, abs=1e-3)
        assert one["verdict"] == "not worse"


def test_rocks_two_sample_nps(oracle):
    case = oracle["nps_rocks"]
    x, y = (case["input"]["two_sample"][k] for k in "xy")
    users = pd.DataFrame(
        {
            "variant": ["control"] * sum(x) + ["b"] * sum(y),
            "score": np.repeat([3, 8, 10, 0, 7, 9], [*x, *y]),
        }
    )
    one = row(journeys.compare(users, [Score(name="NPS", column="score")]))
    expected = case["expected"]["two_sample_adjusted_wald_0.75_1.5_0.75"]
    assert one["effect_size"] == pytest.approx(25.0)
    assert one["pvalue"] == pytest.approx(expected["p"], rel=1e-8)
    assert one["std_error"] == pytest.approx(100 * expected["se"], rel=1e-8)
    assert ends(one) == pytest.approx([100 * e for e in expected["ci"]], rel=1e-8)
