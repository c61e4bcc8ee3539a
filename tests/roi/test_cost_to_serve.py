"""Contacts: what they cost, what repeats cost, and what brings them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from cxlib import data, roi, simulate
from cxlib.errors import DataError

MORE = "further contacts where the first did not solve it"
SAVED = "one first contact that solves it instead"


@pytest.fixture(scope="module")
def calls():
    return simulate.contacts(1500, rng=3)


@pytest.fixture(scope="module")
def found(calls):
    return roi.cost_to_serve(calls, currency="EUR")


def of(result, name):
    return result.repeats.set_index("quantity").loc[name]


def test_repeats_of_five_contacts_by_hand():
    rows = pd.DataFrame(
        {
            "contact_id": range(5), "customer_id": ["a", "a", "a", "b", "b"],
            "occurred_at": ["2025-01-01", "2025-01-10", "2025-06-01", "2025-01-05",
                            "2025-01-06"],
            "theme": ["bill", "bill", "bill", "bill", "delivery"],
            "handle_minutes": [4.0, 6.0, 5.0, 2.0, 3.0], "cost_per_minute": 0.5,
            "resolved_first": [0, 1, 1, 1, 1],
        }
    )  # fmt: skip
    many = pd.concat(
        [rows.assign(customer_id=rows["customer_id"] + str(k)) for k in range(12)]
    ).assign(contact_id=range(60))
    result = roi.cost_to_serve(many)
    table = result.table.set_index("theme")
    assert table.loc["bill", "n"] == 48
    assert table.loc["bill", "share_repeat"] == 0.25
    assert table.loc["bill", "repeat_amount"] == 12 * 3
    assert table.loc["all themes", "total_amount"] == 12 * 10
    assert table.loc["delivery", "share"] == pytest.approx(1.5 / 10)
    assert table.loc["bill", "estimate"] == pytest.approx(17 / 8)
    assert of(result, "a repeat contact")["estimate"] == 3
    assert of(result, "a repeat contact")["n"] == 12
    longer = roi.cost_to_serve(many, repeat_days=200)
    assert of(longer, "a repeat contact")["n"] == 24
    undated = roi.cost_to_serve(many, occurred="")
    assert of(undated, "a repeat contact")["n"] == 24


def test_further_contacts_are_those_of_statsmodels(calls, found):
    rows = calls.sort_values(["customer_id", "theme", "occurred_at"])
    first = rows.drop_duplicates(["customer_id", "theme"]).set_index(
        ["customer_id", "theme"]
    )
    first["further"] = rows.groupby(["customer_id", "theme"]).size() - 1
    last = rows["occurred_at"].max()
    first = first[first["occurred_at"] <= last - pd.Timedelta(days=30)].reset_index()
    themes = pd.get_dummies(first["theme"], dtype=float)
    x = pd.concat([1.0 - first["resolved_first"], themes], axis=1).to_numpy()
    people = pd.factorize(first["customer_id"])[0]
    model = sm.GLM(first["further"], x, family=sm.families.Poisson()).fit(
        cov_type="cluster", cov_kwds={"groups": people}
    )
    high, low = x.copy(), x.copy()
    high[:, 0], low[:, 0] = 1, 0
    change = model.predict(high).mean() - model.predict(low).mean()
    assert of(found, MORE)["n"] == len(first)
    assert of(found, MORE)["estimate"] == pytest.approx(change, rel=1e-6)
    slope = (model.predict(high) @ high - model.predict(low) @ low) / len(x)
    error = np.sqrt(slope @ model.cov_params() @ slope)
    assert of(found, MORE)["std_error"] == pytest.approx(error, rel=1e-5)
    saved = change * of(found, "a repeat contact")["estimate"]
    assert of(found, SAVED)["estimate"] == pytest.approx(saved, rel=1e-6)


def test_the_truth_is_found_and_told(found):
    truth = simulate.contact_truth()
    for name, value in (
        ("a repeat contact", truth.repeat_cost),
        (MORE, truth.more_contacts),
        (SAVED, truth.repeat_cost * truth.more_contacts),
    ):
        row = of(found, name)
        assert abs(row["estimate"] - value) < 3 * row["std_error"]
    repeat = of(found, "a repeat contact")
    assert found.text.startswith(
        f"One repeat contact avoided is worth {repeat['estimate']:.2f} EUR (95 % CI "
    )
    assert "Most of the cost is delivery: " in found.text
    assert found.display.shape == (5, 5)
    shares = found.table["share"].iloc[:-1].sum()
    assert shares == pytest.approx(1)
    assert found.table["theme"].iloc[-1] == "all themes"


def test_costs_given_and_costs_made_are_one(calls, found):
    priced = calls.assign(price=calls["handle_minutes"] * calls["cost_per_minute"])
    other = roi.cost_to_serve(
        priced.drop(columns=["handle_minutes", "cost_per_minute"]), cost="price"
    )
    pd.testing.assert_frame_equal(other.repeats, found.repeats)
    mixed = roi.cost_to_serve(calls.sample(frac=1, random_state=1))
    np.testing.assert_allclose(mixed.repeats["estimate"], found.repeats["estimate"])


def test_small_themes_are_one_and_fewer_customers_hidden(calls):
    rare = calls.copy()
    rare.loc[rare.index[:4], "theme"] = ["x", "x", "y", "z"]
    table = roi.cost_to_serve(rare).table.set_index("theme")
    assert not {"x", "y", "z"} & set(table.index)
    assert table.loc["smaller themes", "status"] == "hidden (n < 10)"
    assert table.loc["smaller themes"].drop(["status", "unit"]).isna().all()


def test_blanks_are_left_out_and_counted(calls, found):
    blank = calls.copy()
    blank.loc[blank.index[:7], "handle_minutes"] = np.nan
    blank.loc[blank.index[7:20], "theme"] = None
    result = roi.cost_to_serve(blank)
    assert "Nothing hangs on 7 contacts" in result.assumptions[-1].text
    assert "no theme" in result.table["theme"].tolist()
    assert result.table["n"].iloc[-1] == found.table["n"].iloc[-1] - 7


def test_nothing_to_do_says_so(calls):
    none = roi.cost_to_serve(calls.head(0))
    assert none.text == "Cost to serve cannot be told: there are no contacts."
    once = roi.cost_to_serve(calls.drop_duplicates("customer_id"))
    assert once.text.startswith("Too few contacts repeat another")
    plain = roi.cost_to_serve(calls, theme="", resolved="")
    assert plain.table["theme"].tolist() == ["all contacts"]
    assert plain.value(MORE) is None


def test_errors_say_what_to_do(calls):
    twice, low = calls.assign(contact_id=range(len(calls))), calls.copy()
    twice.loc[twice.index[0], "contact_id"] = 1
    with pytest.raises(DataError, match=r"2 of .* contacts share their id"):
        roi.cost_to_serve(twice)
    low.loc[low.index[0], "handle_minutes"] = -1
    with pytest.raises(DataError, match="1 contacts cost less than 0"):
        roi.cost_to_serve(low)
    with pytest.raises(DataError, match=r"'resolved_first' holds 2; it must be 1"):
        roi.cost_to_serve(calls.assign(resolved_first=2))
    with pytest.raises(DataError, match="column 'them' is not in contacts"):
        roi.cost_to_serve(calls, theme="them")


def test_contacts_and_purchases_are_tables_of_the_workbook(tmp_path, calls):
    calls.to_csv(tmp_path / "contacts.csv", index=False)
    read = data.read("contacts", str(tmp_path / "contacts.csv")).frame
    again, plain = roi.cost_to_serve(read), roi.cost_to_serve(calls)
    pd.testing.assert_frame_equal(again.repeats, plain.repeats)
    shop = simulate.purchases(60, rng=1)
    shop.to_csv(tmp_path / "purchases.csv", index=False)
    read = data.read("purchases", str(tmp_path / "purchases.csv")).frame
    assert read["bought_at"].tolist() == shop["bought_at"].tolist()


@pytest.mark.slow
def test_intervals_cover_the_truth():
    runs, covered = 120, np.zeros(3)
    truth = simulate.contact_truth()
    values = [truth.repeat_cost, truth.more_contacts]
    values.append(values[0] * values[1])
    for seed in range(runs):
        result = roi.cost_to_serve(simulate.contacts(700, rng=seed))
        for at, name in enumerate(("a repeat contact", MORE, SAVED)):
            row = of(result, name)
            covered[at] += row["ci_lower"] < values[at] < row["ci_upper"]
    low, high = stats.binom.interval(0.999, runs, 0.95)
    assert (low <= covered).all()
    assert (covered <= high).all()
