"""The roadmap keeps needs, budgets and starts; charts draw what they are given."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxlib import plots, roi
from cxlib.errors import ArgumentError

from .choosing import made


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def table(n, **columns):
    return pd.DataFrame({"name": list("ABCDEFGHIJ"[:n])}).assign(**columns)


def road(draws, frame, budget=None, **options):
    chosen = roi.choose(draws, frame, budget=None)
    return roi.roadmap(chosen, frame, budget=budget, **options)


def test_a_roadmap_by_hand():
    """C returns most per cost but needs A, which takes 20 weeks; B waits for money."""
    draws = made(
        np.tile([8.0, 6.0, 9.0], (4, 1)), [4, 4, 4], weekly=np.full((4, 3), 0.25)
    )
    frame = table(
        3, needs=["", "", "A"], effort=[20.0, 5, 5], owner=["Ada", "", "Cy"],
        evidence="quasi", source="a pilot", stop=["", "the pilot fails", ""],
        effect=[0.6, 1, 1],
    )  # fmt: skip
    found = road(draws, frame, budget=4, first="2026-Q4")
    rows = found.table.set_index("initiative")
    assert rows["quarter"].to_dict() == {"A": "2026-Q4", "B": "2027-Q1", "C": "2027-Q2"}
    assert rows["why"].to_dict() == {
        "A": "as planned", "B": "when the budget allows", "C": "after A, which it needs"
    }  # fmt: skip
    assert rows["committed_amount"].tolist() == [4, 8, 12]
    assert rows.loc["B", "npv_amount"] == pytest.approx(6 - 0.25 * 365.25 / 28)
    assert rows["stop"].to_dict() == {
        "A": "an effect below 0.2", "B": "the pilot fails", "C": "an effect below 0.31"
    }  # fmt: skip
    assert rows.loc["B", "owner"] == "nobody named"
    assert found.assumptions[0].text == "Nobody is named to own B."
    assert found.quarters["spent_amount"].tolist()[:4] == [4, 4, 4, 0]
    assert found.text == (
        "To begin: 2026-Q4 A; 2027-Q1 B; 2027-Q2 C. First costs come to 12.00 EUR. "
        "Cumulative cash is lowest at the end of 2027-Q2: −12.00 EUR (80 % interval "
        "−12.00 to −12.00); on average it is above zero from 2029-Q3 on. 1 without an "
        "owner."
    )
    cash = found.cash.set_index("quarter")["cumulative_amount"]
    assert cash.iloc[:4].tolist() == [-4, -8, -12, -12]
    assert (len(cash), cash["2029-Q3"]) == (12, 23)
    assert found.findings[1].estimate == -12
    assert len(found.display.columns) == 5


def test_what_fits_nowhere_is_listed_with_what_needs_it():
    draws = made([[8, 6, 9]], [9, 1, 1], start=[0, 0.5, 0])
    found = road(draws, table(3, needs=["", "", "A"]), budget=[5, 5])
    rows = found.table.set_index("initiative")
    assert rows["why"].to_dict() == {
        "A": "fits in no quarter", "B": "begins after the last quarter",
        "C": "needs A, which is not placed",
    }  # fmt: skip
    assert found.text.startswith("Nothing can begin. First costs come to 0.00 EUR.")
    assert "Not placed: " in found.text
    assert found.findings[0].estimate == 0
    assert found.cash.empty
    assert len(found.findings) == 1
    assert not plots.roadmap(found.table).has_data()


@given(st.integers(1, 7), st.integers(0, 10_000))
def test_needs_budgets_and_starts_are_kept(n, seed):
    rng = np.random.default_rng(seed)
    cost = rng.integers(1, 9, n).astype(float)
    start = rng.integers(0, 4, n) / 4
    draws = made(rng.uniform(1, 20, (3, n)), cost, start=start)
    needs = ["" if i == 0 or rng.random() < 0.6 else "A" for i in range(n)]
    frame = table(n, needs=needs, effort=rng.uniform(1, 40, n))
    found = road(draws, frame, budget=list(rng.integers(0, 12, 6).astype(float)))
    assert sorted(found.table["initiative"]) == list(draws.names)
    used = found.quarters
    assert (used["spent_amount"] <= used["budget_amount"] + 1e-9).all()
    begun = found.table.set_index("initiative")["starts"]
    planned = pd.Series(np.floor(4 * start + 1e-9), list(draws.names))
    placed = begun.dropna()
    assert (placed >= planned[placed.index]).all()
    for i, need in enumerate(needs):
        name = draws.names[i]
        if need and name in placed.index:
            weeks = frame["effort"].iloc[0]
            assert placed[name] >= placed[need] + max(1, np.ceil(weeks / 13 - 1e-9))


def test_arguments_and_nothing_to_plan():
    draws = made([[8, 6]], [4, 4])
    with pytest.raises(ArgumentError) as error:
        road(draws, None, first="2026")
    assert str(error.value) == "`first` is '2026'; write a quarter as '2026-Q1'."
    with pytest.raises(ArgumentError, match="`quarters` is 0; it must be 1 or more"):
        road(draws, None, quarters=0)
    none = roi.roadmap(roi.choose(made([[-1.0]], 1), budget=5))
    assert none.text == "There is no roadmap: nothing was chosen."
    empty = roi.roadmap(roi.choose(roi.simulate(None, 2.0), budget=5))
    assert empty.text.startswith("There is no roadmap: no initiative was simulated")
    assert none._repr_html_().count("<table") == none.findings.__len__() == 0
    assert road(draws, None).table["quarter"].tolist() == ["quarter 1", "quarter 1"]


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(4)
    return made(
        rng.normal([9, 5, 1], 4, (200, 3)), [4, 2, 3], weekly=np.full((200, 3), 0.3)
    )


EFFORT = table(3, effort=[5.0, 9.0, 3.0], effort_low=[4.0, 8.0, 2.0])


def test_rank_chances_write_every_share(drawn):
    found = roi.ranks(drawn)
    ax = plots.rank_chances(found.chances)
    shares = found.chances["share"]
    assert [t.get_text() for t in ax.texts] == [
        f"{100 * s:.0f}" for s in shares[shares >= 0.005]
    ]
    assert [t.get_text() for t in ax.get_yticklabels()] == found.table[
        "initiative"
    ].tolist()


def test_quadrants_draw_crosses_and_both_lines(drawn):
    found = roi.quadrants(drawn, EFFORT)
    ax = plots.quadrants(
        found.table, impact_cut=found.impact_cut, effort_cut=found.effort_cut,
        currency="EUR",
    )  # fmt: skip
    up, across = (c.get_segments() for c in ax.collections[:2])
    np.testing.assert_allclose(
        [s[:, 1] for s in up], found.table[["p10_amount", "p90_amount"]]
    )
    np.testing.assert_allclose(
        [s[:, 0] for s in across], found.table[["effort_low", "effort_high"]]
    )
    assert ax.lines[0].get_ydata()[0] == found.impact_cut
    assert ax.lines[1].get_xdata()[0] == found.effort_cut
    assert ax.get_ylabel() == "net present value, EUR: mean and P10 to P90"
    assert set("ABC") <= {t.get_text() for t in ax.texts}


def test_frontier_tells_the_chance_of_a_loss(drawn):
    found = roi.frontier(drawn, EFFORT)
    told = {t.get_text() for t in plots.frontier(found.table).texts}
    assert told == {
        f"{name}\nloss {100 * loss:.0f} %"
        for name, loss in zip(
            found.table["initiative"], found.table["share_loss"], strict=True
        )
    }


def test_sets_delays_and_roadmap_draw_their_intervals(drawn):
    found = roi.choose(drawn, budget=6, favoured=["C"])
    ax = plots.chosen_sets(found.sets, currency="EUR")
    np.testing.assert_allclose(
        [s[:, 0] for s in ax.collections[0].get_segments()],
        found.sets[["p10_amount", "p90_amount"]],
    )
    assert [t.get_text() for t in ax.get_yticklabels()][2] == "favoured (n = 1)"
    delay = roi.cost_of_delay(drawn, EFFORT)
    ax = plots.cost_of_delay(delay.table)
    np.testing.assert_allclose(
        [s[:, 0] for s in ax.collections[0].get_segments()],
        delay.table[["cod_p10_amount", "cod_p90_amount"]],
    )
    assert ax.texts[0].get_text().endswith(" weeks")
    road = roi.roadmap(found, EFFORT, first="2026-Q2")
    ax = plots.roadmap(road.table, currency="EUR")
    assert [p.get_x() for p in ax.patches] == road.table["starts"].tolist()
    assert ax.get_xticklabels()[0].get_text() == "2026-Q2"


def test_charts_of_nothing_say_so():
    none = roi.simulate(None, 2.0)
    choice = roi.choose(none, budget=1)
    for ax in (
        plots.rank_chances(roi.ranks(none).chances),
        plots.quadrants(roi.quadrants(none).table, impact_cut=0.0, effort_cut=0.0),
        plots.frontier(roi.frontier(none).table),
        plots.chosen_sets(choice.sets),
        plots.cost_of_delay(roi.cost_of_delay(none).table),
        plots.roadmap(roi.roadmap(choice).table),
    ):
        assert ax.texts[0].get_text() == "nothing to draw: see the sentence"
