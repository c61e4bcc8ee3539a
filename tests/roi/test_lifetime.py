"""Lifetime value where customers leave for good."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxlib import roi
from cxlib.errors import ArgumentError, DataError

from .worth_truth import leavers, leavers_worth, newcomers, newcomers_worth

RNG = np.random.default_rng


@pytest.fixture(scope="module")
def panel():
    return leavers(300, rng=RNG(1))


def test_by_hand_of_a_panel_of_three_months():
    stays = np.array([1] * 4 + [2] * 6 + [9] * 30)
    who, at = np.nonzero(np.arange(3) < stays[:, None])
    frame = pd.DataFrame(
        {
            "customer_id": who, "period": [f"2025-0{m + 1}" for m in at],
            "revenue": 100.0, "retained": (at + 1 < stays[who]).astype(int),
        }
    )  # fmt: skip
    found = roi.lifetime_value(frame, margin=0.5, discount_rate=0.1, horizon=1)
    v = 1.1 ** (-np.arange(1, 13) / 12)
    alive, rate = [1, 36 / 40, 30 / 40], 10 / (40 + 36 + 30)
    alive += [alive[-1] * (1 - rate) ** k for k in range(9)]
    alive[3:] = [0.75 * (1 - rate) ** k for k in range(9)]
    assert found.table["estimate"][0] == pytest.approx(50 * np.dot(alive, v))
    assert found.table["naive_amount"][0] == pytest.approx(50 / rate)
    assert found.table["n_left"][0] == 10
    assert found.table["share_leaving"][0] == pytest.approx(1 - (1 - rate) ** 12)
    assert found.table["years_seen"][0] == pytest.approx(3 / 12)


def test_the_bridge_goes_from_the_envelope_to_the_estimate(panel):
    found = roi.lifetime_value(panel, margin=0.4, horizon=3, currency="EUR")
    amounts = found.bridge.set_index("step")["amount"]
    assert amounts["margin / churn"] == pytest.approx(0.4 * amounts["revenue / churn"])
    assert amounts["within 3 years"] < amounts["margin / churn"]
    assert amounts["discounted"] < amounts["within 3 years"]
    assert amounts.iloc[-1] == found.table["estimate"][0]
    naive = found.table["naive_amount"][0]
    assert naive == pytest.approx(amounts["margin / churn"])
    assert f"Margin divided by churn would say {naive:,.0f} EUR" in found.text
    assert found.text.startswith("A customer, from when first seen, is worth ")
    assert found.curve["estimate"].iloc[-1] == found.table["estimate"][0]
    assert found.curve["beyond"].tolist() == [False, False, True]


def test_costs_and_churned_either_way_round(panel):
    flipped = panel.assign(churned=1 - panel["retained"], care=5.0)
    plain = roi.lifetime_value(panel, margin=0.4).table["estimate"][0]
    again = roi.lifetime_value(flipped, margin=0.4, retained="churned")
    assert again.table["estimate"][0] == pytest.approx(plain, rel=1e-12)
    whole = roi.lifetime_value(flipped, margin=0.4, cost="care")
    alive = roi.lifetime_value(flipped.assign(revenue=12.5), margin=0.4)
    gap = plain - whole.table["estimate"][0]
    assert gap == pytest.approx(alive.table["estimate"][0], rel=1e-9)


def test_segments_are_valued_apart_and_small_ones_hidden(panel):
    marked = panel.assign(
        kind=panel["kind"].where(panel["customer_id"] > 5, other="few")
    )
    found = roi.lifetime_value(marked, margin=0.4, segment="kind", currency="EUR")
    table = found.table.set_index("customers")
    assert table.loc["few", "status"] == "hidden (n < 10)"
    assert pd.isna(table.loc["few", "estimate"])
    alone = roi.lifetime_value(marked[marked["kind"] == "a"], margin=0.4)
    assert table.loc["a", "estimate"] == pytest.approx(alone.table["estimate"][0])
    assert found.display.shape == (4, 5)
    assert found.display.iloc[-1, 1] == "hidden (n < 10)"
    assert len(found.findings) == 3


def test_who_came_later_is_shown_apart_where_tenure_is_unknown():
    frame = newcomers(400, rng=RNG(2))
    found = roi.lifetime_value(frame, margin=0.4, horizon=2)
    assert found.table["customers"].tolist() == [
        "all customers", "here at the start", "joined since",
    ]  # fmt: skip
    here, joined = found.table["estimate"].iloc[1:]
    assert here > joined
    told = [a.text for a in found.assumptions if "is not known" in a.text]
    every, before = found.table["n"].iloc[:2]
    assert told[0].startswith(
        f"{before} of {every} customers were here at the start, for how long is"
    )
    first = frame["period"] == frame["period"].min()
    stayed = frame[frame["customer_id"].isin(frame.loc[first, "customer_id"])]
    all_here = roi.lifetime_value(stayed, margin=0.4, horizon=2)
    assert any(
        a.text.startswith(f"All {before} customers were here at the start")
        for a in all_here.assumptions
    )
    known = roi.lifetime_value(frame, margin=0.4, horizon=2, tenure="tenure")
    assert known.text.startswith("A new customer is worth ")
    assert known.table["customers"].tolist() == ["all customers"]


def test_nothing_to_value_says_so(panel):
    stayed = roi.lifetime_value(panel.assign(retained=1), margin=0.4)
    assert stayed.text == (
        "A customer's lifetime cannot be valued: 'retained' is 1.0 in every row."
    )
    assert stayed.findings == ()
    assert "<table" not in stayed._repr_html_()
    once = roi.lifetime_value(panel.drop_duplicates("customer_id"), margin=0.4)
    assert "every customer has one period" in once.text
    back = panel.assign(retained=(np.arange(len(panel)) % 2))
    assert (
        "give purchases to `repeat_value`" in roi.lifetime_value(back, margin=0.4).text
    )
    numbered = panel.assign(period=panel["period"].rank(method="dense").astype(int))
    unknown = roi.lifetime_value(numbered, margin=0.4)
    assert "set `periods_per_year`" in unknown.text
    told = roi.lifetime_value(numbered, margin=0.4, periods_per_year=12)
    plain = roi.lifetime_value(panel, margin=0.4)
    assert told.table["estimate"][0] == pytest.approx(plain.table["estimate"][0])
    few = roi.lifetime_value(panel[panel["customer_id"] < 6], margin=0.4)
    assert "no age has 10 units" in few.text


def test_errors_say_what_to_do(panel):
    with pytest.raises(ArgumentError, match="`margin` is 40"):
        roi.lifetime_value(panel, margin=40)
    with pytest.raises(DataError, match="column 'tenur' is not in periods"):
        roi.lifetime_value(panel, margin=0.4, tenure="tenur")
    with pytest.raises(DataError, match="is negative in"):
        roi.lifetime_value(panel.assign(t=-1), margin=0.4, tenure="t")


def within(share, n, level=0.95):
    low, high = stats.binom.interval(0.999, n, level)
    return low <= round(share * n) <= high


@pytest.mark.slow
@pytest.mark.parametrize("n", [60, 300])
def test_intervals_cover_the_truth(n):
    runs, covered = 150, np.zeros(3)
    steady = {"churn": (0.04, 0.04)}
    truths = [leavers_worth(24), leavers_worth(60, **steady), newcomers_worth(36)]
    for seed in range(runs):
        rng = RNG(seed)
        tables = [
            roi.lifetime_value(leavers(n, rng=rng), margin=0.4, horizon=2),
            roi.lifetime_value(leavers(n, rng=rng, **steady), margin=0.4, horizon=5),
            roi.lifetime_value(
                newcomers(3 * n, rng=rng), margin=0.4, horizon=3, tenure="tenure"
            ),
        ]
        for at, (found, truth) in enumerate(zip(tables, truths, strict=True)):
            row = found.table.iloc[0]
            covered[at] += row["ci_lower"] < truth < row["ci_upper"]
    assert all(within(share, runs) for share in covered / runs)
