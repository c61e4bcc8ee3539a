"""More numbers of others (../shared/oracles/ab.json) through public functions."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from cxlib import journeys
from cxlib.estimate import Moments, adjust
from cxlib.estimate.moments import slope
from cxlib.journeys import Mean, Proportion

from .conftest import from_sums, with_moments


@pytest.fixture(scope="module")
def oracle(shared):
    cases = json.loads(shared("oracles/ab.json").read_text())["cases"]
    return {case["id"]: case for case in cases}


def flags(**arms):
    """Users with x of n flags in each variant."""
    return pd.concat(
        [
            pd.DataFrame({"variant": name, "flag": np.arange(n) < x})
            for name, (x, n) in arms.items()
        ],
        ignore_index=True,
    )


def ends(one):
    return [one["effect_size_ci_lower"], one["effect_size_ci_upper"]]


def test_fagerland_miettinen_nurminen_of_r(oracle):
    case = oracle["prop_2indep_fagerland"]
    x1, n1, x2, n2 = (case["input"][k] for k in ("x1", "n1", "x2", "n2"))
    expected = case["expected"]["diff"]
    users = flags(control=(x2, n2), b=(x1, n1))
    metric = Proportion(name="f", column="flag", interval="miettinen_nurminen")
    found = journeys.compare(users, [metric])
    exact = expected["miettinen_nurminen_PropCIs_diffscoreci"]
    assert ends(found.table.iloc[0]) == pytest.approx(exact, abs=6e-7)
    table = journeys.sensitivity(
        users, journeys.compare(users, [Proportion(name="f", column="flag")])
    ).table.set_index("choice")
    shown = ends(table.loc["Miettinen-Nurminen interval"])
    assert shown == pytest.approx(expected["miettinen_nurminen"], abs=0.006)


def test_pairs_of_four_shares_under_holm(oracle):
    case = oracle["prop_k4_statsmodels"]
    x, n = case["input"]["x"], case["input"]["n"]
    users = flags(**{f"v{i}": pair for i, pair in enumerate(zip(x, n, strict=True))})
    metric = Proportion(name="f", column="flag")
    raw = []
    for i, j in combinations(range(4), 2):
        one = journeys.compare(
            users, [metric], control=f"v{i}", treatments=[f"v{j}"]
        ).table.iloc[0]
        raw.append(one["pvalue"])
    assert raw == pytest.approx(case["expected"]["pairwise_raw"], abs=1e-13)
    holm = case["expected"]["pairwise_holm"]
    assert list(adjust(raw, "holm")) == pytest.approx(holm, abs=1e-13)
    found = journeys.compare(users, [metric], control="v0").table
    assert found["pvalue"].tolist() == pytest.approx(raw[:3], abs=1e-13)
    assert found["pvalue_adj"].tolist() == pytest.approx(
        list(adjust(raw[:3], "holm")), abs=1e-13
    )


def test_growthbook_small_proportion(oracle):
    case = oracle["gb_prop_small"]
    a, b = case["input"]["a"], case["input"]["b"]
    users = flags(control=(a["sum"], a["n"]), b=(b["sum"], b["n"]))
    one = journeys.compare(users, [Proportion(name="f", column="flag")]).table.iloc[0]
    expected = case["expected"]
    assert one["rel_effect_size"] == pytest.approx(expected["relative"], abs=5e-6)
    # theirs is a delta interval around the ratio, ours Fieller's, which leans upwards
    low, high = one["rel_effect_size_ci_lower"], one["rel_effect_size_ci_upper"]
    assert low > expected["ci"][0]
    assert high > expected["ci"][1]
    assert one["pvalue"] == pytest.approx(expected["p"], abs=0.01)


def test_growthbook_relative_delta_is_not_fieller(oracle):
    case = oracle["gb_ttest_abs_rel"]
    parts = []
    for i, (name, arm) in enumerate(
        zip(("control", "b"), case["input"].values(), strict=True)
    ):
        mean, var = from_sums(arm["n"], [arm["sum"]], [[arm["sum_squares"]]])
        rows = with_moments(mean, var, arm["n"], seed=i)[:, 0]
        parts.append(pd.DataFrame({"variant": name, "y": rows}))
    users = pd.concat(parts, ignore_index=True)
    one = journeys.compare(users, [Mean(name="y", column="y")]).table.iloc[0]
    expected = case["expected"]["relative_delta"]
    assert one["rel_effect_size"] == pytest.approx(expected["expected"], abs=5e-6)
    # Fieller agrees with the test of the difference; their interval holds 0, p = 0.062
    assert one["pvalue"] < 0.05
    assert one["rel_effect_size_ci_lower"] > 0 > expected["ci"][0]


def test_growthbook_theta(oracle):
    case = oracle["gb_theta"]
    post, pre = case["input"]["post"], case["input"]["pre"]
    arm = Moments.of(np.column_stack([post, pre]))
    assert slope(arm, arm)[0] == pytest.approx(case["expected"]["theta"], abs=5e-6)
    users = pd.DataFrame(
        {"variant": ["control"] * 4 + ["b"] * 4, "y": post * 2, "x": pre * 2}
    )
    metric = Mean(name="y", column="y", covariate="x")
    one = journeys.compare(users, [metric]).table.iloc[0]
    theta = case["expected"]["theta"]
    residual = np.array(post) - theta * np.array(pre)
    variance = 2 * residual.var(ddof=1) / 4
    assert one["std_error"] == pytest.approx(variance**0.5, rel=1e-5)
    assert one["effect_size"] == pytest.approx(0, abs=1e-12)
