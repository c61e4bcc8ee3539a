"""The sample's roll-out against its truth, and the charts of this room."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from cxlib import plots, roi, simulate

SAMPLE = Path(__file__).parents[2] / "data" / "sample"


@pytest.fixture(scope="module")
def truth():
    return json.loads((SAMPLE / "truth.json").read_text("utf-8"))["rollout"]


@pytest.fixture(scope="module")
def stores():
    return pd.read_csv(SAMPLE / "rollout.csv")


@pytest.fixture(scope="module")
def delivered(stores):
    return roi.staggered(stores, "revenue", margin=0.4, currency="EUR", noun="store")


def test_the_roll_out_of_the_sample(delivered, truth):
    row = delivered.overall
    known = truth["revenue per treated store and month"]
    assert row["ci_lower"] < known < row["ci_upper"]
    total = delivered.worth.iloc[-1]
    assert total["n"] == truth["treated store-months"]
    assert total["ci_lower"] < 0.4 * truth["revenue in all"] < total["ci_upper"]
    assert delivered.claimed
    assert "per store and month" in delivered.text


def test_the_returns_desk_of_the_sample(stores, truth):
    found = roi.interrupted(
        stores, "contacts", at=truth["returns desk from"], combine="sum",
        measure="score", margin=-truth["cost of a contact"],
    )  # fmt: skip
    known = 40 * truth["contacts per store and month"]
    assert found.main["ci_lower"] < known < found.main["ci_upper"]
    assert found.claimed
    assert "EUR" not in found.change(found.main)


@pytest.mark.slow
def test_the_generator_is_unbiased_and_the_usual_regression_is_not():
    gaps, usual = [], []
    known = simulate.rollout
    for seed in range(40):
        found = roi.staggered(known(40, rng=seed), "revenue", n_resamples=99, leads=2)
        gaps.append(found.overall["estimate"] - 1309.208633)
        usual.append(found.usual["estimate"].iloc[0] - 1309.208633)
    assert abs(np.mean(gaps)) < 3 * np.std(gaps) / 40**0.5
    assert np.mean(usual) < -3 * np.std(usual) / 40**0.5


def test_event_study_draws_both_intervals_and_greys_the_placebo(delivered):
    ax = plots.event_study(delivered.table, label="revenue, EUR")
    events = delivered.table[delivered.table["part"] == "event"]
    bands = [c for c in ax.collections if hasattr(c, "get_segments")]
    drawn = sum(len(c.get_segments()) for c in bands)
    assert drawn == 2 * len(events)
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "before (placebo)", "after",
    ]  # fmt: skip
    assert ax.get_xticklabels()[0].get_text() == "−6\nn = 27"
    plt.close(ax.figure)


def test_charts_of_promises():
    kept = roi.track(simulate.claims(rng=2), on="2025-12-31")
    ax = plots.promises(kept.table)
    gains = kept.counted().query("kind == 'benefit'")
    assert len(ax.get_yticks()) == len(gains)
    assert f"n = {len(gains)}" in ax.get_xlabel()
    plt.close(ax.figure)
    ax = plots.promise_calibration(kept.calibration)
    assert f"of {len(gains)}" in ax.texts[-1].get_text()
    plt.close(ax.figure)


@pytest.mark.parametrize(
    ("chart", "words"),
    [
        (plots.event_study, "no roll-out to draw"),
        (plots.promises, "no promised gain was measured yet"),
        (plots.promise_calibration, "no interval can be held"),
    ],
)
def test_charts_of_nothing_say_so(chart, words):
    ax = chart(pd.DataFrame())
    assert words in ax.texts[0].get_text()
    plt.close(ax.figure)
