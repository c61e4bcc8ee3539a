"""Transition shares against a plain count; the user is the unit of the test."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxlib import journeys
from cxlib.errors import ArgumentError
from cxlib.journeys.flows._pairs import END


def walks(rng, n=600, lift=0.0):
    """Each user walks home -> cart -> paid or ends; treatment pays more often."""
    rows = []
    for i in range(n):
        arm = "t" if i % 2 else "control"
        minute, place = 0, "home"
        while place != END:
            rows.append((f"u{i}", arm, place, minute))
            minute += 1
            p_pay = 0.3 + lift * (arm == "t")
            follow = {
                "home": (["home", "cart", END], [0.3, 0.5, 0.2]),
                "cart": (["paid", "home", END], [p_pay, 0.2, 0.8 - p_pay]),
                "paid": ([END], [1.0]),
            }[place]
            place = rng.choice(follow[0], p=follow[1])
    names = ["user_id", "variant", "touchpoint", "minute"]
    events = pd.DataFrame(rows, columns=names)
    start = pd.Timestamp("2026-01-01")
    times = start + pd.to_timedelta(events.pop("minute"), unit="min")
    return events.assign(occurred_at=times.astype("datetime64[us]"))


def test_shares_equal_a_plain_count(rng, engine):
    events = walks(rng)
    follow = events.groupby("user_id")["touchpoint"].shift(-1).fillna(END)
    plain = events.assign(to=follow).groupby(["variant", "touchpoint", "to"]).size()
    found = journeys.transitions(engine(events.sample(frac=1, random_state=1))).shares
    ours = found.set_index(["variant", "from", "to"])["n"]
    assert ours.to_dict() == plain.to_dict()
    assert found.groupby(["variant", "from"])["share_next"].sum().to_numpy() == (
        pytest.approx(1.0)
    )


def test_error_is_the_delta_method_over_users(rng):
    events = walks(rng)
    table = journeys.transitions(events).table.set_index(["from", "to"])
    follow = events.groupby("user_id")["touchpoint"].shift(-1).fillna(END)
    here = events["touchpoint"] == "home"
    variance = []
    for arm in ("control", "t"):
        users = events.loc[events["variant"] == arm, "user_id"].unique()
        d = here.groupby(events["user_id"]).sum().loc[users]
        x = (here & (follow == "cart")).groupby(events["user_id"]).sum().loc[users]
        ratio = x.sum() / d.sum()
        variance.append((x - ratio * d).var() / len(users) / d.mean() ** 2)
    assert table.loc[("home", "cart"), "std_error"] == pytest.approx(
        sum(variance) ** 0.5
    )


def test_planted_difference_is_found_and_only_it(rng):
    found = journeys.transitions(walks(rng, n=3000, lift=0.2))
    differing = {tuple(pair) for pair in found.differing[["from", "to"]].to_numpy()}
    assert ("cart", "paid") in differing
    assert differing <= {("cart", "paid"), ("cart", END)}
    assert found.text.startswith("2 of 6 transitions differ beyond chance (n = 3,000")
    assert "After 'cart', 'paid' follows in " in found.text
    assert "After 'cart', the journey ends in " in found.text
    assert {f.unit for f in found.findings} == {"share_points"}
    assert "p (adjusted)" in found._repr_html_()


def test_no_difference_is_said_so(rng):
    text = journeys.transitions(walks(rng)).text
    assert text == (
        "None of 6 transitions compared differs by more than chance allows "
        "(n = 600 users)."
    )


def test_rare_transitions_are_not_tested(rng):
    events = walks(rng, n=60)
    found = journeys.transitions(events, min_n=31)
    assert found.table["pvalue"].isna().all()
    assert found.text == (
        "No transition has enough users in the variants to be compared."
    )


def test_next_touchpoint_is_looked_for_within_the_journey():
    events = pd.DataFrame(
        {
            "user_id": ["u", "u", "v"], "variant": ["control", "control", "t"],
            "visit": [1, 2, 1], "touchpoint": ["a", "b", "a"],
            "occurred_at": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-01"]),
        }
    )  # fmt: skip
    whole = journeys.transitions(events).shares
    assert ("a", "b") in set(zip(whole["from"], whole["to"], strict=True))
    split = journeys.transitions(events, journey="visit").shares
    assert set(split["to"]) == {END}


def test_variant_comes_from_the_users_table_where_there_is_one(rng):
    events = walks(rng)
    users = events[["user_id", "variant"]].drop_duplicates()
    a = journeys.transitions(events)
    b = journeys.transitions(events.drop(columns="variant"), users=users)
    pd.testing.assert_frame_equal(a.table, b.table)


def test_unknown_variant_is_worded(rng):
    with pytest.raises(ArgumentError, match="`control` names the variant 'ctrl'; did"):
        journeys.transitions(walks(rng, n=20), control="ctrl")


def test_row_order_never_matters(rng):
    events = walks(rng, n=100)
    a = journeys.transitions(events).table
    b = journeys.transitions(events.iloc[::-1]).table
    pd.testing.assert_frame_equal(a, b)
    assert np.isfinite(a["effect_size"]).all()
