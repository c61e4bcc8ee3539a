"""What is worked out a short way is what the long way gives; cash by quarter."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from cxlib import data, roi, simulate
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import information as knowing
from cxlib.roi.investments._between import Between
from cxlib.roi.investments.reasons import attribute


def plans(**columns):
    frame = pd.DataFrame(
        {
            "name": ["A", "B", "C"], "driver": ["x", "x", ""], "cost": [90.0, 60, 30],
            "effect": [1.0, 0.8, 0.4], "effect_low": [0.5, 0.2, 0.1],
            "effect_high": [1.6, 1.5, 0.9], "reach": [40, 50, 20],
            "start": ["2026-01", "2026-04", "2026-05"], "ramp": [2, 0, 1],
            "evidence": ["randomised", "quasi", "expert"],
            "cost_low": [80.0, np.nan, np.nan], "cost_high": [110.0, np.nan, np.nan],
        }
    )  # fmt: skip
    return frame.assign(**columns)


def case(**given):
    usual = {"initiatives": plans(), "value": {"amount": 2.0, "low": 1.0, "high": 4.0}}
    return roi.Case(**usual | {"horizon": 2, "n_draws": 300, "rng": 4} | given)


@pytest.fixture(scope="module")
def value(fits):
    return roi.point_value(fits, margin=0.4, horizon=3, discount_rate=0.08)


# --- cases in between

DECLARED = {
    "value_of_point": 1.5, "discount_rate": 0.2, "overlap": "nested",
    "initiatives": {
        "A": {"effect": 0.7, "evidence": "expert", "running_cost": 9},
        "B": {"drop": True}, "C": {"start": "2026-09"},
    },
}  # fmt: skip
REGRESSED = {
    "margin": 0.3, "customers": 500, "horizon": 2,
    "initiatives": {
        "Call-centre call-back": {"reach": 0.2, "cost": 900},
        "App stability squad": {"drop": True},
    },
}  # fmt: skip


def _every(ours, given, step=1):
    """Yield both means of every so manieth case in between, the last one first."""
    items = data.parse_overrides(given, initiatives=ours.names).items
    between = Between(ours, items, n_draws=ours.n_draws)
    sizes = range(len(items), -1, -1)
    every = [c for k in sizes for c in itertools.combinations(range(len(items)), k)]
    for chosen in every[::step]:
        slow = ours.under([items[i] for i in chosen]).simulate()
        wanted = 0.0 if slow.table.empty else slow.total["npv_amount"]
        yield between.worth(frozenset(chosen)), wanted


def test_mean_of_every_case_in_between_is_that_of_its_simulation():
    short, long = zip(*_every(case(), DECLARED, 9), strict=True)
    assert len(short) == 29
    np.testing.assert_allclose(short, long, rtol=1e-9)


def test_in_between_with_a_value_from_regressions(value):
    ours = case(
        initiatives=simulate.initiatives(), value=value, n_draws=100, correlation=0.3
    )
    short, long = zip(*_every(ours, REGRESSED, 3), strict=True)
    np.testing.assert_allclose(short, long, rtol=1e-9)


def test_in_between_where_nothing_is_left_or_has_a_value():
    ours = case(initiatives=plans().head(1), value=None)
    given = {"value_of_point": 1.5, "initiatives": {"A": {"drop": True}}}
    short, long = zip(*_every(ours, given), strict=True)
    np.testing.assert_allclose(short, long)
    assert short[0] == short[2] == short[3] == 0
    assert short[1] != 0


def test_eight_assumptions_are_split_exactly():
    """By symmetry: eight cuts of cost, alike, have alike parts in any exact split."""
    names = list("ABCDEFGH")
    frame = pd.DataFrame(
        {"name": names, "cost": 50.0, "effect": 1.0, "effect_low": 0.5,
         "effect_high": 1.5, "reach": 20}
    )  # fmt: skip
    given = {"initiatives": {name: {"cost": 40} for name in names}}
    ours = case(initiatives=frame, n_draws=100)
    found = attribute(ours, data.parse_overrides(given, initiatives=names))
    assert found.table["difference_amount"].tolist() == pytest.approx([10.0] * 8)


def test_problems_name_the_initiative():
    given = {"initiatives": {"A": {"effect_low": 5}}}
    with pytest.raises(DataError, match="effect_low"):
        attribute(case(), data.parse_overrides(given, initiatives=("A",)))
    twice = case(initiatives=pd.concat([plans(), plans()]))
    with pytest.raises(DataError, match="is not unique"):
        attribute(
            twice, data.parse_overrides({"discount_rate": 0.2}, initiatives=("A",))
        )


# --- one input at many values, one initiative of many


def test_payoffs_are_payoff_at_each_value(value):
    found = roi.simulate(simulate.initiatives(), value, n_draws=100)
    for name, (base, low, high) in found.inputs.items():
        points = [low, base, high, 1.7 * base]
        one = [found.payoff({name: point}) for point in points]
        np.testing.assert_allclose(found.payoffs(name, points), one, rtol=1e-12)
    with pytest.raises(ArgumentError, match="`inputs` has 'cost of all'"):
        found.payoffs("cost of all", [1.0])


@pytest.mark.parametrize("correlation", [0.0, 0.4])
def test_break_even_of_one_is_that_of_its_own_case(correlation):
    ours = case(correlation=correlation)
    found = roi.break_even(ours).table
    for name in ours.names:
        rows = found[found["decision"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, roi.break_even(ours.only(name)).table)


def test_break_even_with_a_correlation_matrix():
    tied = pd.DataFrame([[1, 0.5], [0.5, 1]], index=["A", "B"], columns=["A", "B"])
    found = roi.break_even(case(correlation=tied)).table
    assert found["decision"].nunique() == 4


def test_payoffs_and_inputs_made_ready_give_the_same():
    rng = np.random.default_rng(5)
    inputs, noise = rng.normal(size=(2, 2_000))
    pays = np.column_stack([np.zeros(2_000), inputs + noise, 0.5 - inputs])
    ready, bases = knowing.stakes(pays), knowing.bases(inputs)
    assert knowing.partial(ready, bases) == knowing.partial(pays, inputs)
    assert knowing.perfect(ready) == knowing.perfect(pays)
    with pytest.raises(ArgumentError, match="one row for each of the 2,000 draws"):
        knowing.partial(ready, inputs[:50])
    with pytest.raises(ArgumentError, match="`inputs` must be finite"):
        knowing.bases([1.0, np.nan])


# --- cash


def test_cash_of_a_set_discounts_to_its_return(value):
    draws = roi.simulate(simulate.initiatives(), value, n_draws=200).draws
    factors = draws.settings.factors
    for some in ((), draws.names[:1], draws.names[1:4], draws.names):
        np.testing.assert_allclose(
            draws.cash(some) @ factors, draws.together(some), atol=1e-8
        )
        np.testing.assert_allclose(
            draws.by_quarter(some).sum(axis=1), draws.cash(some).sum(axis=1), atol=1e-8
        )
    late = draws.plans.start + 0.5
    for at, name in enumerate(draws.names):
        cash = draws.cash((name,), {name: late[at]})
        wanted = draws.delayed(365.25 / 14)[:, at]
        np.testing.assert_allclose(cash @ factors, wanted, atol=1e-8)
    with pytest.raises(ArgumentError, match="`names` has 'X'"):
        draws.cash(draws.names, {"X": 1.0})


def test_cash_by_quarter_by_hand():
    """Two points of 24 a year for 10 customers: 20 a month, from the month of start."""
    frame = pd.DataFrame(
        {"name": ["A", "B"], "cost": [100.0, 40.0], "effect": 1.0, "effect_low": 1.0,
         "effect_high": 1.0, "reach": 10, "start": [0, 3]}
    )  # fmt: skip
    frame["effect"] = [1.0, 0.5]
    frame["effect_low"] = frame["effect_high"] = frame["effect"]
    draws = roi.simulate(frame, 24.0, horizon=1, customers=20, n_draws=100).draws
    assert draws.by_quarter(draws.names)[0].tolist() == pytest.approx([-40, 50, 90, 90])
    assert draws.cash(("B",))[0][:5].tolist() == pytest.approx([0, 0, 0, -40, 10])
    later = draws.by_quarter(("B",), {"B": 0.75})[0]
    assert later.tolist() == pytest.approx([0, 0, 0, -10])
    yearly = roi.simulate(frame, 24.0, horizon=2, steps_per_year=1, n_draws=100).draws
    assert yearly.by_quarter(yearly.names).shape == (100, 0)


def test_slips_move_a_first_cost_to_the_quarter_it_is_paid_in():
    frame = plans(
        effect_low=0.9, effect_high=1.1, slip=3.0, slip_low=0.0, slip_high=8.0
    )
    frame = frame.head(1)
    draws = roi.simulate(frame, 2.0, horizon=2, n_draws=400, rng=2).draws
    paid = np.round(draws.world.one("slip", 0) * 12).astype(int) // 3
    rest = draws.by_quarter(("A",)) + (paid[:, None] == np.arange(8)) * draws.upfront
    assert (rest > -1e-9).all()


def test_roadmap_of_a_simulation_shows_all_its_quarters():
    frame = plans(owner="Ada")
    returns = case(value=6.0).simulate()
    chosen = roi.choose(returns, frame, budget=None)
    road = roi.roadmap(chosen, frame, budget=100, first="2026-Q1")
    starts = road.table.set_index("initiative")["starts"].to_dict()
    planned = dict(zip(returns.draws.names, returns.draws.plans.start, strict=True))
    begun = {n: planned[n] + (q - np.floor(4 * planned[n])) / 4 for n, q in
             starts.items()}  # fmt: skip
    total = returns.draws.cash(list(begun), begun).sum(axis=1)
    assert len(road.cash) == 8
    last = road.cash.iloc[-1]
    assert last["quarter"] == "2027-Q4"
    assert last["cumulative_amount"] == pytest.approx(total.mean())
    assert last["cumulative_p10_amount"] == pytest.approx(np.quantile(total, 0.1))
    assert road.cash["cash_amount"].sum() == pytest.approx(total.mean())
