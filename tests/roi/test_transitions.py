"""What a category won is worth: a closed form, the flat rule, words, coverage."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxlib import _format, plots, roi
from cxlib.errors import ArgumentError
from cxlib.roi.worth._steps import line_up, worth_of

OUTCOMES = ["revenue", "cost_to_serve", "retained"]
REVENUE = np.array([60.0, 72.0, 75.0])
COST = np.array([16.0, 14.0, 13.5])
RETAINED = np.array([0.90, 0.95, 0.965])
SHARES = np.diff(np.r_[0, stats.norm.cdf((np.array([6.5, 8.5]) - 7) / 1.5), 1])
MARGIN, YEARS, RATE = 0.4, 3, 0.08


def make(seed, customers=300, months=12):
    """Detractors, passives and promoters drawn afresh each month."""
    rng = np.random.default_rng(seed)
    score = 7 + 1.5 * rng.normal(size=(customers, months + 1))
    score = np.clip(np.rint(score), 0, 10)
    category = np.searchsorted([6, 8], score[:, :-1])
    lasting = rng.normal(size=(customers, 1))
    noise = rng.normal(size=(2, *category.shape))
    money = REVENUE[category] + 10 * lasting + 6 * noise[0]
    cost = COST[category] + 2 * noise[1]
    gone = (rng.random(category.shape) > RETAINED[category]).astype(int)
    who, when = np.nonzero(np.cumsum(gone, axis=1) - gone == 0)
    return pd.DataFrame(
        {
            "customer_id": who,
            "period": np.array([f"2025-{m + 1:02d}" for m in range(months)])[when],
            "score": score[:, 1:][who, when],
            "revenue": money[who, when],
            "cost_to_serve": cost[who, when],
            "retained": 1 - gone[who, when],
        }
    )


def worth(state, revenue, cost, retained, shares):
    """Discounted margin of a customer a year in a state and average afterwards."""
    alive, total = 1.0, 0.0
    for month in range(1, 12 * YEARS + 1):
        inside = month <= 12
        earned, spent, stays = (
            values[state] if inside else shares @ values
            for values in (revenue, cost, retained)
        )
        total += alive * (MARGIN * earned - spent) * (1 + RATE) ** (-month / 12)
        alive *= stays
    return total


@pytest.fixture(scope="module")
def found():
    panel = make(2)
    fits = roi.fit_outcomes(panel, OUTCOMES, currency="EUR")
    bent = roi.shape(panel, fits)
    return panel, fits, bent, roi.transition_value(fits, bent, margin=MARGIN)


def test_arithmetic_is_that_of_two_customers_side_by_side(found):
    _, fits, bent, value = found
    steps = line_up(
        fits, bent, margin=MARGIN, horizon=YEARS, discount_rate=RATE, per_year=12.0
    )
    one, two, _, mean = steps.terms.theta.reshape(4, 3)
    levels = []
    for at in range(3):
        share = steps.shares[at]
        low = mean[at] - (share[1] + share[2]) * one[at] - share[2] * two[at]
        levels.append(low + np.array([0, one[at], one[at] + two[at]]))
    # After the year the mean counts, whatever the shares of each outcome's rows are.
    closed = []
    for state in (0, 1, 2):
        year = [np.append(level, mean[at]) for at, level in enumerate(levels)]
        shares = np.array([0, 0, 0, 1.0])
        closed.append(worth(state, *year, shares))
    own = worth_of(steps, steps.terms.theta, flat=False)[:, 4]
    np.testing.assert_allclose(own, np.diff(closed), rtol=1e-9)
    np.testing.assert_allclose(value.table["estimate"].iloc[:2], own)
    sums = value.parts.groupby("transition", sort=False)["estimate"].sum()
    np.testing.assert_allclose(sums, own)


def test_with_revenue_alone_the_flat_rule_is_points_times_the_value_of_a_point(found):
    panel, *_ = found
    fits = roi.fit_outcomes(panel, ["revenue"])
    bent = roi.shape(panel, fits)
    value = roi.transition_value(fits, bent, margin=MARGIN)
    point = roi.point_value(fits, margin=MARGIN).total
    for name, start in (("estimate", "flat_rule"), ("ci_lower", "flat_rule_ci_lower")):
        np.testing.assert_allclose(
            value.table[start].iloc[:2], bent.steps["points"] * point[name], rtol=1e-6
        )
    assert value.left_out == ("cost to serve", "retained")


def test_losses_mirror_wins(found):
    table = found[3].table
    assert table["transition"].tolist() == [
        "detractor made passive", "passive made promoter", "promoter turned passive",
        "passive turned detractor",
    ]  # fmt: skip
    for name in ("estimate", "flat_rule", "against_flat"):
        np.testing.assert_allclose(table[name], -table[name][::-1])
    np.testing.assert_allclose(table["ci_lower"], -table["ci_upper"][::-1])


def test_the_sentence_says_size_interval_n_flat_rule_and_reading(found):
    value = found[3]
    one, two = value.table.iloc[0], value.table.iloc[1]
    low, high = _format.ends(one["ci_lower"], one["ci_upper"], "amount")
    sizes = [_format.number(row["estimate"], "amount") for row in (one, two)]
    assert value.text.startswith(
        f"A detractor made passive for a year goes with {sizes[0]} EUR (95 % CI {low} "
        f"to {high}) of margin per customer over 3 years, a passive made promoter "
        f"with {sizes[1]} EUR"
    )
    assert "(n = 300 customers). With every point worth the same it would be " in (
        value.text
    )
    assert value.text.endswith(
        "Read it as an association. A loss is taken as the mirror of a win."
    )
    assert list(value.display.columns) == [
        "transition", "per customer and year, interval", "every point worth the same",
        "reading", "customers",
    ]  # fmt: skip
    assert value.findings[0].n == 300


def test_a_value_may_be_an_effect_only_where_every_part_may(found):
    panel, fits, bent, _ = found
    diagnosis = roi.diagnose(panel, fits)
    assert diagnosis.wording["retained"] == "association"
    told = roi.transition_value(fits, bent, margin=MARGIN, diagnosis=diagnosis)
    assert set(told.table["reading"]) == {"association"}
    sure = replace(diagnosis, wording=dict.fromkeys(OUTCOMES, "effect"))
    told = roi.transition_value(fits, bent, margin=MARGIN, diagnosis=sure)
    assert set(told.table["reading"]) == {"effect"}
    assert told.text.startswith("A detractor made passive for a year is worth ")


def test_retained_written_as_one_for_leaving_gives_the_same(found):
    panel, *_ = found
    turned = panel.assign(retained=1 - panel["retained"])
    tables = []
    for frame in (panel, turned):
        fits = roi.fit_outcomes(frame, OUTCOMES)
        bent = roi.shape(frame, fits)
        tables.append(roi.transition_value(fits, bent, margin=MARGIN).table)
    numbers = tables[0].select_dtypes("number").columns
    np.testing.assert_allclose(tables[0][numbers], tables[1][numbers], rtol=1e-5)


def test_reasons_for_no_value(found):
    panel, fits, bent, _ = found
    single = roi.fit(panel, "revenue")
    told = roi.transition_value(single, roi.shape(panel, single), margin=MARGIN)
    assert told.text == (
        "A change of category cannot be given a value: it takes the regressions of "
        "`fit_outcomes`."
    )
    kept = roi.fit_outcomes(panel, ["retained"])
    told = roi.transition_value(kept, roi.shape(panel, kept), margin=MARGIN)
    assert told.reason == "neither revenue nor cost to serve was estimated"
    assert told.table.empty
    assert told.reason in told._repr_html_()
    cut = roi.shape(panel, fits, categories=[-5, -1])
    told = roi.transition_value(fits, cut, margin=MARGIN)
    assert told.reason == (
        "low score, middle score and high score do not have 10 customers who move "
        "each (up to -5, up to -1, above)"
    )
    numbered = panel.assign(period=panel["period"].str[-2:].astype(int))
    plain = roi.fit_outcomes(numbered, ["revenue"])
    told = roi.transition_value(plain, roi.shape(numbered, plain), margin=MARGIN)
    assert told.reason.endswith("set `periods_per_year`")
    with pytest.raises(ArgumentError, match=r"`margin` is 2; it must lie in \[0, 1\]"):
        roi.transition_value(fits, bent, margin=2)


def test_chart_of_wins_and_losses(found):
    table = found[3].table
    ax = plots.transition_value(table, currency="EUR")
    marks, flat = ax.collections[1], ax.collections[3]
    np.testing.assert_allclose(marks.get_offsets()[:, 0], table["estimate"])
    np.testing.assert_allclose(flat.get_offsets()[:, 0], table["flat_rule"])
    ends = [s[:, 0].tolist() for s in ax.collections[0].get_segments()]
    np.testing.assert_allclose(ends, table[["ci_lower", "ci_upper"]])
    assert ax.texts[0].get_text().endswith("n = 300")
    nothing = plots.transition_value(table.iloc[:0])
    assert "nothing to draw" in nothing.texts[0].get_text()
    plt.close("all")


@pytest.mark.slow
def test_values_of_both_steps_have_nominal_coverage():
    known = [worth(s, REVENUE, COST, RETAINED, SHARES) for s in range(3)]
    truth, runs, held, flat = np.diff(known), 120, np.zeros(2), 0
    for seed in range(runs):
        panel = make(4000 + seed)
        fits = roi.fit_outcomes(panel, OUTCOMES)
        value = roi.transition_value(fits, roi.shape(panel, fits), margin=MARGIN)
        rows = value.table.iloc[:2]
        held += ((rows["ci_lower"] < truth) & (truth < rows["ci_upper"])).to_numpy()
        flat += value.flat_pvalue < 0.05
    low, high = stats.binom.interval(0.999, runs, 0.95)
    assert ((low <= held) & (held <= high)).all(), held
    assert flat > 0.8 * runs
