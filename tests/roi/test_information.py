"""What it is worth to know more before choosing, and the study that pays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cxlib import plots, roi
from cxlib.errors import ArgumentError
from cxlib.estimate import information as knowing


def book(*rows):
    """Initiatives of 1,000 customers each, known from experiments."""
    base = {"cost": 1000.0, "reach": 1000, "evidence": "randomised"}
    return pd.DataFrame([{**base, **row} for row in rows])


def normal(name, mean, sd, **cells):
    """An initiative whose effect is normal."""
    spread = 1.2815515655446004 * sd
    ends = {"effect_low": mean - spread, "effect_high": mean + spread}
    return {"name": name, "effect": mean, **ends, **cells}


def loss(mean, sd):
    """Unit normal loss integral: E max(0, X) - max(0, E X) of a normal X."""
    z = abs(mean) / sd
    return sd * (stats.norm.pdf(z) - z * stats.norm.sf(z))


def simulated(*rows, value=1.0, seed=1, n_draws=20_000):
    """NPV of a row = 1,000 x value x effect - cost, exactly."""
    return roi.simulate(
        book(*rows), value, horizon=1, steps_per_year=1, discount_rate=0,
        n_draws=n_draws, rng=seed, currency="EUR",
    )  # fmt: skip


def row_of(found, name, decision="which to fund"):
    rows = found.table[found.table["decision"] == decision]
    return rows[rows["input"] == name].iloc[0]


@pytest.fixture(scope="module")
def two():
    return simulated(
        normal("Callback", 1.2, 0.5),
        normal("Courier", 0.8, 0.6, cost_low=500.0, cost_high=1500.0),
        n_draws=8_000,
    )


@pytest.mark.parametrize("mean", [0.0, 0.3, -1.0])
@pytest.mark.parametrize("variance", [0.1, 1.0])
def test_linear_normal_problem_in_closed_form(mean, variance):
    rng = np.random.default_rng(7)
    known = mean + rng.normal(size=40_000)
    pays = np.column_stack([np.zeros(40_000), known + 2 * rng.normal(size=40_000)])
    partial, perfect = knowing.partial(pays, known), knowing.perfect(pays)
    (studied,) = knowing.sampled(pays, known, [variance])
    wanted = loss(mean, 1 / (1 + variance) ** 0.5)
    assert abs(partial.value - loss(mean, 1)) < 3.5 * partial.std_error
    assert abs(perfect.value - loss(mean, 5**0.5)) < 3.5 * perfect.std_error
    assert abs(studied.value - wanted) < 3.5 * studied.std_error + 0.01 * wanted
    assert perfect.value >= partial.value >= studied.value >= 0


def test_study_without_other_noise_meets_the_closed_form_closely():
    z = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    pays = np.column_stack([np.zeros(20_000), z])
    sizes = np.array([0.01, 0.1, 0.5, 1.0, 3.0])
    found = [one.value for one in knowing.sampled(pays, z, sizes)]
    np.testing.assert_allclose(found, [loss(0, 1 / (1 + v) ** 0.5) for v in sizes],
                               rtol=0.02)  # fmt: skip


def test_choice_of_several_is_that_of_the_best_of_them():
    rng = np.random.default_rng(3)
    known = rng.normal(size=(30_000, 3))
    pays = known + rng.normal(size=(30_000, 3))
    best = np.sort(rng.normal(size=(400_000, 3)), axis=1)[:, -1].mean()
    joint = knowing.partial(pays, known)
    assert joint.value == pytest.approx(best, abs=4 * joint.std_error + 0.02)
    single = knowing.partial(pays, known[:, 0]).value
    assert joint.value > single > 0


def test_useless_input_is_worth_nothing_and_changes_nothing():
    rng = np.random.default_rng(5)
    pays = np.column_stack([np.zeros(5_000), rng.normal(size=5_000)])
    assert knowing.partial(pays, rng.normal(size=5_000)) == knowing.NOTHING
    assert knowing.partial(pays, np.ones(5_000)) == knowing.NOTHING
    assert knowing.sampled(pays, rng.normal(size=5_000), [1.0]) == [knowing.NOTHING]


def test_input_that_moves_the_return_but_not_the_choice_is_worth_nothing():
    rng = np.random.default_rng(6)
    known = rng.normal(size=10_000)
    sure = np.column_stack([np.zeros(10_000), 100 + known])
    assert knowing.partial(sure, known).value == 0
    assert knowing.perfect(sure).value == 0


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    shift=st.floats(-50, 50),
    scale=st.floats(0.01, 1000),
    choices=st.integers(2, 4),
)
def test_orders_and_units(seed, shift, scale, choices):
    rng = np.random.default_rng(seed)
    known = rng.gamma(2, size=2_000)
    slopes = rng.normal(size=choices)
    pays = known[:, None] * slopes + rng.normal(size=(2_000, choices))
    partial, perfect = knowing.partial(pays, known), knowing.perfect(pays)
    studied = knowing.sampled(pays, known, [0.0, 0.5, 2.0, 8.0])
    values = [one.value for one in studied]
    assert perfect.value >= partial.value >= values[0] - 1e-12
    assert values == sorted(values, reverse=True)
    assert values[-1] >= 0
    moved = knowing.partial(scale * pays + shift, known)
    assert moved.value == pytest.approx(scale * partial.value, abs=1e-6 * scale)
    assert 0 <= partial.changes <= 1


def test_payoffs_and_inputs_are_checked():
    with pytest.raises(ArgumentError, match="one row a draw and one column a choice"):
        knowing.perfect([1.0, 2.0])
    with pytest.raises(ArgumentError, match="one row for each of the 2 draws"):
        knowing.partial([[0, 1], [0, 2]], [1.0])
    x = np.random.default_rng(0).normal(size=500)
    pays = np.column_stack([0 * x, x])
    with pytest.raises(ArgumentError, match="none may be below zero"):
        knowing.sampled(pays, x, [-1.0])


def test_fund_or_not_in_closed_form():
    found = roi.information(simulated(normal("Callback", 1.2, 0.5)))
    row = row_of(found, "effect of Callback", "Callback")
    assert row["estimate"] == pytest.approx(loss(200, 500), abs=3.5 * row["std_error"])
    assert row["share_changed"] == pytest.approx(stats.norm.cdf(-0.4), abs=0.02)
    assert row["n"] == 20_000


def test_all_of_an_initiative_is_worth_at_least_its_parts(two):
    found = roi.information(two)
    parts = [row_of(found, f"{k} of Courier")["estimate"] for k in ("effect", "cost")]
    joint = row_of(found, "all about Courier")["estimate"]
    assert found.whole["estimate"] >= joint >= max(parts) > 0
    exact = loss(-200, (600**2 + (500 / 1.2815515655446004) ** 2) ** 0.5)
    error = row_of(found, "all about Courier")["std_error"]
    assert joint == pytest.approx(exact, abs=4 * error)
    # without overlap and budget the choices are apart
    own = row_of(found, "effect of Courier", "Courier")["estimate"]
    assert own == pytest.approx(
        row_of(found, "effect of Courier")["estimate"], rel=0.05
    )


def test_sentence_table_and_findings_agree(two):
    found = roi.information(two)
    top = found.inputs.iloc[0]
    assert found.text.startswith(
        f"What to measure next: the {top['input']}, worth up to "
        f"{top['estimate']:,.0f} EUR (95 % CI "
    )
    assert found.best == ("Callback",)
    assert found.inputs["estimate"].is_monotonic_decreasing
    assert [one.estimate for one in found.findings] == [
        found.whole["estimate"], top["estimate"]
    ]  # fmt: skip
    assert len(found.display.columns) <= 5
    assert found.display.iloc[0, 0] == "everything"


def test_budget_makes_initiatives_compete(two):
    free, tight = roi.information(two), roi.information(two, budget=1200)
    both = roi.information(two, budget=2500)
    assert free.whole["estimate"] == pytest.approx(both.whole["estimate"])
    assert tight.whole["estimate"] != pytest.approx(free.whole["estimate"])
    assert len(tight.best) == 1
    none = roi.information(two, budget=0)
    assert none.text.startswith("Measure nothing first: no single input")
    with pytest.raises(ArgumentError, match="`budget` is -1"):
        roi.information(two, budget=-1)


def test_many_initiatives_compare_the_nearest_sets():
    rows = [normal(f"plan {i}", 1.0 + 0.05 * (i - 4), 0.4) for i in range(9)]
    found = roi.information(simulated(*rows, n_draws=4_000))
    assert "nearest" in found.method
    exact = sum(loss(50 * (i - 4), 400) for i in range(9))
    assert 0 < found.whole["estimate"] < exact * 1.05
    single = row_of(found, "effect of plan 4")
    assert single["estimate"] == pytest.approx(
        loss(0, 400), abs=5 * single["std_error"]
    )


def test_nothing_to_know_says_so():
    empty = roi.simulate(None, 1.0)
    found = roi.information(empty)
    assert found.table.empty
    assert found.text == (
        "There is nothing to learn before deciding: no initiatives were given."
    )
    sure = simulated({"name": "Sure", "effect": 2.0, "effect_low": 2.0,
                      "effect_high": 2.0})  # fmt: skip
    assert roi.information(sure).text.endswith("no input is uncertain.")
    assert roi.next_study(empty, sd=1, cost_per_customer=1).text == (
        "There is no study to plan: no initiatives were given."
    )
    assert found.findings == ()
    assert roi.next_study(sure, sd=1, cost_per_customer=1).findings == ()


def test_study_in_closed_form():
    found = roi.next_study(
        simulated(normal("Callback", 1.2, 0.5)), sd=3.0, cost_per_customer=0.1,
        fixed_cost=20.0, sizes=[50, 200, 450],
    )  # fmt: skip
    for row in found.sizes.itertuples():
        error = 2 * 3.0**2 / row.n
        before = 0.5**2 / (0.5**2 + error) ** 0.5
        assert row.effect_error == pytest.approx(error**0.5)
        wanted = loss(200, 1000 * before)
        assert row.estimate == pytest.approx(
            wanted, abs=4 * row.std_error + 0.02 * wanted
        )
        assert row.cost_amount == pytest.approx(20 + 0.2 * row.n)
        assert row.net_amount == pytest.approx(row.estimate - row.cost_amount)
        assert row.detectable_effect == pytest.approx(2.8016 * error**0.5, abs=1e-3)
        assert row.evppi_amount >= row.estimate
    best = found.sizes.loc[found.sizes["net_amount"].idxmax(), "n"]
    assert found.table["n"].tolist() == [best]
    assert found.pays
    assert "it pays, by" in found.text


def test_study_that_costs_more_than_it_tells_does_not_pay(two):
    dear = roi.next_study(two, sd=3.0, cost_per_customer=50)
    assert not dear.pays
    assert dear.text.startswith("No experiment pays: even the best, n = ")
    assert (dear.table["net_amount"] < 0).all()
    certain = simulated(normal("Callback", 5.0, 0.2))
    none = roi.next_study(certain, sd=3.0, cost_per_customer=1)
    assert none.text == (
        "No experiment pays: knowing the effect of any one initiative exactly would "
        "not change which to fund."
    )


def test_waiting_costs_what_the_best_choice_loses():
    rows = [normal("Callback", 1.3, 0.5)]
    plan = roi.simulate(
        book(*rows), 1.0, horizon=1, steps_per_year=12, discount_rate=0,
        n_draws=4_000, rng=1,
    )  # fmt: skip
    now = roi.next_study(plan, sd=3.0, cost_per_customer=0.1, sizes=[300])
    late = roi.next_study(plan, sd=3.0, cost_per_customer=0.1, sizes=[300], weeks=8)
    lost = (plan.draws.alone - plan.draws.delayed(8)).mean()
    assert now.table["wait_amount"].tolist() == [0.0]
    assert late.table["wait_amount"].iloc[0] == pytest.approx(lost)
    assert late.text.count("of waiting 8 weeks") == 1


def test_study_is_of_what_its_spread_is_given_for(two):
    none = roi.next_study(two, sd={"revenue": 20.0}, cost_per_customer=1)
    assert none.text.endswith("no effect of known spread is uncertain.")
    with pytest.raises(ArgumentError, match="`sd` is 'speed'; use one of"):
        roi.next_study(two, sd={"speed": 1.0}, cost_per_customer=1)
    with pytest.raises(ArgumentError, match="`sd` is 0; it must lie in"):
        roi.next_study(two, sd=0, cost_per_customer=1)
    with pytest.raises(ArgumentError, match="give customers an arm, at least 2 each"):
        roi.next_study(two, sd=1, cost_per_customer=1, sizes=[1])


def test_tornado_takes_the_drawn_range_and_the_order_of_information(two):
    found = roi.information(two)
    plain = roi.tornado(two.payoff, two.inputs)
    drawn = roi.tornado(
        two.payoff, two.inputs, draws=two.draws, information=found, currency="EUR"
    )
    assert plain.table["swing_amount"].is_monotonic_decreasing
    assert plain.table["evppi_amount"].isna().all()
    rows = drawn.table.set_index("input")
    for name, known in two.draws.inputs.items():
        wanted = np.quantile(known, [0.1, 0.9])
        np.testing.assert_allclose(
            rows.loc[name, ["low", "high"]].astype(float), wanted
        )
    assert drawn.table["input"].tolist()[: len(found.inputs)] == (
        found.inputs["input"].tolist()
    )


def test_chart_draws_value_interval_and_cost(two):
    found = roi.information(two)
    study = roi.next_study(two, sd=3.0, cost_per_customer=0.1)
    ax = plots.information(found.table, studies=study.table, currency="EUR")
    rows = found.table[found.table["decision"] == "which to fund"]
    rows = rows[rows["kind"] != "initiative"]
    assert [bar.get_width() for bar in ax.patches] == rows["estimate"].tolist()
    ends = [one[:, 0].tolist() for one in ax.collections[0].get_segments()]
    assert ends == rows[["ci_lower", "ci_upper"]].to_numpy().tolist()
    texts = [text.get_text() for text in ax.texts]
    assert "orange: what the study costs" in texts
    assert "n = 8,000 draws" in texts
    costs = {float(one.get_segments()[0][0, 0]) for one in ax.collections[1:]}
    assert costs == set(study.table["cost_amount"])
    empty = plots.information(pd.DataFrame())
    assert empty.texts[0].get_text() == "nothing to draw: see the sentence"
    for each in (ax, empty):
        plots_close(each)


def plots_close(ax):
    import matplotlib.pyplot as plt

    plt.close(ax.figure)


@pytest.mark.slow
def test_null_inputs_are_worth_nothing_on_average():
    """200 worlds where the choice is a toss-up and the input tells nothing."""
    values = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        pays = np.column_stack([np.zeros(2_000), *rng.normal(size=(2, 2_000))])
        values.append(knowing.partial(pays, rng.normal(size=2_000)).value)
    assert np.mean(np.array(values) > 0) <= stats.binom.ppf(0.999, 200, 1e-3) / 200
    assert np.mean(values) < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("mean", [0.0, 0.5])
def test_interval_covers_the_closed_form(mean):
    """Monte Carlo interval of EVPPI: 200 seeds, binomial bounds."""
    wanted, hits, values = loss(mean, 1), 0, []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        known = mean + rng.normal(size=3_000)
        pays = np.column_stack([np.zeros(3_000), known + rng.normal(size=3_000)])
        found = knowing.partial(pays, known)
        hits += abs(found.value - wanted) < 1.959963984540054 * found.std_error
        values.append(found.value)
    assert hits >= stats.binom.ppf(0.001, 200, 0.95)
    error = np.std(values) / 200**0.5
    assert abs(np.mean(values) - wanted) < 3.5 * error + 0.003
