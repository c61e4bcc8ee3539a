"""Ordinal shifts against R, cut points, shares of answers, and their charts."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from statsmodels.discrete.discrete_model import MNLogit
from statsmodels.miscmodels.ordinal_model import OrderedModel

from cxlib import nps, plots
from cxlib.errors import ArgumentError, DataError

LEVELS = {
    "Infl": ["Low", "Medium", "High"],
    "Type": ["Tower", "Apartment", "Atrium", "Terrace"], "Cont": ["Low", "High"],
}  # fmt: skip
THREE = {"name": "sat", "low": 0, "high": 2, "kind": "mean"}


@pytest.fixture
def housing(shared):
    rows = pd.read_csv(shared("oracles/data/housing.csv"))
    rows["score"] = rows["Sat"].map({"Low": 0, "Medium": 1, "High": 2})
    for name, order in LEVELS.items():
        rows[name] = pd.Categorical(rows[name], order)
    return rows


@pytest.fixture
def answers():
    draw = np.random.default_rng(3)
    plan = draw.choice(["basic", "plus", "pro"], 900)
    latent = 7.5 + draw.normal(0, 2, 900) + 1.0 * (plan == "pro")
    return pd.DataFrame(
        {
            "score": np.clip(np.round(latent), 0, 10), "plan": plan,
            "weight": draw.uniform(0.5, 2, 900), "account": draw.integers(0, 300, 900),
        }
    )  # fmt: skip


def expanded(rows):
    return rows.loc[rows.index.repeat(rows["Freq"])].reset_index(drop=True)


def test_proportional_odds_equal_polr(housing, oracle):
    expected = oracle("nps_roi.json", "13_ordinal_and_multinomial_logit")["expected"]
    found = nps.ordinal(expanded(housing), list(LEVELS), scale=THREE)
    assert found.n == expected["n"]
    names = found.table["column"] + found.table["group"]
    assert names.tolist() == list(expected["polr_coef"])
    se = [*found.table["std_error"], *found.thresholds["std_error"]]
    assert found.table["estimate"].tolist() == pytest.approx(
        list(expected["polr_coef"].values()), abs=1e-7
    )
    assert found.thresholds["estimate"].tolist() == pytest.approx(
        list(expected["polr_zeta"].values()), abs=1e-7
    )
    assert se == pytest.approx(list(expected["polr_se"].values()), rel=1e-6)
    assert found.loglik == pytest.approx(expected["polr_loglik"], rel=1e-9)
    assert found.same_shift == pytest.approx(
        (expected["po_lr_stat"], expected["po_lr_df"], expected["po_lr_p"]), rel=1e-5
    )


def test_ordered_probit_equals_polr(housing, oracle):
    expected = oracle("nps_roi.json", "13_ordinal_and_multinomial_logit")["expected"]
    found = nps.ordinal(expanded(housing), list(LEVELS), scale=THREE, link="probit")
    assert found.table["estimate"].tolist() == pytest.approx(
        list(expected["probit_coef"].values()), abs=1e-7
    )
    assert found.loglik == pytest.approx(expected["probit_loglik"], rel=1e-9)
    assert "standard deviations" in found.text


def test_weights_give_the_coefficients_of_repeated_rows(housing, oracle):
    expected = oracle("nps_roi.json", "13_ordinal_and_multinomial_logit")["expected"]
    found = nps.ordinal(housing, list(LEVELS), scale=THREE, weights="Freq")
    assert found.table["estimate"].tolist() == pytest.approx(
        list(expected["polr_coef"].values()), abs=1e-7
    )
    assert np.isnan(found.same_shift[2])
    assert "sandwich" in found.method


def test_numbers_and_groups_equal_statsmodels(answers):
    frame = answers.assign(age=np.random.default_rng(0).normal(0, 1, 900))
    found = nps.ordinal(frame, ["plan", "age"])
    x = pd.DataFrame(
        {"plus": frame["plan"] == "plus", "pro": frame["plan"] == "pro"}, dtype=float
    ).assign(age=frame["age"])
    model = OrderedModel(frame["score"].astype(int), x, distr="logit")
    fit = model.fit(method="bfgs", disp=False, maxiter=500)
    assert found.table["estimate"].to_numpy() == pytest.approx(
        fit.params.iloc[:3].to_numpy(), abs=1e-3
    )
    assert found.loglik == pytest.approx(fit.llf, rel=1e-7)


def test_reversed_answers_flip_the_sign(answers):
    one = nps.ordinal(answers, ["plan"]).table
    other = nps.ordinal(answers.assign(score=10 - answers["score"]), ["plan"]).table
    assert other["estimate"].to_numpy() == pytest.approx(-one["estimate"].to_numpy())
    assert other["std_error"].to_numpy() == pytest.approx(one["std_error"].to_numpy())


def test_clusters_widen_when_rows_are_doubled(answers):
    twice = pd.concat([answers.assign(who=range(900))] * 2, ignore_index=True)
    plain = nps.ordinal(answers, ["plan"]).table
    robust = nps.ordinal(twice, ["plan"], cluster="who").table
    assert robust["estimate"].to_numpy() == pytest.approx(
        plain["estimate"].to_numpy(), abs=1e-7
    )
    assert robust["std_error"].to_numpy() == pytest.approx(
        plain["std_error"].to_numpy(), rel=0.1
    )


def test_separation_and_bad_columns_are_said(answers):
    apart = answers.assign(top=np.where(answers["score"] >= 9, "yes", "no"))
    with pytest.raises(DataError, match="no finite maximum"):
        nps.ordinal(apart, ["top"])
    with pytest.raises(ArgumentError, match="the score"):
        nps.ordinal(answers, ["score"])
    assert nps.ordinal(answers, []).text == (
        "No predictor was given, so shifts are not compared."
    )


def test_cut_points_repeat_the_score_and_its_differences(answers):
    found = nps.cut_points(answers, "plan", weights="weight", cluster="account")
    own = found.table[found.table["reported"]].set_index("segment")
    whole = nps.score(answers, weights="weight", cluster="account").overall
    assert own.loc["all", "estimate"] == pytest.approx(whole.estimate)
    assert (own["moved"] == 0).all()
    segments = nps.by_segment(
        answers, "plan", weights="weight", cluster="account"
    ).table.set_index("segment")
    for name in segments.index:
        assert own.loc[name, "effect_size"] == pytest.approx(
            segments.loc[name, "effect_size"]
        )
    assert len(found.order) == 9
    assert "Over 9 choices of cut points NPS" in found.text
    assert "times the odds of a higher answer" in found.text
    assert found.table["rank"].dropna().isin([1, 2, 3]).all()


def test_wider_promoters_never_lower_the_score(answers):
    table = nps.cut_points(answers).table
    for _, rows in table.groupby("bottom_to"):
        assert rows.sort_values("top_from")["estimate"].is_monotonic_decreasing


def test_a_segment_that_turns_is_named():
    frame = pd.DataFrame(
        {
            "score": [10, 10, 10, 0, 0] * 30 + [8, 8, 8, 8, 7] * 30,
            "plan": ["split"] * 150 + ["calm"] * 150,
        }
    )
    found = nps.cut_points(frame, "plan")
    assert found.order["agreement"].min() == -1
    assert "above the rest under some and below it under others" in found.text


def test_cut_points_of_a_mean_and_small_segments(answers):
    mean = nps.cut_points(answers, scale={**THREE, "high": 10})
    assert mean.text == "sat is a mean and has no cut points."
    few = pd.concat([answers, answers.head(3).assign(plan="rare")])
    found = nps.cut_points(few, "plan")
    assert "rare" not in set(found.table["segment"])
    assert len(set(found.table["segment"])) == 3


def test_answer_shares_add_up_and_weight():
    frame = pd.DataFrame(
        {
            "ease": [1, 2, 3, 4, 5] * 20,
            "price": [5, 5, 4, 3, None] * 20,
            "w": [1, 2] * 50,
        }
    )
    found = nps.answer_shares(frame, ["ease", "price"], weights="w")
    parts = found.table.groupby(["item", "part"])["estimate"].sum()
    assert parts["ease", "answer"] == pytest.approx(1)
    assert parts["price", "high side"] == pytest.approx(0.75, abs=0.01)
    assert found.table.set_index("item").loc["price", "n"].iloc[0] == 80
    assert "high side: price" in found.text
    with pytest.raises(ArgumentError, match="whole numbers"):
        nps.answer_shares(frame, ["ease"], low=1, high=20)
    assert nps.answer_shares(frame, []).text.startswith("No item")


def test_likert_bars_part_at_the_middle():
    frame = pd.DataFrame({"ease": [1, 2, 3, 4, 5] * 20, "price": [1, 1, 2, 3, 5] * 20})
    found = nps.answer_shares(frame, ["price", "ease"])
    ax = plots.likert(found.table)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["ease", "price"]
    ease = [p for p in ax.patches if p.get_y() < 0.5]
    assert ease[0].get_x() == pytest.approx(-50)
    assert sum(p.get_width() for p in ease) == pytest.approx(100)
    rows = found.table[found.table["part"] == "high side"].set_index("item")
    ends = [line.get_xdata() for line in ax.lines]
    low = 100 * rows.loc["ease", "ci_lower"] + 10
    assert any(e[0] == pytest.approx(low) for e in ends)
    plt.close(ax.figure)


def test_cut_point_strip_draws_every_choice(answers):
    found = nps.cut_points(answers, "plan")
    ax = plots.cut_points(found.table)
    labels = [t.get_text() for t in ax.get_xticklabels()]
    assert labels[4] == "to 6\nfrom 9"
    said = " ".join(t.get_text() for t in ax.texts)
    assert "pro  n = " in said
    plt.close(ax.figure)


def test_league_table_shows_ranks_raw_and_quarters(answers):
    draw = np.random.default_rng(0)
    frame = answers.assign(store=draw.choice(list("abcdefgh"), 900))
    found = nps.pool(frame, "store")
    ax = plots.league_table(found.table, mean=found.mean)
    assert [t.get_text() for t in ax.get_yticklabels()] == list(found.table["segment"])
    assert sum("rank " in t.get_text() for t in ax.texts) == 8
    assert ax.texts[-1].get_text().startswith("mean of segments")
    plt.close(ax.figure)


@pytest.mark.parametrize("draw", [plots.league_table, plots.cut_points, plots.likert])
def test_an_empty_table_says_so(draw):
    ax = draw(pd.DataFrame())
    assert ax.texts[0].get_text().startswith("no ")
    plt.close(ax.figure)


@pytest.mark.slow
def test_odds_intervals_cover_with_clusters_and_weights():
    """Log odds .6; weights unrelated to answers; accounts of three share a mood."""
    draw = np.random.default_rng(0)
    hits = []
    for _ in range(300):
        account = np.arange(300) // 3
        plan = draw.choice(["a", "b"], 100)[account]
        u = draw.logistic(0, 1, 300)
        frame = pd.DataFrame(
            {
                "score": np.digitize(u + 0.6 * (plan == "b"), np.arange(-3, 4)),
                "plan": plan, "account": account, "w": draw.choice([1.0, 3.0], 300),
            }
        )  # fmt: skip
        row = nps.ordinal(frame, ["plan"], weights="w", cluster="account").table.iloc[0]
        hits.append(row["ci_lower"] <= 0.6 <= row["ci_upper"])
    assert np.mean(hits) == pytest.approx(0.95, abs=0.035)


def test_the_free_model_equals_multinom(housing, oracle):
    expected = oracle("nps_roi.json", "13_ordinal_and_multinomial_logit")["expected"]
    net = {
        "name": "sat",
        "low": 0,
        "high": 2,
        "kind": "net",
        "top_from": 2,
        "bottom_to": 0,
    }
    found = nps.ordinal(expanded(housing), list(LEVELS), scale=net)
    names = ["(Intercept)", *expected["polr_coef"]]
    for answer, level in (("1", "Medium"), ("2", "High")):
        rows = found.free[found.free["answer"] == answer]
        assert set(rows["against"]) == {"0"}
        named = (rows["column"] + rows["group"]).str.replace(
            "(constant)", "(Intercept)"
        )
        assert named.tolist() == names
        # the reference's tolerance: an optimiser's coefficients, 1e-4
        assert rows["estimate"].tolist() == pytest.approx(
            [expected["multinom_coef_vs_Low"][level][n] for n in names], abs=1e-4
        )
    assert found.models.free.loglik == pytest.approx(
        expected["multinom_loglik"], rel=1e-7
    )
    cell = {"Infl": "High", "Type": "Tower", "Cont": "High"}
    shares = found.shares(cell)
    assert shares["ordered"].tolist() == pytest.approx(
        list(expected["predicted_probs_Infl_High_Tower_Cont_High"].values()), abs=1e-7
    )
    assert shares["free"].sum() == pytest.approx(1)
    ordered, free = found.implied(cell)
    assert ordered == pytest.approx(100 * expected["implied_nps_same_cell"], abs=1e-5)
    assert free == pytest.approx(ordered, abs=10)
    with pytest.raises(ArgumentError, match="'Infr', no predictor of this model"):
        found.shares({"Infr": "High"})


def test_the_free_model_equals_statsmodels_with_numbers(answers):
    frame = answers.assign(age=np.random.default_rng(0).normal(0, 1, 900))
    frame["score"] = np.digitize(frame["score"], [6, 9])
    found = nps.ordinal(frame, ["age", "weight"], scale=THREE)
    x = np.column_stack([np.ones(900), frame["age"], frame["weight"]])
    fit = MNLogit(frame["score"].to_numpy(), x).fit(disp=False)
    assert found.free["estimate"].to_numpy() == pytest.approx(
        np.asarray(fit.params).T.ravel(), abs=1e-6
    )
    assert found.free["std_error"].to_numpy() == pytest.approx(
        np.asarray(fit.bse).T.ravel(), rel=1e-5
    )
    middle = found.shares({})
    assert middle["free"].to_numpy() == pytest.approx(
        np.asarray(fit.predict([[1, *x[:, 1:].mean(axis=0)]]))[0], abs=1e-7
    )


def test_free_weights_equal_repeated_rows(housing):
    rows = expanded(housing)
    plain = nps.ordinal(rows, list(LEVELS), scale=THREE)
    weighted = nps.ordinal(housing, list(LEVELS), scale=THREE, weights="Freq")
    assert weighted.free["estimate"].to_numpy() == pytest.approx(
        plain.free["estimate"].to_numpy(), abs=1e-7
    )


def test_groups_without_variety_leave_the_free_model_out():
    frame = pd.DataFrame(
        {
            "score": [3, 3, 8, 10] * 30 + [3, 8, 8, 8] * 30,
            "plan": ["a"] * 120 + ["b"] * 120,
        }
    )
    found = nps.ordinal(frame, ["plan"])
    assert found.free.empty
    assert found.shares({"plan": "b"})["free"].isna().all()
    assert np.isfinite(found.same_shift[2])
    with pytest.raises(DataError, match="no model was fitted"):
        nps.ordinal(frame, []).shares({})
