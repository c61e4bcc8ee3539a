"""Choosing within a budget: against every set tried by hand, and what it says."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxlib import roi
from cxlib.errors import ArgumentError, DataError
from cxlib.roi.choice._columns import Ties
from cxlib.roi.choice._program import program, program_averse
from cxlib.roi.choice._rules import make_rules
from cxlib.roi.choice._solve import Risk, all_sets, scores, worst
from cxlib.roi.choice._values import overlapping, read_values

from .choosing import made


def table(n, **columns):
    frame = pd.DataFrame({"name": list("ABCDEFGHIJKLMNOP"[:n])})
    return frame.assign(**columns)


def by_hand(draws, budget, allowed=lambda _: True):
    """The largest mean NPV over every set within the budget, one at a time."""
    names, cost = draws.names, draws.upfront.mean(axis=0)
    best = (0.0, ())
    for k in range(len(names) + 1):
        for some in itertools.combinations(range(len(names)), k):
            if cost[list(some)].sum() <= budget + 1e-9 and allowed(some):
                npv = draws.together([names[i] for i in some]).mean()
                best = max(best, (float(npv), some))
    return best


def test_a_knapsack_that_a_list_by_return_per_cost_gets_wrong():
    """A returns most per euro and shuts out B with C, which together return more."""
    draws = made([[70, 50, 50]], [60, 50, 50])
    found = roi.choose(draws, budget=100)
    assert set(found.chosen) == {"B", "C"}
    rows = found.sets.set_index("set")
    assert rows.loc["by return per cost", "initiatives"] == "A"
    assert rows.loc["by return per cost", "behind_amount"] == 30
    assert rows.loc["nothing", "npv_amount"] == 0
    assert rows.loc["chosen", ["npv_amount", "upfront_amount"]].tolist() == [100, 100]
    assert rows.loc["chosen", "regret_amount"] == 0
    more = found.budgets.set_index("share_budget")
    assert more.loc[1.1, "initiatives"] == "A; B"
    assert more.loc[1.1, "gain_amount"] == 20
    assert more["npv_amount"].is_monotonic_increasing
    assert found.optimal


def test_overlap_is_taken_out_of_a_pair():
    draws = made([[10, 9, 6]], [1, 1, 1], overlap={(0, 1): 8.0})
    found = roi.choose(draws, budget=2)
    assert set(found.chosen) == {"A", "C"}
    row = found.table.set_index("initiative")
    assert row["adds_amount"].to_dict() == {"A": 10, "C": 6, "B": 1}
    assert row.loc["B", "why"] == "does not fit in the budget beside the chosen"
    alone = roi.choose(made([[10, 9, 6]], [1, 1, 1]), budget=2)
    assert set(alone.chosen) == {"A", "B"}


@pytest.mark.parametrize(
    ("columns", "chosen", "why"),
    [
        ({"needs": ["", "", "B"]}, {"A"}, {"C": "needs B"}),
        ({"excludes": ["C", "", ""]}, {"A", "B"}, {"C": "excluded by A"}),
        ({"never": ["yes", "", ""]}, {"B", "C"}, {"A": "marked never"}),
        ({"must": ["", "yes", ""]}, {"A", "B"}, {"B": "must be done"}),
    ],
)
def test_ties_between_initiatives(columns, chosen, why):
    draws = made([[10, 1, 9]], [2, 2, 1])
    budget = 3 if "needs" in columns else 4
    found = roi.choose(draws, table(3, **columns), budget=budget)
    assert set(found.chosen) == chosen
    said = found.table.set_index("initiative")["why"].to_dict()
    assert {name: said[name] for name in why} == why


def test_what_is_needed_comes_along_although_it_loses():
    draws = made([[10, -3, 1]], [2, 2, 2])
    found = roi.choose(draws, table(3, needs=["B", None, None]), budget=4)
    assert set(found.chosen) == {"A", "B"}
    said = found.table.set_index("initiative")["why"]
    assert said["B"] == "needed by A"
    assert found.sets["initiatives"].iloc[1] == "A; B"


numbers = st.integers(-20, 40).map(float)


@st.composite
def problems(draw, most=7):
    n = draw(st.integers(1, most))
    alone = np.array(draw(st.lists(
        st.lists(numbers, min_size=n, max_size=n), min_size=3, max_size=3
    )))  # fmt: skip
    cost = draw(st.lists(st.integers(0, 20).map(float), min_size=n, max_size=n))
    pairs = list(itertools.combinations(range(n), 2))
    some = (
        draw(st.lists(st.sampled_from(pairs), unique=True, max_size=4)) if pairs else []
    )
    overlap = {
        pair: np.array(
            draw(st.lists(st.integers(0, 15).map(float), min_size=3, max_size=3))
        )
        for pair in some
    }
    needs = (
        draw(st.lists(st.sampled_from(pairs), unique=True, max_size=2)) if pairs else []
    )
    budget = draw(st.integers(0, 50).map(float))
    return made(alone, cost, overlap=overlap), needs, budget


@given(problems())
def test_the_choice_is_the_best_of_all_sets(problem):
    draws, needs, budget = problem
    cells = [";".join(draws.names[j] for i, j in needs if i == k)
             for k in range(len(draws.names))]  # fmt: skip
    frame = pd.DataFrame({"name": draws.names, "needs": cells})
    found = roi.choose(draws, frame, budget=budget)
    best, _ = by_hand(
        draws, budget, lambda some: all(j in some for i, j in needs if i in some)
    )
    rows = found.sets.set_index("set")
    assert rows.loc["chosen", "npv_amount"] == pytest.approx(best)
    assert (found.sets["regret_amount"].dropna() >= 0).all()
    assert rows.loc["by return per cost", "npv_amount"] <= best + 1e-9
    assert rows.loc["chosen", "upfront_amount"] <= budget + 1e-9
    assert all(b in found.chosen for a, b in
               [(draws.names[i], draws.names[j]) for i, j in needs]
               if a in found.chosen)  # fmt: skip


@given(problems(most=6))
def test_the_integer_program_is_as_good_as_trying_all(problem):
    draws, needs, budget = problem
    values = read_values(draws)
    rules = make_rules(
        draws.upfront[:1], [budget], ["the budget"], Ties(needs=tuple(needs))
    )
    sets = all_sets(rules)
    plain = Risk("mean", 0.5)
    one = program(values, values.mean, rules)
    assert rules.allow(one[None, :])[0]
    assert scores(values, one[None, :], plain)[0] == pytest.approx(
        scores(values, sets, plain).max()
    )
    averse = Risk("cvar", 0.7)
    one = program_averse(values, rules, 0.7)
    assert scores(values, one[None, :], averse)[0] == pytest.approx(
        scores(values, sets, averse).max(), abs=1e-6
    )


def test_terms_add_up_to_what_sets_return_together():
    """Also where three on one driver overlap, which pairs alone would get wrong."""
    plans = pd.DataFrame(
        {"name": list("ABCDE"), "cost": [10.0] * 5, "reach": [0.6, 0.7, 0.5, 0.4, 0.2],
         "effect": [0.5, 0.4, 0.6, 0.3, 0.2], "driver": ["x", "y", "x", "x", ""],
         "evidence": ["quasi"] * 5}
    )  # fmt: skip
    plans = plans.assign(
        effect_low=plans["effect"] / 2, effect_high=2 * plans["effect"]
    )
    draws = roi.simulate(plans, 2.0, customers=100, n_draws=300, rng=2).draws
    assert overlapping(draws) == [(0, 2, 3)]
    values = read_values(draws)
    assert values.whole
    for k in range(1, 6):
        for some in itertools.combinations(range(5), k):
            inside = np.isin(np.arange(5), some)
            npv = values.amounts @ values.active(inside[None, :])[0]
            exact = draws.together([draws.names[i] for i in some])
            np.testing.assert_allclose(npv, exact, rtol=1e-9, atol=1e-9)


def test_a_large_group_is_taken_by_pairs_and_valued_anew():
    n = 9
    alone = np.arange(10.0, 10 + n)[None, :]
    pairs = dict.fromkeys(itertools.combinations(range(n), 2), 2.0)
    draws = made(alone, np.ones(n), overlap=pairs)
    found = roi.choose(draws, budget=4)
    best, _ = by_hand(draws, 4)
    assert not found.optimal
    assert "not proven to be the best" in found.method
    assert found.sets["npv_amount"].iloc[0] == pytest.approx(best)


def test_risk_decides_between_a_sure_and_a_better_initiative():
    rng = np.random.default_rng(1)
    alone = np.column_stack([np.full(2000, 9.0), rng.normal(12, 30, 2000)])
    draws = made(alone, [1, 1])
    assert roi.choose(draws, budget=1).chosen == ("B",)
    assert roi.choose(draws, budget=1, risk="p10").chosen == ("A",)
    assert roi.choose(draws, budget=1, risk="cvar", aversion=0.5).chosen == ("A",)
    assert roi.choose(draws, budget=1, risk="cvar", aversion=0.0).chosen == ("B",)


def test_the_worst_tenth_by_hand():
    npv = np.arange(20.0)[:, None]
    assert worst(npv)[0] == 0.5
    assert Risk("cvar", 1.0).score(npv)[0] == pytest.approx(0.5)
    assert Risk("p10", 0.0).score(npv)[0] == pytest.approx(1.9)


def test_regret_and_frequency_by_hand():
    """Each is best in half of the draws; always choosing A loses 4 in the other."""
    draws = made([[10, 0], [2, 6], [10, 0], [2, 6]], [1, 1])
    found = roi.choose(draws, budget=1, favoured=["B"])
    assert found.chosen == ("A",)
    rows = found.sets.set_index("set")
    assert rows.loc["chosen", ["regret_amount", "regret_p90_amount"]].tolist() == [2, 4]
    assert rows.loc["favoured", "behind_amount"] == 3
    assert rows.loc["favoured", "regret_amount"] == 5
    assert found.table["share_optimal"].tolist() == [0.5, 0.5]
    assert found.findings[2].estimate == 3
    assert (
        "; the favoured pick returns 3.00 EUR less than the chosen (80 % interval of "
        "the loss −4.00 to 10.00)." in found.text
    )


def test_the_sentence():
    found = roi.choose(made([[70, 50, 50]] * 4, [60, 50, 50]), budget=100)
    assert found.text == (
        "Within 100 EUR, choose B and C (first cost 100 EUR): together they return "
        "100 EUR over 3 years (80 % interval 100 to 100, 4 draws), with a chance of "
        "100 % of a return above zero. Perfect foresight would return 0.00 EUR more "
        "on average. A tenth more budget is worth 20.00 EUR."
    )
    assert list(found.display) == ["initiative", "chosen", "first cost", "adds", "why"]
    assert "<table" in found._repr_html_()


def test_a_favoured_pick_over_the_budget_is_said_and_has_no_regret():
    found = roi.choose(made([[70, 50]], [60, 50]), budget=60, favoured=["A", "B"])
    assert "returns 50.00 EUR more than the chosen" in found.text
    assert ", and it breaks the rules." in found.text
    row = found.sets.set_index("set").loc["favoured"]
    assert not row["allowed"]
    assert row["share_over"] == 1
    assert np.isnan(row["regret_amount"])


def test_first_costs_that_are_uncertain_may_exceed_the_budget():
    draws = made(np.full((4, 1), 9.0), np.array([[8.0], [9], [10], [13]]))
    assert roi.choose(draws, budget=10).sets["share_over"].iloc[0] == 0.25


def test_a_budget_for_each_quarter():
    draws = made([[9, 8, 7]], [5, 5, 5], start=[0, 0, 0.25])
    found = roi.choose(draws, budget=[5, 5])
    assert set(found.chosen) == {"A", "C"}
    assert found.budget == 10
    assert set(roi.choose(draws, budget=10).chosen) == {"A", "B"}
    with pytest.raises(DataError) as error:
        roi.choose(made([[9, 8]], [5, 5], start=[0, 0.5]), budget=[5, 5])
    assert str(error.value) == (
        "initiative 'B' starts in quarter 3 and `budget` has 2 quarters; give a budget "
        "for every quarter in which one starts."
    )


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"must": ["yes", "yes", ""]},
         "no set is allowed: A and B must be done and cost 11, above the budget of 10. "
         "Raise it, or mark fewer with `must`."),
        ({"must": ["yes", "", ""], "excludes": ["B", "", ""], "needs": ["B", "", ""]},
         "no set is allowed: A and B exclude each other and both must be done or are "
         "needed for it. Let one of them go."),
        ({"must": ["yes", "", ""], "needs": ["C", "", ""], "never": ["", "", "yes"]},
         "no set is allowed: A and C must be done or is needed for it, and C is marked "
         "never. Change one of the two."),
    ],
)  # fmt: skip
def test_no_set_is_allowed(columns, message):
    with pytest.raises(DataError) as error:
        roi.choose(made([[9, 8, 7]], [6, 5, 4]), table(3, **columns), budget=10)
    assert str(error.value) == message


def test_columns_that_cannot_be_meant_are_named_all_at_once():
    frame = table(
        3, needs=["B", "A; Z", ""], excludes=["A", "", ""], must=["maybe", "", ""]
    )
    with pytest.raises(DataError) as error:
        roi.choose(made([[9, 8, 7]], [6, 5, 4]), frame, budget=10)
    told = str(error.value)
    assert "'needs': names no initiative (1 row). Seen: 'Z'." in told
    assert "'needs': goes round in a circle (2 rows). Seen: 'A', 'B'." in told
    assert "'excludes': names the initiative itself (1 row). Seen: 'A'." in told
    assert "'must': is neither yes nor no (1 row). Seen: 'maybe'." in told


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": -1}, "`budget` is -1; it must lie in [0, inf]."),
        ({"budget": []}, "`budget` is an empty list; give a number a quarter."),
        ({"budget": 1, "risk": "var"},
         "`risk` is 'var'; use one of 'mean', 'cvar', 'p10'."),
        ({"budget": 1, "favoured": ["AA"]}, "`favoured` has 'AA'; did you mean 'A'?"),
        ({"budget": 1, "favoured": "A"}, "`favoured` is 'A'; give a list of names."),
    ],
)  # fmt: skip
def test_arguments(options, message):
    with pytest.raises(ArgumentError) as error:
        roi.choose(made([[9, 8, 7]], [6, 5, 4]), **options)
    assert str(error.value) == message


def test_nothing_to_choose_from():
    found = roi.choose(roi.simulate(None, 2.0), budget=10)
    assert found.text == (
        "There is nothing to choose from: no initiative was simulated: no initiatives "
        "were given."
    )
    assert found.chosen == found.findings == ()
    assert found._repr_html_().count("<table") == 0
    none = roi.choose(made([[-1, -2]], [1, 1]), budget=10)
    assert none.text == (
        "Within 10.00 EUR, choose none: no allowed set returns more than it costs."
    )
    assert set(none.table["why"]) == {"costs more than it returns"}
    free = roi.choose(made([[3, -2]], [1, 1]), budget=None)
    assert free.chosen == ("A",)
    assert free.text.startswith("Without a limit, choose A (first cost 1.00 EUR)")
    assert free.budgets.empty


def test_another_table_than_the_simulated_one_is_refused():
    with pytest.raises(DataError, match="initiative 'C' was simulated and is not in"):
        roi.choose(made([[9, 8, 7]], [6, 5, 4]), table(2), budget=10)


@pytest.mark.slow
def test_forty_initiatives_in_seconds():
    rng = np.random.default_rng(3)
    alone = rng.normal(rng.uniform(-5, 30, 40), 20, (10_000, 40))
    cost = rng.uniform(5, 30, 40)
    pairs = {(i, i + 1): rng.uniform(0, 9, 10_000) for i in range(0, 40, 2)}
    draws = made(
        alone[:, :16], cost[:16], overlap={k: v for k, v in pairs.items() if k[1] < 16}
    )
    wide = type(draws)(
        names=tuple(f"I{i}" for i in range(40)), alone=alone, overlap=pairs,
        cost=np.tile(cost, (10_000, 1)), upfront=np.tile(cost, (10_000, 1)),
        plans=draws.plans,
    )  # fmt: skip
    began = time.process_time()
    found = roi.choose(wide, budget=200)
    assert time.process_time() - began < 30
    assert found.optimal
    rows = found.sets.set_index("set")
    assert (
        rows.loc["chosen", "npv_amount"] >= rows.loc["by return per cost", "npv_amount"]
    )
    assert rows.loc["chosen", "upfront_amount"] <= 200
