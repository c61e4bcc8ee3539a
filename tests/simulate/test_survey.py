"""Answers and invitations: same seed same rows; truths within binomial bounds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxlib import simulate
from cxlib.errors import ArgumentError, DataError

COLUMNS = [
    "respondent_id",
    "responded_at",
    "wave",
    "score",
    "verbatim",
    "language",
    "region",
    "channel",
    "plan",
    "ease",
    "speed",
    "staff",
    "price",
    "delivery",
    "weight",
    "account_id",
]
DRIVERS = ["ease", "speed", "staff", "price", "delivery"]
Z = 4.5  # a bound that a right generator breaks about once in 100,000 comparisons


@pytest.fixture(scope="module")
def answers():
    return simulate.responses(200_000, rng=11, hidden=True)


@pytest.fixture(scope="module")
def truth():
    return simulate.truth("responses")


def net(frame):
    return 100.0 * (frame["score"] >= 9) - 100.0 * (frame["score"] <= 6)


def clustered_error(values, account, weight):
    """Standard error of a weighted mean whose errors go together by account."""
    mean = np.average(values, weights=weight)
    totals = (weight * (values - mean)).groupby(account).sum()
    return mean, np.sqrt((totals**2).sum()) / weight.sum()


def test_same_seed_same_rows():
    pd.testing.assert_frame_equal(
        simulate.responses(500, rng=3), simulate.responses(500, rng=3)
    )
    assert not simulate.responses(500, rng=3).equals(simulate.responses(500, rng=4))


def test_columns_and_ranges():
    frame = simulate.responses(3000, rng=1)
    assert list(frame.columns) == COLUMNS
    assert frame["respondent_id"].is_unique
    assert frame["responded_at"].is_monotonic_increasing
    assert frame["score"].dropna().isin(range(11)).all()
    assert frame[DRIVERS].isin(range(1, 6)).all(axis=None)
    quarter = frame["responded_at"].dt.to_period("Q").astype(str)
    assert (quarter.str.replace("Q", "-Q") == frame["wave"]).all()
    assert not frame.duplicated(["account_id", "wave"]).any()
    whose = frame[["account_id", "region", "plan"]].drop_duplicates()
    assert whose["account_id"].is_unique
    assert frame["account_id"].nunique() < 0.75 * len(frame)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_rows(n):
    frame = simulate.responses(n, rng=1, hidden=True)
    assert len(frame) == n
    assert len(simulate.invitations(frame, rng=1)) >= n


@pytest.mark.parametrize("margin", ["overall", "wave", "channel", "region", "plan"])
@pytest.mark.parametrize("weighting", ["unweighted", "weighted"])
def test_nps_is_the_one_planted(answers, truth, margin, weighting):
    given = answers[answers["score"].notna()]
    known = truth["nps"][weighting][margin]
    key = pd.Series("all", given.index) if margin == "overall" else given[margin]
    known = {"all": known} if margin == "overall" else known
    weight = given["weight"] if weighting == "weighted" else pd.Series(1.0, given.index)
    for name, part in given.groupby(key):
        mean, error = clustered_error(net(part), part["account_id"], weight[part.index])
        assert abs(mean - known[name]) < Z * error, name


def test_planted_numbers_are_exact(truth):
    cells = truth["nps"]["weighted"]["wave and channel"]
    assert cells["2025-Q3 app"] == pytest.approx(26, abs=1e-5)
    assert cells["2025-Q4 app"] == pytest.approx(2, abs=1e-5)
    assert cells["2025-Q4 store"] == pytest.approx(34, abs=1e-5)
    change = truth["last change"]["weighted"]
    assert change["total"] == pytest.approx(change["rate"] + change["mix"], abs=1e-5)
    assert change["rate by channel"]["store"] == pytest.approx(0, abs=1e-5)
    waves = truth["nps"]["weighted"]["wave"]
    assert change["total"] == pytest.approx(
        waves["2025-Q4"] - waves["2025-Q3"], abs=1e-5
    )


def test_no_effect_means_none():
    still = simulate.truth("responses", {"fall": 0.0, "mix_shift": 0.0})
    for weighting in ("unweighted", "weighted"):
        assert still["last change"][weighting]["total"] == pytest.approx(0, abs=0.05)
    flat = simulate.truth("responses", {"segment_effect": 0.0, "theme_effect": 0.0})
    segments = flat["nps"]["weighted"]["region"].values()
    assert max(segments) - min(segments) < 1e-3
    none = simulate.truth("responses", {"driver_effect": 0.0})
    assert set(none["drivers"]["linear slope"].values()) == {0.0}


def test_themes_are_said_as_often_and_cost_as_much_as_planted(answers, truth):
    told = answers[answers["verbatim"].notna() & answers["score"].notna()]
    said = told["themes"].str.get_dummies("|")
    score = net(told)
    for name, known in truth["themes"].items():
        n, share = len(told), known["prevalence"]
        bound = Z * np.sqrt(share * (1 - share) / n)
        assert abs(said[name].mean() - share) < bound, name
        for flag, key in ((1, "nps mentioned"), (0, "nps not mentioned")):
            part = score[said[name] == flag]
            assert abs(part.mean() - known[key]) < Z * part.sem() * 1.05, (name, key)


def test_impact_is_leave_one_out(truth):
    overall = truth["verbatims"]["nps of those who comment"]
    known = truth["themes"]["delivery"]
    assert known["impact"] == pytest.approx(
        overall - known["nps not mentioned"], abs=1e-5
    )
    assert known["impact"] < -3


def test_drivers_have_the_planted_slopes(answers, truth):
    given = answers[answers["score"].notna()]
    design = np.column_stack([np.ones(len(given)), given[DRIVERS]])
    slopes = np.linalg.lstsq(design, given["score"], rcond=None)[0][1:]
    known = truth["drivers"]
    assert slopes == pytest.approx(
        [known["linear slope"][d] for d in DRIVERS], abs=0.02
    )
    assert sum(known["lmg share"].values()) == pytest.approx(1, abs=1e-5)
    assert max(known["lmg share"], key=known["lmg share"].get) == "delivery"
    assert min(known["lmg share"], key=known["lmg share"].get) == "price"


def test_blanks_and_empty_answers(answers, truth):
    assert answers["score"].isna().mean() == pytest.approx(0.02, abs=0.002)
    told = answers["verbatim"].notna()
    assert told.mean() == pytest.approx(
        truth["verbatims"]["share of answers"], abs=0.006
    )
    nothing = answers.loc[told, "verbatim"].isin(
        [
            "n/a",
            ".",
            "niente",
            "nothing",
            "nessuno",
            "none",
            "-",
            "ok",
            "boh",
            "dunno",
            "no",
        ]
    )
    known = truth["verbatims"]["share that says nothing"]
    assert nothing.mean() == pytest.approx(known, abs=0.004)


def test_response_rates_are_the_ones_planted(truth):
    frame = simulate.responses(60_000, rng=5)
    invited = simulate.invitations(frame, rng=5)
    assert list(invited.columns) == [
        "respondent_id", "invited_at", "wave", "region", "channel", "plan",
    ]  # fmt: skip
    assert invited["respondent_id"].is_unique
    assert set(frame["respondent_id"]) <= set(invited["respondent_id"])
    joined = frame.merge(invited, on="respondent_id", suffixes=("", "_asked"))
    assert (joined["invited_at"] <= joined["responded_at"]).all()
    assert (joined["channel"] == joined["channel_asked"]).all()
    for column in ("channel", "region", "plan"):
        asked, answered = invited[column].value_counts(), frame[column].value_counts()
        for name, known in truth["response rate"][column].items():
            bound = Z * np.sqrt(known * (1 - known) / asked[name])
            assert abs(answered[name] / asked[name] - known) < bound + 0.002


def test_verbatims_are_varied(answers):
    told = answers["verbatim"].dropna().head(5000)
    assert told.nunique() > 2500
    assert told.str.len().max() < 300
    assert not told.str.contains("[{}]").any()


def test_bad_arguments():
    with pytest.raises(ArgumentError, match=r"`mix_shift` is 0.9; it must lie in"):
        simulate.responses(10, mix_shift=0.9)
    with pytest.raises(ArgumentError, match=r"has 'fal'; did you mean 'fall'\?"):
        simulate.truth("responses", {"fal": 0.0})
    with pytest.raises(ArgumentError, match=r"`table` is 'response'; use one of"):
        simulate.truth("response")
    with pytest.raises(DataError, match="column 'plan' is not in responses"):
        simulate.invitations(simulate.responses(5).drop(columns="plan"))
