"""Charts of what nobody randomised show the interval, n and the placebo."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from cxlib import journeys, plots


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    month, app = rng.integers(0, 30, 6000), rng.random(6000) < 0.5
    y = 5 - 1.0 * (app & (month >= 24)) + rng.normal(size=6000)
    return pd.DataFrame({"month": month, "app": app, "y": y})


def test_groups_and_leads(rows):
    found = journeys.difference_in_differences(
        rows, outcome="y", group="app", treated="True", at=24, time="month"
    )
    ax = plots.parallel_change(found.series, label="stars")
    labels = ax.get_legend_handles_labels()[1]
    sizes = [int((rows["app"] == one).sum()) for one in (True, False)]
    assert labels[:2] == [f"True (n = {sizes[0]:,})", f"the others (n = {sizes[1]:,})"]
    assert labels[2] == "had it moved as the others"
    assert len(ax.collections) == 2
    plt.close(ax.figure)
    ax = plots.leads(found.leads)
    offsets = np.asarray(ax.collections[-1].get_offsets())
    assert offsets[:, 1] == pytest.approx(found.leads["estimate"].to_numpy())
    assert "n = " in ax.get_xticklabels()[0].get_text()
    plt.close(ax.figure)


def test_course_and_placebo(rows):
    found = journeys.interrupted_series(
        rows[rows["app"]], outcome="y", at=24, time="month", slope=False
    )
    ax = plots.own_course(found.series, label="stars")
    assert ax.get_legend_handles_labels()[1][0].startswith("30 periods (n = ")
    plt.close(ax.figure)
    ax = plots.placebo_cuts(found.cuts, statistic=found.statistic)
    assert sum(bar.get_height() for bar in ax.patches) == len(found.cuts)
    assert ax.texts[0].get_text() == "the real date"
    plt.close(ax.figure)


def test_neighbours_and_overlap(rows):
    found = journeys.before_after(
        rows[rows["app"]], outcome="y", at=24, until=27, time="month"
    )
    ax = plots.neighbours(found.table)
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert names[:2] == ["the period before", "the period after"]
    assert any("n = " in text.get_text() for text in ax.texts)
    plt.close(ax.figure)
    bins = pd.DataFrame(
        {"low": [0.0, 0.5], "high": [0.5, 1.0], "n_with": [1, 3], "n_without": [4, 0]}
    )
    ax = plots.overlap(bins, bound=0.1)
    assert [bar.get_height() for bar in ax.containers[0]] == [25, 75]
    assert [bar.get_height() for bar in ax.containers[1]] == [-100, 0]
    plt.close(ax.figure)


@pytest.mark.parametrize(
    "chart",
    [plots.overlap, plots.parallel_change, plots.leads, plots.own_course,
     plots.neighbours],
)  # fmt: skip
def test_nothing_to_draw_says_so(chart):
    ax = chart(pd.DataFrame())
    assert ax.texts[0].get_text()
    plt.close(ax.figure)
