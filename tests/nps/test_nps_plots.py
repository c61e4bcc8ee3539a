"""Charts: what is drawn, labelled and left out; artists, not pixels."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from cxlib import nps, plots


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def labels(axis):
    return [t.get_text() for t in axis]


def said(ax):
    return " | ".join(t.get_text() for t in ax.texts)


def interval_ends(ax):
    """Ends of every horizontal interval that was drawn."""
    lines = [c for c in ax.collections if hasattr(c, "get_segments")]
    return [
        (a[0], b[0])
        for c in lines
        for a, b in (s[[0, -1]] for s in c.get_segments())
        if a[1] == b[1]
    ]


def test_shares_fill_the_bar_and_show_n(ax):
    table = nps.score(pd.DataFrame({"score": [10] * 20 + [8] * 11 + [3] * 9})).table
    plots.score_shares(table, ax=ax)
    assert [p.get_width() for p in ax.patches] == pytest.approx([22.5, 27.5, 50])
    assert "n = 40" in ax.get_xlabel()
    assert "promoters\n50.0 %" in said(ax)


def test_shares_of_a_csat_are_a_point_with_an_interval(ax):
    found = nps.score(pd.DataFrame({"score": [5, 4, 2, 1] * 10}), scale="csat")
    plots.score_shares(found.table, ax=ax)
    low, high = interval_ends(ax)[0]
    assert (low, high) == pytest.approx(
        (100 * found.overall.ci_lower, 100 * found.overall.ci_upper)
    )
    assert "50.0  n = 40" in said(ax)


def test_segments_are_sorted_with_intervals_n_and_lines(ax, segmented):
    table = nps.by_segment(segmented, "plan").table
    plots.segment_scores(table, overall=1.0, target=30.0, ax=ax)
    assert labels(ax.get_yticklabels()) == table["segment"].tolist()
    assert ax.yaxis_inverted()
    ends = table[["ci_lower", "ci_upper"]].to_numpy()
    assert np.array(interval_ends(ax)) == pytest.approx(ends)
    assert said(ax).count("n = 100") == 3
    assert "target 30.0" in said(ax)
    assert "all 1.0" in said(ax)
    marks = ax.collections[-1].get_facecolors()
    hollow = (marks[:, :3] == 1).all(axis=1)
    assert hollow.tolist() == (table["pvalue_adj"] >= 0.05).tolist()


def test_hidden_segments_are_not_drawn(ax):
    frame = pd.DataFrame(
        {"score": [10, 3] * 60, "store": ["a"] * 70 + ["b"] * 47 + ["c"] * 3}
    )
    plots.segment_scores(nps.by_segment(frame, "store").table, ax=ax)
    assert labels(ax.get_yticklabels()) == ["a"]


def test_groups_get_headings(ax, segmented):
    table = nps.by_segment(segmented, ["plan", "wave"]).table
    plots.segment_scores(table, ax=ax)
    assert "plan" in said(ax)
    assert "wave" in said(ax)
    assert len(np.unique(ax.get_yticks())) == 5


def test_trend_labels_waves_n_and_real_steps(ax):
    frame = pd.DataFrame(
        {
            "score": [10] * 80 + [3] * 20 + [10] * 20 + [3] * 80,
            "wave": ["W1"] * 100 + ["W2"] * 100,
        }
    )
    found = nps.trend(frame, "wave")
    plots.score_trend(found.table, target=50, ax=ax)
    assert labels(ax.get_xticklabels()) == ["W1\nn = 100", "W2\nn = 100"]
    assert "−120.0" in said(ax)
    assert "target 50" in said(ax)
    assert ax.get_ylabel() == "NPS, points"


def test_split_draws_rate_and_mix_for_each_segment(ax, segmented):
    found = nps.change(segmented, "wave", by="plan")
    plots.change_split(found.table, ax=ax)
    names = [label.split("\n")[0] for label in labels(ax.get_yticklabels())]
    assert names[0] == "all"
    assert len(interval_ends(ax)) == 2 * len(names)
    assert labels(ax.get_legend().get_texts()) == [
        "scores inside segments", "mix of customers",
    ]  # fmt: skip


def test_change_without_a_split_is_one_interval(ax, segmented):
    found = nps.change(segmented, "wave")
    plots.change_split(found.table, ax=ax)
    assert len(interval_ends(ax)) == 1


def test_drivers_start_at_zero_and_say_association(ax):
    draw = np.random.default_rng(1)
    x = draw.integers(1, 6, (200, 2))
    frame = pd.DataFrame(x, columns=["ease", "price"])
    frame["score"] = np.clip(x[:, 0] + draw.integers(0, 4, 200), 0, 10)
    found = nps.drivers(frame, ["price", "ease"], n_resamples=50)
    plots.driver_shares(found.table, ax=ax)
    assert labels(ax.get_yticklabels()) == ["ease", "price"]
    assert ax.get_xlim()[0] == 0
    assert "association; n = 200" in ax.get_xlabel()


def test_sensitivity_draws_every_choice(ax):
    found = nps.sensitivity(pd.DataFrame({"score": [10] * 20 + [8] * 11 + [3] * 9}))
    plots.score_sensitivity(found.table, ax=ax)
    assert labels(ax.get_yticklabels()) == found.table["choice"].tolist()
    assert len(interval_ends(ax)) == len(found.table)


@pytest.mark.parametrize(
    "draw",
    [plots.segment_scores, plots.score_trend, plots.change_split, plots.driver_shares],
)
def test_an_empty_table_says_so(draw):
    axes = draw(pd.DataFrame())
    assert said(axes).startswith("no ")
    plt.close(axes.figure)


@pytest.mark.parametrize("draw", [plots.score_trend, plots.segment_scores])
def test_own_axes_are_made_and_returned(draw, segmented):
    table = (nps.trend if draw is plots.score_trend else nps.by_segment)(
        segmented, "wave"
    ).table
    axes = draw(table)
    assert axes.figure.get_size_inches()[0] == pytest.approx(7.2)
    plt.close(axes.figure)
