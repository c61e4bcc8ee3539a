"""Cost of delay and the order of work: Smith's rule, all orders tried, the sentence."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxlib import roi
from cxlib.errors import ArgumentError, DataError
from cxlib.roi.choice._sequence import Waiting, _improved, best_order, by_priority

from .choosing import made


def table(n, **columns):
    return pd.DataFrame({"name": list("ABCDEFGHIJ"[:n])}).assign(**columns)


def test_a_week_by_hand():
    """Two draws lose 2 and 4 a week; half the effort doubles what a week saves."""
    draws = made([[50, 50], [60, 60]], [1, 1], weekly=[[2, 2], [4, 4]])
    found = roi.cost_of_delay(draws, table(2, effort=[10.0, 5.0]))
    rows = found.table.set_index("initiative")
    assert rows["cod_amount"].to_dict() == pytest.approx({"A": 3, "B": 3})
    assert rows["wsjf_amount"].to_dict() == pytest.approx({"A": 0.3, "B": 0.6})
    assert rows.loc["A", "cod_p10_amount"] == pytest.approx(2.2)
    assert rows["place"].to_dict() == {"A": 2, "B": 1}
    assert rows["wait_weeks"].to_dict() == pytest.approx({"A": 5, "B": 0})
    assert rows["share_first"].to_dict() == {"A": 0, "B": 1}
    orders = found.orders.set_index("order")
    assert orders["delay_amount"].to_dict() == pytest.approx(
        {"best": 15, "WSJF": 15, "as listed": 30}
    )
    assert found.text == (
        "A week of delay of B costs 3.00 EUR (80 % interval 2.20 to 3.80, 2 draws), "
        "the most of 2. Per week of work it is most often largest for B (100 % of "
        "draws). One team loses 15.00 EUR by waiting in the best order, which begins "
        "with B; in the order of cost of delay per week of work 0.00 EUR more, as "
        "listed 15.00 EUR more."
    )


costs = st.lists(st.integers(0, 9).map(float), min_size=1, max_size=6)


@given(costs, st.data())
def test_the_usual_order_is_the_best_where_costs_are_linear(weekly, data):
    """Smith (1956)."""
    n = len(weekly)
    effort = data.draw(st.lists(st.integers(1, 9).map(float), min_size=n, max_size=n))
    draws = made([[100.0] * n], [1] * n, weekly=[weekly])
    found = roi.cost_of_delay(draws, table(n, effort=effort))
    orders = found.orders.set_index("order")
    assert orders.loc["WSJF", "loss_amount"] == pytest.approx(0, abs=1e-6)
    tried = [
        sum(weekly[job] * sum(effort[i] for i in order[:at])
            for at, job in enumerate(order))
        for order in itertools.permutations(range(n))
    ]  # fmt: skip
    assert orders.loc["best", "delay_amount"] == pytest.approx(min(tried), abs=1e-6)


@given(st.integers(2, 6), st.integers(0, 10_000))
def test_the_order_is_the_best_of_all_whatever_the_curves(n, seed):
    rng = np.random.default_rng(seed)
    curves = np.cumsum(
        rng.exponential(size=(n, 7)) * (rng.random((n, 7)) < 0.4), axis=1
    )
    waiting = Waiting(np.arange(7.0) * 5, curves, rng.uniform(1, 9, n))
    needs = [(0, 1)] if seed % 2 else []
    start = by_priority(rng.random(n), needs)
    order, proven = best_order(waiting, start, needs)
    tried = {
        perm: waiting.total(perm) for perm in itertools.permutations(range(n))
        if not needs or perm.index(1) < perm.index(0)
    }  # fmt: skip
    assert proven
    assert tuple(order) in tried
    assert waiting.total(order) == pytest.approx(min(tried.values()))
    moved = _improved(waiting, start, needs)
    assert tuple(moved) in tried
    assert waiting.total(moved) <= waiting.total(start) + 1e-9


def test_a_deadline_goes_before_a_larger_cost_of_delay():
    """B loses all after week 3, and the usual order lets it: it is not linear."""
    draws = made([[100, 30]], [1, 1], weekly=[[20, 0]])
    frame = table(2, effort=[4.0, 2.0], urgency=["", "deadline"], deadline=[None, 30])
    assert roi.cost_of_delay(draws, frame).orders["initiatives"].iloc[0] == "A; B"
    frame = table(2, effort=[4.0, 3.0], urgency=["", "deadline"], deadline=[None, 3])
    found = roi.cost_of_delay(draws, frame)
    orders = found.orders.set_index("order")
    assert orders.loc["WSJF", "initiatives"] == "A; B"
    assert orders.loc["WSJF", "delay_amount"] == pytest.approx(30)
    late = made([[100, 90]], [1, 1], weekly=[[20, 0]])
    orders = roi.cost_of_delay(late, frame).orders.set_index("order")
    assert orders.loc["best", "initiatives"] == "B; A"
    assert orders.loc["best", "delay_amount"] == pytest.approx(60)


def test_decay_halves_the_benefit():
    draws = made([[90, 90]], [10, 10])
    frame = table(2, effort=[8.0, 8.0], urgency="decay", deadline=[8, 8])
    found = roi.cost_of_delay(draws, frame)
    assert found.table["cod_amount"].tolist() == pytest.approx([8.664, 8.664], abs=1e-3)
    assert found.orders["delay_amount"].iloc[0] == pytest.approx(50, rel=0.01)


def test_what_is_needed_comes_first():
    draws = made([[9, 9, 9]], [1] * 3, weekly=[[9, 1, 4]])
    found = roi.cost_of_delay(draws, table(3, effort=[1.0] * 3, needs=["B", "", ""]))
    assert found.orders["initiatives"].tolist()[:2] == ["B; A; C", "C; B; A"]
    assert found.orders["loss_amount"].tolist()[:2] == pytest.approx([0, 2])


def test_only_the_chosen_are_ordered_and_what_loses_is_said():
    draws = made([[9, -9, 9]], [1] * 3, weekly=[[1, 2, 3]])
    frame = table(3, effort=[1.0] * 3)
    some = roi.cost_of_delay(draws, frame, chosen=["A", "C"])
    assert some.orders["initiatives"].iloc[0] == "C; A"
    assert "better not done" not in some.text
    told = roi.cost_of_delay(draws, frame).text
    assert " B costs more than it returns: better not done than done late." in told
    assert roi.cost_of_delay(draws, frame, chosen=[]).text == (
        "There is no delay to cost: nothing was chosen."
    )
    with pytest.raises(
        ArgumentError, match="`chosen` has 'Z'; there are 'A', 'B', 'C'"
    ):
        roi.cost_of_delay(draws, frame, chosen=["Z"])
    blank = roi.cost_of_delay(draws)
    assert blank.text.endswith("No effort is given, so there is no order of work.")
    assert list(blank.display) == ["initiative", "a week costs (P10 to P90)"]


def test_urgencies_that_cannot_be_meant():
    frame = table(2, urgency=["soon", "deadline"], deadline=[None, None])
    with pytest.raises(DataError) as error:
        roi.cost_of_delay(made([[9, 9]], [1, 1]), frame)
    told = str(error.value)
    assert (
        "'urgency': is none of linear, deadline, decay (1 row). Seen: 'soon'." in told
    )
    assert "'deadline': is blank or not above zero weeks (1 row). Seen: 'B'." in told


def test_delay_of_a_simulation_is_what_the_simulation_loses():
    """One customer, a point worth 52 a year at no discount: a week loses one."""
    plans = pd.DataFrame(
        {"name": ["A", "B"], "cost": [10.0, 10.0], "effect": [1.0, 1.0],
         "effect_low": [1.0] * 2, "effect_high": [1.0] * 2, "reach": [1.0, 1.0],
         "evidence": ["randomised"] * 2, "duration": [np.nan, 12.0]}
    )  # fmt: skip
    found = roi.cost_of_delay(
        roi.simulate(plans, 365.25 / 7, discount_rate=0.0, horizon=3, customers=1)
    )
    rows = found.table.set_index("initiative")
    assert rows.loc["A", "cod_amount"] == pytest.approx(1, rel=1e-6)
    assert rows.loc["B", "cod_amount"] == pytest.approx(0, abs=1e-9)


def test_sixteen_jobs_are_ordered_without_trying_all():
    rng = np.random.default_rng(2)
    n = 16
    draws = made(
        np.full((50, n), 99.0), [1] * n, weekly=np.tile(rng.uniform(1, 9, n), (50, 1))
    )
    frame = pd.DataFrame({"name": draws.names, "effort": rng.uniform(1, 9, n)})
    found = roi.cost_of_delay(draws, frame)
    assert not found.proven
    assert found.orders["loss_amount"].iloc[1] == pytest.approx(0, abs=1e-6)
    assert "in the best found order" in found.text
