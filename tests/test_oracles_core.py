"""The core against numbers that others computed: R, papers, peers' test suites.

The reference files and the R code that made them are in ../shared/oracles; where that
folder is absent these tests skip, and the hand-made numbers of tests/estimate remain.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cxlib import scales
from cxlib.estimate import (
    Moments,
    adjust,
    adjusted_wald,
    cuped,
    design,
    difference,
    estimate,
    newcombe,
    ratio,
    score,
    welch,
)

R_DIGITS = {"rel": 1e-8}  # the files' own tolerance: 15 digits printed by R
PRINTED = {"rel": 1e-9}  # printed with 12 digits
HILLSTROM = {"rel": 1e-6}  # sums of squares of 64,000 amounts rounded to cents
TWO_DECIMALS = {"abs": 5e-3}  # published with two or three decimals
GROWTHBOOK = {"abs": 5e-6}  # printed with five decimals


@pytest.fixture(scope="module")
def cases(shared):
    def load(file: str, key: str) -> tuple[dict, dict]:
        found = json.loads(shared(f"oracles/{file}").read_text())["cases"]
        case = next(case for case in found if case["id"] == key)
        return case.get("inputs", case.get("input")), case["expected"]

    return load


def nets(counts):
    return estimate(np.repeat([-1, 0, 1], counts), "net")


def test_nps_one_sample(cases):
    inputs, expected = cases("nps_roi.json", "01_nps_one_sample")
    found = score(pd.Series(inputs["scores"]), scales.get("nps")).scaled(0.01)
    assert found.n == expected["n"]
    assert found.estimate == pytest.approx(expected["nps"], **R_DIGITS)
    assert found.std_error == pytest.approx(expected["se_n_minus_1"], **R_DIGITS)
    assert found.centre == pytest.approx(expected["adj_wald_center"], **R_DIGITS)
    assert found.centre_se == pytest.approx(expected["adj_wald_se"], **R_DIGITS)
    ends = (found.ci_lower, found.ci_upper)
    assert ends == pytest.approx(tuple(expected["ci_adj_wald"]), **R_DIGITS)
    values = scales.get("nps").values(pd.Series(inputs["scores"]))
    t = estimate(values, "mean")
    assert (t.ci_lower, t.ci_upper) == pytest.approx(
        tuple(expected["ci_t"]), **R_DIGITS
    )


def test_nps_paired(cases):
    inputs, expected = cases("nps_roi.json", "04_nps_paired")
    first, second = (
        scales.get("nps").values(pd.Series(inputs[wave])) for wave in ("w1", "w2")
    )
    found = estimate(second - first, "mean")
    assert found.estimate == pytest.approx(expected["diff"], **R_DIGITS)
    assert found.std_error == pytest.approx(expected["se_paired"], **R_DIGITS)
    assert found.df == expected["df"]
    ends = (found.ci_lower, found.ci_upper)
    assert ends == pytest.approx(tuple(expected["ci"]), **R_DIGITS)


def test_segments_and_corrections(cases):
    inputs, expected = cases(
        "nps_roi.json", "05_segments_multiplicity_and_heterogeneity"
    )
    counts = np.array([[s["det"], s["pas"], s["pro"]] for s in inputs["segments"]])
    each = [nets(k) for k in counts]
    rest = [nets(counts.sum(axis=0) - k) for k in counts]
    assert [e.estimate for e in each] == pytest.approx(expected["nps"], **R_DIGITS)
    n = counts.sum(axis=1)  # R divides by n, the design by n - 1
    variance = [e.std_error**2 * (m - 1) / m for e, m in zip(each, n, strict=True)]
    assert variance == pytest.approx(expected["var_of_nps"], **R_DIGITS)
    gaps = [difference(b, a).estimate for a, b in zip(each, rest, strict=True)]
    assert gaps == pytest.approx(expected["vs_rest_diff"], **R_DIGITS)
    raw = expected["p_raw"]
    assert list(adjust(raw, "holm")) == pytest.approx(expected["p_holm"], **R_DIGITS)
    assert list(adjust(raw, "fdr_bh")) == pytest.approx(expected["p_bh"], **R_DIGITS)


@pytest.fixture(scope="module")
def apistrat(cases, shared):
    inputs, expected = cases("nps_roi.json", "07_weighted_nps_stratified")
    frame = pd.read_csv(shared(f"oracles/{inputs['csv']}"))
    return frame, scales.get("nps").values(frame["ltr00"]), expected


@pytest.mark.parametrize(
    ("parts", "std_error"),
    [
        ({"strata": "stype", "fpc": "fpc"}, "se"),
        ({"strata": "stype"}, "se_no_fpc"),
        ({}, "se_weights_only"),
    ],
)
def test_weighted_nps_under_its_design(apistrat, parts, std_error):
    frame, values, expected = apistrat
    plan = design(
        len(frame), weights=frame["pw"], **{k: frame[c] for k, c in parts.items()}
    )
    found = estimate(values, "mean", plan=plan)
    assert found.estimate == pytest.approx(expected["nps"], **R_DIGITS)
    assert found.std_error == pytest.approx(expected[std_error], **R_DIGITS)
    assert plan.kish == pytest.approx(expected["n_eff_kish"], **R_DIGITS)
    if "fpc" in parts:
        ends = (found.ci_lower, found.ci_upper)
        assert ends == pytest.approx(tuple(expected["ci_t"]), **R_DIGITS)
        assert found.df == expected["degf"]


@pytest.mark.parametrize(
    ("column", "key"), [("stype", "by_stype"), ("sch.wide", "by_schwide_domain")]
)
def test_weighted_nps_of_a_domain(apistrat, column, key):
    frame, values, expected = apistrat
    plan = design(
        len(frame), weights=frame["pw"], strata=frame["stype"], fpc=frame["fpc"]
    )
    for level, nps, std_error in zip(*expected[key].values(), strict=True):
        found = estimate(values, "net", plan=plan, domain=frame[column] == level)
        assert found.estimate == pytest.approx(nps, **R_DIGITS)
        assert found.std_error == pytest.approx(std_error, **R_DIGITS)


def test_nps_rocks(cases):
    inputs, expected = cases("ab.json", "nps_rocks")
    x, y = (nets(inputs["two_sample"][k]) for k in "xy")
    adjusted = expected["two_sample_adjusted_wald_0.75_1.5_0.75"]
    found = difference(x, y)
    assert found.estimate == pytest.approx(
        expected["two_sample_wald"]["diff"], **R_DIGITS
    )
    assert found.std_error == pytest.approx(adjusted["se"], **R_DIGITS)
    assert found.pvalue == pytest.approx(adjusted["p"], **R_DIGITS)
    ends = (found.ci_lower, found.ci_upper)
    assert ends == pytest.approx(tuple(adjusted["ci"]), **R_DIGITS)
    small = nets(inputs["small"])
    assert small.estimate == pytest.approx(expected["small_wald"]["nps"], **R_DIGITS)
    ends = (small.ci_lower, small.ci_upper)
    assert ends == pytest.approx(
        tuple(expected["small_adjusted_wald"]["ci"]), **R_DIGITS
    )
    n = sum(inputs["small"])
    shares = np.array(inputs["small"]) / n
    assert adjusted_wald(shares, n) == (small.centre, small.centre_se)


def test_newcombe_of_fagerland(cases):
    inputs, expected = cases("ab.json", "prop_2indep_fagerland")
    found = newcombe(*(inputs[k] for k in ("x1", "n1", "x2", "n2")))
    assert found == pytest.approx(tuple(expected["diff"]["newcombe"]), **TWO_DECIMALS)


@pytest.mark.parametrize(
    ("arm", "key"), [("Mens E-Mail", "mens"), ("Womens E-Mail", "womens")]
)
def test_hillstrom_spend(cases, arm, key):
    inputs, expected = cases("ab.json", "hillstrom")

    def moments(name):
        got = inputs[name]
        return Moments.from_sums(got["n"], [got["spend_sum"]], [[got["spend_sumsq"]]])

    reference = expected["spend_welch"][key]
    found = welch(moments("No E-Mail"), moments(arm))
    assert found.effect_size == pytest.approx(reference["diff"], **HILLSTROM)
    assert found.std_error == pytest.approx(reference["se"], **HILLSTROM)
    assert found.statistic == pytest.approx(reference["t"], **HILLSTROM)
    assert found.df == pytest.approx(reference["df"], **HILLSTROM)
    assert found.pvalue == pytest.approx(reference["p"], **HILLSTROM)
    ends = (found.effect_size_ci_lower, found.effect_size_ci_upper)
    assert ends == pytest.approx(tuple(reference["ci"]), **HILLSTROM)


@pytest.mark.parametrize("outcome", ["visit", "conversion"])
def test_hillstrom_shares_are_close_to_the_wald_interval(cases, outcome):
    inputs, expected = cases("ab.json", "hillstrom")
    a, b = (inputs[arm] for arm in ("Mens E-Mail", "No E-Mail"))
    found = newcombe(a[outcome], a["n"], b[outcome], b["n"])
    reference = expected[outcome]["mens"]["ci"]
    # Wald and Newcombe differ by O(1/n); n is 21,306
    assert found == pytest.approx(tuple(reference), abs=5e-5)


def test_cookie_cats_rounds(cases):
    inputs, expected = cases("ab.json", "cookie_cats")

    def moments(name):
        got = inputs[name]
        return Moments.from_sums(got["n"], [got["rounds_sum"]], [[got["rounds_sumsq"]]])

    found = welch(moments("control_gate_30"), moments("treatment_gate_40"))
    reference = expected["rounds_welch"]
    assert found.statistic == pytest.approx(reference["t"], **R_DIGITS)
    assert found.df == pytest.approx(reference["df"], **R_DIGITS)
    assert found.pvalue == pytest.approx(reference["p"], **R_DIGITS)
    ends = (found.effect_size_ci_lower, found.effect_size_ci_upper)
    assert ends == pytest.approx(tuple(reference["ci"]), **R_DIGITS)


@pytest.mark.parametrize("day", ["d1", "d7"])
def test_cookie_cats_retention(cases, day):
    inputs, expected = cases("ab.json", "cookie_cats")
    a, b = inputs["treatment_gate_40"], inputs["control_gate_30"]
    column = f"retention_{day[1]}"
    found = newcombe(a[column], a["n"], b[column], b["n"])
    # Wald and Newcombe differ by O(1/n); n is 45,000
    assert found == pytest.approx(tuple(expected[day]["ci_R_unpooled"]), abs=1e-6)


@pytest.fixture
def users(cases):
    inputs, expected = cases("ab.json", "tt100_mean_ratio_cuped")

    def moments(arm, *columns):
        got = inputs[arm]
        at = [inputs["columns"].index(c) for c in columns]
        products = np.array(got["cross_products"])[np.ix_(at, at)]
        return Moments.from_sums(got["n"], [got["sums"][c] for c in columns], products)

    def both(*columns):
        return moments("control", *columns), moments("treatment", *columns)

    return both, expected


def test_orders_per_user(users):
    both, expected = users
    reference = expected["orders_welch"]
    found = welch(*both("orders"))
    assert found.control == pytest.approx(reference["control"], **PRINTED)
    assert found.treatment == pytest.approx(reference["treatment"], **PRINTED)
    assert found.effect_size == pytest.approx(reference["effect"], **PRINTED)
    assert found.rel_effect_size == pytest.approx(reference["rel"], **PRINTED)
    assert found.pvalue == pytest.approx(reference["p"], **PRINTED)
    assert found.statistic == pytest.approx(reference["t"], **PRINTED)
    assert found.df == pytest.approx(reference["df_R"], **PRINTED)
    ends = (found.effect_size_ci_lower, found.effect_size_ci_upper)
    assert ends == pytest.approx(tuple(reference["ci"]), **PRINTED)


def test_orders_adjusted_by_a_covariate(users):
    both, expected = users
    reference = expected["orders_cuped"]
    found = cuped(*both("orders", "orders_covariate"))
    assert found.control == pytest.approx(reference["control_adj"], **PRINTED)
    assert found.treatment == pytest.approx(reference["treatment_adj"], **PRINTED)
    assert found.pvalue == pytest.approx(reference["p"], **PRINTED)
    ends = (found.effect_size_ci_lower, found.effect_size_ci_upper)
    assert ends == pytest.approx(tuple(reference["ci"]), **PRINTED)


def test_orders_per_session(users):
    both, expected = users
    reference = expected["orders_per_session"]
    control, treatment = both("orders", "sessions")
    found = ratio(control, treatment)
    assert found.control == pytest.approx(reference["control"], **PRINTED)
    assert found.treatment == pytest.approx(reference["treatment"], **PRINTED)
    arms = [reference[f"se_{arm}_svyratio"] for arm in ("control", "treatment")]
    assert found.std_error == pytest.approx(np.hypot(*arms), **PRINTED)


def test_growthbook_absolute(cases):
    inputs, expected = cases("ab.json", "gb_ttest_abs_rel")
    a, b = (
        Moments.from_sums(got["n"], [got["sum"]], [[got["sum_squares"]]])
        for got in (inputs["a"], inputs["b"])
    )
    reference = expected["absolute"]
    found = welch(a, b)
    assert found.effect_size == pytest.approx(reference["expected"], **GROWTHBOOK)
    assert found.std_error == pytest.approx(reference["se"], **GROWTHBOOK)
    assert found.pvalue == pytest.approx(reference["p"], **GROWTHBOOK)
    ends = (found.effect_size_ci_lower, found.effect_size_ci_upper)
    assert ends == pytest.approx(tuple(reference["ci"]), **GROWTHBOOK)
