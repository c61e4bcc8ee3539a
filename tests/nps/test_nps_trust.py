"""Which score may be reported: decision, caveats and the ways side by side."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from cxlib import nps, plots, simulate
from cxlib.errors import ArgumentError

KNOWN = ["channel", "plan"]


@pytest.fixture(scope="module")
def survey():
    answers = simulate.responses(3000, rng=3)
    sent = simulate.invitations(answers, rng=3)
    return {
        "score": nps.score(answers, target=25.0),
        "rates": nps.response_rate(sent, answers, by=KNOWN),
        "weighted": nps.nonresponse(answers, sent, covariates=KNOWN),
        "base": nps.whole_base(answers, sent, covariates=KNOWN),
        "accounts": nps.b2b(answers, "account_id"),
        "answers": answers,
    }


@pytest.fixture
def off():
    answers = pd.DataFrame({"score": [10, 3, 8] * 20})
    return {
        "score": nps.score(answers),
        "raked": nps.rake(answers, {}),
        "base": nps.whole_base(answers, None, covariates=[]),
        "moves": nps.transitions(answers, "", ""),
        "gap": nps.feature_gap(answers, "", []),
        "accounts": nps.b2b(answers, ""),
        "tip": nps.tipping_point(nps.score(answers), response_rate=None),
    }


def test_weights_that_matter_are_to_be_reported(survey):
    told = nps.survey_decision(survey["score"], survey["weighted"])
    assert told.startswith("Report NPS weighted for who answered")
    assert "by the answers as they came it is met" in told


def test_weights_within_noise_leave_the_score(survey):
    answers = survey["answers"]
    shares = answers["language"].value_counts(normalize=True).to_dict()
    raked = nps.rake(answers, {"language": shares})
    told = nps.survey_decision(survey["score"], raked)
    assert "within noise" in told
    assert "Either way" in told


def test_without_weights_it_speaks_for_those_who_answered(off):
    told = nps.survey_decision(off["score"], off["raked"])
    assert "not of all customers" in told
    assert "target" not in told


def test_ways_keep_another_question_apart(survey, off):
    found = nps.ways(
        survey["score"], off["raked"], survey["weighted"], survey["base"],
        survey["accounts"],
    )  # fmt: skip
    assert found.table["group"].tolist() == [
        "as reported", "weighted", "predicted", "another question",
    ]  # fmt: skip
    assert found.table["moved"].iloc[1] == pytest.approx(
        survey["weighted"].table["estimate"].iloc[2]
    )
    assert "Under 3 ways" in found.text
    ax = plots.score_sensitivity(found.table)
    assert "cut point" not in ax.get_xlabel()
    plt.close(ax.figure)


def test_one_way_says_that_nothing_checks_it(off):
    found = nps.ways(
        off["score"], off["raked"], off["raked"], off["base"], off["accounts"]
    )
    assert "Only the answers as they came" in found.text


def test_caveats_name_what_is_predicted_beyond_the_tipping_point(survey, off):
    tip = nps.tipping_point(survey["score"], response_rate=survey["rates"])
    told = nps.survey_caveats(
        survey["score"], survey["weighted"], survey["base"], tip, off["moves"],
        off["gap"],
    )  # fmt: skip
    assert any("is predicted for them" in one for one in told)
    few = nps.survey_caveats(
        off["score"], off["raked"], off["base"], off["tip"], off["moves"], off["gap"]
    )
    assert few == [
        "Those who did not answer may score differently; nothing corrects for it."
    ]


def test_cut_points_of_a_share_know_the_reported_choice():
    answers = pd.DataFrame({"score": [5, 4, 3, 1] * 20, "plan": [*"aabb"] * 20})
    found = nps.cut_points(answers, "plan", scale="csat")
    assert found.table["reported"].sum() == 3
    assert "as reported: 50.0 %" in found.text


def test_a_difference_that_the_scale_cannot_show_is_refused():
    answers = pd.DataFrame({"score": [5, 4, 3, 1] * 20})
    with pytest.raises(ArgumentError, match=r"0\.03, not 3"):
        nps.power(answers, [3.0], scale="csat")
