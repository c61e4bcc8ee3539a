"""Observed against fitted means, told and drawn."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from cxlib import plots, roi


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture
def contacts():
    """Counts whose mean doubles from group 0 to group 1."""
    n = 400
    group = np.repeat([0, 1], n // 2)
    count = np.r_[np.tile([0, 1, 1, 2], n // 8), np.tile([1, 2, 2, 3], n // 8)]
    return pd.DataFrame(
        {"customer_id": np.arange(n), "period": "2025", "score": group,
         "contacts": count}
    )  # fmt: skip


def test_two_groups_have_their_own_means(contacts):
    fit = roi.fit(contacts, "contacts", lag=0, model="poisson", currency="EUR")
    found = roi.calibration(contacts, fit)
    assert found.table["n"].tolist() == [200, 200]
    np.testing.assert_allclose(found.table["fitted"], [1, 2], rtol=1e-9)
    np.testing.assert_allclose(found.table["estimate"], [1, 2])
    error = np.sqrt(0.5 / 199)
    np.testing.assert_allclose(found.table["std_error"], error, rtol=1e-6)
    assert found.text == (
        "Contacts: the group with the highest fitted mean, 2.00, had 2.00 (95 % CI "
        "1.90 to 2.10, n = 200); the interval holds the fitted mean in 2 of 2 groups."
    )
    assert "EUR" not in fit.text


def test_counts_have_no_currency_and_say_the_proportion(contacts):
    fit = roi.fit(contacts, "contacts", lag=0, model="poisson", currency="EUR")
    assert fit.ratios["estimate"].iloc[0] == pytest.approx(2)
    assert fit.row["estimate"] == pytest.approx(1)
    assert " In proportion: +100.0 % a point (95 % CI +" in fit.text


def test_straight_lines_have_nothing_to_calibrate(panel):
    found = roi.calibration(panel, roi.fit(panel, "revenue"))
    assert found.table.empty
    assert found.text.startswith("No outcome was fitted by a model whose form")
    assert found._repr_html_().startswith("<p class='finding'>No outcome")
    ax = plots.calibration(found.table)
    assert ax.texts[0].get_text().startswith("nothing to draw")


def test_small_groups_are_blank(contacts):
    few = contacts.iloc[np.r_[0:8, 200:220]]
    fit = roi.fit(few, "contacts", lag=0, model="poisson")
    found = roi.calibration(few, fit)
    assert found.table["estimate"].isna().tolist() == [True, False]
    assert "in 1 of 1 groups" in found.text


def test_the_chart_draws_intervals_n_and_the_line(company):
    fits = roi.fit_outcomes(
        company.assign(revenue=company["revenue"].clip(lower=0)),
        ["revenue", "retained"], models={"revenue": "tweedie"}, currency="EUR",
    )  # fmt: skip
    table = roi.calibration(
        company.assign(revenue=company["revenue"].clip(lower=0)), fits
    ).table
    ax = plots.calibration(table, currency="EUR")
    first, second = ax.figure.axes
    assert first.get_xlabel() == "revenue, mean fitted, EUR"
    assert second.get_ylabel() == "mean observed, %"
    rows = table[table["outcome"] == "retained"]
    low = [segment[0][1] for segment in second.collections[0].get_segments()]
    np.testing.assert_allclose(low, 100 * rows["ci_lower"])
    assert second.texts[0].get_text().startswith("n = ")
    line = first.lines[0]
    np.testing.assert_allclose(line.get_xdata(), line.get_ydata())
