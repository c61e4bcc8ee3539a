"""Public functions against R (survey, base) and published package code.

Tolerance 1e-8 relative: closed formulas; the references carry 15 digits.

Cases 10, 12-15 are in the modules of their functions (nonresponse, drivers, ordinal,
search, power), 09 in weighting, the BLUPs of 24 in pool. Of case 24 the random *slope*
(``rs_*``) has no place here: no function fits one, because a segment's score has a
level and no covariate that each segment would follow at a pace of its own; a test
through statsmodels' MixedLM would test statsmodels.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxlib import nps
from cxlib.estimate import adjust
from cxlib.estimate import design as make_design
from cxlib.estimate.association import association, sidak
from cxlib.estimate.heterogeneity import heterogeneity
from cxlib.estimate.mixed import random_intercept
from cxlib.estimate.score_interval import score_interval
from cxlib.estimate.shapley import shapley_r2

REL = 1e-8


def close(value, expected):
    assert value == pytest.approx(expected, rel=REL)


def points(value):
    return np.asarray(value) * 100


def test_01_one_sample(oracle):
    case = oracle("nps_roi.json", "01_nps_one_sample")
    frame, expected = pd.DataFrame(case["inputs"]), case["expected"]
    frame.columns = ["score"]
    adjusted = nps.score(frame)
    close(adjusted.overall.estimate, points(expected["nps"]))
    close(adjusted.overall.std_error, points(expected["se_n_minus_1"]))
    close(adjusted.overall.centre, points(expected["adj_wald_center"]))
    ends = adjusted.overall.ci_lower, adjusted.overall.ci_upper
    close(ends, points(expected["ci_adj_wald"]))
    shares = adjusted.table.set_index("measure")["estimate"]
    for name, key in (("detractors", "det"), ("passives", "pas"), ("promoters", "pro")):
        close(shares[name] * 40, expected["counts"][key])
    assert adjusted.overall.n == expected["n"]
    close(adjusted.overall.centre_se, points(expected["adj_wald_se"]))

    sure = nps.sensitivity(frame).table.set_index("choice")
    for choice, key in (
        ("Wald", "ci_wald"), ("Student t", "ci_t"), ("score interval", "ci_score"),
    ):  # fmt: skip
        close(
            sure.loc[choice, ["ci_lower", "ci_upper"]].tolist(), points(expected[key])
        )
    close(sure.loc["Wald", "std_error"], points(expected["se_wald"]))
    wald = nps.score(frame, method="wald", target=0.0)
    close(wald.overall.std_error**2 * 40 / 1e4, expected["var_n"])
    # the probability that the truth is above 0 is one less half the two-sided p
    close(2 * (1 - wald.probability_above), expected["p_wald_vs_0"])


def test_04_paired(oracle):
    case = oracle("nps_roi.json", "04_nps_paired")
    scores, expected = case["inputs"], case["expected"]
    frame = pd.DataFrame(
        {
            "score": scores["w1"] + scores["w2"],
            "wave": ["w1"] * 25 + ["w2"] * 25,
            "who": [*range(25)] * 2,
        }
    )
    paired = nps.change(frame, "wave", respondent="who")
    close(paired.overall.estimate, points(expected["diff"]))
    close(paired.overall.std_error, points(expected["se_paired"]))
    close(paired.overall.statistic, expected["t"])
    close(paired.overall.pvalue, expected["p"])
    close((paired.overall.ci_lower, paired.overall.ci_upper), points(expected["ci"]))
    assert (paired.overall.df, paired.n_both) == (expected["df"], expected["n"])
    close(paired.first.estimate, points(expected["nps_w1"]))
    close(paired.last.estimate, points(expected["nps_w2"]))
    unpaired = nps.change(frame, "wave", method="t").overall
    close(unpaired.std_error, points(expected["se_unpaired_wrong"]))
    # the two standard errors and those of the waves imply the correlation
    a, b = (
        nps.score(frame[frame["wave"] == wave], method="t").overall.std_error
        for wave in ("w1", "w2")
    )
    implied = (a**2 + b**2 - paired.overall.std_error**2) / (2 * a * b)
    close(implied, expected["r"])


@pytest.fixture
def seven(oracle):
    case = oracle("nps_roi.json", "05_segments_multiplicity_and_heterogeneity")
    parts = [
        pd.DataFrame(
            {
                "score": np.repeat([3, 7, 10], [s["det"], s["pas"], s["pro"]]),
                "segment": s["segment"],
            }
        )
        for s in case["inputs"]["segments"]
    ]
    names = [s["segment"] for s in case["inputs"]["segments"]]
    return pd.concat(parts, ignore_index=True), names, case["expected"]


def test_05_segments_against_the_rest(seven):
    frame, names, expected = seven
    found = nps.by_segment(frame, "segment", method="wald")
    rows = found.table.set_index("segment").loc[names]
    close(rows["estimate"].tolist(), points(expected["nps"]))
    close((rows["std_error"] ** 2).tolist(), np.multiply(expected["var_of_nps"], 1e4))
    close(rows["effect_size"].tolist(), points(expected["vs_rest_diff"]))
    close(rows["pvalue"].tolist(), expected["p_raw"])
    close(rows["pvalue_adj"].tolist(), expected["p_holm"])
    half = (rows["effect_size_ci_upper"] - rows["effect_size_ci_lower"]) / 2
    close((half / 1.959963984540054).tolist(), points(expected["vs_rest_se"]))
    close(adjust(expected["p_raw"], "holm").tolist(), expected["p_holm"])


@pytest.mark.parametrize(
    ("correction", "key", "said"),
    [
        ("fdr_bh", "p_bh", "Benjamini and Hochberg's correction"),
        ("fdr_by", "p_by", "Benjamini and Yekutieli's correction"),
        ("bonferroni", "p_bonferroni", "Bonferroni's correction"),
        ("holm", "p_holm", "Holm's correction"),
    ],
)
def test_05_corrections(seven, correction, key, said):
    frame, names, expected = seven
    found = nps.by_segment(frame, "segment", method="wald", correction=correction)
    rows = found.table.set_index("segment").loc[names]
    close(rows["pvalue_adj"].tolist(), expected[key])
    assert said in found.text
    assert said.split("'")[0].replace(" and ", "-") in found.method


def test_05_heterogeneity(seven):
    frame, _, expected = seven
    found = nps.by_segment(frame, "segment", method="wald").heterogeneity.iloc[0]
    close(found["statistic"], expected["Q"])
    close(found["pvalue"], expected["Q_p"])
    close(found["rel_excess"], expected["I2"])
    assert found["df"] == expected["df"]
    direct = heterogeneity(expected["nps"], expected["var_of_nps"])
    close((direct.statistic, direct.pvalue), (expected["Q"], expected["Q_p"]))


@pytest.fixture
def apistrat(oracle, shared):
    case = oracle("nps_roi.json", "07_weighted_nps_stratified")
    frame = pd.read_csv(shared(f"oracles/{case['inputs']['csv']}"))
    design = {"score": "ltr00", "weights": "pw", "strata": "stype", "fpc": "fpc"}
    return frame, design, case["expected"]


def test_07_weighted_stratified(apistrat):
    frame, design, expected = apistrat
    found = nps.score(frame, method="t", **design).overall
    close(found.estimate, points(expected["nps"]))
    close(found.std_error, points(expected["se"]))
    close((found.ci_lower, found.ci_upper), points(expected["ci_t"]))
    assert (found.df, found.n) == (expected["degf"], expected["n"])
    plain = nps.score(frame, score="ltr00").overall
    close(plain.estimate, points(expected["nps_unweighted"]))
    weights = nps.score(frame, score="ltr00", weights="pw").overall
    close(weights.std_error, points(expected["se_weights_only"]))
    kish = make_design(200, weights=frame["pw"]).kish
    close(kish, expected["n_eff_kish"])
    assert weights.n_eff <= kish
    close(kish, 200 / expected["kish_deff"])
    strata = nps.score(frame, score="ltr00", weights="pw", strata="stype").overall
    close(strata.std_error, points(expected["se_no_fpc"]))


def test_07_design_effect_with_and_without_replacement(apistrat):
    frame, design, expected = apistrat
    without = nps.score(frame, **design)
    close(without.overall.design_effect, expected["deff"])
    close(without.table["design_effect"].iloc[0], expected["deff"])
    assert "design effect 1.24" in without.footnote
    design.pop("fpc")
    replaced = nps.score(frame, **design).overall
    close(replaced.design_effect, expected["deff_replace_no_fpc"])
    close(replaced.deff, expected["deff_replace_no_fpc"])
    assert nps.score(frame, score="ltr00").overall.design_effect == pytest.approx(1)


@pytest.mark.parametrize(
    ("by", "key"), [("stype", "by_stype"), ("sch.wide", "by_schwide_domain")]
)
def test_07_domains_keep_all_rows(apistrat, by, key):
    frame, design, expected = apistrat
    rows = nps.by_segment(frame, by, **design).table.set_index("segment")
    rows = rows.loc[expected[key]["level"]]
    close(rows["estimate"].tolist(), points(expected[key]["nps"]))
    close(rows["std_error"].tolist(), points(expected[key]["se"]))


@pytest.fixture
def sleep(oracle, shared):
    case = oracle("nps_roi.json", "24_mixed_model_partial_pooling")
    return pd.read_csv(shared(f"oracles/{case['inputs']['csv']}")), case["expected"]


def test_24_random_intercept_as_in_lme4(sleep):
    """The case's own tolerances: 1e-6 on fixed effects, 1e-4 variances, 1e-7 fit."""
    frame, expected = sleep
    found = random_intercept(
        frame["Reaction"], frame["Subject"], covariates=frame["Days"]
    )
    fixed, errors = expected["ri_fixed"], expected["ri_se"]
    assert found.coefficient == pytest.approx(list(fixed.values()), rel=1e-6)
    assert found.std_error == pytest.approx(list(errors.values()), rel=1e-6)
    assert found.between == pytest.approx(expected["ri_var_subject"], rel=1e-4)
    assert found.within == pytest.approx(expected["ri_var_resid"], rel=1e-4)
    assert found.icc == pytest.approx(expected["ri_icc"], rel=1e-4)
    assert found.log_likelihood == pytest.approx(expected["ri_reml_loglik"], rel=1e-7)


def test_24_icc_through_pool(sleep):
    """What `Days` explains is taken out first: then the split is the case's own."""
    frame, expected = sleep
    slope = expected["ri_fixed"]["Days"]
    frame = frame.assign(level=frame["Reaction"] - slope * (frame["Days"] - 4.5))
    scale = {"name": "time", "low": 0, "high": 1000, "kind": "mean"} | {
        "integer": False
    }
    found = nps.pool(frame, "Subject", score="level", scale=scale)
    # one fixed effect fewer: 179 in place of 178 answers are free to vary within
    within, between = expected["ri_var_resid"], expected["ri_var_subject"]
    less = within * 161 / 162
    more = between + (within - less) / 10
    assert found.icc == pytest.approx(more / (more + less), rel=1e-4)
    assert found.icc_ci[0] < found.icc < found.icc_ci[1]
    assert "lies between segments" in found.footnote


def test_12_drivers(oracle, shared):
    case = oracle("nps_roi.json", "12_key_drivers_lmg_relative_weights")
    frame = pd.read_csv(shared(f"oracles/{case['inputs']['csv']}"))
    names, expected = case["inputs"]["x"], case["expected"]
    scale = {"name": "rating", "low": 0, "high": 100, "kind": "mean"}
    found = nps.drivers(frame, names, score="rating", scale=scale, n_resamples=50)
    rows = found.table.set_index("driver").loc[names]
    close(found.r2, expected["r2"])
    close(rows["r2_part"].tolist(), [expected["lmg"][n] for n in names])
    columns = {
        "relative_weight": "relative_weights", "r2_first": "first", "r2_last": "last",
        "std_beta": "std_beta",
    }  # fmt: skip
    for column, key in columns.items():
        close(rows[column].tolist(), [expected[key][n] for n in names])
    close((rows["correlation"] ** 2).tolist(), rows["r2_first"].tolist())
    sd = frame[[*names, "rating"]].std()
    beta = [rows.loc[n, "coefficient"] * sd[n] / sd["rating"] for n in names]
    close(beta, rows["std_beta"].tolist())
    direct = shapley_r2(frame[[*names, "rating"]].corr().to_numpy())
    close(direct.tolist(), [expected["lmg"][n] for n in names])


def test_nps_rocks_two_samples(oracle):
    case = oracle("ab.json", "nps_rocks")
    x, y = (case["input"]["two_sample"][k] for k in "xy")
    frame = pd.DataFrame(
        {
            "score": np.repeat([3, 7, 10, 3, 7, 10], [*x, *y]),
            "wave": ["a"] * sum(x) + ["b"] * sum(y),
        }
    )
    # the reference tests rest on values printed to 10 digits
    wald, adjusted = (
        nps.change(frame, "wave", method=m).overall for m in ("wald", "adjusted")
    )
    expected = case["expected"]["two_sample_wald"]
    close(wald.estimate, points(expected["diff"]))
    close((wald.ci_lower, wald.ci_upper), points(expected["ci"]))
    close((wald.std_error, wald.pvalue), (points(expected["se"]), expected["p"]))
    expected = case["expected"]["two_sample_adjusted_wald_0.75_1.5_0.75"]
    close((adjusted.ci_lower, adjusted.ci_upper), points(expected["ci"]))
    close(
        (adjusted.std_error, adjusted.pvalue), (points(expected["se"]), expected["p"])
    )


def test_nps_rocks_one_sample(oracle):
    case = oracle("ab.json", "nps_rocks")
    for counts, variance in zip(
        case["input"]["one"], case["expected"]["var"], strict=True
    ):
        frame = pd.DataFrame({"score": np.repeat([3, 7, 10], counts)})
        found = nps.score(frame, method="wald").overall
        close(found.std_error**2 * sum(counts) / 1e4, variance)
    small = pd.DataFrame({"score": np.repeat([3, 7, 10], case["input"]["small"])})
    for method, key in (("wald", "small_wald"), ("adjusted", "small_adjusted_wald")):
        found = nps.score(small, method=method).overall
        close((found.ci_lower, found.ci_upper), points(case["expected"][key]["ci"]))
    ends = score_interval(case["input"]["small"])
    # the reference stops its iteration at 1e-7
    assert ends == pytest.approx(
        case["expected"]["small_iterative_score"]["ci"], abs=1e-6
    )


def test_14_partykit_prints_the_same(oracle, shared):
    """Its p.value row is Sidak's, which the case also gives as `p_bonferroni`."""
    case = oracle("nps_roi.json", "14_segment_discovery_ctree_root")
    rows, expected = pd.read_csv(shared("oracles/data/housing.csv")), case["expected"]
    y = rows["Sat"].map({"Low": -1, "Medium": 0, "High": 1})
    assert rows["Freq"].sum() == expected["n"]
    found = [
        association(
            pd.factorize(rows[name], sort=True)[0], y, nominal=True,
            weights=rows["Freq"],
        )
        for name in case["inputs"]["candidates"]
    ]  # fmt: skip
    close([f.statistic for f in found], list(expected["partykit_statistic"].values()))
    close(
        sidak([f.pvalue for f in found]).tolist(), list(expected["partykit_p"].values())
    )


def test_15_variances_behind_the_plan(oracle):
    case = oracle("nps_roi.json", "15_power_mde")
    given, expected = case["inputs"], case["expected"]
    for wave in "12":
        shares = np.array([given[f"det{wave}"], given[f"pro{wave}"]])
        counts = np.round(1e4 * np.array([shares[0], 1 - shares.sum(), shares[1]]))
        frame = pd.DataFrame({"score": np.repeat([3, 7, 10], counts.astype(int))})
        found = nps.score(frame, method="wald").overall
        close(found.std_error**2 * 1e4 / 1e4, expected[f"var{wave}"])
