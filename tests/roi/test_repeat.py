"""Repeat purchases without a contract, against CDNOW as published and held out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxlib import roi, simulate
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import bg_nbd
from cxlib.estimate.delta import jacobian
from cxlib.roi.worth._histories import by_day, histories
from cxlib.roi.worth._repeat_rows import WEEKS, Ahead, _spread, held_out


@pytest.fixture(scope="module")
def shop():
    return simulate.purchases(500, rng=4)


@pytest.fixture(scope="module")
def valued(shop):
    return roi.repeat_value(shop, margin=0.3, currency="EUR")


@pytest.fixture
def cdnow(shared):
    frame = pd.read_csv(
        shared("data/cdnow/CDNOW_sample.txt"), sep=r"\s+", header=None,
        names=["old", "customer_id", "bought_at", "units", "amount"],
    )  # fmt: skip
    return frame.assign(bought_at=pd.to_datetime(frame["bought_at"].astype(str)))


def quantity(found, name):
    return found.table.set_index("quantity").loc[name]


def test_published_parameters_of_cdnow(cdnow):
    """Fader, Hardie & Lee (2005), table 2; Fader & Hardie (2013) for the amounts."""
    found = roi.repeat_value(cdnow, margin=0.3, end="1997-09-30", held_back=0)
    known = found.parameters.set_index("parameter")["estimate"]
    for name, value in {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}.items():
        assert known[name] == pytest.approx(value, abs=6e-4)
    for name, value in {"p": 6.25, "q": 3.74, "gamma": 15.44}.items():
        assert known[name] == pytest.approx(value, rel=2e-3)
    assert quantity(found, "value of a present customer")["n"] == 2357


def test_cdnow_summary_and_its_likelihood(shared):
    """lifetimes 0.11.3 on the same file: .2426, 4.4135, .7929, 2.4258."""
    rows = pd.read_csv(shared("data/cdnow/cdnow_customers_summary.csv"))
    columns = [rows[c].to_numpy(float) for c in ("frequency", "recency", "T")]
    found = bg_nbd.fit(bg_nbd.Purchases(*columns))
    assert found.values == pytest.approx((0.2426, 4.4135, 0.7929, 2.4258), abs=1e-4)
    assert found.log_likelihood == pytest.approx(-9582.4, abs=0.05)


def test_cdnow_held_out_is_told_as_it_is(cdnow):
    """Weeks 40 to 78: 1,882 purchases; foretold 12 % fewer, beyond chance."""
    bought, _ = by_day(cdnow, customer="customer_id", date="bought_at", amount="amount")
    dates = {"split": pd.Timestamp("1997-09-30"), "end": pd.Timestamp("1998-06-30")}
    rng = np.random.default_rng(1)
    table = held_out(bought, **dates, confidence_level=0.95, rng=rng)
    row = table.iloc[0]
    assert row["actual"] == 1882
    assert row["estimate"] == pytest.approx(1653, abs=5)
    assert row["ci_upper"] < row["actual"] < 1.03 * row["ci_upper"]
    assert table["actual"].iloc[1:].sum() == row["actual"]
    assert table["estimate"].iloc[1:].sum() == pytest.approx(row["estimate"])
    told = roi.repeat_value(cdnow, margin=0.3, held_back=0.5).text
    assert "too few and more than chance: trust the value less." in told


def test_the_value_is_margin_times_amount_times_purchases(valued, shop):
    rate, names = 0.08, valued.parameters.set_index("parameter")["estimate"]
    logs = np.log(names[["r", "alpha", "a", "b"]].to_numpy())
    nobody = bg_nbd.Purchases(np.zeros(1), np.zeros(1), np.zeros(1))
    weeks = np.linspace(0, 3 * WEEKS, 2000)
    made = [0.0, *(bg_nbd.expected(logs, nobody, t)[0] for t in weeks[1:])]
    factor = (1 + rate) ** (-(weeks[1:] + weeks[:-1]) / 2 / WEEKS)
    amount = names["p"] * names["gamma"] / (names["q"] - 1)
    by_hand = 0.3 * amount * np.sum(np.diff(made) * factor)
    new = quantity(valued, "value of a new customer after the first")["estimate"]
    assert new == pytest.approx(by_hand, rel=0.002)
    flat = roi.repeat_value(shop, margin=0.6, held_back=0)
    present = quantity(valued, "value of a present customer")["estimate"]
    twice = quantity(flat, "value of a present customer")["estimate"]
    assert twice == pytest.approx(2 * present)


def test_the_sentence_has_the_numbers_of_the_table(valued):
    row = quantity(valued, "value of a present customer")
    assert f"{row['estimate']:.2f} EUR of margin over 3 years" in valued.text
    check = valued.check.iloc[0]
    assert f"had {check['actual']:,.0f} purchases" in valued.text
    assert valued.display.shape == (6, 5)
    assert [f.id for f in valued.findings] == valued.table["quantity"].tolist()


def test_still_active_is_told_of_who_bought_again(cdnow):
    """Active = bought again and active, and everybody who bought once."""
    found = roi.repeat_value(cdnow, margin=0.3, end="1997-09-30", held_back=0)
    again = quantity(found, "repeat buyers still active")
    every = quantity(found, "present customers still active")
    assert (again["n"], every["n"]) == (946, 2357)
    once = every["n"] - again["n"]
    both = (again["n"] * again["estimate"] + once) / every["n"]
    assert every["estimate"] == pytest.approx(both, rel=1e-9)
    assert again["estimate"] < every["estimate"] - 0.1
    assert (
        f" Of the 946 who bought again {100 * again['estimate']:.1f} % are still active"
    ) in found.text
    assert found.text.endswith(
        "Who bought once cannot have left in this model; with them it is "
        f"{100 * every['estimate']:.1f} %."
    )
    assert any("counts who bought once as active" in a.text for a in found.assumptions)


def test_histories_of_three_customers():
    rows = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "a", "b", "c", "c", None],
            "bought_at": ["2025-01-01", "2025-01-15", "2025-01-15", "2025-02-05",
                          "2025-01-08", "2025-01-01", "2025-01-29", "2025-01-01"],
            "amount": [9.0, 2.0, 3.0, 7.0, 4.0, 1.0, -5.0, 8.0],
        }
    )  # fmt: skip
    bought, left_out = by_day(
        rows, customer="customer_id", date="bought_at", amount="amount"
    )
    found = histories(bought, end=pd.Timestamp("2025-02-12"))
    assert found.purchases.frequency.tolist() == [2, 0, 0]
    assert found.purchases.recency.tolist() == [5, 0, 0]
    assert found.purchases.age.tolist() == [6, 5, 6]
    assert found.amount[0] == 6
    assert np.isnan(found.amount[1:]).all()
    assert left_out == 2


def test_counts_without_amounts(shop):
    found = roi.repeat_value(shop, margin=0.3, amount="", held_back=0)
    assert found.table["quantity"].tolist() == [
        "repeat buyers still active", "present customers still active",
        "repeat purchases of a present customer",
    ]  # fmt: skip
    assert found.text.startswith("A present customer will buy ")
    assert found.check.empty


def test_nothing_to_value_says_so(shop):
    once = shop.drop_duplicates("customer_id")
    found = roi.repeat_value(once, margin=0.3)
    assert found.text == (
        "Repeat purchases cannot be valued: no customer bought again: there are no "
        "repeats to learn from."
    )
    assert found.table.empty
    assert found.findings == ()


def test_errors_say_what_to_do(shop):
    with pytest.raises(ArgumentError, match="`end` is 'soon'; use a date such as"):
        roi.repeat_value(shop, margin=0.3, end="soon")
    with pytest.raises(ArgumentError, match="`held_back` is 1"):
        roi.repeat_value(shop, margin=0.3, held_back=1)
    with pytest.raises(DataError, match="transactions has no rows"):
        roi.repeat_value(shop.head(0), margin=0.3)
    with pytest.raises(DataError, match="column 'amout' is not in transactions"):
        roi.repeat_value(shop, margin=0.3, amount="amout")


def test_discounting_is_at_the_middle_of_quarters():
    ahead = Ahead(horizon=1, discount_rate=0.21, margin=0.3, confidence_level=0.95)
    np.testing.assert_allclose(ahead.factor, 1.21 ** (-np.array([1, 3, 5, 7]) / 8))


@pytest.mark.slow
def test_intervals_of_purchases_ahead_cover_the_truth():
    runs, covered = 80, np.zeros(2)
    logs = np.log([0.5, 5.0, 0.8, 2.5])
    z = stats.norm.isf(0.025)
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        people = bg_nbd.draw(400, logs, age=39.0, rng=rng)
        made = bg_nbd.simulate_ahead(logs, people, 39.0, rng=rng).sum()
        found = bg_nbd.fit(people)

        def ahead(at, people=people):
            return float(bg_nbd.expected(at, people, 39.0).sum())

        slope = jacobian(ahead, found.logs, steps=np.full(4, 1e-3))[0]
        error = np.sqrt(slope @ found.covariance @ slope)
        chance = _spread(found.logs, people, 39.0, rng).sum()
        off = ahead(found.logs) - np.array([ahead(logs), made])
        covered += np.abs(off) < z * np.sqrt([error**2, error**2 + chance])
    low, high = stats.binom.interval(0.999, runs, 0.95)
    assert (low <= covered).all()
    assert (covered <= high).all()


@pytest.mark.slow
def test_the_whole_of_cdnow(shared):
    rows = pd.read_csv(
        shared("data/cdnow/CDNOW_master.txt"), sep=r"\s+",
        dtype={"date": str, "customer_id": str},
    )  # fmt: skip
    rows["date"] = pd.to_datetime(rows["date"])
    found = roi.repeat_value(
        rows, margin=0.3, date="date", amount="dollar_value", held_back=0.5
    )
    assert quantity(found, "value of a present customer")["n"] == 23_570
    total = found.check.iloc[0]
    assert -0.2 < total["rel_error"] < -0.08
    assert "trust the value less" in found.text
