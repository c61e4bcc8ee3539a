"""Public functions against R (plm, sandwich), linearmodels, statsmodels, by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import PanelOLS
from statsmodels.discrete.discrete_model import Logit

from cxlib import roi

ERRORS = {
    "CR0": "se_cluster_HC0_no_correction",
    "CR0_G": "se_cluster_G",
    "CR1_slopes": "se_cluster_CR1_slopes_only_linearmodels_group_debias",
    "CR1": "se_cluster_CR1_slopes_plus_constant_gretl_pyfixest",
    "CR1_dummies": "se_cluster_CR1_dummies_counted_statsmodels_OLS",
    "CRV3": "se_cluster_CRV3_jackknife",
}


def case(shared, start):
    cases = json.loads(shared("oracles/nps_roi.json").read_text("utf-8"))["cases"]
    return next(c for c in cases if c["id"].startswith(start))


@pytest.fixture
def grunfeld(shared):
    return pd.read_csv(shared("oracles/data/grunfeld.csv"))


def grunfeld_fit(frame, **options):
    columns = {
        "score": "value",
        "drivers": ["capital"],
        "entity": "firm",
        "time": "year",
    }
    return roi.fit(frame, "inv", **(columns | options)).table


@pytest.mark.parametrize("kind", ERRORS)
def test_six_clustered_errors_of_one_panel(shared, grunfeld, kind):
    expected = case(shared, "16")["expected"]
    table = grunfeld_fit(grunfeld, lag=0, model="one_way", cov_type=kind)
    assert table["term"].tolist() == ["value", "capital"]
    wanted = list(expected["coef_fe"].values())
    np.testing.assert_allclose(table["estimate"], wanted, rtol=1e-8)
    wanted = list(expected[ERRORS[kind]].values())
    np.testing.assert_allclose(table["std_error"], wanted, rtol=1e-8)


def test_the_error_printed_is_named_and_p_is_t_on_clusters_less_one(shared, grunfeld):
    expected = case(shared, "16")["expected"]
    table = grunfeld_fit(grunfeld, lag=0, model="one_way", cov_type="CR1")
    wanted = list(expected["p_t_df_G_minus_1"].values())
    np.testing.assert_allclose(table["pvalue"], wanted, rtol=1e-8)
    statistic = list(expected["t_slopes_plus_constant"].values())
    np.testing.assert_allclose(table["statistic"], statistic, rtol=1e-8)
    fit = roi.fit(
        grunfeld, "inv", score="value", drivers=["capital"], entity="firm",
        time="year", lag=0, model="one_way", cov_type="CR1",
    )  # fmt: skip
    assert fit.r2 == pytest.approx(expected["r2_within"], rel=1e-8)
    assert fit.method == (
        "inv: customer fixed effects; errors clustered CR1, slopes, period effects and "
        "constant counted (as pyfixest, gretl) by firm (10), t(9)."
    )


def test_two_way_and_lagged_panel(shared, grunfeld):
    expected = case(shared, "16")["expected"]
    both = grunfeld_fit(grunfeld, lag=0, model="two_way", cov_type="CR0")
    wanted = list(expected["coef_twoway"].values())
    np.testing.assert_allclose(both["estimate"], wanted, rtol=1e-8)
    wanted = list(expected["se_twoway_cluster_HC0"].values())
    np.testing.assert_allclose(both["std_error"], wanted, rtol=1e-8)
    lagged = grunfeld_fit(grunfeld, lag=1, model="one_way", cov_type="CR0")
    np.testing.assert_allclose(
        lagged["estimate"], list(expected["coef_lag1"].values()), rtol=1e-8
    )
    wanted = list(expected["se_lag1_cluster_HC0"].values())
    np.testing.assert_allclose(lagged["std_error"], wanted, rtol=1e-8)
    assert set(lagged["n"]) == {expected["n_lag"]}


def test_under_twenty_clusters_the_jackknife_is_printed(grunfeld):
    auto = grunfeld_fit(grunfeld, lag=0, model="one_way")
    jackknife = grunfeld_fit(grunfeld, lag=0, model="one_way", cov_type="CRV3")
    pd.testing.assert_frame_equal(auto, jackknife)


@pytest.mark.parametrize("effects", ["one_way", "two_way"])
@pytest.mark.parametrize("balanced", [True, False])
def test_equals_linearmodels(make, effects, balanced):
    frame = make(60, 5, seed=3)
    if not balanced:
        frame = frame.drop(index=frame.index[[3, 17, 18, 44, 101, 102, 203]])
    frame["extra"] = np.cos(np.arange(len(frame)))
    indexed = frame.assign(t=pd.to_datetime(frame["period"])).set_index(
        ["customer_id", "t"]
    )
    model = PanelOLS(
        indexed["revenue"], indexed[["score", "extra"]], entity_effects=True,
        time_effects=effects == "two_way",
    )  # fmt: skip
    theirs = model.fit(
        cov_type="clustered", cluster_entity=True, group_debias=True, auto_df=False,
        count_effects=False,
    )  # fmt: skip
    ours = roi.fit(
        frame, "revenue", drivers=["extra"], lag=0, model=effects, cov_type="CR1_slopes"
    ).table
    np.testing.assert_allclose(ours["estimate"], theirs.params, rtol=1e-9)
    np.testing.assert_allclose(ours["std_error"], theirs.std_errors, rtol=1e-9)


def test_logit_effects_equal_statsmodels():
    rng = np.random.default_rng(5)
    n = 900
    frame = pd.DataFrame({"customer_id": np.arange(n), "period": "2025"})
    frame["score"] = rng.integers(0, 11, n)
    frame["vip"] = rng.integers(0, 2, n)
    odds = np.exp(-2 + 0.2 * frame["score"] + 0.5 * frame["vip"])
    frame["retained"] = (rng.random(n) < odds / (1 + odds)).astype(int)
    ours = roi.fit(frame, "retained", drivers=["vip"], lag=0).table
    x = np.column_stack([frame["score"], frame["vip"], np.ones(n)]).astype(float)
    found = Logit(frame["retained"].to_numpy(float), x).fit(
        disp=0, cov_type="cluster", cov_kwds={"groups": frame["customer_id"].to_numpy()}
    )
    theirs = found.get_margeff(at="overall", dummy=True)
    np.testing.assert_allclose(ours["estimate"], theirs.margeff, rtol=1e-6)
    np.testing.assert_allclose(ours["std_error"], theirs.margeff_se, rtol=1e-6)


def flows(inputs):
    years = np.arange(1, inputs["years"] + 1)
    points = inputs["customers"] * inputs["nps_gain_points"]
    value = inputs["churn_drop_per_point"] * inputs["margin_per_customer_year"]
    fade = inputs["retention_of_effect"] ** (years - 1)
    costs = np.r_[inputs["capex"], np.full(len(years), inputs["opex_per_year"])]
    return np.r_[0.0, points * value * fade], costs


@pytest.mark.parametrize("name", ["pays_back", "never_pays_back"])
def test_npv_irr_payback(shared, name):
    found = case(shared, "23")
    inputs, expected = found["inputs"][name], found["expected"][name]
    benefits, costs = flows(inputs)
    ours = roi.payoff(benefits, costs, discount_rate=inputs["rate"])
    pairs = {
        "npv": ours.npv, "irr": ours.irr, "payback_years": ours.payback,
        "discounted_payback_years": ours.discounted_payback,
        "roi_undiscounted": ours.roi, "roi_discounted": ours.discounted_roi,
        "breakeven_gain_points": ours.breakeven * inputs["nps_gain_points"],
    }  # fmt: skip
    for key, value in pairs.items():
        wanted = expected[key]
        if wanted is None:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(wanted, rel=1e-9), key
    np.testing.assert_allclose(benefits[1:], expected["benefit"], rtol=1e-9)
    np.testing.assert_allclose(benefits - costs, expected["cash_flow"], rtol=1e-9)


@pytest.mark.parametrize("name", ["pays_back", "never_pays_back"])
def test_monte_carlo_equals_the_closed_form(shared, name):
    found = case(shared, "23")
    inputs, expected = found["inputs"][name], found["expected"][name]
    z = 1.2815515655446004 * inputs["mc_gain_sd"]
    book = pd.DataFrame(
        {
            "name": ["one"], "cost": [inputs["capex"]], "evidence": ["randomised"],
            "running_cost": [inputs["opex_per_year"]], "reach": [inputs["customers"]],
            "decay": [1 - inputs["retention_of_effect"]],
            "effect": [inputs["mc_gain_mean"]],
            "effect_low": [inputs["mc_gain_mean"] - z],
            "effect_high": [inputs["mc_gain_mean"] + z],
        }
    )  # fmt: skip
    value = inputs["churn_drop_per_point"] * inputs["margin_per_customer_year"]
    ours = roi.simulate(
        book, value, horizon=inputs["years"], discount_rate=inputs["rate"],
        n_draws=100_000, rng=1, steps_per_year=1,
    )  # fmt: skip
    row = ours.total
    spread = expected["mc_npv_sd"]
    drawn = ours.draws.alone[:, 0].std()
    assert drawn == pytest.approx(spread, rel=4 / (2e5) ** 0.5)
    assert row["npv_amount"] == pytest.approx(
        expected["mc_npv_mean"], abs=4 * spread / 1e5**0.5
    )
    low, middle, high = expected["mc_npv_p5_p50_p95"]
    shown = ours.quantiles[ours.quantiles["initiative"] == "one"].set_index(
        "probability"
    )
    for p, wanted in ((0.05, low), (0.5, middle), (0.95, high)):
        assert shown["npv_amount"][p] == pytest.approx(wanted, abs=0.01 * (high - low))
    chance = expected["mc_prob_npv_positive"]
    assert row["share_positive"] == pytest.approx(chance, abs=0.006)
    base = {name: span[0] for name, span in ours.inputs.items()}
    assert ours.payoff(base) == pytest.approx(expected["npv"], rel=1e-9)


def test_tornado(shared):
    found = case(shared, "23")
    base = {
        key: float(value)
        for key, value in found["inputs"]["pays_back"].items()
        if key not in {"mc_gain_mean", "mc_gain_sd", "years", "customers"}
    }
    fixed = {key: found["inputs"]["pays_back"][key] for key in ("years", "customers")}

    def payoff(given):
        benefits, costs = flows(fixed | dict(given))
        return roi.payoff(benefits, costs, discount_rate=given["rate"]).npv

    table = roi.tornado(payoff, base, share=0.2).table.set_index("input")
    expected = found["expected"]["tornado_pays_back_pm20pct"]
    for row in expected:
        ours = table.loc[row["parameter"]]
        assert ours["low_amount"] == pytest.approx(row["npv_at_80pct"], rel=1e-9)
        assert ours["high_amount"] == pytest.approx(row["npv_at_120pct"], rel=1e-9)
        swing = ours["high_amount"] - ours["low_amount"]
        assert abs(swing) == pytest.approx(row["swing"], rel=1e-9)
    assert table.index[0] == expected[0]["parameter"]


def test_robustness_value_of_the_published_example():
    """Darfur: Cinelli and Hazlett (2020), table 1."""
    found = roi.sensitivity(
        estimate=0.09731582, std_error=0.02325654, dof=783,
        benchmark={"name": "female", "r2_score": 0.00912, "r2_outcome": 0.10903},
    )  # fmt: skip
    assert found.robustness == pytest.approx(0.13878, abs=1e-5)
    assert found.robustness_ci == pytest.approx(0.07626, abs=1e-5)
    assert found.partial_r2 == pytest.approx(0.02187, abs=1e-5)
    assert found.table["estimate"].iloc[1] == pytest.approx(0.0752, abs=1e-3)
