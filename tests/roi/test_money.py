"""Value of a point, cash flows, the simulation of investments, the tornado."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxlib import roi, simulate
from cxlib.errors import ArgumentError, DataError

SURE = {"evidence": "randomised"}


def book(*rows, **columns):
    """A table of initiatives; effects without spread unless given."""
    frame = pd.DataFrame(
        [{"cost": 1000.0, "effect": 1.0, **SURE, **row} for row in rows]
    )
    for end in ("low", "high"):
        name = f"effect_{end}"
        frame[name] = frame.get(name, frame["effect"]).fillna(frame["effect"])
    frame["name"] = frame.get("name", [f"plan {i}" for i in range(len(frame))])
    return frame.assign(**columns)


@pytest.fixture(scope="module")
def value(fits):
    return roi.point_value(fits, margin=0.4, horizon=3, discount_rate=0.08)


def by_hand(fits, margin, years, rate):
    """Value of a point: two customers followed month by month, one a point up."""
    rev, cost, kept = (
        fits.of(name).row["estimate"]
        for name in ("revenue", "cost_to_serve", "retained")
    )
    mean = fits.base.means
    base, up, total = 1.0, 1.0, 0.0
    for month in range(12 * years):
        first = month < 12
        usual = margin * mean["revenue"] - mean["cost_to_serve"]
        better = usual + (margin * rev - cost) * first
        total += (up * better - base * usual) / (1 + rate) ** ((month + 1) / 12)
        up *= mean["retained"] + kept * first
        base *= mean["retained"]
    return total


@pytest.mark.parametrize(("margin", "years", "rate"), [(0.4, 3, 0.08), (0.7, 1, 0.0)])
def test_value_follows_two_customers(fits, margin, years, rate):
    found = roi.point_value(fits, margin=margin, horizon=years, discount_rate=rate)
    assert found.total["estimate"] == pytest.approx(by_hand(fits, margin, years, rate))
    parts = found.table.iloc[:-1]["estimate"].sum()
    assert found.total["estimate"] == pytest.approx(parts)


def test_value_is_an_association_until_checked(company, fits, value):
    assert set(value.table["reading"]) == {"association"}
    row = value.total
    assert value.text.startswith(
        f"One score point held for a year goes with {row['estimate']:.2f} EUR of "
        "margin per customer (95 % CI "
    )
    assert value.text.endswith("over 3 years. Read it as an association.")
    checked = roi.point_value(fits, margin=0.4, diagnosis=roi.diagnose(company, fits))
    assert checked.table["reading"].tolist() == ["effect"] * 2 + ["association"] * 3
    assert checked.text.endswith(
        "Read as an association: customers kept in the year and customers kept "
        "afterwards; the rest as an effect."
    )


def test_value_counts_what_was_estimated_and_says_what_not(company):
    money = roi.fit_outcomes(company, ["revenue", "upsell"], drivers=["plan"])
    found = roi.point_value(money, margin=0.5, diagnosis=roi.diagnose(company, money))
    assert found.table["component"].tolist() == [
        "margin on revenue in the year", "one point, one customer, one year",
    ]  # fmt: skip
    assert found.total["reading"] == "effect"
    assert "is worth" in found.text
    assert found.text.endswith("Not counted: cost to serve, customers kept and upsell.")


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [
        (["upsell"], "none of revenue, cost to serve and retained was estimated"),
        (["retained"], "retention alone has no money value without revenue"),
    ],
)
def test_no_value_without_money(company, outcomes, reason):
    found = roi.point_value(roi.fit_outcomes(company, outcomes), margin=0.4)
    assert found.text == f"A score point cannot be given a value: {reason}."
    plan = roi.simulate(book({"reach": 5}), found)
    assert plan.text == "No initiative was simulated: a score point has no value."
    assert roi.decision(found) == (
        f"No investment can be argued from these data: {reason}."
    )
    assert roi.tornado(plan.payoff, plan.inputs).text == "There are no inputs to vary."
    assert found.findings == plan.findings == ()
    assert found._repr_html_().count("<table") == 0


def test_value_needs_the_length_of_a_period(company):
    numbered = company.assign(period=company["period"].str[-2:].astype(int))
    fits = roi.fit_outcomes(numbered, ["revenue"])
    found = roi.point_value(fits, margin=0.4)
    assert found.reason == (
        "the periods do not say how many make a year; set `periods_per_year`"
    )
    monthly = roi.point_value(fits, margin=0.4, periods_per_year=12)
    dated = roi.point_value(roi.fit_outcomes(company, ["revenue"]), margin=0.4)
    assert monthly.total["estimate"] == pytest.approx(dated.total["estimate"])


def test_churn_named_the_other_way_round_is_worth_the_same(company):
    names = ["revenue", "retained"]
    one = roi.point_value(roi.fit_outcomes(company, names), margin=0.4)
    turned = company.assign(retained=1 - company["retained"])
    other = roi.point_value(roi.fit_outcomes(turned, names), margin=0.4)
    for column in ("estimate", "std_error"):
        np.testing.assert_allclose(one.table[column], other.table[column], rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"margin": 40}, "`margin` is 40; it must lie in [0, 1]."),
        ({"margin": 0.4, "horizon": 0}, "`horizon` is 0; it must lie in [1, inf]."),
    ],
)
def test_value_arguments(fits, options, message):
    with pytest.raises(ArgumentError) as error:
        roi.point_value(fits, **options)
    assert str(error.value) == message


def test_break_even_without_initiatives(value):
    plan = roi.simulate(None, value)
    assert plan.text == "No initiative was simulated: no initiatives were given."
    told = roi.decision(value)
    assert told.startswith("A point is worth ")
    assert told.endswith(" per point, customer and year pays.")
    assert ", if the association is an effect, and what raises" in told


def test_payoff_by_hand():
    found = roi.payoff([0, 50, 50, 50], [100, 0, 0, 0], discount_rate=0.0)
    assert (found.npv, found.payback, found.roi, found.breakeven) == (
        50.0, 2.0, 0.5, pytest.approx(2 / 3),
    )  # fmt: skip
    never = roi.payoff([0, 10], [100, 0], discount_rate=0.1)
    assert np.isnan(never.payback)
    assert never.irr == pytest.approx(-0.9)
    free = roi.payoff([0, 10], [0, 0], discount_rate=0.1)
    assert free.payback == 0
    assert np.isnan(free.irr)


def test_irr_is_none_where_it_is_not_unique():
    assert np.isnan(roi.irr([-100, 230, -132]))
    assert np.isnan(roi.irr([0, 0]))


@given(st.floats(-0.9, 3), st.lists(st.floats(0.1, 1e5), min_size=1, max_size=30))
def test_irr_makes_npv_zero(rate, gains):
    cost = sum(g / (1 + rate) ** (t + 1) for t, g in enumerate(gains))
    found = roi.irr([-cost, *gains])
    assert found == pytest.approx(rate, abs=1e-6, rel=1e-6)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=12))
def test_payback_is_when_the_sum_is_back(cash):
    total = np.cumsum(cash)
    found = float(roi.payback(cash))
    under = np.flatnonzero(total < 0)
    if not len(under):
        assert found == 0
    elif np.isnan(found):
        assert (total[under[0] :] < 0).all()
    else:
        assert under[0] < found <= len(cash) - 1


def test_simulation_by_hand():
    """100 customers x 1 point x 2 a year, two years at 10 %, cost 150."""
    found = roi.simulate(
        book({"reach": 100, "cost": 150.0}), 2.0, horizon=2, discount_rate=0.1,
        steps_per_year=1, n_draws=100,
    )  # fmt: skip
    row = found.table.iloc[0]
    assert row["npv_amount"] == pytest.approx(-150 + 200 / 1.1 + 200 / 1.21)
    assert row["payback_years"] == pytest.approx(0.75)
    assert row["share_positive"] == 1
    assert row["rel_irr"] == pytest.approx(roi.irr([-150, 200, 200]))
    assert found.fan["p50_amount"].tolist() == pytest.approx(
        [-150, -150 + 200 / 1.1, row["npv_amount"]]
    )


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"start": 12}, [0, 1, 1, 1]),
        ({"duration": 24}, [1, 1, 0, 0]),
        ({"decay": 0.5}, [1, 0.5, 0.25, 0.125]),
        ({"ramp": 48}, [0.25, 0.5, 0.75, 1]),
    ],
)
def test_start_duration_decay_and_ramp(extra, expected):
    found = roi.simulate(
        book({"reach": 1, "cost": 0.0, **extra}), 1.0, horizon=4, discount_rate=0.0,
        steps_per_year=1, n_draws=100, customers=1,
    )  # fmt: skip
    assert np.diff(found.fan["p50_amount"]).tolist() == pytest.approx(expected)


def test_starts_may_be_months_of_the_calendar():
    dated = book(*({"reach": 9, "start": s} for s in ("2026-03", "2026-01", None)))
    counted = dated.assign(start=[2, 0, 0])
    results = [
        roi.simulate(plans, 50.0, horizon=1, n_draws=100).table["npv_amount"]
        for plans in (dated, counted)
    ]
    pd.testing.assert_series_equal(*results)


def total(plans, **options):
    found = roi.simulate(
        plans, 1.0, horizon=1, discount_rate=0.0, steps_per_year=1, n_draws=100,
        customers=100, **options,
    )  # fmt: skip
    return found.total["npv_amount"], found.total["removed_amount"]


def test_no_customer_is_counted_twice_on_one_driver():
    two = book(
        {"driver": "ease", "reach": 0.5, "effect": 2.0, "cost": 0.0},
        {"driver": "ease", "reach": 0.4, "effect": 1.0, "cost": 0.0},
    )
    # the stronger in full; of the weaker's 40, half are not reached by the stronger
    assert total(two) == pytest.approx((100 + 20, 20))
    assert total(two, overlap="nested") == pytest.approx((100, 40))
    assert total(two, overlap="none") == pytest.approx((140, 0))
    apart = two.assign(driver=["ease", "speed"])
    assert total(apart) == pytest.approx((140, 0))


def test_harm_is_never_taken_out():
    two = book(
        {"driver": "ease", "reach": 0.5, "effect": 2.0, "cost": 0.0},
        {"driver": "ease", "reach": 0.4, "effect": -1.0, "cost": 0.0},
    )
    assert total(two) == pytest.approx((60, 0))


@settings(max_examples=20)
@given(
    st.lists(st.tuples(st.floats(0.01, 1), st.floats(-1, 3)), min_size=1, max_size=5)
)
def test_overlap_removes_and_never_adds(rows):
    plans = book(
        *({"driver": "x", "reach": r, "effect": e, "cost": 0.0} for r, e in rows)
    )
    npv, removed = total(plans)
    assert removed >= -1e-9
    assert npv + removed == pytest.approx(100 * sum(r * e for r, e in rows), abs=1e-6)
    assert npv <= 100 * max(0, *(e for _, e in rows)) + 1e-6


def test_one_customer_cannot_rise_above_the_best_score(company, fits, value):
    huge = book({"reach": 1.0, "effect": 50.0, "cost": 0.0})
    most = book({"reach": 1.0, "effect": value.headroom, "cost": 0.0})
    worth = [
        roi.simulate(b, value, n_draws=200).total["npv_amount"] for b in (huge, most)
    ]
    assert worth[0] == pytest.approx(worth[1])


def test_weaker_evidence_is_wider():
    spread = {"reach": 10, "effect_low": 0.5, "effect_high": 1.5}
    plans = book(
        *({**spread, "evidence": e} for e in ("randomised", "quasi", "expert"))
    )
    found = roi.simulate(plans, 100.0, n_draws=20_000, rng=1).table.iloc[:-1]
    width = (found["p90_amount"] - found["p10_amount"]).to_numpy()
    order = found["evidence"].map({"randomised": 1.0, "quasi": 1.25, "expert": 2.0})
    ratio = width / order.to_numpy()
    np.testing.assert_allclose(ratio, ratio[0], rtol=0.05)


def test_value_and_effects_are_drawn_jointly(value):
    plans = book(*({"reach": 0.2, "effect": 0.5} for _ in range(5)))
    sure = roi.simulate(
        plans, float(value.total["estimate"]), customers=500, n_draws=500
    )
    unsure = roi.simulate(plans, value, n_draws=4000, rng=2)
    assert sure.total["p90_amount"] == pytest.approx(sure.total["p10_amount"])
    one, all_five = (unsure.table.iloc[i] for i in (0, -1))
    spreads = [r["p90_amount"] - r["p10_amount"] for r in (one, all_five)]
    assert spreads[1] == pytest.approx(5 * spreads[0], rel=0.02)


def test_a_seed_repeats_and_another_does_not(value):
    plans = simulate.initiatives()
    runs = [roi.simulate(plans, value, n_draws=500, rng=s).table for s in (1, 1, 2)]
    pd.testing.assert_frame_equal(runs[0], runs[1])
    assert not runs[0].equals(runs[2])


def test_chunks_of_draws_join(value):
    found = roi.simulate(
        simulate.initiatives(), value, n_draws=20_500, rng=3, steps_per_year=1
    )
    assert found.n_draws == 20_500
    assert found.total["share_positive"] == pytest.approx(
        float((found.quantiles["npv_amount"][found.quantiles["initiative"]
               == "all together"] > 0).mean()), abs=0.02,
    )  # fmt: skip


def test_text_decision_and_findings(value):
    found = roi.simulate(simulate.initiatives(), value, n_draws=2000, rng=1)
    assert found.text.startswith("The 6 initiatives together return ")
    assert " that initiatives on the same driver would claim twice is taken out." in (
        found.text
    )
    assert found.decision.startswith("Going by the chance of a return above zero, ")
    assert [f.id for f in found.findings][:2] == [
        "net present value", "chance of a return above zero",
    ]  # fmt: skip
    assert "80 % interval" in found.findings[0].statement
    assert found.display.iloc[-1, 0] == "all together"


def test_every_problem_of_the_initiatives_at_once():
    bad = book(
        {"name": "a", "reach": 10, "evidence": "hunch"},
        {"name": "a", "reach": -1, "effect_low": 2.0},
        {"name": "b", "reach": 900, "effect_high": None, "cost": -5.0},
    )
    bad.loc[2, "effect_high"] = np.nan
    with pytest.raises(DataError) as error:
        roi.simulate(bad, 1.0, customers=500)
    assert str(error.value) == (
        "the initiatives cannot be simulated as they are.\n"
        "  - column 'name': is not unique (1 row). Seen: 'a'. Rename one.\n"
        "  - column 'evidence': is none of randomised, quasi, regression, expert "
        "(1 row). Seen: 'a'. Grade how the effect is known.\n"
        "  - column 'effect_low': is blank, or above the effect (1 row). Seen: 'a'. "
        "Give the P10: the value exceeded nine times in ten.\n"
        "  - column 'effect_high': is blank, or below the effect (1 row). Seen: 'b'. "
        "Give the P90: the value exceeded one time in ten.\n"
        "  - column 'reach': is not above zero (1 row). Seen: 'a'. Give the share of "
        "customers (up to 1) or their number.\n"
        "  - column 'cost': is blank or negative (1 row). Seen: 'b'. Mend it.\n"
        "  - column 'reach': is more than the 500 customers there are (1 row). Seen: "
        "'b'. Mend reach, or set `customers`."
    )


def test_shares_need_the_number_of_customers():
    with pytest.raises(DataError, match="the number of customers is not known"):
        roi.simulate(book({"reach": 0.5}), 1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_draws": 10}, "`n_draws` is 10; it must lie in [100, inf]."),
        ({"steps_per_year": 52}, "`steps_per_year` is 52; use one of 1, 4, 12."),
        ({"overlap": "some"},
         "`overlap` is 'some'; use one of 'independent', 'nested', 'none'."),
        ({"discount_rate": -1}, "`discount_rate` is -1; it must lie in (-1, inf)."),
    ],
)  # fmt: skip
def test_simulation_arguments(options, message):
    with pytest.raises(ArgumentError) as error:
        roi.simulate(book({"reach": 5}), 1.0, **options)
    assert str(error.value) == message


def test_tornado_of_a_simulation(value):
    found = roi.simulate(simulate.initiatives(), value, n_draws=500)
    swings = roi.tornado(found.payoff, found.inputs, currency="EUR")
    assert swings.base_amount == pytest.approx(
        found.payoff({name: span[0] for name, span in found.inputs.items()})
    )
    assert swings.table["swing_amount"].is_monotonic_decreasing
    assert swings.text.startswith(
        "Of 20 inputs, effect of Loyalty scheme relaunch moves "
    )
    with pytest.raises(
        ArgumentError, match="`inputs` has 'cost of nothing'; there are"
    ):
        found.payoff({"cost of nothing": 1.0})


def test_tornado_arguments():
    with pytest.raises(ArgumentError, match="`payoff` must be a function"):
        roi.tornado(3, {"a": 1.0})
    with pytest.raises(ArgumentError, match="`share` is 0"):
        roi.tornado(lambda x: x["a"], {"a": 1.0}, share=0)
