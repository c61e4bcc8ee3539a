"""Charts: what is drawn, by its artists."""

from __future__ import annotations

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from cxlib import journeys, plots
from cxlib.journeys import Mean, Proportion, Score
from cxlib.plots.journeys import VERDICT_COLOURS


@pytest.fixture
def comparison():
    rng = np.random.default_rng(5)
    n = 900
    users = pd.DataFrame(
        {
            "variant": np.resize(["control", "b", "c"], n),
            "paid": rng.random(n) < 0.3,
            "seen": rng.random(n) < 0.6,
            "spend": rng.gamma(2, 10, n),
            "score": rng.integers(0, 11, n),
        }
    )
    metrics = [
        Proportion(name="paid", column="paid"),
        Proportion(name="seen", column="seen", direction="decrease", margin=0.1),
        Mean(name="spend (EUR)", column="spend", unit="amount"),
        Score(name="NPS", column="score", margin=30),
    ]
    return journeys.compare(users, metrics)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_forest_has_a_panel_a_unit_with_intervals_and_n(comparison):
    ax = plots.metric_forest(comparison.table)
    panels = ax.child_axes
    assert [p.get_xlabel() for p in panels] == [
        "difference to control, percentage points",
        "difference to control, spend (EUR)",
        "difference to control, points",
    ]
    first = comparison.table.iloc[0]
    segments = panels[0].collections[0].get_segments()
    assert segments[0][:, 0] == pytest.approx(
        [100 * first["effect_size_ci_lower"], 100 * first["effect_size_ci_upper"]]
    )
    assert len(segments) == 4
    labels = [t.get_text() for t in panels[0].get_yticklabels()]
    assert labels[0] == "paid\nb"
    assert labels[2] == "seen (less is better)\nb"
    assert any("n = 600" in text for text in texts(panels[0]))
    assert "margin" in texts(panels[0])
    plt.close(ax.figure)


def test_forest_colours_and_words_say_the_verdict(comparison):
    nps = comparison.table[comparison.table["metric"] == "NPS"]
    ax = plots.metric_forest(nps)
    assert not ax.child_axes
    for verdict, text in zip(nps["verdict"], ax.texts[2:], strict=True):
        assert verdict in text.get_text()
        assert text.get_color() == VERDICT_COLOURS[verdict]
    plt.close(ax.figure)


def test_forest_draws_on_the_axes_given(comparison):
    figure, ax = plt.subplots()
    assert plots.metric_forest(comparison.table, ax=ax) is ax
    assert ax.figure is figure
    plt.close(figure)


@pytest.fixture
def funnel():
    rng = np.random.default_rng(2)
    n = 400
    users = pd.DataFrame(
        {"user_id": range(n), "variant": np.resize(["control", "t"], n)}
    )
    depth = rng.integers(0, 4, n)
    rows = [(u, s, i) for u in range(n) for i, s in enumerate("abc") if depth[u] > i]
    events = pd.DataFrame(rows, columns=["user_id", "touchpoint", "minute"])
    start = pd.Timestamp("2026-01-01")
    events["occurred_at"] = start + pd.to_timedelta(events.pop("minute"), unit="min")
    return journeys.funnel(events, list("abc"), variant="variant", users=users)


def test_funnel_bars_whiskers_and_legend(funnel):
    ax = plots.funnel_steps(funnel.table)
    widths = sorted(patch.get_width() for patch in ax.patches)
    assert widths == pytest.approx(sorted(100 * funnel.table["share_exposed"]))
    whiskers = sum(len(c.get_segments()) for c in ax.collections)
    assert whiskers == len(funnel.table)
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["control (n = 200)", "t (n = 200)"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b", "c"]
    assert ax.yaxis_inverted()
    assert ax.get_xlabel() == "% of all exposed users who reached the step"
    plt.close(ax.figure)


def test_gap_marks_sum_to_the_total_in_the_legend(funnel):
    ax = plots.funnel_gap(funnel.gap)
    dots = [c for c in ax.collections if len(c.get_offsets()) == 3][-1]
    total = dots.get_offsets()[:, 0].sum()
    assert total == pytest.approx(100 * funnel.gap["effect_size"].sum())
    (legend,) = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend.startswith("t: ")
    assert legend.endswith(" percentage points in all")
    plt.close(ax.figure)


def test_transition_marks_are_filled_where_beyond_chance():
    table = pd.DataFrame(
        {
            "from": ["a", "b"], "to": ["b", "(end)"], "treatment_arm": "t",
            "control_arm": "control", "n_control": [900, 80], "n_treatment": [950, 70],
            "control": [0.2, 0.5], "treatment": [0.3, 0.52], "effect_size": [0.1, 0.02],
            "effect_size_ci_lower": [0.05, -0.1], "effect_size_ci_upper": [0.15, 0.14],
            "pvalue": [1e-4, 0.7], "pvalue_adj": [2e-4, 0.7],
        }
    )  # fmt: skip
    ax = plots.transition_differences(table)
    labels = [t.get_text() for t in ax.get_yticklabels()]
    assert labels == ["a → b", "b → (end)"]
    faces = ax.collections[1].get_facecolors()
    assert faces[0].tolist() != [1, 1, 1, 1]
    assert faces[1].tolist() == [1, 1, 1, 1]
    assert texts(ax) == ["20.0 → 30.0 %  n = 1,850", "50.0 → 52.0 %  n = 150"]
    assert ax.get_xlabel() == "difference to control, percentage points of departures"
    plt.close(ax.figure)


@pytest.mark.parametrize(
    "chart", [plots.funnel_steps, plots.funnel_gap, plots.transition_differences]
)
def test_an_empty_table_says_so(chart):
    ax = chart(pd.DataFrame())
    assert len(texts(ax)[0]) > 10
    plt.close(ax.figure)


def test_labels_do_not_overlap(comparison, funnel):
    for ax in (plots.funnel_steps(funnel.table), plots.funnel_gap(funnel.gap)):
        ax.figure.canvas.draw()
        boxes = [t.get_window_extent() for t in ax.get_yticklabels()]
        tops = sorted((box.y0, box.y1) for box in boxes)
        assert all(a[1] <= b[0] for a, b in pairwise(tops))
        plt.close(ax.figure)
