"""Drivers, the sensitivity table, and what the notebook says on top."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from cxlib import nps
from cxlib.errors import ArgumentError, DataError


@pytest.fixture
def rated():
    """ease counts twice as much as price; noise counts nothing."""
    draw = np.random.default_rng(4)
    x = draw.integers(1, 6, (600, 3))
    score = np.clip(np.round(x[:, 0] + x[:, 1] / 2 + draw.normal(0, 1, 600)), 0, 10)
    columns = {"ease": x[:, 0], "price": x[:, 1], "noise": x[:, 2], "score": score}
    return pd.DataFrame(columns).assign(
        weight=draw.uniform(0.5, 2, 600), account=draw.integers(0, 150, 600)
    )


NAMES = ["ease", "price", "noise"]


def test_shares_sum_to_one_and_rank(rated):
    found = nps.drivers(rated, NAMES)
    t = found.table
    assert t["driver"].tolist() == NAMES
    assert t["estimate"].sum() == pytest.approx(1)
    assert t["r2_part"].sum() == pytest.approx(found.r2)
    assert (t["ci_lower"] <= t["estimate"]).all()
    assert (t["estimate"] <= t["ci_upper"]).all()
    assert t["share_first"].sum() == pytest.approx(1)
    assert t["estimate"].iloc[2] > 0
    assert found.text.startswith("3 drivers together explain")
    assert "Most strongly associated is ease" in found.text
    assert "effect" not in found.text + found.method
    assert "association" in found.assumptions[2].text.lower()


def test_seed_weights_and_clusters(rated):
    first = nps.drivers(rated, NAMES, rng=1, n_resamples=80)
    pd.testing.assert_frame_equal(
        first.table, nps.drivers(rated, NAMES, rng=1, n_resamples=80).table
    )
    ones = nps.drivers(
        rated.assign(weight=3.0), NAMES, weights="weight", n_resamples=80
    )
    assert ones.table["estimate"].tolist() == pytest.approx(
        first.table["estimate"].tolist()
    )
    both = nps.drivers(
        rated, NAMES, weights="weight", cluster="account", n_resamples=80
    )
    assert "resamples of clusters, weighted" in both.method


def test_overlap_is_shown(rated):
    near = rated["ease"] + np.random.default_rng(0).normal(0, 0.2, 600)
    found = nps.drivers(rated.assign(comfort=near), [*NAMES, "comfort"])
    assert (found.table.set_index("driver")["vif"][["ease", "comfort"]] > 5).all()
    assert "overlap strongly with the other drivers" in found.text


def test_exact_copies_stop(rated):
    with pytest.raises(DataError) as caught:
        nps.drivers(rated.assign(copy=2 * rated["ease"]), ["ease", "price", "copy"])
    assert str(caught.value) == (
        "drivers ease and copy determine each other exactly, so their shares cannot be "
        "told apart; leave one out."
    )


def test_blank_and_constant_drivers_are_counted(rated):
    rated.loc[:49, "price"] = np.nan
    found = nps.drivers(rated.assign(same=1), [*NAMES, "same"])
    assert (found.n, found.n_dropped, found.constant) == (550, 50, ("same",))
    assert "50 of 600 answers are left out for a blank driver." in found.text
    assert "Not ranked, because all values are equal: same." in found.text


@pytest.mark.parametrize(
    ("rows", "names", "text"),
    [
        (600, [], "No driver columns were given, so drivers are not ranked."),
        (600, [""], "No driver columns were given, so drivers are not ranked."),
        (
            20, NAMES,
            "Only 20 answers have a number for all 3 drivers; 30 are needed to rank "
            "them.",
        ),
    ],
)  # fmt: skip
def test_not_ranked(rated, rows, names, text):
    found = nps.drivers(rated.head(rows), names)
    assert found.text == text
    assert found.table.empty
    assert found.findings == ()
    assert found._repr_html_() == f"<p class='finding'>{text}</p>"


def test_driver_errors(rated):
    with pytest.raises(ArgumentError) as caught:
        nps.drivers(rated, [f"d{i}" for i in range(16)])
    assert str(caught.value) == (
        "`drivers` has 16 columns; at most 15 are ranked: leave out those that measure "
        "the same."
    )
    with pytest.raises(ArgumentError) as caught:
        nps.drivers(rated, ["ease", "score"])
    assert (
        str(caught.value) == "`drivers` holds 'score', the score itself; leave it out."
    )
    with pytest.raises(DataError) as caught:
        nps.drivers(rated.assign(plan="basic"), ["ease", "plan"])
    assert str(caught.value) == (
        "driver 'plan' holds no number; give a numeric column, or use it as a segment."
    )


def test_everybody_answers_alike(rated):
    found = nps.drivers(rated.assign(score=9), NAMES)
    assert found.text == "Everybody gave the same answer: there is nothing to rank."


def test_fifteen_drivers_take_seconds():
    draw = np.random.default_rng(2)
    x = draw.normal(size=(1000, 15))
    score = np.clip(np.round(5 + x.sum(axis=1) / 3 + draw.normal(size=1000)), 0, 10)
    names = [f"d{i}" for i in range(15)]
    frame = pd.DataFrame(x, columns=names).assign(score=score)
    start = time.process_time()
    found = nps.drivers(frame, names, n_resamples=100)
    assert found.table["estimate"].sum() == pytest.approx(1)
    assert time.process_time() - start < 10


def test_sensitivity_rows(segmented):
    segmented["responded_at"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(
        segmented.index, "D"
    )
    segmented["seconds"] = np.where(segmented.index < 20, 5, 60)
    found = nps.sensitivity(
        segmented, weights="weight", cluster="account", respondent="account",
        duration="seconds", n_resamples=200,
    )  # fmt: skip
    t = found.table.set_index("choice")
    assert t.index.tolist() == [
        "as reported", "Wald", "Student t", "bootstrap", "without weights",
        "without clusters", "last answer of each respondent",
        "without speeders (under 1/3 of the median time)", "promoters from 8",
        "promoters from 10", "detractors to 5", "detractors to 7",
    ]  # fmt: skip
    assert t.loc["as reported", "moved"] == 0
    assert t.loc["without weights", "estimate"] == pytest.approx(
        nps.score(segmented).overall.estimate
    )
    assert (
        t.loc["last answer of each respondent", "n"] == segmented["account"].nunique()
    )
    assert t.loc["without speeders (under 1/3 of the median time)", "n"] == 280
    ratio = t.loc["bootstrap", "std_error"] / t.loc["as reported", "std_error"]
    assert ratio == pytest.approx(1, abs=0.15)


def test_last_answer_goes_by_date(segmented):
    early = pd.DataFrame({"score": [0, 10] * 20, "who": np.repeat(np.arange(20), 2)})
    early["responded_at"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(
        np.tile([1, 0], 20), "D"
    )
    found = nps.sensitivity(early, respondent="who", n_resamples=50).table
    last = found[found["choice"] == "last answer of each respondent"].iloc[0]
    assert last["estimate"] == -100


def test_sensitivity_of_shares_and_means(segmented):
    share = nps.sensitivity(
        segmented.assign(score=segmented["score"].clip(1, 5)),
        scale="csat",
        n_resamples=50,
    )
    assert share.table["choice"].tolist()[-2:] == ["top box from 3", "top box from 5"]
    mean = nps.sensitivity(
        segmented.assign(score=segmented["score"].clip(1, 5)), scale="csat_mean",
        n_resamples=50,
    )  # fmt: skip
    assert set(mean.table["group"]) == {"as reported", "interval"}
    assert "cut point" not in mean.text


def test_decision_names_what_moved(segmented):
    frame = segmented.copy()
    fell = (frame["plan"] == "plus") & (frame["wave"] == "W2")
    frame.loc[fell, "score"] = 2
    args = nps.score(frame, target=80), nps.by_segment(frame, "plan")
    told = nps.decision(*args, nps.change(frame, "wave", by="plan"))
    assert told.startswith(
        "The target of 80.0 points is missed. Look first at plus: its score changed by"
    )
    assert nps.decision(*args, nps.change(frame, "")).startswith(
        "The target of 80.0 points is missed. Look first at"
    )


def test_decision_when_nothing_stands_out():
    frame = pd.DataFrame({"score": [10, 3, 7] * 40, "plan": ["a"] * 60 + ["b"] * 60})
    told = nps.decision(
        nps.score(frame, target=0), nps.by_segment(frame, "plan"), nps.change(frame, "")
    )
    assert told == (
        "Do not report the target of 0.0 points as met or missed: the data cannot tell."
    )
    told = nps.decision(
        nps.score(frame), nps.by_segment(frame, []), nps.change(frame, "")
    )
    assert told == (
        "Nothing calls for action by segment: no segment stands below the rest and "
        "none changed beyond noise."
    )


def test_caveats_only_where_they_apply(segmented):
    def told(**design):
        return nps.caveats(
            nps.score(segmented, **design), nps.by_segment(segmented, "plan", **design),
            nps.change(segmented, "wave", **design),
            nps.sensitivity(segmented, n_resamples=50, **design),
        )  # fmt: skip

    plain = told()
    assert plain[0].startswith("Those who did not answer may score differently")
    assert any(
        one.startswith("The change from W1 to W2 is within noise") for one in plain
    )
    assert not any("driver" in one for one in plain)
    assert told(weights="weight")[0].startswith("Weights balance who answered")


def test_a_pair_picked_for_its_gap_is_said():
    counts = {"W1": (40, 60), "W2": (70, 30), "W3": (55, 45), "W4": (30, 70)}
    frame = pd.DataFrame(
        [
            {"wave": wave, "score": value}
            for wave, parts in counts.items()
            for n, value in zip(parts, (10, 3), strict=True)
            for _ in range(n)
        ]
    )
    parts = (
        nps.score(frame),
        nps.by_segment(frame, []),
        nps.sensitivity(frame, n_resamples=50),
    )

    def told(before, after):
        moved = nps.change(frame, "wave", before=before, after=after)
        mind = nps.caveats(
            parts[0], parts[1], moved, parts[2], trend=nps.trend(frame, "wave")
        )
        return [one for one in mind if "highest" in one]

    assert told("W2", "W4") == [
        "W2 and W4 are the highest and the lowest of 4 waves: if they were picked for "
        "that, their gap is larger than what will last."
    ]
    assert told("W3", "W4") == []
