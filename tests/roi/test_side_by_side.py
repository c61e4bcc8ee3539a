"""The sceptic's page: overrides, both cases on the same draws, reasons, break-even."""

from __future__ import annotations

import itertools
import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxlib import data, plots, roi
from cxlib.errors import ArgumentError, DataError
from cxlib.roi.investments.reasons import shapley

ROOT_FILE = "params/sample/_roi_cfo.yaml"


def plans(**columns):
    frame = pd.DataFrame(
        {
            "name": ["Callback", "Courier", "Loyalty"],
            "cost": [1000.0, 1500.0, 4000.0],
            "effect": [1.5, 1.2, 0.9],
            "effect_low": [1.0, 0.6, -0.3],
            "effect_high": [2.0, 1.8, 2.1],
            "reach": [1000, 2000, 3000],
            "evidence": ["randomised", "quasi", "expert"],
        }
    )
    return frame.assign(**columns)


def case(**settings):
    given = {
        "initiatives": plans(), "value": 1.0, "horizon": 1, "steps_per_year": 1,
        "discount_rate": 0.0, "n_draws": 2_000, "rng": 3, "currency": "EUR",
    }  # fmt: skip
    return roi.Case(**given | settings)


def changed(**given):
    return data.parse_overrides({"who": "the CFO", **given}, initiatives=case().names)


CFO = {
    "discount_rate": 0.1,
    "initiatives": {
        "Callback": {"cost": 1200, "why": "second tender"},
        "Courier": {"effect": 0.6},
        "Loyalty": {"drop": True},
    },
}


@pytest.fixture(scope="module")
def compared():
    return roi.sceptic(case(), changed(**CFO))


# --- the file


def test_sample_file_is_about_the_sample():
    names = pd.read_csv(data.project_root() / "data/sample/initiatives.csv")["name"]
    found = data.read_overrides(ROOT_FILE, initiatives=set(names))
    assert found.who == "the CFO"
    assert len(found.items) == 6
    assert all(one.why for one in found.items)


def test_every_problem_of_a_file_is_told_at_once(tmp_path):
    file = tmp_path / "cfo.yaml"
    file.write_text(
        "margn: 0.3\nmargin: no\ndiscount_rate: {value: 0.1, wy: late}\n"
        "value_of_point: {amount: 3, low: 4}\noverlap: some\n"
        "initiatives:\n  Calback: {cost: 1}\n"
        "  Callback: {kost: 3, cost: -1, drop: yes please}\n",
        encoding="utf-8",
    )
    with pytest.raises(DataError) as caught:
        data.read_overrides(file, initiatives=["Callback"])
    assert str(caught.value).split("\n") == [
        "cfo.yaml: 9 problems to mend.",
        "  - column 'margn': is nothing to override. Did you mean 'margin'?",
        "  - column 'margin': is False. Give a share above 0 and up to 1.",
        "  - column 'discount_rate': has the keys ['value', 'wy']. "
        "Write {value: …, why: …}, or the value alone.",
        "  - column 'value_of_point': is {'amount': 3, 'low': 4}. "
        "Give an amount, or {amount: …, low: …, high: …} in that order of size.",
        "  - column 'overlap': is 'some'. Give one of independent, nested, none.",
        "  - column 'Calback': is no initiative. Did you mean 'Callback'?",
        "  - column 'Callback: kost': is nothing to override. Did you mean 'cost'?",
        "  - column 'Callback: cost': is -1. Give an amount that is not negative.",
        "  - column 'Callback: drop': is 'yes please'. Give true or false.",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("margin: 0.3\nmargin: 0.4\n", "the key 'margin' is given twice"),
        ("- 1\n- 2\n", "must map names to values"),
        ("a: [1\n", "is not readable as YAML"),
        ("initiatives: 3\n", "'initiatives': is no mapping"),
        ("initiatives: {Callback: 3}\n", "'Callback': is no mapping"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, text, told):
    file = tmp_path / "cfo.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=told):
        data.read_overrides(file)


def test_a_file_that_is_not_there_or_empty(tmp_path):
    with pytest.raises(ArgumentError, match="there is no such file"):
        data.read_overrides(tmp_path / "none.yaml")
    empty = tmp_path / "empty.yaml"
    empty.write_text("", encoding="utf-8")
    assert data.read_overrides(empty).items == ()


# --- the case


def test_case_is_what_simulate_gives():
    ours = case().simulate()
    same = roi.simulate(
        plans(), 1.0, horizon=1, steps_per_year=1, discount_rate=0, n_draws=2_000,
        rng=3,
    )  # fmt: skip
    pd.testing.assert_frame_equal(ours.table, same.table)


def test_effect_moves_with_its_range_and_others_stay():
    theirs = case().under(changed(initiatives={"Courier": {"effect": 0.6}}))
    row = theirs.initiatives.set_index("name").loc["Courier"]
    assert row[["effect", "effect_low", "effect_high"]].tolist() == pytest.approx(
        [0.6, 0.3, 0.9]
    )
    assert theirs.initiatives["cost"].tolist() == plans()["cost"].tolist()
    zero = case().under(changed(initiatives={"Courier": {"effect": 0.0}}))
    row = zero.initiatives.set_index("name").loc["Courier"]
    assert row[["effect_low", "effect_high"]].tolist() == pytest.approx([-0.6, 0.6])
    assert plans()["effect"].tolist() == case().initiatives["effect"].tolist()


def test_dropping_the_first_start_moves_no_other():
    dated = plans(start=["2026-01", "2026-07", None])
    ours = case(initiatives=dated, steps_per_year=12, discount_rate=0.2)
    theirs = ours.under(changed(initiatives={"Callback": {"drop": True}}))
    first, second = ours.simulate().table, theirs.simulate().table
    both = first.merge(second, on="initiative")
    assert len(both) == 3
    alone = both[both["initiative"] != "all together"]
    np.testing.assert_allclose(alone["npv_amount_x"], alone["npv_amount_y"])


def test_start_is_overridden_in_the_calendar_of_the_case():
    ours = case(initiatives=plans(start=["2026-01", "2026-07", "2026-03"]))
    theirs = ours.under(changed(initiatives={"Courier": {"start": "2026-10"}}))
    assert theirs.initiatives["start"].tolist() == [0.0, 9.0, 2.0]
    with pytest.raises(DataError, match="before the first start of the case"):
        ours.under(changed(initiatives={"Courier": {"start": "2025-10"}}))
    with pytest.raises(DataError, match="counts months from today; give months"):
        case().under(changed(initiatives={"Courier": {"start": "2026-10"}}))


def test_margin_is_that_of_the_regressions(fits):
    value = roi.point_value(fits, margin=0.4)
    ours = case(value=value, initiatives=plans(reach=[0.2, 0.3, 0.4]))
    theirs = ours.under(changed(margin=0.25))
    wanted = roi.point_value(fits, margin=0.25)
    numbers = ["estimate", "std_error", "ci_lower", "ci_upper"]
    pd.testing.assert_frame_equal(
        theirs.value.table[numbers], wanted.table[numbers], rtol=1e-4
    )
    direct = roi.simulate(
        ours.initiatives, wanted, horizon=1, steps_per_year=1, discount_rate=0,
        n_draws=2_000, rng=3, currency="EUR",
    )  # fmt: skip
    found = theirs.simulate()
    np.testing.assert_allclose(found.draws.alone, direct.draws.alone)
    with pytest.raises(DataError, match="override `value_of_point`"):
        case().under(changed(margin=0.25))


def test_overrides_must_be_about_the_case():
    other = data.parse_overrides({"initiatives": {"Calback": {"cost": 1}}})
    with pytest.raises(DataError, match="did you mean 'Callback'"):
        case().under(other)
    with pytest.raises(DataError, match="no initiative 'Curier'; did you mean"):
        case().only("Curier")


def test_declared_value_with_a_range():
    theirs = case().under(
        changed(value_of_point={"amount": 0.8, "low": 0.5, "high": 1.1})
    )
    drawn = theirs.simulate().draws.inputs["value of a point"]
    assert np.quantile(drawn, [0.1, 0.9]) == pytest.approx([0.5, 1.1], abs=0.04)


def test_declared_value_keeps_the_customers_of_the_panel(fits):
    value = roi.point_value(fits, margin=0.4)
    ours = case(value=value, initiatives=plans(reach=[0.2, 0.3, 0.4]))
    theirs = ours.under(changed(value_of_point=50.0)).simulate()
    assert theirs.table["n"].tolist()[-1] == value.n_last


# --- side by side


def test_table_is_both_simulations(compared):
    ours = case().simulate()
    theirs = case().under(changed(**CFO)).simulate()
    rows = compared.table.set_index("initiative")
    for side, one in (("ours", ours), ("theirs", theirs)):
        known = one.table.set_index("initiative")
        for name in known.index:
            wanted = known.loc[name, ["npv_amount", "p10_amount", "p90_amount"]]
            names = [f"{side}{end}_amount" for end in ("", "_p10", "_p90")]
            found = rows.loc[name, names].astype(float)
            np.testing.assert_allclose(found, wanted.astype(float))
            assert rows.loc[name, f"share_positive_{side}"] == pytest.approx(
                known.loc[name, "share_positive"]
            )
    np.testing.assert_allclose(
        rows["difference_amount"], rows["theirs_amount"] - rows["ours_amount"]
    )


def test_difference_is_taken_on_the_same_draws(compared):
    rows = compared.table.set_index("initiative")
    row = rows.loc["Callback"]
    gain = case().simulate().draws.alone[:, 0] + 1000
    wanted = gain / 1.1 - 1200 - (gain - 1000)
    ends = np.quantile(wanted, [0.1, 0.9])
    found = row[["difference_p10_amount", "difference_p90_amount"]].astype(float)
    np.testing.assert_allclose(found, ends)
    spread = row["difference_p90_amount"] - row["difference_p10_amount"]
    assert spread < 0.2 * (row["ours_p90_amount"] - row["ours_p10_amount"])


def test_dropped_initiative_returns_nothing(compared):
    row = compared.table.set_index("initiative").loc["Loyalty"]
    assert row["theirs_amount"] == 0
    assert row["decision_theirs"] == "dropped"
    assert row["verdict"] == (
        "agree" if row["decision_ours"] == "do not fund" else "differ"
    )


def test_sentence_counts_what_still_pays(compared):
    each = compared.table.iloc[:-1]
    ours = int((each["ours_amount"] > 0).sum())
    both = int(((each["ours_amount"] > 0) & (each["theirs_amount"] > 0)).sum())
    assert compared.text.startswith(
        f"Under the assumptions of the CFO, {both} of the {ours} initiatives that pay "
        f"under ours still pay; all together return "
    )
    assert compared.reasons.text in compared.text
    assert len(compared.display.columns) <= 5
    assert [one.id for one in compared.findings] == [
        "net present value for the CFO", "difference for the CFO"
    ]  # fmt: skip


def test_reasons_add_up_exactly(compared):
    rows = compared.reasons.table
    total = compared.total["difference_amount"]
    assert rows["difference_amount"].sum() == pytest.approx(total, rel=1e-12)
    assert rows["share_of_difference"].sum() == pytest.approx(1)
    assert set(rows["assumption"]) == {
        "discount rate", "cost of Callback", "effect of Courier", "without Loyalty"
    }  # fmt: skip
    row = rows.set_index("assumption").loc["cost of Callback"]
    assert row["alone_amount"] == pytest.approx(-200)
    assert row["why"] == "second tender"
    assert (row["ours"], row["theirs"]) == ("1,000", "1,200")
    assert len(compared.reasons.display.columns) <= 5


def test_assumptions_that_do_not_touch_have_their_own_part():
    two = changed(initiatives={"Callback": {"cost": 1300}, "Courier": {"cost": 1600}})
    found = roi.attribute(case(), two)
    assert found.table["difference_amount"].tolist() == pytest.approx([-300, -100])
    assert found.table["alone_amount"].tolist() == pytest.approx([-300, -100])
    assert found.text == (
        "Cost of Callback accounts for 75 % of the difference of −400 EUR."
    )


@given(st.lists(st.floats(-10, 10), min_size=16, max_size=16))
def test_shapley_is_the_mean_over_all_orders(values):
    game = {frozenset(c): values[i] for i, c in enumerate(
        c for k in range(5) for c in itertools.combinations(range(4), k))}  # fmt: skip
    wanted = np.zeros(4)
    for order in itertools.permutations(range(4)):
        for at, i in enumerate(order):
            before = frozenset(order[:at])
            wanted[i] += (game[before | {i}] - game[before]) / math.factorial(4)
    found = shapley(4, game.__getitem__)
    np.testing.assert_allclose(found, wanted, atol=1e-9)


def test_shapley_of_many_adds_up():
    found = shapley(11, lambda who: float(sum(who) ** 2))
    assert found.sum() == pytest.approx(55**2)
    additive = shapley(11, lambda who: float(sum(who)))
    np.testing.assert_allclose(additive, np.arange(11))


@settings(max_examples=10)
@given(cost=st.integers(0, 5000), effect=st.floats(0.1, 3), rate=st.floats(0, 0.5))
def test_reasons_add_up_whatever_is_replaced(cost, effect, rate):
    given = changed(
        discount_rate=rate,
        initiatives={"Callback": {"cost": cost}, "Courier": {"effect": effect}},
    )
    found = roi.attribute(case(n_draws=200), given)
    theirs = case(n_draws=200).under(given).simulate().total["npv_amount"]
    ours = case(n_draws=200).simulate().total["npv_amount"]
    assert found.total_amount == pytest.approx(theirs - ours, abs=1e-6)


def test_two_seeds_are_refused():
    with pytest.raises(ArgumentError, match="simulate both with the same seed"):
        roi.side_by_side(case().simulate(), case(rng=4).simulate())
    with pytest.raises(ArgumentError, match="`ours` has 2,000 draws and `theirs` 500"):
        roi.side_by_side(case().simulate(), case(n_draws=500).simulate())


def test_nothing_to_set_side_by_side_says_so():
    none = roi.sceptic(case(), data.parse_overrides({}))
    assert none.text == (
        "There is nothing to set side by side: no assumption was replaced."
    )
    empty = roi.sceptic(case(initiatives=None), data.parse_overrides({"horizon": 2}))
    assert empty.text.endswith("no initiatives were given.")
    assert roi.attribute(case(), data.parse_overrides({})).text == (
        "No assumption was replaced."
    )
    all_gone = changed(initiatives={name: {"drop": True} for name in case().names})
    found = roi.sceptic(case(), all_gone)
    assert found.total["theirs_amount"] == 0
    assert "0 of the" in found.text


# --- break-even


def test_break_even_of_one_initiative_by_hand():
    found = roi.break_even(case(initiatives=plans().head(1)))
    rows = found.table.set_index("input")
    assert rows.loc["effect of Callback", "break_even"] == pytest.approx(1.0)
    assert rows.loc["cost of Callback", "break_even"] == pytest.approx(1500)
    assert rows.loc["value of a point", "break_even"] == pytest.approx(2 / 3)
    assert (
        rows.loc["discount rate", "break_even"] != rows.loc["cost of Callback", "base"]
    )
    row = rows.loc["effect of Callback"]
    assert row["share_beyond"] == pytest.approx(0.1, abs=0.02)
    assert row["even_chance"] == pytest.approx(1.0, abs=0.1)
    assert found.text.startswith(
        "With every input as planned, Callback returns 500 EUR."
    )


def test_break_even_turns_the_payoff():
    ours = case()
    found = roi.break_even(ours)
    assert found.table["decision"].unique().tolist() == ["all together", *ours.names]
    simulation = ours.simulate()
    whole = found.table[found.table["decision"] == "all together"]
    solved = whole[whole["break_even"].notna()]
    assert len(solved) > 3
    for row in solved.itertuples():
        at = simulation.payoff({row.input: row.break_even})
        assert at == pytest.approx(0, abs=1e-4 * abs(row.npv_amount))
    assert len(found.display.columns) <= 5
    sizes = solved["rel_change"].abs().round(6)
    assert sizes.is_monotonic_increasing
    assert roi.break_even(simulation).table["input"].tolist() == whole["input"].tolist()


def test_break_even_of_nothing_says_so():
    assert roi.break_even(case(initiatives=None)).text == (
        "There is no break-even to find: no initiatives were given."
    )


# --- charts


def test_chart_draws_both_and_what_differs(compared):
    ax = plots.side_by_side(compared.table, who="the CFO", currency="EUR")
    texts = [text.get_text() for text in ax.texts]
    assert {"ours", "the CFO", "n = 2,000 draws"} <= set(texts)
    differ = compared.table[compared.table["verdict"] == "differ"]
    for row in differ.itertuples():
        assert f"{row.decision_ours} → {row.decision_theirs}" in texts
    ours, _, theirs, _ = ax.collections
    low = [one[0, 0] for one in ours.get_segments()]
    np.testing.assert_allclose(low, compared.table["ours_p10_amount"])
    assert len(theirs.get_segments()) == len(compared.table) - 1
    assert ax.get_yticklabels()[-1].get_text() == "all together"
    ax.figure.canvas.draw()
    named = {text.get_text(): text.get_window_extent() for text in ax.texts}
    assert named["ours"].x1 + 5 < named["the CFO"].x0
    assert named["the CFO"].x1 < named["n = 2,000 draws"].x0
    who = "the finance director of the whole group"
    ax = plots.side_by_side(compared.table, who=who)
    ax.figure.canvas.draw()
    named = {text.get_text(): text.get_window_extent() for text in ax.texts}
    assert named["ours"].x1 + 5 < named[who].x0
    assert named[who].y0 >= named["n = 2,000 draws"].y1 - 1
    empty = plots.side_by_side(pd.DataFrame())
    assert empty.texts[0].get_text() == "nothing to draw: see the sentence"
    plt.close("all")


def test_without_initiatives_nothing_is_said_of_single_ones():
    told = {"margin": 0.3, "initiatives": {"Callback": {"drop": True}}}
    found = data.parse_overrides(told, initiatives=())
    assert [one.label for one in found.items] == ["margin"]
