"""Who answered: rates, propensity weights, predictions and the tipping point."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

from cxlib import nps, plots
from cxlib.errors import ArgumentError, DataError

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
# closed formulas but for the logit, which both sides iterate to 1e-14
ORACLE = 1e-8
COVARIATES = ["channel", "region", "plan"]
# data/README.md: NPS of all customers, and of those who answer
TRUTH, TRUTH_ANSWERED = 21.20, 26.13


@pytest.fixture(scope="module")
def sample():
    return tuple(
        pd.read_csv(SAMPLE / f"{name}.csv") for name in ("responses", "invitations")
    )


@pytest.fixture
def schools(oracle, shared):
    case = oracle("nps_roi.json", "10_nonresponse_ipw")
    frame = pd.read_csv(shared(f"oracles/{case['inputs']['csv']}"))
    frame["id"] = np.arange(len(frame))
    came = frame[frame["awards"] == "Yes"].sample(frac=1, random_state=2)
    return came, frame, case["inputs"]["covariates"], case["expected"]


def close(value, expected):
    assert value == pytest.approx(expected, rel=ORACLE)


def test_10_inverse_propensity_as_in_r(schools):
    came, frame, names, expected = schools
    found = nps.nonresponse(
        came, frame, covariates=names, respondent="id", score="ltr00"
    )
    close(found.overall.estimate, 100 * expected["nps_ipw_hajek"])
    close(found.before.estimate, 100 * expected["nps_respondents_raw"])
    fixed = found.table["std_error_fixed"].iloc[1]
    close(fixed, 100 * expected["se_ipw_weights_fixed"])
    close(found.kish, expected["kish_n_eff"])
    meals = found.balance.set_index("variable").loc["meals"]
    close(meals["smd_before"], expected["smd_meals_before"])
    close(meals["smd_after"], expected["smd_meals_after"])
    close(found.model["estimate"].tolist(), list(expected["coef"].values()))
    assert (found.n_invited, found.overall.n) == (
        expected["n_frame"], expected["n_resp"],
    )  # fmt: skip
    again = nps.score(came.assign(w=found.weights), score="ltr00", weights="w").overall
    close(again.estimate, found.overall.estimate)


def test_the_standard_error_is_that_of_the_jackknife(schools):
    """Leaving out one invitation at a time refits the logit: no linearisation."""
    came, frame, names, _ = schools
    options = {"covariates": names, "respondent": "id", "score": "ltr00"}
    for function, which in (
        (nps.nonresponse, "overall"),
        (nps.whole_base, "predicted"),
    ):
        left_out = np.array(
            [
                getattr(
                    function(came[came["id"] != i], frame[frame["id"] != i], **options),
                    which,
                ).estimate
                for i in range(200)
            ]
        )
        jack = (199 / 200 * ((left_out - left_out.mean()) ** 2).sum()) ** 0.5
        own = getattr(function(came, frame, **options), which).std_error
        # terms of second order at n = 200; with weights as fixed it is 12 % off
        assert own == pytest.approx(jack, rel=0.04)


def test_the_sample_comes_back_to_the_planted_truth(sample):
    responses, invitations = sample
    options = {"covariates": ["wave", *COVARIATES], "cluster": "account_id"}
    weighted = nps.nonresponse(responses, invitations, **options)
    assert weighted.before.ci_lower < TRUTH_ANSWERED < weighted.before.ci_upper
    assert weighted.overall.ci_lower < TRUTH < weighted.overall.ci_upper
    assert not weighted.before.ci_lower < TRUTH < weighted.before.ci_upper
    moved = weighted.table.set_index("measure").loc["moved by"]
    assert moved["ci_lower"] < TRUTH - TRUTH_ANSWERED < moved["ci_upper"]
    assert weighted.balance["smd_before"].abs().max() > 0.2
    assert weighted.balance["smd_after"].abs().max() < 0.02
    predicted = nps.whole_base(responses, invitations, **options).predicted
    assert predicted.ci_lower < TRUTH < predicted.ci_upper


def test_raking_to_the_invitations_agrees_with_propensities(sample):
    responses, invitations = sample
    margins = {c: invitations[c].value_counts().to_dict() for c in COVARIATES}
    raked = nps.rake(responses, margins)
    weighted = nps.nonresponse(responses, invitations, covariates=COVARIATES)
    gap = raked.overall.estimate - weighted.overall.estimate
    assert abs(gap) < raked.overall.std_error / 4
    assert raked.weights.corr(weighted.weights) > 0.98


def test_one_group_is_poststratification(sample):
    responses, invitations = sample
    margin = {"plan": invitations["plan"].value_counts().to_dict()}
    post = nps.rake(responses, margin, method="poststratify").overall
    for found in (
        nps.nonresponse(responses, invitations, covariates=["plan"]).overall,
        nps.whole_base(responses, invitations, covariates=["plan"]).predicted,
    ):
        assert found.estimate == pytest.approx(post.estimate)
        # the invitations are a sample of their own, so a little is added
        assert post.std_error <= found.std_error < 1.02 * post.std_error


def test_measured_and_predicted_are_told_apart_and_add_up(sample):
    responses, invitations = sample
    found = nps.whole_base(responses, invitations, covariates=COVARIATES)
    rows = found.table.set_index("base")
    assert rows["kind"].tolist() == ["measured", "predicted", "predicted"]
    n, e = rows["n"], rows["estimate"]
    parts = n["who answered"] * e["who answered"]
    parts += n["who did not answer"] * e["who did not answer"]
    assert parts / n["all invited"] == pytest.approx(e["all invited"])
    assert found.text.startswith("Measured NPS of those who answered is 26.4 points")
    assert "Predicted NPS of all 15,612 invited is" in found.text
    assert found.findings[0].id == "NPS predicted for all invited"


def test_rates_by_group_with_wilson_and_the_score_test(sample):
    responses, invitations = sample
    found = nps.response_rate(invitations, responses, by=["channel", "plan"])
    row = found.table.set_index("segment").loc["call_centre"]
    came = invitations["respondent_id"].isin(
        responses.loc[responses["score"].notna(), "respondent_id"]
    )
    inside = invitations["channel"] == "call_centre"
    x, n = came[inside].sum(), inside.sum()
    ends = proportion_confint(x, n, method="wilson")
    assert (row["ci_lower"], row["ci_upper"]) == pytest.approx(ends)
    counts, sizes = [x, came[~inside].sum()], [n, (~inside).sum()]
    statistic, pvalue = proportions_ztest(counts, sizes)
    assert (row["statistic"], row["pvalue"]) == pytest.approx((statistic, pvalue))
    assert found.rate == pytest.approx(came.mean())
    assert found.text.startswith("25.1 % of 15,612 invited answered (95 % CI 24.5 to")
    assert "least often in call_centre (channel), 15.1 %" in found.text
    assert "premium (plan), 37.2 %" in found.text


def test_a_small_group_is_hidden_with_a_second_one(sample):
    responses, invitations = sample
    rows = nps.response_rate(invitations, responses, by="region").table
    rows = rows.set_index("segment")
    assert rows["status"]["Abroad"] == "hidden (n < 10)"
    assert rows["status"]["Islands"] == "hidden (protects a smaller one)"
    assert rows.loc[["Abroad", "Islands"], "n"].isna().all()
    balance = nps.nonresponse(responses, invitations, covariates=["region"]).balance
    hidden = balance.set_index("level").loc[["Abroad", "Islands"]]
    assert hidden[["n", "before", "after", "smd_before"]].isna().all(axis=None)


@pytest.fixture
def small():
    sent = pd.DataFrame(
        {"respondent_id": range(100), "plan": ["a", "b"] * 50, "age": range(100)}
    )
    came = pd.DataFrame({"respondent_id": range(20, 70), "score": [10, 3] * 25})
    return came, sent


def test_answers_without_an_invitation_are_counted(small):
    came, sent = small
    stray = pd.DataFrame({"respondent_id": [900, 901], "score": [10, 10]})
    found = nps.nonresponse(pd.concat([came, stray]), sent, covariates=["plan"])
    assert found.text.endswith("2 answers without an invitation are left out.")
    assert found.weights.isna().sum() == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c, s: (c, s.assign(respondent_id=1)), "comes more than once in 99"),
        (lambda c, s: (c.assign(respondent_id=range(500, 550)), s), "could be matched"),
        (
            lambda c, s: (c, s.assign(plan=["x"] * 10 + ["a", "b"] * 45)),
            "Nobody of the 10 invited in 'x' of plan answered",
        ),
        (
            lambda c, s: (c, s.assign(plan=s["age"].where(s["age"] > 5))),
            "is blank in 6",
        ),
        (lambda c, s: (c, s.assign(plan=2.0)), "determine each other"),
    ],
)
def test_what_cannot_be_estimated_is_said(small, change, message):
    came, sent = change(*small)
    with pytest.raises(DataError, match=message):
        nps.nonresponse(came, sent, covariates=["plan"])


def test_without_a_file_or_columns_there_is_a_sentence(small):
    came, sent = small
    for found, so in (
        (nps.response_rate(None, came, by="plan"), "who did not answer is not known"),
        (nps.nonresponse(came, None, covariates=["plan"]), "cannot be estimated"),
        (nps.whole_base(came, None, covariates=["plan"]), "nothing is predicted"),
    ):
        none = found.text
        assert none.startswith("No invitations were given, so ")
        assert so in none
        assert found.findings == ()
        assert found._repr_html_() == f"<p class='finding'>{none}</p>"
    for function in (nps.nonresponse, nps.whole_base):
        told = function(came, sent, covariates=[]).text
        assert told.startswith("No covariates of non-response were given")


def test_tipping_point_by_hand():
    scored = nps.score(pd.DataFrame({"score": [10] * 200 + [8] * 110 + [3] * 90}))
    found = nps.tipping_point(scored, response_rate=0.4, threshold=8)
    assert found.tip == pytest.approx((8 - 0.4 * 27.5) / 0.6)
    assert "scored below −5.0 points" in found.text
    assert "put NPS of everybody below 8.0 points" in found.text
    at = found.table.set_index("mark")["estimate"]
    assert (at["tipping point"], at["like those who answered"]) == pytest.approx(
        (8, 27.5)
    )
    below = nps.tipping_point(scored, response_rate=0.4, threshold=50)
    assert "scored above 65.0 points" in below.text


def test_tipping_point_of_a_change():
    frame = pd.DataFrame(
        {
            "score": [10] * 120 + [3] * 80 + [10] * 150 + [3] * 50,
            "wave": ["W1"] * 200 + ["W2"] * 200,
        }
    )
    found = nps.tipping_point(nps.change(frame, "wave"), response_rate=0.5)
    assert found.tip == pytest.approx((20 - 0.5 * 50) / 0.5)
    assert "scored below −10.0 points" in found.text
    assert "erase the gain" in found.text
    assert found.change
    assert found.sure
    assert found.table.set_index("mark")["estimate"]["tipping point"] == pytest.approx(
        0
    )


def test_tipping_point_that_nobody_can_reach_and_reasons():
    scored = nps.score(pd.DataFrame({"score": [10] * 300 + [3] * 100}), target=0)
    safe = nps.tipping_point(scored, response_rate=0.8)
    assert not safe.possible
    assert "not even −100.0 points from all of them" in safe.text
    assert safe.findings == ()
    free = nps.score(pd.DataFrame({"score": [10, 3, 3]}))
    assert nps.tipping_point(free, response_rate=0.5).text.startswith("No target")
    unknown = nps.tipping_point(scored, response_rate=None)
    assert unknown.text.startswith("The response rate is not known")
    with pytest.raises(ArgumentError, match="`response_rate` is 1"):
        nps.tipping_point(scored, response_rate=1)
    near = nps.tipping_point(free, response_rate=0.5, threshold=-40)
    assert near.text.endswith("Noise among the answers alone can already undo it.")


def test_tipping_point_chart(sample):
    scored = nps.score(sample[0], target=10)
    found = nps.tipping_point(scored, response_rate=0.25)
    ax = plots.tipping_point(found.table, threshold=10)
    words = " | ".join(t.get_text() for t in ax.texts)
    assert "tipping point\n4.5" in words
    assert "threshold 10.0" in words
    assert ax.get_xlabel().startswith("NPS of those who did not answer (supposed)")
    plt.close(ax.figure)
    empty = plots.tipping_point(pd.DataFrame(), threshold=0)
    assert empty.texts[0].get_text() == "no tipping point"
    plt.close(empty.figure)


@pytest.mark.slow
def test_propensity_and_predicted_intervals_cover():
    """500 surveys of 600 invited; answering and scoring depend on two covariates."""
    draw = np.random.default_rng(5)
    hits = {"raw": [], "weighted": [], "predicted": []}
    kinds = np.array([[0.15, 0.45], [0.35, 0.7]])
    truth = 100 * float((kinds - 0.25).mean())
    for _ in range(500):
        a, b = draw.integers(0, 2, (2, 600))
        came = draw.random(600) < 1 / (1 + np.exp(1.2 - a - 1.2 * b))
        u = draw.random(600)
        score = np.where(u < kinds[a, b], 10, np.where(u > 0.75, 3, 8))
        sent = pd.DataFrame(
            {"respondent_id": range(600), "a": a.astype(str), "b": b.astype(str)}
        )
        answers = sent.assign(score=score)[came]
        weighted = nps.nonresponse(answers, sent, covariates=["a", "b"])
        predicted = nps.whole_base(answers, sent, covariates=["a", "b"]).predicted
        for name, e in (
            ("raw", weighted.before), ("weighted", weighted.overall),
            ("predicted", predicted),
        ):  # fmt: skip
            hits[name].append(e.ci_lower <= truth <= e.ci_upper)
    # 500 runs: three binomial standard errors of .95 are .029
    assert np.mean(hits["weighted"]) > 0.921
    assert np.mean(hits["predicted"]) > 0.921
    assert np.mean(hits["raw"]) < 0.75
