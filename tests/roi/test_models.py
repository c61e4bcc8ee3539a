"""Models of money, counts and leaving against R, statsmodels and numbers by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit

from cxlib import roi
from cxlib.errors import ArgumentError, DataError


def case(shared, start):
    cases = json.loads(shared("oracles/nps_roi.json").read_text("utf-8"))["cases"]
    return next(c for c in cases if c["id"].startswith(start))["expected"]


def once(**columns):
    """One row a customer."""
    frame = pd.DataFrame(columns)
    return frame.assign(customer_id=np.arange(len(frame)), period="2025")


def spenders(n=600, seed=1):
    """Score 0-10; two parts rise with it; a driver that is 0 or 1."""
    rng = np.random.default_rng(seed)
    score, vip = rng.integers(0, 11, n), rng.integers(0, 2, n)
    some = rng.random(n) < expit(-1 + 0.15 * score + 0.4 * vip)
    amount = rng.gamma(2, np.exp(2 + 0.08 * score + 0.3 * vip) / 2)
    return once(score=score, vip=vip, revenue=np.where(some, amount, 0.0))


def logged(fit):
    """Coefficients and errors on the log scale, by term."""
    return fit.ratios.set_index("term")[["log_estimate", "log_std_error"]]


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("CR0", "gamma_se_cluster_observed_info_noadj"),
        ("CR1", "gamma_se_cluster_observed_info_CR1_statsmodels"),
    ],
)
def test_gamma_of_r(shared, kind, key):
    wages = pd.read_csv(shared("oracles/data/wages150.csv"))
    frame = wages.assign(wage=np.exp(wages["lwage"]), row=np.arange(len(wages)), t=1)
    found = roi.fit(
        frame, "wage", score="exp", drivers=["wks", "ed"], lag=0, entity="row",
        time="t", cluster="id", model="gamma", cov_type=kind,
    )  # fmt: skip
    expected, ours = case(shared, "20"), logged(found)
    for term in ("exp", "wks", "ed"):
        coef, error = ours.loc[term]
        assert coef == pytest.approx(expected["gamma_coef"][term], rel=1e-6)
        assert error == pytest.approx(expected[key][term], rel=1e-6)
    mean = frame["wage"].mean()
    fitted = found.row["estimate"] / expected["gamma_coef"]["exp"]
    assert fitted == pytest.approx(mean, rel=0.01)


@pytest.mark.parametrize(("model", "key"), [("tweedie", "tweedie"),
                                            ("poisson", "quasipoisson")])  # fmt: skip
def test_tweedie_and_poisson_of_r(shared, model, key):
    quine = pd.read_csv(shared("oracles/data/quine.csv"))
    frame = once(**{name: quine[name] for name in ("Days", "Age", "Eth", "Lrn")})
    frame["male"] = (quine["Sex"] == "M").astype(int)
    found = roi.fit(
        frame, "Days", score="male", drivers=["Age", "Eth", "Lrn"], lag=0, model=model,
        power=1.5 if model == "tweedie" else 0, cov_type="CR0",
    )  # fmt: skip
    expected, ours = case(shared, "20"), logged(found)
    names = {"male": "SexM", "Eth: N": "EthN", "Lrn: SL": "LrnSL"}
    names |= {f"Age: F{at}": f"AgeF{at}" for at in (1, 2, 3)}
    for term, theirs in names.items():
        coef, error = ours.loc[term]
        assert coef == pytest.approx(expected[f"{key}_coef"][theirs], rel=1e-6)
        if model == "poisson":
            wanted = expected["quasipoisson_se_hc0"][theirs]
            assert error == pytest.approx(wanted, rel=1e-6)


def test_counts_within_customers_equal_poisson_with_dummies():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(40), 5),
            "period": np.tile(np.arange(5), 40),
        }
    )
    frame["score"] = rng.normal(size=200)
    level = np.repeat(rng.normal(size=40), 5)
    frame["contacts"] = rng.poisson(np.exp(0.3 + level - 0.25 * frame["score"]))
    found = roi.fit(frame, "contacts", lag=0, model="poisson_fe", cov_type="CR0")
    dummies = pd.get_dummies(frame[["customer_id", "period"]].astype(str), dtype=float)
    some = frame.groupby("customer_id")["contacts"].transform("sum") > 0
    x = pd.concat([frame[["score"]], dummies.drop(columns="period_0")], axis=1)[some]
    x = x.loc[:, x.abs().sum() > 0]
    theirs = sm.GLM(frame["contacts"][some], x, family=sm.families.Poisson()).fit(
        cov_type="cluster", use_t=False, tol=1e-12,
        cov_kwds={"groups": frame["customer_id"][some], "use_correction": False},
    )  # fmt: skip
    coef, error = logged(found).loc["score"]
    assert coef == pytest.approx(theirs.params["score"], rel=1e-7)
    assert error == pytest.approx(theirs.bse["score"], rel=1e-6)
    mean = frame["contacts"].mean()
    assert found.row["estimate"] == pytest.approx(coef * mean, rel=1e-9)
    assert "customer and period effects" in found.method


def test_two_parts_by_hand():
    """AME of both columns: the product of the two fits' means, moved and averaged."""
    frame = spenders()
    found = roi.fit(frame, "revenue", drivers=["vip"], lag=0)
    assert found.spec.model == "two_part"
    x = sm.add_constant(frame[["score", "vip"]].to_numpy(float), prepend=False)
    y = frame["revenue"].to_numpy()
    some = y > 0
    a = sm.Logit(some.astype(float), x).fit(disp=0, tol=1e-12).params
    family = sm.families.Gamma(link=sm.families.links.Log())
    b = sm.GLM(y[some], x[some], family=family).fit(tol=1e-12).params

    def mean(rows):
        return (expit(rows @ a) * np.exp(rows @ b)).mean()

    step = np.array([1e-5, 0, 0])
    slope = (mean(x + step) - mean(x - step)) / 2e-5
    on, off = x.copy(), x.copy()
    on[:, 1], off[:, 1] = 1, 0
    np.testing.assert_allclose(
        found.table["estimate"], [slope, mean(on) - mean(off)], rtol=1e-6
    )


def test_the_error_of_two_parts_is_that_of_leaving_one_customer_out():
    frame = spenders(250, seed=4)
    found = roi.fit(frame, "revenue", drivers=["vip"], lag=0, cov_type="CR0")
    again = [
        roi.fit(frame.drop(index=i), "revenue", drivers=["vip"], lag=0).row["estimate"]
        for i in range(len(frame))
    ]
    n = len(frame)
    jackknife = np.sqrt((n - 1) / n * np.square(again - np.mean(again)).sum())
    assert found.row["std_error"] == pytest.approx(jackknife, rel=0.03)


@pytest.mark.parametrize("model", ["two_part", "tweedie", "poisson", "pooled"])
@pytest.mark.parametrize("seed", [1, 2])
def test_of_two_arms_every_model_gives_the_plain_difference(model, seed):
    """Saturated means: whatever the family, the effect is the difference of means."""
    frame = spenders(500, seed)
    found = roi.fit(frame, "revenue", score="vip", lag=0, model=model, cov_type="CR0")
    means = frame.groupby("vip")["revenue"].mean()
    errors = frame.groupby("vip")["revenue"].agg(lambda v: v.var(ddof=0) / len(v))
    assert found.row["estimate"] == pytest.approx(means[1] - means[0], rel=1e-6)
    assert found.row["std_error"] == pytest.approx(errors.sum() ** 0.5, rel=2e-3)


def test_discrete_time_is_the_logit_with_customers_kept_beside(company):
    logit = roi.fit(company, "retained", drivers=["plan"], model="logit")
    leaving = roi.fit(company, "retained", drivers=["plan"])
    assert leaving.spec.model == "discrete_time"
    shared = ["estimate", "std_error", "ci_lower", "ci_upper", "pvalue"]
    np.testing.assert_allclose(leaving.table[shared], logit.table[shared], rtol=1e-7)
    kept = leaving.kept.iloc[0]
    rate = company["retained"].mean()
    assert kept["horizon"] == 12
    assert kept["level"] == pytest.approx(rate**12, abs=0.02)
    assert kept["estimate"] == pytest.approx(
        12 * rate**11 * leaving.row["estimate"], rel=0.1
    )
    assert leaving.text.endswith(" are kept.")
    assert "Held for 12 months, it goes with +" in leaving.text
    assert leaving.ratios["estimate"].iloc[0] < 1


def test_kept_and_churned_tell_the_same_story(company):
    flipped = company.assign(churned=1 - company["retained"])
    for model in ("discrete_time", "cloglog"):
        one = roi.fit(company, "retained", model=model)
        two = roi.fit(flipped, "churned", model=model)
        assert one.row["estimate"] == pytest.approx(-two.row["estimate"], rel=1e-9)
        np.testing.assert_allclose(one.kept["estimate"], two.kept["estimate"])
        np.testing.assert_allclose(one.ratios["estimate"], two.ratios["estimate"])


def test_complementary_log_log_equals_statsmodels(company):
    found = roi.fit(company, "retained", lag=0, model="cloglog", cov_type="CR0")
    months = pd.get_dummies(company["period"], drop_first=True, dtype=float)
    x = sm.add_constant(pd.concat([company[["score"]], months], axis=1), prepend=False)
    seen = company["score"].notna()
    both = company.groupby("period")["retained"].transform("nunique") == 2
    rows = seen & both
    x = x.loc[rows, lambda d: d.abs().sum() > 0]
    link = sm.families.links.CLogLog()
    theirs = sm.GLM(
        1 - company["retained"][rows], x, family=sm.families.Binomial(link=link)
    ).fit(tol=1e-12)
    coef, error = logged(found).loc["score"]
    assert coef == pytest.approx(theirs.params["score"], rel=1e-6)
    assert error == pytest.approx(theirs.bse["score"], rel=0.15)


def test_tenure_takes_a_level_of_its_own(company):
    frame = company.assign(tenure=company.groupby("customer_id").cumcount() + 1.0)
    frame["tenure"] += frame["customer_id"].str[-1].astype(int)
    found = roi.fit(frame, "retained", tenure="tenure")
    assert any(term.startswith("tenure above") for term in found.table["term"])
    money = roi.fit(frame, "revenue", tenure="tenure")
    assert money.table["term"].tolist() == ["score"]


AUTO = [
    (lambda r, n: r.poisson(1.0, n), "poisson", "a count"),
    (lambda r, n: r.lognormal(3, 1, n), "gamma", "positive and skewed"),
    (lambda r, n: r.lognormal(3, 1, n) * (r.random(n) < 0.4), "two_part", "are zero"),
    (lambda r, n: r.integers(0, 2, n), "logit", "0 or 1"),
    (lambda r, n: r.normal(50, 5, n), "pooled", "not skewed"),
    (lambda r, n: np.clip(r.normal(8, 2, n).round(), 0, 10), "pooled", "not skewed"),
    (lambda r, n: r.normal(0, 5, n), "pooled", "seen once"),
]


@pytest.mark.parametrize(("draw", "model", "why"), AUTO)
def test_a_cross_section_gets_the_model_of_its_shape_and_is_told_why(draw, model, why):
    rng = np.random.default_rng(7)
    frame = once(score=rng.integers(0, 11, 500), outcome=draw(rng, 500).astype(float))
    found = roi.fit(frame, "outcome", lag=0)
    assert found.spec.model == model
    assert f"(chosen as {'' if why in found.method else '?'}" in found.method
    assert why in found.method


def test_a_panel_of_money_stays_within_customers(panel):
    found = roi.fit(panel, "revenue")
    assert found.spec.model == "two_way"
    assert "(chosen as customers are seen in several periods)" in found.method


def test_models_by_outcome(company):
    frame = company.assign(revenue=company["revenue"].clip(lower=0.0))
    fits = roi.fit_outcomes(
        frame, ["revenue", "retained"], models={"revenue": "tweedie"}, currency="EUR"
    )
    assert fits.table.groupby("outcome")["model"].first().to_dict() == {
        "retained": "discrete_time", "revenue": "tweedie",
    }  # fmt: skip
    value = roi.point_value(fits, margin=0.4)
    assert value.terms is not None
    pair = fits.covariance.loc["coef:revenue", "coef:retained"]
    assert abs(pair) > 0
    own = fits.covariance.loc["coef:revenue", "coef:revenue"]
    assert own**0.5 == pytest.approx(fits.of("revenue").row["std_error"])
    assert "In proportion: +" in fits.of("revenue").text


def test_a_two_part_revenue_is_valued(company):
    rng = np.random.default_rng(1)
    frame = company.assign(
        revenue=company["revenue"].clip(lower=1) * (rng.random(len(company)) < 0.5)
    )
    fits = roi.fit_outcomes(
        frame, ["revenue", "retained"], models={"revenue": "two_part"}
    )
    value = roi.point_value(fits, margin=0.4)
    assert value.total["ci_lower"] < value.total["estimate"] < value.total["ci_upper"]
    found = roi.diagnose(frame, fits)
    checks = found.table[found.table["outcome"] == "revenue"]["check"].tolist()
    assert {"separation", "form of the mean", "spread", "calibration"} <= set(checks)
    assert found.wording["revenue"] == "association"


REFUSED = [
    ({"model": "gamma"}, "rows of 'revenue' are zero or negative; a Gamma is for "
     "positive amounts: use `model` 'two_part' or 'tweedie' where there are zeros."),
    ({"model": "discrete_time"}, "'revenue' does not end a customer's rows, which "
     "`model` 'discrete_time' is about: no customer is seen to leave and stay away; "
     "use 'logit' for 0/1."),
    ({"model": "poisson_fe"}, "customer fixed effects need at least two periods per "
     "customer and there is one; use `model` 'auto' for a cross-section, which is an "
     "association."),
]  # fmt: skip


@pytest.mark.parametrize(("options", "told"), REFUSED)
def test_models_that_cannot_be_meant(options, told):
    with pytest.raises(DataError) as error:
        roi.fit(spenders(), "revenue", lag=0, **options)
    assert told in str(error.value)


def test_negative_amounts_and_absent_parts_are_refused():
    frame = spenders()
    minus = frame.assign(revenue=frame["revenue"] - 1)
    for model in ("tweedie", "poisson", "two_part"):
        with pytest.raises(DataError, match=f"are negative; `model` '{model}' is for"):
            roi.fit(minus, "revenue", lag=0, model=model)
    plus = frame.assign(revenue=frame["revenue"] + 1)
    with pytest.raises(DataError, match="has no rows at zero, so there are no two"):
        roi.fit(plus, "revenue", lag=0, model="two_part")


def test_few_clusters_are_left_out_one_by_one():
    """One Newton step of each is close to fitting again without it."""
    frame = spenders(400, seed=6)
    frame["account"] = np.arange(400) % 8
    options = {"lag": 0, "cluster": "account", "model": "tweedie", "power": 1.5}
    found = roi.fit(frame, "revenue", **options)
    assert found.se_type == "CRV3"
    every = [
        roi.fit(frame[frame["account"] != a], "revenue", **options)
        for a in range(8)
    ]  # fmt: skip
    logs = np.array([f.ratios["log_estimate"].iloc[0] for f in every])
    centre = found.ratios["log_estimate"].iloc[0]
    jackknife = np.sqrt(7 / 8 * np.square(logs - centre).sum())
    assert found.ratios["log_std_error"].iloc[0] == pytest.approx(jackknife, rel=0.05)
    effects = np.array([f.row["estimate"] for f in every]) - found.row["estimate"]
    jackknife = np.sqrt(7 / 8 * np.square(effects).sum())
    assert found.row["std_error"] == pytest.approx(jackknife, rel=0.1)


@pytest.mark.parametrize("model", ["two_way", "tweedie"])
def test_the_jackknife_keeps_the_sign_of_what_outcomes_share(make, model):
    frame = make(12, 8, seed=3)
    frame["revenue"] = frame["revenue"].clip(lower=1) ** 1.5
    shared = [
        roi.fit_outcomes(
            frame, ["revenue"], models={"revenue": model}, cov_type=kind
        ).covariance.loc["coef:revenue", "mean:revenue"]
        for kind in ("CR1", "CRV3")
    ]
    assert np.sign(shared[0]) == np.sign(shared[1])


def test_wrong_powers_and_names(company):
    with pytest.raises(ArgumentError, match=r"use `roi.survival`, or `model`"):
        roi.fit(company, "retained", model="cox")
    with pytest.raises(ArgumentError, match=r"`power` is 3; it must lie in \[1, 2\]"):
        roi.fit(spenders(), "revenue", lag=0, model="tweedie", power=3)
    with pytest.raises(ArgumentError, match="did you mean 'two_part'"):
        roi.fit_outcomes(company, ["revenue"], models={"revenue": "twopart"})
    with pytest.raises(ArgumentError, match="did you mean 'revenue'"):
        roi.fit_outcomes(company, ["revenue"], models={"revenu": "two_part"})


def test_separation_of_the_first_part_is_said():
    frame = spenders()
    frame["revenue"] = np.where(frame["score"] > 5, 10.0 + frame["score"], 0.0)
    with pytest.raises(DataError) as error:
        roi.fit(frame, "revenue", lag=0, model="two_part")
    assert str(error.value).startswith(
        "'score' separates 'revenue above zero' (complete separation): a two-part "
        "model has no finite coefficient."
    )


@pytest.mark.parametrize("flags", [["first"], ["first", "second"]])
def test_separation_by_a_driver_is_said_by_every_model_of_yes_and_no(company, flags):
    frame = company.assign(
        first=(company["retained"] == 0) & (company["score"] < 6), second=0
    )
    frame.loc[frame.index[::7], "second"] = 1
    for model in ("logit", "discrete_time", "cloglog"):
        with pytest.raises(DataError, match=r"\(separation\)"):
            roi.fit(frame, "retained", drivers=flags, lag=0, model=model)


def test_the_variance_power_is_found():
    rng = np.random.default_rng(2)
    n, power, phi = 20_000, 1.6, 2.0
    score = rng.integers(0, 11, n)
    mean = np.exp(0.5 + 0.2 * score)
    rate = mean ** (2 - power) / (phi * (2 - power))
    shape = (2 - power) / (power - 1)
    scale = phi * (power - 1) * mean ** (power - 1)
    drawn = rng.poisson(rate)
    spend = np.where(drawn > 0, rng.gamma(np.maximum(drawn, 1) * shape, scale), 0.0)
    found = roi.fit(once(score=score, spend=spend), "spend", lag=0, model="tweedie")
    told = found.method.partition("variance power ")[2]
    assert float(told[:4]) == pytest.approx(power, abs=0.06)
    assert "(estimated from the squared residuals)" in found.method


def test_a_wrong_family_and_a_wrong_mean_are_cautioned():
    rng = np.random.default_rng(5)
    n = 4000
    score = rng.uniform(0, 10, n)
    bent = np.exp(0.5 + 0.06 * (score - 5) ** 2)
    frame = once(score=score, spend=bent * rng.gamma(4, 0.25, n))
    table = roi.diagnose(frame, roi.fit(frame, "spend", lag=0, model="gamma")).table
    status = table.set_index("check")["status"]
    assert status["form of the mean"] == status["calibration"] == "caution"
    right = np.exp(1 + 0.3 * score)
    frame = once(score=score, spend=right * rng.gamma(4, 0.25, n))
    for model, wanted in (("gamma", "pass"), ("poisson", "caution")):
        found = roi.diagnose(frame, roi.fit(frame, "spend", lag=0, model=model)).table
        status = found.set_index("check")["status"]
        assert status["spread"] == wanted
        assert status["calibration"] == status["form of the mean"] == "pass"


def test_specifications_beside_each_model(company):
    frame = spenders()
    names = {
        model: roi.specifications(
            frame, roi.fit(frame, "revenue", lag=0, model=model)
        ).table["specification"].tolist()[1:]
        for model in ("two_part", "tweedie", "poisson")
    }  # fmt: skip
    assert names == {
        "two_part": ["one part, Tweedie 1.3", "one part, Tweedie 1.7", "least squares"],
        "tweedie": [
            "Tweedie, variance power 1.3", "Tweedie, variance power 1.7",
            "least squares",
        ],
        "poisson": ["least squares", "variance power 1.5"],
    }  # fmt: skip
    leaving = roi.specifications(company, roi.fit(company, "retained")).table
    assert "complementary log-log" in leaving["specification"].tolist()
    rows = leaving.set_index("specification")["estimate"]
    assert rows["complementary log-log"] == pytest.approx(rows["as reported"], rel=0.1)
    positive = frame.assign(revenue=frame["revenue"] + 1)
    gamma = roi.specifications(
        positive, roi.fit(positive, "revenue", lag=0, model="gamma")
    ).table
    assert gamma["estimate"].notna().all()
    assert "log outcome, times its mean" in gamma["specification"].tolist()


def test_what_a_reader_sees_is_narrow():
    frame = spenders()
    for model in ("two_part", "tweedie"):
        found = roi.fit(frame, "revenue", lag=0, model=model, currency="EUR")
        assert len(found.display.columns) <= 5
        assert "ratio, " in found._repr_html_()


@settings(max_examples=25, deadline=None)
@given(
    factor=st.floats(0.01, 1000), model=st.sampled_from(["two_part", "tweedie"]),
    seed=st.integers(0, 5),
)  # fmt: skip
def test_another_currency_scales_the_effect_and_leaves_the_ratios(factor, model, seed):
    frame = spenders(200, seed)
    power = 1.5 if model == "tweedie" else 0
    one, other = (
        roi.fit(f, "revenue", lag=0, model=model, power=power)
        for f in (frame, frame.assign(revenue=frame["revenue"] * factor))
    )
    for name in ("estimate", "std_error"):
        assert other.row[name] == pytest.approx(factor * one.row[name], rel=1e-4)
    np.testing.assert_allclose(
        one.ratios["estimate"], other.ratios["estimate"], rtol=1e-5
    )


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_order_of_rows_does_not_matter(seed):
    frame = spenders(150, 3)
    mixed = frame.sample(frac=1, random_state=seed)
    one, two = (roi.fit(f, "revenue", lag=0).row for f in (frame, mixed))
    assert one["estimate"] == pytest.approx(two["estimate"], rel=1e-8)
    assert one["std_error"] == pytest.approx(two["std_error"], rel=1e-8)


def test_half_the_rows_twice_is_caught_by_clusters():
    frame = spenders(300)
    twice = pd.concat([frame, frame]).assign(
        account=lambda d: d["customer_id"], customer_id=lambda d: np.arange(len(d))
    )
    one = roi.fit(frame, "revenue", lag=0, cov_type="CR0").row
    two = roi.fit(twice, "revenue", lag=0, cov_type="CR0", cluster="account").row
    assert one["std_error"] == pytest.approx(two["std_error"], rel=1e-6)


def test_the_interval_is_t_on_clusters_less_one():
    found = roi.fit(spenders(40), "revenue", lag=0)
    wide = stats.t.isf(0.025, 39)
    row = found.row
    assert row["ci_upper"] - row["estimate"] == pytest.approx(wide * row["std_error"])
