"""Ranks, quadrants and the frontier: counted by hand, bounded whatever the draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cxlib import roi
from cxlib.errors import ArgumentError, DataError
from cxlib.roi.choice.ranking import rank_chances

from .choosing import made

DRAWS = arrays.arrays(
    float, st.tuples(st.integers(1, 30), st.integers(1, 6)),
    elements=st.integers(-3, 3).map(float),
)  # fmt: skip
THREE = np.array([[5, 4, 1], [5, 6, 1], [5, 4, 1], [5, 4, 9.0]])


@given(DRAWS)
def test_chances_of_ranks_sum_to_one_either_way(values):
    chances, above = rank_chances(values)
    np.testing.assert_allclose(chances.sum(axis=0), 1)
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    np.testing.assert_allclose(above + above.T, 1)
    found = roi.ranks(made(values, 1.0)).table
    assert found["share_first"].sum() == pytest.approx(1)
    assert (found["rank_lower"] <= found["rank_upper"]).all()
    assert found["rank_lower"].between(1, len(found)).all()
    assert found["npv_amount"].is_monotonic_decreasing


@given(DRAWS, st.integers(-5, 5))
def test_what_all_share_in_a_draw_does_not_blur_ranks(values, shift):
    moved = values + shift * np.arange(len(values))[:, None]
    for one, other in zip(rank_chances(values), rank_chances(moved), strict=True):
        np.testing.assert_allclose(one, other)


def test_ranks_by_hand():
    found = roi.ranks(made(THREE, [1, 1, 2]), top=2)
    rows = found.table.set_index("initiative")
    assert rows.index.tolist() == ["A", "B", "C"]
    assert rows["share_first"].tolist() == [0.5, 0.25, 0.25]
    assert rows["share_top"].tolist() == [1, 0.75, 0.25]
    assert rows["rank_lower"].tolist() == [1, 1, 1]
    assert rows["rank_upper"].tolist() == [2, 3, 3]
    assert rows["share_above_next"].tolist()[:2] == [0.75, 0.75]
    assert rows["rel_npv_per_cost"].tolist() == [5, 4.5, 1.5]
    assert rows.loc["A", "alike"] == "B; C"
    assert found.pairs["share_above"].tolist() == [0.75, 0.75, 0.75]
    assert found.chances.query("initiative == 'C'")["share"].tolist() == [0.25, 0, 0.75]
    sure = roi.ranks(made(THREE, [1, 1, 2]), sure=0.7)
    assert sure.pairs["told_apart"].all()
    assert "Each beats the next below in at least 70 % of draws." in sure.text


def test_the_order_per_cost_is_another():
    draws = made(np.tile([10.0, 6.0], (5, 1)), [10, 2])
    assert roi.ranks(draws).table["initiative"].tolist() == ["A", "B"]
    found = roi.ranks(draws, by="npv_per_cost")
    assert found.table["initiative"].tolist() == ["B", "A"]
    assert found.table["rel_npv_per_cost"].tolist() == [3, 1]
    assert found.table["share_first_other"].tolist() == [0, 1]
    assert found.text.startswith("By net present value per cost, B is first in 100 %")
    assert found.text.endswith("By net present value alone, A is first in 100 %.")


def test_the_sentence_of_ranks():
    found = roi.ranks(made(np.tile(THREE, (3, 1)), [1, 1, 2]))
    assert found.text == (
        "By net present value, A is first in 50 % of 12 draws (80 % interval of its "
        "rank: 1 to 2 of 3); it returns 0.50 EUR (80 % interval −1.00 to 1.00) more "
        "than B. Neighbours that cannot be told apart at 80 %: A and B (75 %) and B "
        "and C (75 %). Per cost, A is first in 75 %."
    )
    assert list(found.display)[2:] == ["rank (80 %)", "first", "among the first 3"]
    assert roi.ranks(made([[1.0]], 1)).text == "A is the only initiative."
    free = roi.ranks(made([[1.0, 1.0]], [0, 1]), by="npv_per_cost")
    assert free.table["initiative"].tolist() == ["A", "B"]


@pytest.mark.parametrize(
    "call",
    [roi.ranks, roi.quadrants, roi.frontier, roi.cost_of_delay],
)
def test_nothing_to_do_is_a_result(call):
    found = call(roi.simulate(None, 2.0))
    assert found.text.endswith(
        "no initiative was simulated: no initiatives were given."
    )
    assert found.findings == ()
    assert found._repr_html_().count("<table") == 0
    with pytest.raises(ArgumentError, match="`simulation` is a list; give what"):
        call([1])


def test_arguments_of_ranks():
    with pytest.raises(ArgumentError, match="`by` is 'roi'; use one of 'npv', 'npv_p"):
        roi.ranks(made(THREE, 1.0), by="roi")
    with pytest.raises(
        ArgumentError, match=r"`sure` is 0.4; it must lie in \[0.5, 1\]"
    ):
        roi.ranks(made(THREE, 1.0), sure=0.4)


@pytest.mark.slow
def test_ranks_of_equals_are_a_coin():
    """Under no difference the chance of being first is even, within binomial bounds."""
    values = np.random.default_rng(5).normal(size=(20_000, 4))
    chances, above = rank_chances(values)
    assert np.abs(chances - 0.25).max() < 4 * (0.25 * 0.75 / 20_000) ** 0.5
    assert np.abs(above - 0.5).max() < 4 * 0.5 / 20_000**0.5


EFFORT = pd.DataFrame({"name": list("ABC"), "effort": [2.0, 8.0, 4.0]})


def test_quadrants_by_hand():
    """B is above the line of impact in one draw of four; C lies on that of effort."""
    draws = made(np.array([[9, 1, 5], [9, 1, 6], [9, 1, 4], [9, 7, 5.0]]), [1, 1, 1])
    found = roi.quadrants(draws, EFFORT, impact_cut=5.5, effort_cut=4, sure=0.7)
    rows = found.table.set_index("initiative")
    assert rows["quadrant"].to_dict() == {
        "A": "quick win", "B": "money pit", "C": "not sure"
    }  # fmt: skip
    assert rows.loc["B", "share_big_bet"] == 0.25
    shares = [c for c in rows if c.startswith("share_") and c != "share_quadrant"]
    assert rows.loc["C", shares].tolist() == [0.125, 0.125, 0.375, 0.375]
    np.testing.assert_allclose(rows[shares].sum(axis=1), 1)
    assert found.text == (
        "A is a quick win (100 %) and B is a money pit (75 %). One more cannot be "
        "placed at 70 %. Lines: net present value of 5.50 EUR (given) and effort of "
        "4.00 weeks (given)."
    )


def test_effort_is_drawn_through_its_quantiles():
    draws = made(np.tile([9.0, 1.0, 5.0], (20_000, 1)), [1, 1, 1])
    frame = EFFORT.assign(effort_low=[1.0, 8.0, 3.0], effort_high=[6.0, 8.0, 5.0])
    found = roi.quadrants(draws, frame).table.set_index("initiative")
    assert found.loc["A", "effort_low"] == pytest.approx(1, rel=0.03)
    assert found.loc["A", "effort_high"] == pytest.approx(6, rel=0.03)
    assert found.loc["B", ["effort_low", "effort_high"]].tolist() == pytest.approx(
        [8, 8]
    )
    again = roi.quadrants(draws, frame).table.set_index("initiative")
    pd.testing.assert_frame_equal(found, again)


def test_without_effort_the_cost_is_taken_and_benefit_is_before_it():
    draws = made([[9.0, 1.0]], [3, 2])
    found = roi.quadrants(draws, impact="benefit")
    assert found.table["impact_amount"].tolist() == [12, 3]
    assert found.effort_unit == "EUR of cost"
    assert found.cut_rule == ("the median", "the median")
    assert found.impact_cut == 7.5
    assert list(found.display)[1:3] == ["benefit (P10 to P90)", "EUR of cost"]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (
            {"effort": [1, 0, 2]},
            "'effort': is blank or not above zero (1 row). Seen: 'B'",
        ),
        ({"effort": [1, None, 2]}, "'effort': is blank or not above zero (1 row)."),
        ({"effort_low": [3, 1, 1]}, "'effort_low': is not between zero and effort"),
        (
            {"effort_high": [3, 9, 1]},
            "'effort_high': is below effort (1 row). Seen: 'C'",
        ),
    ],
)
def test_efforts_that_cannot_be_meant(columns, told):
    with pytest.raises(DataError) as error:
        roi.quadrants(made(THREE, 1.0), EFFORT.assign(**columns))
    assert told in str(error.value)


def test_frontier_by_hand():
    """C returns less than A for more effort and risk; B more for more effort."""
    draws = made(np.array([[5, 9, -1], [5, 9, 5.0]]), [1, 1, 1])
    found = roi.frontier(draws, EFFORT)
    rows = found.table.set_index("initiative")
    assert rows["dominated_by"].to_dict() == {"A": "", "B": "", "C": "A"}
    assert rows["efficient"].tolist() == [True, True, False]
    assert rows["share_efficient"].to_dict() == {"A": 1, "B": 1, "C": 0}
    assert rows["share_loss"].to_dict() == {"A": 0, "B": 0, "C": 0.5}
    assert found.text == (
        "A and B are on the frontier: none other returns as much for as little effort "
        "and risk. Beaten in all three: C (by A; on it in 0 % of draws)."
    )
    same = roi.frontier(made([[5.0, 5.0]], [1, 1]))
    assert same.table["efficient"].all()


@given(DRAWS)
def test_somebody_is_always_on_the_frontier(values):
    cost = np.arange(1, values.shape[1] + 1.0)
    found = roi.frontier(made(values, cost)).table
    assert found["efficient"].any()
    assert ((found["dominated_by"] == "") == found["efficient"]).all()
