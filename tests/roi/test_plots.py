"""Charts: what is drawn, how it is labelled, and what they do with nothing."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from cxlib import plots, roi, simulate


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def returns(fits):
    value = roi.point_value(fits, margin=0.4)
    return roi.simulate(simulate.initiatives(), value, n_draws=500, rng=1)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def rows(ax):
    return [label.get_text().replace("\n", " ") for label in ax.get_yticklabels()]


def test_outcome_by_score_has_a_panel_an_outcome_and_n(company):
    found = roi.by_score(company, ["revenue", "retained"])
    ax = plots.outcome_by_score(found.table, currency="EUR")
    panels = ax.figure.axes
    assert [p.get_ylabel() for p in panels] == ["revenue, EUR", "retained, %"]
    shown = found.table[
        (found.table["outcome"] == "retained") & found.table["n"].ge(10)
    ]
    line = panels[1].lines[0]
    np.testing.assert_allclose(line.get_ydata(), 100 * shown["estimate"])
    low = [segment[0][1] for segment in panels[1].collections[0].get_segments()]
    np.testing.assert_allclose(low, 100 * shown["ci_lower"])
    label = panels[1].get_xticklabels()[0].get_text()
    assert label == f"{shown['score'].iloc[0]}\n{shown['n'].iloc[0]:,}"


def test_placebo_marks_the_lead(company, fits):
    table = roi.placebo_lead(company, fits).table
    ax = plots.placebo_lead(table)
    assert rows(ax)[2] == "revenue: score, one ahead"
    colours = ax.collections[1].get_edgecolors()
    assert not np.allclose(colours[2], colours[1])
    assert texts(ax)[0].endswith("n = " + f"{table['n'].iloc[0]:,}")
    assert any(np.allclose(line.get_xdata(), 0) for line in ax.lines)


def test_specifications_fill_the_reported_one(company, fits):
    table = roi.specifications(company, fits).table
    ax = plots.specifications(table, currency="EUR")
    assert ax.get_title(loc="left") == "revenue, EUR per score point"
    titles = [panel.get_title(loc="left") for panel in ax.figure.axes]
    assert titles[1] == "retained, percentage points per score point"
    faces = ax.collections[1].get_facecolors()
    assert not np.allclose(faces[0], 1)
    np.testing.assert_allclose(faces[1:, :3], 1)
    assert rows(ax)[-1] == "pooled OLS (biased)"


def test_specifications_on_given_axes_draw_one_outcome(company, fits):
    _, ax = plt.subplots()
    found = plots.specifications(roi.specifications(company, fits).table, ax=ax)
    assert found is ax
    assert len(ax.figure.axes) == 1


def test_value_ends_with_the_total(fits):
    table = roi.point_value(fits, margin=0.4).table
    ax = plots.point_value(table, currency="EUR")
    assert rows(ax)[-1] == "one point, one customer, one year"
    assert ax.get_yticklabels()[-1].get_fontweight() == "bold"
    assert len(texts(ax)) == len(table)


def test_fan_names_its_ends(returns):
    ax = plots.payoff_fan(returns.fan, currency="EUR")
    last = returns.fan.iloc[-1]
    assert texts(ax)[1] == f"median {last['p50_amount']:,.0f}".replace("-", "−")
    assert [t.split()[0] for t in texts(ax)] == ["P10", "median", "P90"]
    assert ax.get_xlabel() == "years from the first start"


def test_payoffs_show_chance_and_reach(returns):
    ax = plots.payoffs(returns.table, currency="EUR")
    assert rows(ax) == returns.table["initiative"].tolist()
    first = returns.table.iloc[0]
    wanted = f"{100 * first['share_positive']:.0f} %  n = {first['n']:,}"
    assert texts(ax)[1] == wanted
    ends = ax.collections[0].get_segments()[0][:, 0]
    np.testing.assert_allclose(ends, [first["p10_amount"], first["p90_amount"]])


def test_tornado_bars_start_at_the_base(returns):
    found = roi.tornado(returns.payoff, returns.inputs)
    ax = plots.tornado(found.table, base=found.base_amount, n=5)
    assert rows(ax) == found.table["input"].tolist()[:5]
    bar = ax.patches[0]
    assert bar.get_x() == pytest.approx(found.base_amount)
    end = bar.get_x() + bar.get_width()
    assert end == pytest.approx(found.table["low_amount"].iloc[0])


@pytest.mark.parametrize(
    "draw",
    [
        plots.outcome_by_score, plots.placebo_lead, plots.specifications,
        plots.point_value, plots.payoff_fan, plots.payoffs,
        lambda table: plots.tornado(table, base=0.0),
    ],
)  # fmt: skip
def test_nothing_to_draw_says_so(draw):
    ax = draw(pd.DataFrame())
    assert texts(ax) == ["nothing to draw: see the sentence"]
