"""The score as levels and categories: outside numbers, planted kinks, words."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from linearmodels import PanelOLS
from scipy import stats
from statsmodels.discrete.discrete_model import Logit

from cxlib import data, plots, roi
from cxlib.errors import ArgumentError
from cxlib.roi.regressions._bands import bands, categories_of, moves
from cxlib.roi.regressions._bent import BOTH_WAYS, EVEN, ONE_WAY, STRAIGHT

PARAMS = Path(__file__).resolve().parents[1] / "params"
SCORES = np.arange(11)
LINE = 3.0 * SCORES
KINK = np.where(SCORES <= 6, 0.0, np.where(SCORES <= 8, 9.0, 10.0))
LEAVES = 1 / (1 + np.exp(2.6 + 0.3 * (SCORES - 7)))


def make(customers=200, months=8, *, revenue=LINE, leaves=None, seed=0, noise=6.0):
    """Money at each score of last month; customers with more money score higher."""
    rng = np.random.default_rng(seed)
    level = rng.normal(size=customers)
    raw = 7 + 0.8 * level[:, None] + 1.5 * rng.normal(size=(customers, months + 1))
    score = np.clip(np.rint(raw), 0, 10).astype(int)
    before = score[:, :-1]
    money = 60 + 8 * level[:, None] + np.asarray(revenue)[before]
    money = money + noise * rng.normal(size=before.shape)
    gone = np.zeros(before.shape, dtype=int)
    if leaves is not None:
        gone = (rng.random(before.shape) < np.asarray(leaves)[before]).astype(int)
    who, when = np.nonzero(np.cumsum(gone, axis=1) - gone == 0)
    return pd.DataFrame(
        {
            "customer_id": who,
            "period": np.array([f"2025-{m + 1:02d}" for m in range(months)])[when],
            "score": score[:, 1:][who, when],
            "revenue": money[who, when],
            "retained": 1 - gone[who, when],
        }
    )


@pytest.fixture(scope="module")
def leaving():
    panel = make(400, leaves=LEAVES, seed=4)
    fits = roi.fit_outcomes(panel, ["revenue", "retained"], currency="EUR")
    return panel, fits, roi.shape(panel, fits)


@pytest.fixture(scope="module")
def kinked():
    panel = make(300, revenue=KINK, seed=3)
    fit = roi.fit(panel, "revenue", currency="EUR")
    return panel, fit, roi.shape(panel, fit)


def lagged(panel):
    before = panel.sort_values(["customer_id", "period"]).copy()
    before["score"] = before.groupby("customer_id")["score"].shift(1)
    before = before[before["score"].notna()]
    return before.assign(
        above6=(before["score"] > 6).astype(float),
        above8=(before["score"] > 8).astype(float),
    )


def test_steps_are_those_of_linearmodels():
    panel = make(80, seed=7)
    fit = roi.fit(panel, "revenue", cov_type="CR1_dummies")
    found = roi.shape(panel, fit).steps
    rows = lagged(panel)
    rows = rows[rows.groupby("customer_id")["score"].transform("size") > 1]
    rows["month"] = pd.to_datetime(rows["period"])
    rows = rows.set_index(["customer_id", "month"])
    known = PanelOLS(
        rows["revenue"], rows[["above6", "above8"]], entity_effects=True,
        time_effects=True,
    ).fit(cov_type="clustered", cluster_entity=True, group_debias=True)  # fmt: skip
    np.testing.assert_allclose(found["estimate"], known.params, rtol=1e-9)
    np.testing.assert_allclose(found["std_error"], known.std_errors, rtol=1e-6)
    points = PanelOLS(
        rows["score"], rows[["above6", "above8"]], entity_effects=True,
        time_effects=True,
    ).fit()  # fmt: skip
    np.testing.assert_allclose(found["points"], points.params, rtol=1e-9)


def test_line_and_steps_of_leaving_are_standardised_logits_of_statsmodels(leaving):
    panel, _, found = leaving
    rows = lagged(panel).reset_index(drop=True)
    months = pd.get_dummies(rows["period"], drop_first=True, dtype=float)
    x = np.column_stack([rows[["above6", "above8"]], np.ones(len(rows)), months])
    fit = Logit(rows["retained"].to_numpy(float), x).fit(
        disp=0, cov_type="cluster", cov_kwds={"groups": rows["customer_id"]}
    )

    def steps(params):
        at = x.copy()
        share = []
        for pair in ([0, 0], [1, 0], [1, 1]):
            at[:, :2] = pair
            share.append((1 / (1 + np.exp(-at @ params))).mean())
        return np.diff(share)

    b = np.asarray(fit.params)
    jacobian = np.column_stack(
        [(steps(b + e) - steps(b - e)) / 2e-5 for e in 1e-5 * np.eye(len(b))]
    )
    errors = np.sqrt(np.diag(jacobian @ fit.cov_params() @ jacobian.T))
    own = found.steps[found.steps["outcome"] == "retained"]
    np.testing.assert_allclose(own["estimate"], steps(b), rtol=1e-6)
    np.testing.assert_allclose(own["std_error"], errors, rtol=1e-5)


def test_an_exact_line_is_found_at_every_level_and_step():
    panel = make(120, noise=1e-4)
    found = roi.shape(panel, roi.fit(panel, "revenue"))
    np.testing.assert_allclose(found.table["estimate"], found.table["line"], atol=0.5)
    np.testing.assert_allclose(found.steps["estimate_per_point"], 3, atol=0.05)


def test_a_kink_is_seen_and_said(kinked):
    _, fit, found = kinked
    assert found.verdict("revenue", STRAIGHT) == "contradicted"
    assert found.verdict("revenue", EVEN) == "contradicted"
    assert found.verdict("revenue", ONE_WAY) == "not contradicted"
    assert found.verdict("revenue", BOTH_WAYS) == "not contradicted"
    ends = found.steps[["ci_lower", "ci_upper"]].to_numpy()
    assert ends[0, 0] < 9 < ends[0, 1]
    assert ends[1, 0] < 1 < ends[1, 1]
    one = found.steps.iloc[0]
    assert found.text.startswith(
        "A straight line over score is contradicted for revenue (n = 300 customers). "
        f"A detractor made passive goes, one month later, with revenue "
        f"+{one['estimate']:.2f} EUR (95 % CI {one['ci_lower']:.2f} to "
        f"{one['ci_upper']:.2f}); a passive made promoter with revenue "
    )
    assert roi.linearity_caveat(found) == [
        "Revenue does not follow a straight line over the score and changes more a "
        "point in one step than in the other: a value per point is an average over "
        "the scores seen, not to be multiplied by many points at one end of the scale."
    ]
    assert fit.row["estimate"] > 0


def test_a_turn_is_told_from_one_direction():
    hill = np.where(SCORES <= 7, SCORES * 2.0, 14 - 8.0 * (SCORES - 7))
    panel = make(300, revenue=hill)
    found = roi.shape(panel, roi.fit(panel, "revenue"))
    assert found.verdict("revenue", ONE_WAY) == "contradicted"
    assert "turns back over the score" in roi.linearity_caveat(found)[0]


def test_moves_down_that_cost_more_than_moves_up_bring_are_told():
    panel = make(400, revenue=0 * LINE, seed=9).sort_values(["customer_id", "period"])
    category = np.searchsorted([6, 8], panel["score"])
    same = panel["customer_id"].eq(panel["customer_id"].shift()).to_numpy()
    change = np.where(same, np.diff(category, prepend=category[0]), 0)
    worth = np.where(change > 0, 2.0 * change, 8.0 * change)
    felt = pd.Series(worth, panel.index).groupby(panel["customer_id"]).cumsum()
    lag = felt.groupby(panel["customer_id"]).shift(1).fillna(0)
    panel["revenue"] = panel["revenue"] + lag
    found = roi.shape(panel, roi.fit(panel, "revenue"))
    assert found.verdict("revenue", BOTH_WAYS) == "contradicted"
    for way, truth in (("up", 2.0), ("down", 8.0)):
        low, high = found.steps[f"{way}_ci_lower"], found.steps[f"{way}_ci_upper"]
        assert ((low < truth) & (truth < high)).all()
    assert "Moves down do not mirror moves up for revenue." in found.text


def test_crossings_are_counted_by_customer():
    entity = np.array([0, 0, 0, 1, 1, 2, 2])
    codes = np.array([0, 2, 1, 2, 0, 1, 1])
    found = moves(codes, entity)
    assert (found.up.tolist(), found.down.tolist()) == ([1, 1], [1, 2])
    assert found.total[:, 1].tolist() == [0, 1, 2, 2, 3, 3, 3]


@given(st.lists(st.integers(0, 10), min_size=40, max_size=300), st.integers(2, 40))
@settings(max_examples=40)
def test_levels_keep_order_and_carry_enough(scores, customers):
    score = np.array(scores, dtype=float)
    entity = np.sort(np.arange(len(score)) % customers)
    cut = bands(score, entity, movers=False, events=None, most=11)
    order = np.argsort(score, kind="stable")
    assert (np.diff(cut.codes[order]) >= 0).all()
    assert cut.n.sum() == len(score)
    if not cut.thin:
        assert cut.n.min() >= 30
        assert cut.n_customers.min() >= 10


def test_thin_levels_are_merged_and_said(kinked):
    _, _, found = kinked
    assert found.table["n"].min() >= 30
    assert found.table["n_customers"].min() >= 10
    assert "to" in found.table["score"].iloc[0]
    assert "Thin levels merged." in found.method


@pytest.mark.parametrize(
    ("scale", "cuts"),
    [("nps", (6, 8)), ("nps_1_10", (6, 8)), ("csat", (2, 3)), ("ces", (3, 4)),
     ("csat_mean", (2, 3)), ("sus", (100 / 3, 200 / 3))],
)  # fmt: skip
def test_boxes_of_a_scale_make_the_categories(scale, cuts):
    found = categories_of(np.array([1.0, 5.0]), scale, ())
    assert (found.low_to, found.middle_to) == pytest.approx(cuts)
    assert (found.names[0] == "detractor") == scale.startswith("nps")


@pytest.mark.parametrize(
    ("scores", "names"),
    [([0, 9], "detractor"), ([1, 5], "low score"), ([1, 7], "low score"),
     ([1, 10], "detractor")],
)  # fmt: skip
def test_whole_numbers_are_read_as_a_scale(scores, names):
    found = categories_of(np.array(scores, dtype=float), "auto", ())
    assert (found.names[0], found.declared) == (names, False)


def test_cuts_that_cannot_be_meant():
    with pytest.raises(ArgumentError) as error:
        categories_of(np.array([1.0]), "auto", [8, 6])
    assert str(error.value) == (
        "`categories` is [8, 6]; give two rising cuts, the last low and the last "
        "middle score: [6, 8] for detractors, passives and promoters."
    )


def test_a_score_that_is_no_scale_has_levels_and_no_steps():
    from statsmodels.datasets import grunfeld

    panel = grunfeld.load_pandas().data
    fit = roi.fit(panel, "invest", score="value", entity="firm", time="year")
    found = roi.shape(panel, fit)
    assert found.steps.empty
    assert found.text.endswith(
        "No test of equal steps for invest: the scores are no survey scale (whole "
        "numbers from 0 to 10, 1 to 7 or 1 to 5); name `scale` or give two "
        "`categories` cuts."
    )
    assert found.verdict("invest", EVEN) == "not tested"
    assert len(found.display.columns) <= 5


def test_few_clusters_have_few_levels():
    panel = make(60, seed=3)
    panel["account"] = panel["customer_id"] % 8
    found = roi.shape(panel, roi.fit(panel, "revenue", cluster="account"))
    assert len(found.table) == 3
    row = found.tests[found.tests["test"] == STRAIGHT].iloc[0]
    assert (row["df"], row["df_resid"]) == (1, 7)


def test_too_few_promoters_leave_takes_the_line_and_says_so():
    leaves = np.where(SCORES > 8, 0.0, LEAVES)
    panel = make(300, leaves=leaves, seed=5)
    found = roi.shape(panel, roi.fit(panel, "retained"))
    assert (found.steps["source"] == "line").all()
    assert "its steps are taken from the fitted line" in found.text
    assert found.verdict("retained", EVEN) == "not tested"


@pytest.fixture(scope="module")
def telco():
    params = yaml.safe_load((PARAMS / "ibm_telco/roi_regression.yaml").read_text())
    if not Path(data.project_root(), params["periods"]["path"]).exists():
        pytest.skip("acceptance data ../shared/data/ibm_telco is not on this machine")
    needs = params["outcomes"]
    return params, data.read("periods", params["periods"], needs=needs).frame


def test_a_refused_outcome_is_said_with_its_reason(telco):
    _, frame = telco
    fits = roi.fit_outcomes(frame, ["churned"], lag=0)
    found = roi.shape(frame, fits)
    assert found.text.startswith(
        "No shape could be estimated. Not estimated: 'score' separates 'churned'"
    )
    assert found.table.empty
    assert "No shape" in found._repr_html_()
    assert roi.linearity_caveat(found) == []
    value = roi.transition_value(fits, found, margin=0.4)
    assert value.reason == "neither revenue nor cost to serve was estimated"


def test_a_cross_section_compares_customers_with_others(telco):
    params, frame = telco
    fits = roi.fit_outcomes(frame, params["outcomes"], lag=0)
    found = roi.shape(frame, fits)
    assert found.table["score"].tolist() == ["1", "2", "3", "4", "5"]
    assert found.table["n"].sum() == 7043
    assert found.steps["step"].tolist() == [
        "low score made middle score", "middle score made high score",
    ]  # fmt: skip
    category = np.searchsorted([2, 3], frame["score"])
    means = frame.groupby(category)["lifetime_value"].mean()
    np.testing.assert_allclose(found.steps["estimate"], np.diff(means))
    mirror = found.tests[found.tests["test"] == BOTH_WAYS].iloc[0]
    assert mirror["detail"] == "customers are compared with others"
    assert "Not estimated: 'score' separates 'churned'" in found.text


def test_order_of_rows_and_sign_of_the_outcome(kinked):
    panel, _, found = kinked
    mixed = panel.sample(frac=1, random_state=1).assign(revenue=-panel["revenue"])
    again = roi.shape(mixed, roi.fit(mixed, "revenue"))
    np.testing.assert_allclose(again.steps["estimate"], -found.steps["estimate"])
    np.testing.assert_allclose(again.table["monotone"], -found.table["monotone"])
    pd.testing.assert_series_equal(again.tests["pvalue"], found.tests["pvalue"])


def test_holm_is_over_outcomes_within_a_test(leaving):
    _, _, found = leaving
    for _, rows in found.tests.groupby("test"):
        p = rows["pvalue"].dropna().sort_values().to_numpy()
        known = np.minimum(np.maximum.accumulate(p * np.arange(len(p), 0, -1)), 1)
        np.testing.assert_allclose(rows["pvalue_adj"].dropna().sort_values(), known)


def test_a_cell_shows_a_sentence_and_a_narrow_table(leaving):
    _, _, found = leaving
    assert list(found.display.columns) == [
        "outcome", "detractor made passive", "passive made promoter",
        "straight line?", "equal steps a point?",
    ]  # fmt: skip
    assert found.text in found._repr_html_().replace("&#x27;", "'")
    assert len(found.findings) == 4


def test_the_sample_has_a_straight_revenue():
    truth = json.loads(Path(data.project_root(), "data/sample/truth.json").read_text())
    frame = data.read("periods", "data/sample/periods.csv").frame
    found = roi.shape(frame, roi.fit_outcomes(frame, ["revenue", "cost_to_serve"]))
    known = truth["periods"]["effect of one point of last month's score"]
    for row in found.steps.to_dict("records"):
        slope = known[row["outcome"]]
        assert row["ci_lower_per_point"] < slope < row["ci_upper_per_point"]
    assert roi.linearity_caveat(found) == []


def test_chart_of_levels(kinked):
    _, _, found = kinked
    ax = plots.score_shape(found.table, currency="EUR")
    assert ax.get_ylabel() == "revenue, EUR"
    dots = next(line for line in ax.lines if line.get_label() == "each level")
    np.testing.assert_allclose(dots.get_ydata(), found.table["estimate"])
    bars = [segment[:, 1].tolist() for segment in ax.collections[1].get_segments()]
    np.testing.assert_allclose(bars, found.table[["ci_lower", "ci_upper"]])
    assert ax.get_xticklabels()[-1].get_text().endswith(f"{found.table['n'].iloc[-1]}")
    empty = plots.score_shape(pd.DataFrame())
    assert "nothing to draw" in empty.texts[0].get_text()
    plt.close("all")


def within(hits, runs, level=0.05):
    low, high = stats.binom.interval(0.999, runs, level)
    return low <= hits <= high


@pytest.mark.slow
@pytest.mark.parametrize("clusters", [0, 12])
def test_levels_of_the_tests_on_a_line(clusters):
    runs, wrong = 150, dict.fromkeys((STRAIGHT, EVEN, BOTH_WAYS), 0)
    for seed in range(runs):
        panel = make(120, seed=3000 + seed)
        panel["account"] = panel["customer_id"] % max(clusters, 1)
        fit = roi.fit(panel, "revenue", cluster="account" if clusters else "")
        tests = roi.shape(panel, fit, rng=seed).tests
        for name in wrong:
            wrong[name] += tests.loc[tests["test"] == name, "pvalue"].iloc[0] < 0.05
    assert all(within(hits, runs) for hits in wrong.values()), wrong


@pytest.mark.slow
def test_level_of_the_line_in_log_odds_and_power_of_a_kink():
    runs, wrong, seen = 100, 0, 0
    for seed in range(runs):
        panel = make(200, leaves=LEAVES, seed=7000 + seed)
        tests = roi.shape(panel, roi.fit(panel, "retained"), rng=seed).tests
        wrong += tests.loc[tests["test"] == STRAIGHT, "pvalue"].iloc[0] < 0.05
        if seed < 30:
            panel = make(100, revenue=KINK, seed=8000 + seed)
            found = roi.shape(panel, roi.fit(panel, "revenue"), rng=seed)
            seen += found.verdict("revenue", STRAIGHT) == "contradicted"
    assert within(wrong, runs)
    assert seen >= 27


@pytest.mark.parametrize("model", ["gamma", "poisson_fe"])
def test_levels_of_a_fitted_curve_are_by_least_squares(model):
    panel = make(150, seed=6)
    plain = "two_way" if model == "poisson_fe" else "pooled"
    curved, straight = (
        roi.shape(panel, roi.fit(panel, "revenue", model=m)) for m in (model, plain)
    )
    np.testing.assert_allclose(curved.steps["estimate"], straight.steps["estimate"])
