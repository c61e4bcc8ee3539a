"""With and without a feature: against Stata, against planted confounding."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import statsmodels
from statsmodels.discrete.discrete_model import Logit, Probit
from statsmodels.regression.linear_model import OLS

from cxlib import nps, plots
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import design
from cxlib.estimate.aipw import Nuisance, adjusted_gap, logistic
from cxlib.estimate.confounding import e_value, robustness_value

TRUE_GAP = 20.0


def confounded(draw, n=600, gap=TRUE_GAP / 100):
    """Keen customers take the feature up and answer higher; gap planted on top."""
    keen, plan = draw.normal(size=n), draw.choice(["a", "b", "c"], n)
    odds = 0.9 * keen + np.where(plan == "a", 0.6, -0.3)
    uses = draw.random(n) < 1 / (1 + np.exp(-odds))
    net = np.clip(0.05 + 0.2 * np.tanh(keen) + gap * uses, -0.9, 0.9)
    up = draw.random(n) < 0.5 + net / 2
    return pd.DataFrame(
        {"score": np.where(up, 10, 3), "uses": uses, "keen": keen, "plan": plan}
    )


@pytest.fixture
def births():
    where = Path(statsmodels.__file__).parent / "treatment/tests/results/cataneo2.csv"
    if not where.exists():
        pytest.skip("this statsmodels comes without cataneo2.csv")
    frame = pd.read_csv(where)
    smokes = frame["mbsmoke_"].to_numpy() == 1
    e = Probit.from_formula(
        "mbsmoke_ ~ mmarried_ + mage + mage2 + fbaby_ + medu", frame
    )
    formula = "bweight ~ prenatal1_ + mmarried_ + mage + fbaby_"
    m0, m1 = (
        np.asarray(OLS.from_formula(formula, frame[rows]).fit().predict(frame))
        for rows in (~smokes, smokes)
    )
    return frame, smokes, Nuisance(np.asarray(e.fit(disp=0).predict()), m0, m1)


def test_aipw_is_that_of_stata(oracle, births):
    frame, smokes, nuisance = births
    expected = oracle("ab.json", "cataneo2_teffects")["expected"]["ATE"]["AIPW"]
    found = adjusted_gap(
        frame["bweight"], smokes, nuisance=nuisance, plan=design(len(frame)),
        estimand="all",
    )  # fmt: skip
    assert found.estimate == pytest.approx(expected[0], rel=1e-4)
    # Stata solves all equations jointly; the oracle allows 5 % for the plug-in error
    assert found.std_error == pytest.approx(expected[1], rel=0.05)
    assert found.std_error == pytest.approx(25.39, abs=0.005)


def test_e_values_are_those_published(oracle):
    expected = oracle("ab.json", "evalue")["expected"]
    for key, value in expected.items():
        assert e_value(float(key[2:-1])) == pytest.approx(value, abs=1e-5)


def test_robustness_value_of_no_statistic_is_zero():
    assert robustness_value(0, 100) == 0
    assert robustness_value(1, 100, confidence_level=0.95) == 0


def test_logistic_is_that_of_statsmodels():
    draw = np.random.default_rng(1)
    frame = confounded(draw)
    z = np.column_stack([np.ones(len(frame)), frame["keen"]])
    d = frame["uses"].to_numpy(dtype=float)
    reference = Logit(d, z).fit(disp=0).params
    assert logistic(z, d, np.ones(len(d)), ridge=0) == pytest.approx(reference)


def test_adjustment_takes_the_planted_confounding_out():
    frame = confounded(np.random.default_rng(2), n=6000)
    found = nps.feature_gap(frame, "uses", ["keen", "plan"])
    raw, own = found.row("raw"), found.row(found.headline)
    assert raw["ci_lower"] > TRUE_GAP
    assert own["ci_lower"] < TRUE_GAP < own["ci_upper"]
    assert found.balance["before"].abs().max() > 0.5
    assert found.balance["after"].abs().max() < 0.02
    assert len(found.table) == 4
    assert found.e_value > found.e_value_ci > 1


def test_words_say_association_unless_assigned():
    frame = confounded(np.random.default_rng(3), n=1500)
    seen = nps.feature_gap(frame, "uses", ["keen", "plan"])
    assert seen.text.startswith("The association with uses on NPS is +")
    assert "this is an association, not an effect" in seen.text
    assert "an unmeasured cause would have to explain" in seen.text
    assert "effect of" not in seen.text
    given = nps.feature_gap(frame, "uses", ["keen", "plan"], assigned=True)
    assert given.text.startswith("The effect of uses on NPS is +")
    assert "unmeasured" not in given.text
    assert given.findings[0].id == "NPS effect uses"
    assert seen.findings[0].id == "NPS association uses"


def test_no_overlap_is_trimmed_and_told():
    frame = confounded(np.random.default_rng(4), n=2000)
    frame["uses"] = frame["uses"] | (frame["keen"] > 1.2)
    found = nps.feature_gap(frame, "uses", ["keen", "plan"], trim=0.1)
    assert found.trimmed > 50
    assert f"{found.trimmed:,} answers with hardly any counterpart" in found.text
    assert found.table["n"].tolist() == [2000, 2000, *[2000 - found.trimmed] * 2]


def test_blanks_labels_and_clusters():
    frame = confounded(np.random.default_rng(5), n=900)
    frame["uses"] = frame["uses"].map({True: "yes", False: "no"}).astype(object)
    frame.loc[:9, "uses"] = None
    frame.loc[20:40, "keen"] = np.nan
    frame["who"] = np.arange(900) // 3
    found = nps.feature_gap(frame, "uses", ["keen", "plan"], cluster="who")
    assert found.n_unknown == 10
    assert "10 answers without a known feature left out." in found.text
    assert "keen = (blank)" in set(found.balance["covariate"])
    plan = nps.feature_gap(frame, "plan", ["keen"], value="a")
    assert plan.feature == "plan = a"
    assert "plan = a" in plan._repr_html_()


def test_order_and_weights_of_one_change_little():
    frame = confounded(np.random.default_rng(6), n=1200).assign(w=1.0)
    one = nps.feature_gap(frame, "uses", ["keen", "plan"])
    two = nps.feature_gap(frame, "uses", ["keen", "plan"], weights="w")
    assert two.table["estimate"].tolist() == pytest.approx(
        one.table["estimate"].tolist()
    )
    swapped = frame.assign(uses=~frame["uses"])
    back = nps.feature_gap(swapped, "uses", ["keen", "plan"])
    for name in ("raw", one.headline):
        assert back.row(name)["estimate"] == pytest.approx(-one.row(name)["estimate"])


def test_reasons_and_errors():
    frame = confounded(np.random.default_rng(7), n=100)
    assert nps.feature_gap(frame, "", []).text.startswith("No feature was given")
    assert "No covariates were given" in nps.feature_gap(frame, "uses", []).text
    few = nps.feature_gap(frame.head(40), "uses", ["keen"])
    assert "30 of each are needed" in few.text
    with pytest.raises(DataError, match="name the label that counts as with"):
        nps.feature_gap(frame, "plan", ["keen"])
    with pytest.raises(ArgumentError, match="`covariates` holds 'uses' itself"):
        nps.feature_gap(frame, "uses", ["uses"])


def test_love_plot_sorts_by_the_gap_before():
    table = pd.DataFrame(
        {"covariate": ["a", "b"], "before": [0.1, -0.6], "after": [0.0, 0.01]}
    )
    ax = plots.love_plot(table)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["b", "a"]
    assert ax.collections[-1].get_offsets()[0][0] == pytest.approx(0.01)
    plt.close(ax.figure)


@pytest.mark.slow
def test_adjusted_intervals_cover_where_raw_ones_do_not():
    draw = np.random.default_rng(8)
    hits = []
    for i in range(400):
        found = nps.feature_gap(
            confounded(draw, n=1200), "uses", ["keen", "plan"], rng=i
        )
        t = found.table
        hits.append(
            ((t["ci_lower"] <= TRUE_GAP) & (t["ci_upper"] >= TRUE_GAP)).tolist()
        )
    raw, *adjusted = np.mean(hits, axis=0)
    assert raw < 0.7
    assert min(adjusted) >= 0.93
