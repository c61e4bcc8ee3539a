"""Distributions, draws, overlap, what initiatives act on, claims."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxlib import data, journeys, roi, simulate
from cxlib.errors import ArgumentError, DataError
from cxlib.journeys import Mean
from cxlib.report import export
from cxlib.roi.investments.distributions import through
from cxlib.roi.investments.overlaps import Reached, credit
from cxlib.roi.worth._worth import profiles


@pytest.fixture(scope="module")
def value(fits):
    return roi.point_value(fits, margin=0.4, horizon=3, discount_rate=0.08)


@pytest.fixture(scope="module")
def found(value):
    return roi.simulate(simulate.initiatives(), value, n_draws=500, rng=3)


def test_draws_agree_with_the_table(found):
    draws = found.draws
    table = found.table.set_index("initiative")
    assert draws.names == tuple(simulate.initiatives()["name"])
    np.testing.assert_allclose(
        draws.alone.mean(axis=0), table.loc[list(draws.names), "npv_amount"]
    )
    np.testing.assert_allclose(
        draws.cost.mean(axis=0), table.loc[list(draws.names), "cost_amount"]
    )
    fixed = simulate.initiatives().drop(columns=["cost_low", "cost_high"])
    known = roi.simulate(fixed, 12.0, customers=600, n_draws=100).draws
    assert known.upfront[0].tolist() == fixed["cost"].tolist()
    whole = draws.together(draws.names)
    assert whole.mean() == pytest.approx(found.total["npv_amount"])
    drawn = {f"{i} of {n}" for n in draws.names for i in ("effect", "cost", "reach")}
    assert set(draws.inputs) == drawn | {"value of a point"}


def test_sets_of_initiatives(found):
    draws = found.draws
    assert draws.together(()).tolist() == [0.0] * 500
    for at, name in enumerate(draws.names):
        np.testing.assert_allclose(draws.together([name]), draws.alone[:, at])
    names = list(draws.names)
    np.testing.assert_allclose(
        draws.together(names[:3]), draws.together([names[i] for i in (2, 0, 1, 0)])
    )
    with pytest.raises(ArgumentError, match="`names` has 'App'; "):
        draws.together(["App"])
    with pytest.raises(ArgumentError, match="give a sequence of names"):
        draws.together("App stability squad")


def test_a_delay_is_a_later_start_with_the_same_end():
    one = pd.DataFrame(
        {"name": ["a"], "cost": [10.0], "effect": [1.0], "effect_low": [1.0],
         "effect_high": [1.0], "reach": [10]}
    )  # fmt: skip
    usual = {"horizon": 2, "discount_rate": 0.0, "n_draws": 100}
    draws = roi.simulate(one, 12.0, **usual).draws
    np.testing.assert_allclose(draws.alone, 230)
    np.testing.assert_allclose(draws.delayed(0), 230)
    np.testing.assert_allclose(draws.delayed(365.25 / 7 / 2), 170)
    np.testing.assert_allclose(draws.delayed(365.25 / 7 / 24), 225)
    with pytest.raises(ArgumentError, match="`weeks` is -1; it must lie in"):
        draws.delayed(-1)


SHAPES = ["normal2", "lognormal", "triangular", "pert", "uniform", "beta"]
Z90 = 1.2815515655446004


def book(*rows, **columns):
    """A table of initiatives; effects without spread unless given."""
    usual = {"cost": 0.0, "effect": 1.0, "evidence": "randomised"}
    frame = pd.DataFrame([usual | row for row in rows])
    for end in ("effect_low", "effect_high"):
        frame[end] = frame.get(end, frame["effect"]).fillna(frame["effect"])
    frame["name"] = frame.get("name", [f"plan {i}" for i in range(len(frame))])
    return frame.assign(**columns)


def flat(plans, value=1.0, **options):
    """One year, no discounting, one step: benefits are units x customers."""
    usual = {
        "horizon": 1, "discount_rate": 0.0, "steps_per_year": 1, "n_draws": 100,
        "customers": 100,
    }  # fmt: skip
    return roi.simulate(plans, value, **(usual | options))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("centre", "low", "high"), [(0.3, 0.2, 0.5), (0.21, 0.2, 0.5), (0.5, 0.2, 0.5)]
)
def test_every_shape_keeps_its_p10_and_p90(shape, centre, low, high):
    z = np.array([-Z90, Z90])
    np.testing.assert_allclose(
        through(shape, centre, low, high, z), [low, high], atol=1e-6
    )


def test_shapes_have_their_own_middle_and_ends():
    z = np.linspace(-6, 6, 200_001)
    density = np.exp(-(z**2) / 2)
    weights = density / density.sum()
    assert through("normal2", 2.0, 1.0, 4.0, np.zeros(1)) == 2
    assert through("lognormal", 2.0, 1.0, 4.0, np.zeros(1)) == pytest.approx(2)
    triangle = through("triangular", 2.0, 1.0, 4.0, z)
    a, b = triangle[[0, -1]]
    assert weights @ triangle == pytest.approx((a + 2 + b) / 3, abs=2e-3)
    pert = through("pert", 2.0, 1.0, 4.0, z)
    assert weights @ pert == pytest.approx((pert[0] + 8 + pert[-1]) / 6, abs=0.05)
    uniform = through("uniform", 2.0, 1.0, 4.0, z)
    assert (uniform[0], uniform[-1]) == pytest.approx((0.625, 4.375))
    share = through("beta", 0.3, 0.1, 0.6, z)
    assert 0 <= share.min() < share.max() <= 1


def test_any_input_may_have_a_range_and_keeps_its_bounds():
    plans = book(
        {
            "reach": 0.9, "reach_low": 0.7, "reach_high": 1.0, "cost": 10.0,
            "cost_low": 0.0, "cost_high": 60.0, "cost_distribution": "triangular",
            "running_cost": 5.0, "running_cost_low": 4.0, "running_cost_high": 9.0,
            "ramp": 6, "ramp_low": 3, "ramp_high": 12, "decay": 0.2, "decay_low": 0.1,
            "decay_high": 0.9, "duration": 18, "duration_low": 12, "duration_high": 30,
            "slip": 1, "slip_low": 0, "slip_high": 6,
        }
    )  # fmt: skip
    usual = {"horizon": 3, "steps_per_year": 12, "discount_rate": 0.1}
    found = flat(plans, 3.0, **usual, n_draws=4000, rng=1)
    inputs = found.draws.inputs
    names = ["reach", "cost", "running cost", "ramp", "decay", "duration", "slip"]
    assert set(inputs) == {f"{name} of plan 0" for name in names}
    assert inputs["reach of plan 0"].max() == 100
    assert inputs["cost of plan 0"].min() == 0
    assert inputs["decay of plan 0"].max() < 1
    low, high = np.quantile(inputs["running cost of plan 0"], [0.1, 0.9])
    assert (low, high) == pytest.approx((4, 9), abs=0.15)
    assert set(found.inputs) - set(inputs) == {
        "effect of plan 0", "value of a point", "discount rate",
    }  # fmt: skip
    assert found.inputs["running cost of plan 0"] == (5, 4, 9)
    assert found.inputs["duration of plan 0"] == (1.5, 1, 2.5)
    slow = found.payoff({"ramp of plan 0": 1.0})
    assert slow < found.payoff({}) < found.payoff({"slip of plan 0": 0.0})


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"duration": 3}, [25, 0, 0]),
        ({"start": 6, "duration": 15}, [50, 75, 0]),
        ({"start": 3}, [75, 100, 100]),
    ],
)
def test_a_part_of_a_step_counts_for_that_part(extra, expected):
    found = flat(book({"reach": 1.0, **extra}), horizon=3)
    assert np.diff(found.fan["p50_amount"]).tolist() == pytest.approx(expected)


def test_without_a_number_of_customers_reach_may_still_vary():
    plans = book({"reach": 50, "reach_low": 40, "reach_high": 70})
    drawn = flat(plans, customers=None, n_draws=5000).draws.inputs["reach of plan 0"]
    assert np.quantile(drawn, 0.88) > 65
    assert drawn.max() == 70


def test_impossible_ranges_are_named_at_once():
    bad = book(
        {"name": "a", "reach": 0.5, "reach_low": 0.6, "reach_high": 0.9},
        {"name": "b", "reach": 0.5, "cost": 5.0, "cost_low": -1.0, "cost_high": 9.0},
        {"name": "c", "reach": 0.5, "reach_low": 0.4, "reach_high": 1.2,
         "effect_on": "clicks"},
        {"name": "d", "reach": 0.5, "distribution": "gamma", "ramp": 1, "ramp_low": 1},
        {"name": "e", "reach": 0.5, "effect": 2.0, "effect_on": "retained",
         "effect_low": -1.0, "distribution": "lognormal"},
    )  # fmt: skip
    with pytest.raises(DataError) as error:
        flat(bad)
    assert str(error.value).splitlines()[1:] == [
        "  - column 'effect_on': is none of score, revenue, retained, cost_to_serve "
        "(1 row). Seen: 'c'. Say what the effect is on.",
        "  - column 'effect': is no share of customers (1 row). Seen: 'e'. 0.02 keeps "
        "two in a hundred more a year.",
        "  - column 'reach_low': and reach_high do not lie around reach (1 row). Seen: "
        "'a'. Give both: the P10 and the P90.",
        "  - column 'cost_low': to cost_high has impossible values (1 row). Seen: 'b'. "
        "Mend the range.",
        "  - column 'ramp_low': and ramp_high do not lie around ramp (1 row). Seen: "
        "'d'. Give both: the P10 and the P90.",
        "  - column 'distribution': is none of normal2, lognormal, triangular, pert, "
        "uniform, beta (1 row). Seen: 'd'. Name the shape of the input, or leave it "
        "blank.",
        "  - column 'distribution': is lognormal, and the P10 is not above zero "
        "(1 row). Seen: 'e'. Use normal2.",
        "  - column 'reach': is more than the 100 customers there are (1 row). Seen: "
        "'c'. Mend reach, or set `customers`.",
    ]


def test_another_initiative_leaves_the_draws_as_they_are():
    spread = {"effect_low": 0.5, "effect_high": 1.5, "reach": 0.1, "group": "g"}
    few = book(*({"name": n, "rho": 0.5} | spread for n in "abc"))
    more = pd.concat([book({"name": "new", "rho": 0.5} | spread), few])
    one, two = (flat(b, rng=5, correlation=0.2).draws.inputs for b in (few, more))
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])


def test_revenue_cost_and_customers_kept_by_hand():
    """Two years at 10 %: 50 customers, margin 40 %, cost to serve down by 3."""
    common = {"horizon": 2, "discount_rate": 0.1, "margin": 0.4}
    means = {"revenue": 100.0, "cost_to_serve": 10.0, "retained": 0.8}
    factor = 1 / 1.1 + 1 / 1.21
    earned = book({"reach": 0.5, "effect": 5.0, "effect_on": "revenue"})
    assert flat(earned, None, **common).total["npv_amount"] == pytest.approx(
        50 * 5 * 0.4 * factor
    )
    saved = book({"reach": 0.5, "effect": -3.0, "effect_on": "cost_to_serve"})
    assert flat(saved, None, **common).total["npv_amount"] == pytest.approx(
        50 * 3 * factor
    )
    # kept in year one, their margin of 30 comes in year two
    kept = book({"reach": 0.5, "effect": 0.1, "effect_on": "retained"})
    found = flat(kept, None, **common, means=means)
    assert found.total["npv_amount"] == pytest.approx(50 * 0.1 * 30 / 1.21)
    assert "value of a point" not in found.inputs
    # the third year earns on those kept in the first who stay, and in the second
    longer = flat(kept, None, **(common | {"horizon": 3}), means=means)
    assert longer.total["npv_amount"] == pytest.approx(
        5 * 30 / 1.21 + (5 * 0.8 + 5) * 30 / 1.331
    )


def test_a_step_of_a_month_keeps_what_a_year_keeps():
    kept = book({"reach": 1.0, "effect": 0.05, "effect_on": "retained"})
    means = {"revenue": 1000.0, "retained": 0.8}
    shown = [
        flat(kept, None, margin=1.0, means=means, horizon=8, steps_per_year=s)
        .total["npv_amount"]
        for s in (4, 12)
    ]  # fmt: skip
    assert shown[0] == pytest.approx(shown[1], rel=0.05)


def test_no_more_is_kept_or_saved_than_there_is():
    means = {"revenue": 100.0, "cost_to_serve": 10.0, "retained": 0.8}
    both = book(
        {"reach": 1.0, "effect": 0.15, "effect_on": "retained", "driver": "a"},
        {"reach": 1.0, "effect": 0.10, "effect_on": "retained", "driver": "b"},
        {"reach": 1.0, "effect": -8.0, "effect_on": "cost_to_serve", "driver": "c"},
        {"reach": 1.0, "effect": -4.0, "effect_on": "cost_to_serve", "driver": "d"},
    )
    found = flat(both, None, margin=0.4, means=means, horizon=2)
    assert found.total["npv_amount"] == pytest.approx(100 * 0.2 * 30 + 2 * 100 * 10)
    assert found.total["removed_amount"] == pytest.approx(100 * 0.05 * 30 + 2 * 200)
    caps = found.overlaps.groupby("credited_to")["removed_amount"].sum()
    assert caps.to_dict() == pytest.approx(
        {"customers there are to keep": 150, "cost there is to save": 400}
    )
    assert " is more than there is to gain is taken out." in found.text
    draws = found.draws
    np.testing.assert_allclose(draws.together(draws.names), found.total["npv_amount"])
    np.testing.assert_allclose(draws.together(["plan 0", "plan 1"]), 600)


def test_the_same_customer_is_credited_for_one_thing():
    """Kept (worth 600) and sold more to (worth 400) on one driver: the larger."""
    means = {"revenue": 100.0, "cost_to_serve": 10.0, "retained": 0.8}
    two = book(
        {"reach": 1.0, "effect": 0.2, "effect_on": "retained", "driver": "a"},
        {"reach": 1.0, "effect": 5.0, "effect_on": "revenue", "driver": "a"},
    )
    found = flat(two, None, margin=0.4, means=means, horizon=2)
    # step one: 600 against 200; step two: nothing comes back in time against 200
    assert found.total["npv_amount"] == pytest.approx(600 + 200)
    assert found.overlaps.iloc[0][["initiative", "credited_to"]].tolist() == [
        "plan 1", "plan 0",
    ]  # fmt: skip
    apart = flat(two.assign(driver=""), None, margin=0.4, means=means, horizon=2)
    assert apart.total["npv_amount"] == pytest.approx(600 + 400)
    assert any("is of customers who stay" in a.text for a in apart.assumptions)


def test_what_has_no_price_is_refused():
    plans = book(
        {"name": "mail", "reach": 0.5, "effect_on": "revenue"},
        {"name": "save", "reach": 0.5, "effect_on": "retained", "effect": 0.1},
    )
    with pytest.raises(DataError) as error:
        flat(plans, None)
    assert str(error.value) == (
        "the initiatives cannot be valued.\n"
        "  - column 'effect_on': needs `margin` (2 rows). Seen: 'mail', 'save'. Give "
        "it, or a value from a panel."
    )
    with pytest.raises(DataError, match=r"needs the mean revenue and retention"):
        flat(plans, None, margin=0.3)
    nothing = flat(book({"reach": 0.5}), None)
    assert nothing.text == "No initiative was simulated: a score point has no value."
    assert nothing.draws is None


def test_customers_kept_are_valued_as_the_panel_values_them(value):
    """A point that keeps k a month equals an initiative that keeps as many."""
    terms = value.terms
    theta = terms.theta.copy()
    theta[:2] = 0.0
    kept = theta[2]
    yearly = (theta[5] + kept) ** 12 - theta[5] ** 12
    plans = book({"reach": 1.0, "effect": yearly, "effect_on": "retained"})
    ours = roi.simulate(plans, value, horizon=2, n_draws=200)
    base = {name: span[0] for name, span in ours.inputs.items()}
    profile = profiles(terms, theta[None, :], 12, 24)[0]
    factors = 1.08 ** (-np.arange(1, 25) / 12)
    lag = round(terms.lag_years * 12)
    moved = np.r_[profile[lag:], np.zeros(lag)]
    if lag:
        moved[-lag:] = profile[-1] * theta[5] ** np.arange(1, lag + 1)
    wanted = sum(moved[: 24 - h] @ factors[h:] for h in range(24)) * value.n_last
    assert ours.payoff(base) == pytest.approx(wanted, rel=1e-6)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.floats(0.01, 1), st.floats(-1, 3), st.sampled_from("ab"),
            st.sampled_from(["score", "revenue", "cost_to_serve"]),
        ),
        min_size=1, max_size=5,
    ),
    st.sampled_from(["independent", "nested", "none"]),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_the_ledger_adds_up(rows, overlap, shuffle):
    plans = book(
        *(
            {"reach": r, "effect": -e if k == "cost_to_serve" else e, "driver": d,
             "effect_on": k}
            for r, e, d, k in rows
        )
    )  # fmt: skip
    options = {"margin": 0.5, "overlap": overlap, "steps_per_year": 4}
    found = flat(plans, 2.0, **options)
    alone, removed = found.table.iloc[:-1], found.table["removed_amount"]
    assert (removed >= -1e-6).all()
    gains = alone["npv_amount"]
    assert (alone["removed_amount"] <= np.maximum(gains, 0) + 1e-6).all()
    assert found.overlaps["removed_amount"].sum() == pytest.approx(
        removed.iloc[-1], abs=1e-5
    )
    assert gains.sum() - removed.iloc[-1] == pytest.approx(
        found.total["npv_amount"], abs=1e-5
    )
    order = list(range(len(rows)))
    shuffle.shuffle(order)
    other = flat(plans.iloc[order], 2.0, **options)
    assert other.total["npv_amount"] == pytest.approx(
        found.total["npv_amount"], abs=1e-6
    )
    if overlap == "none":
        assert found.overlaps.empty
    names = found.draws.names[: len(rows) // 2 + 1]
    part = flat(plans[plans["name"].isin(names)], 2.0, **options)
    np.testing.assert_allclose(
        found.draws.together(names), part.total["npv_amount"], atol=1e-6
    )


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.floats(0.01, 1), st.floats(-2, 3)), min_size=1, max_size=5
    )
)  # fmt: skip
def test_credit_is_the_best_of_what_reaches_each_customer(rows):
    """Against every set of initiatives that may reach a customer, and its chance."""
    reach, gain = (np.array(column) for column in zip(*rows, strict=True))
    units = [np.array([[each]]) for each in gain]
    cells = [(1.0, [np.array([each]) for each in reach])]
    chance = sum(
        np.where(hit, reach, 1 - reach).prod() * best_of(gain[list(hit)])
        for hit in itertools.product([False, True], repeat=len(rows))
    )
    edges = np.unique(np.r_[0, reach, 1])
    nested = sum(
        (right - left) * best_of(gain[reach > left])
        for left, right in itertools.pairwise(edges)
    )
    for overlap, wanted in (("independent", chance), ("nested", nested)):
        taken = []
        found = credit(
            Reached(units, units, cells), overlap,
            lost=lambda one, other, amount, log=taken: log.append(amount.sum()),
        )  # fmt: skip
        total = sum(each.sum() for each in found)
        assert total == pytest.approx(wanted, abs=1e-9)
        assert total + sum(taken) == pytest.approx(reach @ gain, abs=1e-9)


def best_of(gains):
    """The best gain counts once, every harm in full."""
    return max(0.0, gains.max(initial=0.0)) + gains[gains < 0].sum()


def test_an_initiative_for_all_meets_one_for_a_segment(value):
    by = {"rich": (value.terms, 100.0)}
    usual = {"driver": "a", "reach": 0.5, "effect": 0.5}
    books = [
        book(*rows)
        for rows in (
            [{**usual, "segment": "rich"}, usual], [{**usual, "segment": "rich"}],
            [usual],
        )
    ]  # fmt: skip
    both, rich, whole = (
        roi.simulate(b, value, customers=500, by_segment=by, n_draws=100).payoff({})
        for b in books
    )
    # a fifth of the customers, a half of them reached by one, a half by the other
    assert both == pytest.approx(rich + whole - 0.2 * 0.25 / 0.5 * whole)


def test_segments_are_valued_and_reached_apart(value):
    terms = value.terms
    rich = replace(terms, theta=terms.theta * np.array([3, 3, 1, 1, 1, 1.0]))
    by = {"rich": (rich, 100.0), "plain": (terms, 400.0)}
    usual = {"driver": "a", "reach": 0.5, "effect": 0.5}
    rows = [{**usual, "segment": s} for s in ("rich", "plain", "")]
    common = {"customers": 500, "by_segment": by, "n_draws": 200}
    found = roi.simulate(book(*rows), value, **common)
    each = found.table.set_index("initiative")["n"]
    assert each.loc[["plan 0", "plan 1", "plan 2"]].tolist() == [50, 200, 250]
    two = roi.simulate(book(*rows[:2]), value, **common)
    assert two.total["removed_amount"] == 0
    assert "value of a point in rich" in two.draws.inputs
    assert found.total["removed_amount"] > 0
    assert found.overlaps["removed_amount"].sum() == pytest.approx(
        found.total["removed_amount"]
    )
    with pytest.raises(DataError, match="is none of rich, plain"):
        roi.simulate(book({**usual, "segment": "poor"}), value, **common)
    with pytest.raises(DataError, match="the segments have 500 customers and there"):
        roi.simulate(book(*rows), value, **(common | {"customers": 450}))
    pooled = roi.simulate(book(*rows[:1]), value, n_draws=200)
    assert any(
        a.text == "Valued as the average customer, though aimed at a segment: "
        "plan 0 (rich)." for a in pooled.assumptions
    )  # fmt: skip


def test_a_declared_value():
    plans = book({"reach": 0.5, "source": "test", "owner": "me"})
    told = {"amount": 4.0, "low": 2.0, "high": 5.0}
    found = flat(plans, told, n_draws=20_000, rng=1)
    assert found.inputs["value of a point"] == (4.0, 2.0, 5.0)
    row = found.total
    assert (row["p10_amount"], row["p90_amount"]) == pytest.approx((100, 250), rel=0.03)
    weak = [a.text for a in found.assumptions if a.quality == "low"]
    assert weak[-1] == (
        "A point is declared to be worth 4 a customer and year (P10 to P90 2 to 5); no "
        "source is named, no owner is named."
    )
    signed = flat(plans, told | {"source": "Finance", "owner": "CFO"})
    assert signed.assumptions[-1].quality == "medium"
    for given_, message in (
        ({"amout": 4.0}, "`value` has 'amout'; did you mean 'amount'?"),
        ({"low": 4.0}, "`value` has no `amount`: money a point, customer and year."),
        ({"amount": 4.0, "low": 5.0},
         "`value['low']` is 5.0; it must lie in (-inf, 4.0]."),
        (told | {"distribution": "gamma"},
         "`value['distribution']` is 'gamma'; use one of 'normal2', 'lognormal', "
         "'triangular', 'pert', 'uniform', 'beta'."),
    ):  # fmt: skip
        with pytest.raises(ArgumentError) as error:
            flat(plans, given_)
        assert str(error.value) == message


def test_who_vouches_for_what_is_said():
    plans = book(
        {"name": "a", "reach": 0.5, "source": "test", "evidence": "expert",
         "effect_low": 0.95, "effect_high": 1.05},
        {"name": "b", "reach": 0.5, "owner": "me"},
    )  # fmt: skip
    texts = [(a.text, a.quality) for a in flat(plans).assumptions]
    assert texts[0][0].startswith("b: 1 score points")
    assert texts[1][0].endswith("evidence: expert; test).")
    assert (
        "a: the range declared for its effect, 5 % either way, is narrower than expert "
        "evidence can know (30 %).", "low",
    ) in texts  # fmt: skip
    assert ("No source is named for b.", "low") in texts
    assert ("No owner is named for a.", "low") in texts
    assert (
        "No range is given for reach, the value of a point and the discount rate: "
        "certain in the draws, and a fifth either way in the tornado, which is a "
        "convention.", "low",
    ) in texts  # fmt: skip


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]],
         "`correlation` cannot be: no numbers move together like that (smallest "
         "eigenvalue -0.8); bring the largest ones closer to 0."),
        ([[1, 0.9, 0], [0.1, 1, 0], [0, 0, 1]],
         "`correlation` must be symmetric with ones down the middle."),
    ],
)  # fmt: skip
def test_correlations_that_cannot_be(matrix, message):
    names = ["plan 0", "plan 1", "plan 2"]
    given_ = pd.DataFrame(matrix, index=names, columns=names, dtype=float)
    plans = book(*({"reach": 0.1} for _ in names))
    with pytest.raises(ArgumentError) as error:
        flat(plans, correlation=given_)
    assert str(error.value) == message
    apart = pd.DataFrame(np.eye(3), index=names, columns=names)
    with pytest.raises(ArgumentError, match="`correlation` names 'plan 2'; did you"):
        flat(plans.iloc[:2], correlation=apart)


def test_one_draw_for_a_group():
    spread = {"effect_low": 0.5, "effect_high": 1.5, "reach": 0.1}
    plans = book(*({**spread, "group": g} for g in ("x", "x", "")))
    drawn = flat(plans, n_draws=500).draws.inputs
    one, two, three = (drawn[f"effect of plan {i}"] for i in range(3))
    np.testing.assert_allclose(one, two)
    assert abs(np.corrcoef(one, three)[0, 1]) < 0.2


def test_the_return_on_cost_and_the_error_of_the_draws():
    plans = book({"reach": 0.5, "cost": 20.0, "effect_low": 0.5, "effect_high": 1.5})
    found = flat(plans, n_draws=10_000, rng=2)
    row = found.total
    assert row["rel_roi"] == pytest.approx(row["npv_amount"] / 20)
    assert row["rel_roi_p10"] == pytest.approx(row["p10_amount"] / 20)
    sd = 25 / Z90
    assert row["npv_error_amount"] == pytest.approx(sd / 100, rel=0.05)
    density = 0.1755 / sd
    assert row["p10_error_amount"] == pytest.approx(0.003 / density, rel=0.25)
    assert found.precision.startswith("Monte Carlo error of 10,000 draws: NPV 0.")
    assert found.precision.endswith(
        "; enough: no verdict would change with other draws."
    )
    free = flat(book({"reach": 0.5}))
    assert np.isnan(free.total["rel_roi"])
    assert "return on cost" not in [f.id for f in free.findings]
    even = flat(plans.assign(cost=50.0))
    assert even.precision.endswith("; draw more before plan 0 is decided on.")


def test_a_cell_shows_a_sentence_and_a_narrow_table(found):
    assert found.display.columns.tolist() == [
        "evidence: initiative", "cost", "NPV (P10 to P90)", "chance",
        "payback, years; IRR; ROI",
    ]  # fmt: skip
    assert "randomised: Checkout redesign" in found._repr_html_()
    assert found.overlaps["driver"].tolist() == ["ease", "ease"]


def test_a_rate_on_next_to_no_cost_is_not_printed_in_full():
    plans = book({"reach": 0.5, "cost": 0.5})
    shown = flat(plans).display["payback, years; IRR; ROI"].iloc[0]
    assert shown == "0.0;\u00a0>\u00a01,000\u00a0%;\u00a0>\u00a01,000\u00a0%"


def test_the_ledger_in_words(found):
    ledger = found.ledger
    assert ledger.total == pytest.approx(found.total["removed_amount"])
    gross = sum((found.draws.alone + found.draws.cost).mean(axis=0))
    assert ledger.gross_amount == pytest.approx(gross)
    first = (
        f"{found.overlaps['removed_amount'].iloc[0]:,.0f} EUR that Checkout redesign"
    )
    assert ledger.text.startswith(f"Of the {gross:,.0f} EUR that the initiatives would")
    assert f"{first}, all channels would claim of customers credited to App" in (
        ledger.text
    )
    assert ledger.display.shape == (2, 5)
    none = flat(book({"reach": 0.5}))
    assert none.ledger.text.startswith("Nothing is counted twice: no customer is")
    assert flat(book({"reach": 0.5}), overlap="none").ledger.text == (
        "Nothing is taken out: overlap was not looked for."
    )
    assert roi.simulate(None, 1.0).ledger._repr_html_().count("<table") == 0
    cap = flat(
        book({"reach": 1.0, "effect": -3.0, "effect_on": "cost_to_serve"},
             {"reach": 1.0, "effect": -3.0, "effect_on": "cost_to_serve"}),
        None, means={"cost_to_serve": 4.0},
    )  # fmt: skip
    assert cap.ledger.text == (
        "Of the 600 that the initiatives would gain alone, before costs, 200 (33.3 %) "
        "is taken out: 100 of plan 0, beyond cost there is to save; 100 of plan 1, "
        "beyond cost there is to save."
    )


def test_one_margin(value):
    plans = book({"reach": 0.5, "effect_on": "revenue"})
    with pytest.raises(ArgumentError) as error:
        roi.simulate(plans, value, margin=0.3)
    assert str(error.value) == (
        "`margin` is 0.3 and the value of a point was made with 0.4; give one margin "
        "to both, or none here."
    )


CLAIM = {
    "id": "spend_claim", "estimate": 0.5, "ci_lower": 0.1, "ci_upper": 0.9,
    "unit": "amount", "statement": "", "results": "r.json",
}  # fmt: skip


def test_claims_in_money_and_shares_are_brought_to_a_year():
    plans = book({"name": "mail", "effect_on": "revenue", "reach": 10})
    with pytest.raises(DataError) as error:
        roi.with_claims(plans, {"mail": CLAIM})
    assert str(error.value) == (
        "finding 'spend_claim' for 'mail' is in amount of one window of the test; give "
        "the initiative `times_a_year`: how many such windows make a year."
    )
    monthly = plans.assign(times_a_year=12)
    found = roi.with_claims(monthly, {"mail": CLAIM})
    half = 12 * 0.4 * Z90 / 1.959963984540054
    assert found[["effect", "effect_low", "effect_high"]].to_numpy()[0] == (
        pytest.approx([6, 6 - half, 6 + half])
    )
    bought = CLAIM | {"unit": "share_points", "estimate": 0.01}
    with pytest.raises(DataError, match="give the initiative `amount_each`: the money"):
        roi.with_claims(monthly, {"mail": bought})
    found = roi.with_claims(monthly.assign(amount_each=80), {"mail": bought})
    assert found["effect"].iloc[0] == pytest.approx(0.01 * 80 * 12)
    kept = monthly.assign(effect_on="retained", times_a_year=1)
    assert roi.with_claims(kept, {"mail": bought})["effect"].iloc[0] == 0.01
    with pytest.raises(DataError, match="effect on retained is in share points of"):
        roi.with_claims(kept, {"mail": CLAIM})


def test_a_mailing_from_the_experiment_to_its_return(shared, tmp_path):
    """Hillstrom: claimed lift of spend a mail x margin less the cost of a mail."""
    users = pd.read_csv(shared("data/hillstrom/hillstrom_data.csv"))
    users = users[users["segment"] != "Womens E-Mail"]
    test = journeys.compare(
        users, [Mean(name="spend", column="spend", unit="amount")],
        variant="segment", control="No E-Mail",
    )  # fmt: skip
    claims = journeys.claims(test)
    export(tmp_path, {"metrics": test, "claims": claims})
    leans = {"results": str(tmp_path / "results.json"), "finding": "spend_claim"}
    plans = book(
        {"name": "mails", "reach": 1.0, "effect_on": "revenue", "times_a_year": 12,
         "running_cost": 12 * 0.05 * 20_000},
    )  # fmt: skip
    measured = roi.with_claims(plans, data.read_claims({"mails": leans}))
    found = flat(measured, None, margin=0.3, customers=20_000, n_draws=20_000, rng=1)
    claim = claims.table["claimed_effect_size"].iloc[0]
    assert 0 < claim <= test.table["effect_size"].iloc[0]
    wanted = 12 * 20_000 * (claim * 0.3 - 0.05)
    base = {name: span[0] for name, span in found.inputs.items()}
    assert found.payoff(base) == pytest.approx(wanted, rel=1e-9)
    assert found.total["evidence"] == ""
    assert found.table["evidence"].iloc[0] == "randomised"
    middle = found.quantiles.query("initiative == 'mails' and probability == 0.5")
    assert middle["npv_amount"].iloc[0] == pytest.approx(wanted, rel=0.03)
