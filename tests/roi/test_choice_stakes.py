"""Weights of stakeholders, indicators at odds, and the three hypotheses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxlib import roi
from cxlib.errors import ArgumentError, DataError

ROWS = pd.DataFrame(
    {"initiative": ["A", "B", "C"], "value": [10.0, 6.0, 0.0],
     "risk": [0.5, 0.1, 0.3], "effort": [9.0, 5.0, 9.0]}
)  # fmt: skip
LOWER = ["risk", "effort"]


def test_weights_by_hand():
    """Scores: A (1, 0, 0), B (.6, 1, 1), C (0, .5, 0). A leads while value > 5/7."""
    found = roi.weights(ROWS, {"value": 0.8, "risk": 0.1, "effort": 0.1}, lower=LOWER)
    assert found.scores.iloc[:, 1:].to_numpy().tolist() == [
        [1, 0, 0], [0.6, 1, 1], [0, 0.5, 0]
    ]  # fmt: skip
    rows = found.table.set_index("initiative")
    assert rows["score"].to_dict() == pytest.approx({"A": 0.8, "B": 0.68, "C": 0.05})
    assert rows.loc["B", "rel_moved"] == pytest.approx(0.8 - 5 / 7)
    assert rows.loc["A", "rel_moved"] == 0
    assert np.isnan(rows.loc["C", "rel_moved"])
    assert rows.loc["C", "share_first"] == 0
    assert rows["share_first"].sum() == pytest.approx(1)
    assert rows.loc["A", "share_first"] == pytest.approx((2 / 7) ** 2, abs=0.01)
    assert found.text.startswith("At the weights given, A is first; it is first in 8 %")
    assert " moves 9 % of the weight (from value to " in found.text
    assert found.text.endswith(": then B is first.")


@given(st.integers(2, 5), st.integers(2, 4), st.integers(0, 10_000))
def test_the_least_move_makes_it_first_and_less_does_not(n, k, seed):
    rng = np.random.default_rng(seed)
    names = [f"c{j}" for j in range(k)]
    rows = pd.DataFrame(rng.random((n, k)), columns=names)
    rows.insert(0, "initiative", [f"I{i}" for i in range(n)])
    base = rng.dirichlet(np.ones(k))
    given_weights = dict(zip(names, base, strict=True))
    found = roi.weights(rows, given_weights, n_samples=2000, rng=seed)
    scores = found.scores.set_index("initiative")
    drawn = rng.dirichlet(np.ones(k), size=500)
    for name, least in zip(
        found.table["initiative"], found.table["rel_moved"], strict=True
    ):
        first = (drawn @ scores.T.to_numpy()).argmax(axis=1) == list(
            scores.index
        ).index(name)
        moved = np.abs(drawn - base).sum(axis=1) / 2
        if np.isnan(least):
            assert not first.any()
        else:
            assert (moved[first] >= least - 1e-9).all()
    assert found.table["rel_moved"].iloc[0] == pytest.approx(0, abs=1e-9)
    assert found.table["share_first"].sum() == pytest.approx(1)


def test_the_frontier_can_be_weighed():
    one = roi.weights(ROWS.head(1), {"value": 1.0})
    assert one.text.endswith("No weighting puts another first.")
    assert roi.weights(ROWS.head(0), {"value": 1.0}).text == (
        "There is nothing to weigh: no initiatives were given."
    )
    level = roi.weights(ROWS.assign(value=1.0), {"value": 1.0})
    assert level.table["share_first"].tolist() == pytest.approx([1 / 3] * 3)
    assert level.text.endswith("B is level with it.")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: roi.weights(ROWS, {"value": -1}), ArgumentError,
         "`weights['value']` is -1; it must lie in [0, inf)."),
        (lambda: roi.weights(ROWS, {"value": 0}), ArgumentError,
         "`weights` sum to zero; give at least one above zero."),
        (lambda: roi.weights(ROWS, {"value": 1}, lower=["effort"]), ArgumentError,
         "`lower` has 'effort'; there are 'value'."),
        (lambda: roi.weights(ROWS, {"vale": 1}), ArgumentError,
         "`weights` has 'vale'; did you mean 'value'?"),
        (lambda: roi.weights(ROWS.assign(risk=[1, None, 2]), {"risk": 1}), DataError,
         "column 'risk' has no number for 'B'; give one for every initiative, or leave "
         "the criterion out."),
    ],
)  # fmt: skip
def test_weights_that_cannot_be_meant(call, error, message):
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value) == message


TEAMS = pd.DataFrame(
    {"name": ["Chatbot", "Call-back", "Redesign"], "evidence": ["quasi", "", "expert"],
     "kpi_nps": [-2.0, "+", 3], "kpi_nps_low": [-3.0, None, -1],
     "kpi_nps_high": [-1.0, None, 5], "kpi_speed": ["0", "+", "+"],
     "kpi_handling_time": [4.0, "-", None], "kpi_handling_time_low": [1.0, None, None],
     "kpi_handling_time_high": [7.0, None, None]}
)  # fmt: skip


def test_conflicts_by_hand():
    """Three teams: the survey's score, speed, and the service's handling time."""
    found = roi.conflicts(TEAMS)
    assert found.pairs[["initiative", "raises", "lowers", "sure"]].values.tolist() == [
        ["Chatbot", "handling time", "nps", True],
        ["Call-back", "nps", "handling time", False],
        ["Call-back", "speed", "handling time", False],
    ]
    assert len(found.table) == 8
    assert found.text == (
        "2 of 3 initiatives set indicators at odds: Chatbot (handling time up, nps "
        "down; evidence: quasi), Call-back (nps up, handling time down; evidence: none "
        "given) and Call-back (speed up, handling time down; evidence: none given). "
        "The ranges given bear out 1 of 3 conflicts."
    )
    wide = found.display.set_index("initiative")
    assert wide.loc["Chatbot"].tolist() == ["−", "0", "+"]
    assert wide.loc["Redesign"].tolist() == ["+ ?", "+ ?", ""]
    assert found.findings[0].estimate == 3


def test_no_conflict_and_nothing_to_compare():
    peace = roi.conflicts(TEAMS[["name", "kpi_speed"]])
    assert peace.text == (
        "None of 3 initiatives is expected to make one of 1 indicators better and "
        "another worse."
    )
    assert roi.conflicts(None).text == (
        "No conflict was looked for: no initiatives were given."
    )
    assert roi.conflicts(TEAMS[["name"]]).reason == "no column begins with 'kpi_'"
    assert roi.conflicts(TEAMS[["name"]]).findings == ()


def test_indicators_that_cannot_be_meant():
    odd = TEAMS.assign(kpi_speed=["up", "+", "0"], kpi_nps_low=[-1.5, None, -1])
    with pytest.raises(DataError) as raised:
        roi.conflicts(odd)
    told = str(raised.value)
    assert "'kpi_speed': is neither a sign nor a number (1 row). Seen: 'up'." in told
    assert "'kpi_nps': lies outside its range (1 row)." in told
    with pytest.raises(DataError, match="initiative 'Chatbot' is in the table twice"):
        roi.conflicts(pd.concat([TEAMS, TEAMS]))


def test_hypotheses_are_listed_where_they_are_missing():
    rows = pd.DataFrame(
        {"name": ["A", "B"], "hypothesis_experience": ["NPS +3", " "],
         "hypothesis_operational": ["two days less", None],
         "hypothesis_financial": ["churn -1 %", "more orders"]}
    )  # fmt: skip
    found = roi.hypotheses(rows)
    assert found.table["complete"].tolist() == [True, False]
    assert found.text == (
        "1 of 2 initiatives carry all three hypotheses. Missing: B (experience, "
        "operational)."
    )
    assert found.assumptions[0].quality == "low"
    assert found.display.iloc[1].tolist() == ["B", "missing", "missing", "more orders"]
    assert roi.hypotheses(rows.head(1)).text == (
        "All 1 initiatives say what they should change in experience, operations and "
        "money."
    )
    assert roi.hypotheses(None).findings == ()
    assert roi.hypotheses(rows[["name"]]).text.startswith("0 of 2 initiatives carry")
