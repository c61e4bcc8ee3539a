"""Users who chose themselves: exposure, adjustment, overlap and the word it gets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.treatment.tests.results as births
from hypothesis import given
from hypothesis import strategies as st

from cxlib import journeys
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import covariates, design, overlap
from cxlib.estimate.aipw import Nuisance, adjusted_gap, cross_fit
from cxlib.estimate.confounding import as_strong, e_value

ALL = "adjusted, everybody"


@pytest.fixture
def oracle(shared):
    cases = json.loads(shared("oracles/ab.json").read_text())["cases"]
    return {case["id"]: case for case in cases}


def chosen(n: int, rng: np.random.Generator, effect: float = 0.0) -> pd.DataFrame:
    """Keen users have it more often, and do better whatever they have."""
    keen, age = rng.random(n) < 0.5, rng.normal(size=n)
    chance = 1 / (1 + np.exp(-(0.9 * keen - 0.5 + 0.6 * age)))
    had = rng.random(n) < chance
    y = keen + 0.8 * age + effect * had + rng.normal(size=n)
    return pd.DataFrame({"had": had, "keen": keen, "age": age, "y": y})


EVENTS = pd.DataFrame(
    {
        "user_id": ["a", "a", "b", "b", "c", "d"],
        "touchpoint": ["help", "pay", "pay", "help", "help", "pay"],
        "occurred_at": pd.to_datetime(
            ["2026-01-01", "2026-01-02", "2026-01-01", "2026-01-03", "2026-01-01",
             "2026-01-04"]
        ),
    }
)  # fmt: skip
USERS = pd.DataFrame({"user_id": ["a", "b", "c", "d", "e"]})


def values(frame, column):
    native = frame.df() if hasattr(frame, "df") else frame
    native = native.to_pandas() if hasattr(native, "to_pandas") else native
    return native.sort_values("user_id")[column].tolist()


def test_touchpoint_any_time(engine):
    found = journeys.with_touchpoint(engine(EVENTS), engine(USERS), "help")
    assert values(found, "had_help") == [1, 1, 1, 0, 0]


def test_landmark_leaves_out_who_never_got_there_and_what_came_later(engine):
    found = journeys.with_touchpoint(
        engine(EVENTS), engine(USERS), "help", before="pay", column="x"
    )
    got = values(found, "x")
    assert got[0] == 1
    assert got[1] == 0
    assert got[3] == 0
    assert pd.isna(got[2])
    assert pd.isna(got[4])


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"touchpoint": "hlp"}, ArgumentError, "touchpoint 'hlp'; did you mean 'help'"),
        ({"before": "pays"}, ArgumentError, "`before` names the touchpoint 'pays'"),
        ({"before": "help"}, ArgumentError, "the touchpoint itself; name a later one"),
        ({"column": "user_id"}, DataError, "already have a column 'user_id'"),
        ({"users": USERS.assign(user_id="z")[:1], "before": "pay"}, DataError,
         "no user that reached 'pay' is in both tables"),
    ],
)  # fmt: skip
def test_touchpoint_errors(change, error, said):
    asked = {"users": USERS, "touchpoint": "help"} | change
    with pytest.raises(error, match=said):
        journeys.with_touchpoint(EVENTS, **asked)


def test_adjustment_finds_what_was_planted_where_the_raw_gap_does_not():
    users = chosen(6000, np.random.default_rng(1), effect=0.5)
    found = journeys.adjusted_effect(users, "had", ["keen", "age"], outcome="y")
    raw, row = found.row("raw"), found.row(ALL)
    assert raw["effect_size_ci_lower"] > 0.6
    assert row["effect_size_ci_lower"] < 0.5 < row["effect_size_ci_upper"]
    assert row["control"] + row["effect_size"] == pytest.approx(row["treatment"])
    assert found.balance["before"].abs().max() > 0.3
    assert found.balance["after"].abs().max() < 0.1
    assert found.overlap["n_with"].sum() == users["had"].sum()


def test_the_word_effect_has_to_be_earned():
    users = chosen(6000, np.random.default_rng(1), effect=0.5)
    asked = {"outcome": "y", "rng": 3}
    said = journeys.adjusted_effect(users, "had", ["keen", "age"], **asked)
    assert said.verdict == "association"
    assert said.text.startswith("Not an experiment: the difference in y that remains")
    assert (
        "An association, not an effect: nothing here shows that had came" in said.text
    )
    assert "hidden cause would have to explain" in said.text
    assert "One as strong as " in said.text
    earned = {**asked, "ordered": True, "min_robustness": 0.05}
    found = journeys.adjusted_effect(users, "had", ["keen", "age"], **earned)
    assert found.verdict == "effect"
    assert found.text.startswith("The effect of had on y, among everybody, is +0.")
    strict = journeys.adjusted_effect(
        users, "had", ["keen", "age"], **{**earned, "min_robustness": 0.9}
    )
    assert strict.reasons == ("a hidden cause weaker than the declared 90.0 % could "
                              "undo it",)  # fmt: skip


def test_without_counterparts_nothing_is_compared():
    rng = np.random.default_rng(2)
    age = rng.normal(size=3000)
    had = age + 0.15 * rng.normal(size=3000) > 0
    users = pd.DataFrame({"had": had, "age": age, "y": age + rng.normal(size=3000)})
    found = journeys.adjusted_effect(users, "had", ["age"], outcome="y", trim=0.1)
    assert found.verdict == "not compared"
    assert "of the users have hardly a counterpart" in found.text
    assert found.findings[0].estimate is None
    assert "+" not in found.text


def test_blanks_are_left_out_and_counted():
    users = chosen(900, np.random.default_rng(3)).astype({"had": "object"})
    users.loc[:49, "had"] = None
    users.loc[100:129, "y"] = np.nan
    found = journeys.adjusted_effect(users, "had", ["keen", "age"], outcome="y")
    assert found.n_unknown == 80
    assert found.row("raw")["n"] == 820
    assert "80 users without a known exposure or outcome" in found.method


def test_rows_engine_and_names_do_not_matter(engine):
    users = chosen(800, np.random.default_rng(4))
    one = journeys.adjusted_effect(users, "had", ["keen", "age"], outcome="y")
    two = journeys.adjusted_effect(
        engine(users.sample(frac=1, random_state=1)), "had", ["keen", "age"],
        outcome={"name": "y", "kind": "mean", "column": "y"},
    )  # fmt: skip
    pd.testing.assert_frame_equal(one.table, two.table, rtol=1e-9)


@given(seed=st.integers(0, 200), estimand=st.sampled_from(["all", "overlap"]))
def test_swapping_with_and_without_turns_the_sign(seed, estimand):
    users = chosen(200, np.random.default_rng(seed))
    y, d = users["y"].to_numpy(), users["had"].to_numpy()
    plan = design(len(y))
    found = []
    for inside in (d, ~d):
        fit = cross_fit(y, inside, users[["age"]].to_numpy(), plan=plan, rng=seed)
        found.append(
            adjusted_gap(y, inside, nuisance=fit, plan=plan, estimand=estimand)
        )
    assert found[0].estimate == pytest.approx(-found[1].estimate, abs=1e-8)
    assert found[0].std_error == pytest.approx(found[1].std_error, rel=1e-8)


def test_shares_have_the_e_value_of_their_risk_ratio():
    rng = np.random.default_rng(5)
    had = np.repeat([0, 1], 3000)
    paid = (rng.random(6000) < np.where(had == 1, 0.4, 0.2)).astype(int)
    users = pd.DataFrame({"had": had, "x": rng.normal(size=6000), "paid": paid})
    found = journeys.adjusted_effect(users, "had", ["x"], outcome="paid")
    row = found.row(ALL)
    assert found.unit == "share"
    assert "logistic outcome" in found.method
    assert found.strength.e_value == pytest.approx(
        e_value(row["treatment"] / row["control"])
    )


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"covariates": []}, ArgumentError, "`covariates` is empty"),
        ({"covariates": ["had"]}, ArgumentError, "holds 'had' itself; leave it out"),
        ({"covariates": ["y"]}, ArgumentError, "holds 'y' itself; leave it out"),
        ({"estimand": "ate"}, ArgumentError, "`estimand` is 'ate'; use one of"),
        ({"trim": 0.5}, ArgumentError, "`trim` is 0.5; it must lie in"),
        ({"trim": "best"}, ArgumentError, "`trim` is 'best'; use one of 'crump'"),
        ({"min_robustness": 1.0}, ArgumentError, "`min_robustness` is 1.0"),
        ({"outcome_model": "logistic"}, ArgumentError, "the values are no 0/1"),
        ({"exposure": "age", "covariates": ["keen"]}, DataError,
         "neither yes/no, true/false nor 1/0"),
        ({"outcome": "z"}, DataError, "column 'z' is not in users"),
        ({"outcome": {"name": "r", "kind": "ratio", "column": "y",
                      "denominator": "age"}}, ArgumentError, "'r' is a ratio; give a"),
        ({"users": chosen(40, np.random.default_rng(0))}, DataError,
         "users with or without had have an outcome; at least 30 of each"),
    ],
)  # fmt: skip
def test_adjusted_errors(change, error, said):
    asked = {
        "users": chosen(200, np.random.default_rng(6)), "exposure": "had",
        "covariates": ["age"], "outcome": "y",
    } | change  # fmt: skip
    with pytest.raises(error, match=said):
        journeys.adjusted_effect(
            asked.pop("users"), asked.pop("exposure"), asked.pop("covariates"), **asked
        )


def test_overlap_by_hand():
    e, inside = np.array([0.2, 0.5, 0.8, 0.5]), np.array([True, True, False, False])
    assert overlap.tilt(e, inside, estimand="all").tolist() == [
        5,
        2,
        pytest.approx(5),
        2,
    ]
    assert overlap.tilt(e, inside, estimand="overlap").tolist() == [0.8, 0.5, 0.8, 0.5]
    assert overlap.kept(e, 0.3).tolist() == [False, True, False, True]
    bound = overlap.crump(np.r_[np.full(90, 0.5), np.full(10, 0.01)])
    assert 0.01 < bound < 0.5


def test_benchmark_of_the_paper():
    """Cinelli and Hazlett (2020), Darfur: female, once as strong."""
    left, error = as_strong(
        0.09731582, 0.02325654, dof=783, exposure_r2=0.0090769, outcome_r2=0.10903
    )
    assert left == pytest.approx(0.0752, abs=1e-4)
    assert error == pytest.approx(0.0219, abs=1e-4)


def test_e_values(oracle):
    for name, value in oracle["evalue"]["expected"].items():
        assert e_value(float(name[2:-1])) == pytest.approx(value, abs=1e-5)


@pytest.fixture(scope="module")
def newborns():
    """4,642 births in the statsmodels wheel, with probit and outcome by arm."""
    data = pd.read_csv(Path(births.__file__).parent / "cataneo2.csv")
    y, d = data["bweight"].to_numpy(float), data["mbsmoke_"].to_numpy(float) == 1
    treat = data[["mmarried_", "mage", "mage2", "fbaby_", "medu"]]
    probit = sm.Probit(d.astype(float), sm.add_constant(treat)).fit(disp=0)
    x = sm.add_constant(data[["prenatal1_", "mmarried_", "mage", "fbaby_"]])
    m0, m1 = (np.asarray(sm.OLS(y[rows], x[rows]).fit().predict(x)) for rows in (~d, d))
    e = np.asarray(probit.predict())
    return data, y, d, Nuisance(e, m0, m1)


def test_births_without_cross_fitting(newborns, oracle):
    _, y, d, fit = newborns
    case = oracle["cataneo2_teffects"]
    rtol = case["tolerance"]["estimate rtol"]
    expected = case["expected"]
    plan = design(len(y))
    aipw = adjusted_gap(y, d, nuisance=fit, plan=plan, estimand="all")
    assert aipw.estimate == pytest.approx(expected["ATE"]["AIPW"][0], rel=rtol)
    assert aipw.std_error == pytest.approx(25.39, abs=0.005)
    assert aipw.std_error == pytest.approx(expected["ATE"]["AIPW"][1], rel=0.05)
    assert aipw.control == pytest.approx(expected["POM0"]["AIPW"][0], rel=rtol)
    gap = fit.treated - fit.control
    assert gap.mean() == pytest.approx(expected["ATE"]["RA"][0], rel=rtol)
    assert gap[d].mean() == pytest.approx(expected["ATET"]["RA"][0], rel=rtol)
    for key, estimand in (("ATE", "all"), ("ATET", "treated")):
        w = overlap.tilt(fit.propensity, d, estimand=estimand)
        found = overlap.weighted_gap(y, d, w)
        assert found == pytest.approx(expected[key]["IPW"][0], rel=rtol)


def test_births_cross_fitted_lie_near(newborns, oracle):
    data, y, d, _ = newborns
    expected, error = oracle["cataneo2_teffects"]["expected"]["ATE"]["AIPW"]
    names = ["mmarried_", "mage", "mage2", "fbaby_", "medu", "prenatal1_"]
    found = journeys.adjusted_effect(
        data, "mbsmoke_", names, outcome="bweight", trim=0.0
    )
    row = found.row(ALL)
    assert abs(row["effect_size"] - expected) < 0.25 * error
    assert row["std_error"] == pytest.approx(error, rel=0.15)
    raw = found.row("raw")["effect_size"]
    assert raw == pytest.approx(y[d].mean() - y[~d].mean())


@pytest.fixture(scope="module")
def lalonde():
    causal = pytest.importorskip("causaldata")
    nsw = causal.nsw_mixtape.load_pandas().data
    both = pd.concat(
        [nsw[nsw["treat"] == 1], causal.cps_mixtape.load_pandas().data]
    ).reset_index(drop=True)
    age, school = both["age"].astype(float), both["educ"].astype(float)
    extra = {
        "age2": age**2, "age3": age**3, "educ2": school**2,
        "none74": (both["re74"] == 0) * 1, "none75": (both["re75"] == 0) * 1,
    }  # fmt: skip
    return nsw, both.assign(**extra)


TERMS = [
    "age", "age2", "age3", "educ", "educ2", "marr", "nodegree", "black", "hisp",
    "re74", "re75", "none74", "none75",
]  # fmt: skip


def test_job_training_weights(lalonde, oracle):
    _, both = lalonde
    case = oracle["lalonde_nsw_cps"]
    expected, rtol = case["expected"], case["tolerance"]["rtol"]
    y, d = both["re78"].to_numpy(float), both["treat"].to_numpy() == 1
    x = both[TERMS].to_numpy(float)
    x = sm.add_constant(x / x.std(axis=0))
    e = np.asarray(sm.Logit(d * 1.0, x).fit(disp=0, maxiter=200).predict())
    everybody = overlap.tilt(e, d, estimand="all")
    assert overlap.weighted_gap(y, d, everybody) == pytest.approx(
        expected["ipw_ate_normalised"]["est"], rel=rtol
    )
    trimmed = expected["ipw_ate_trim_0.1_0.9"]
    keep = overlap.kept(e, 0.1)
    assert keep.sum() == trimmed["n"]
    assert overlap.weighted_gap(y, d, everybody * keep) == pytest.approx(
        trimmed["est"], rel=rtol
    )
    own = overlap.tilt(e, d, estimand="treated")
    assert overlap.weighted_gap(y, d, own) == pytest.approx(
        expected["att_weights_e/(1-e)"], rel=rtol
    )
    names = ["age", "educ", "black", "re74", "re75"]
    found = covariates.balance(
        both[names].to_numpy(float), names, d, np.ones(len(d)), own, spread_of="inside"
    ).set_index("covariate")
    known = expected["balance_smd_before_after_att(sd of treated)"]
    unbiased = ((d.sum() - 1) / d.sum()) ** 0.5
    for name, (before, after) in known.items():
        assert unbiased * found.loc[name, "before"] == pytest.approx(before, rel=rtol)
        assert unbiased * found.loc[name, "after"] == pytest.approx(after, rel=1e-4)


def test_job_training_report_says_that_overlap_is_poor(lalonde, oracle):
    nsw, both = lalonde
    expected = oracle["lalonde_nsw_cps"]["expected"]
    for trim in ("crump", 0.1):
        found = journeys.adjusted_effect(
            both, "treat", TERMS, outcome="re78", trim=trim
        )
        assert found.verdict == "not compared"
        assert "cannot be compared on re78" in found.text
    assert found.share_trimmed > 0.9
    raw = found.row("raw")["effect_size"]
    assert raw == pytest.approx(expected["naive"]["diff"], rel=1e-5)
    truth = (
        nsw.loc[nsw["treat"] == 1, "re78"].mean()
        - nsw.loc[nsw["treat"] == 0, "re78"].mean()
    )
    assert truth == pytest.approx(expected["experiment"]["diff"], rel=1e-5)
    own = found.row("adjusted, those with it")
    assert own["effect_size_ci_lower"] < truth < own["effect_size_ci_upper"]


def test_cross_fit_folds_keep_clusters_together():
    rng = np.random.default_rng(8)
    x, d = rng.normal(size=(200, 1)), rng.random(200) < 0.5
    who = np.repeat(np.arange(20), 10)
    plan = design(200, cluster=who)
    fit = cross_fit(d * 1.0, d, x, plan=plan, outcome="logistic")
    assert ((fit.treated > 0) & (fit.treated <= 1)).all()
    with pytest.raises(ArgumentError, match="'logistic', but the values are no 0/1"):
        cross_fit(x[:, 0], d, x, plan=plan, outcome="logistic")
