"""The sample ratio check: joint, by segment, and what it leaves out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxlib import journeys
from cxlib.errors import ArgumentError, DataError


def split(**counts):
    names = np.repeat(list(counts), list(counts.values()))
    return pd.DataFrame({"user_id": range(len(names)), "variant": names})


def test_three_arms_are_tested_jointly():
    gate = journeys.sample_ratio(split(a=5000, b=5200, c=4950))
    test = gate.tests.iloc[0]
    assert test["df"] == 2
    assert test["pvalue"] == pytest.approx(0.031, abs=5e-4)
    assert gate.passed
    gate.require()


def test_text_states_counts_shares_and_chance(engine):
    users = engine(split(control=573, test=554))
    assert journeys.sample_ratio(users).text == (
        "The split is as planned: control 573 (50.8 %, planned 50.0 %) and test 554 "
        "(49.2 %, planned 50.0 %); chance alone gives a split this uneven in 57.1 % of "
        "sound experiments (chi-square 0.32 on 1 df, p 0.57; the gate stops below "
        "0.01)."
    )


def test_failed_gate_raises_a_data_stop_that_says_what_to_look_for():
    gate = journeys.sample_ratio(split(gate_30=44700, gate_40=45489))
    assert not gate.passed
    with pytest.raises(DataError) as stop:
        gate.require()
    assert stop.value.exit_code == 3
    assert str(stop.value) == (
        "The variants cannot be compared: the sample ratio check failed. Whatever "
        "unbalanced the users may also have moved the metrics.\n"
        "  - all users: gate_30 44,700 (planned 45,094) and gate_40 45,489 (planned "
        "45,094), chi-square 6.90, p 0.0086, below the limit of 0.01. Look for users "
        "lost after assignment (redirects, crashes, consent), filters applied after "
        "assignment (bots, eligibility), a changed traffic split, a restart, or "
        "logging that one variant triggers more often; name columns fixed before "
        "assignment under `srm_by` (platform, browser, entry page) to see where it "
        "sits."
    )


def test_planned_ratio_may_be_uneven():
    users = split(a=900, b=100)
    assert journeys.sample_ratio(users, expected={"a": 9, "b": 1}).passed
    assert journeys.sample_ratio(users, expected=[0.9, 0.1]).passed
    assert not journeys.sample_ratio(users).passed


def test_segment_that_is_off_fails_the_gate():
    users = split(a=1000, b=1000)
    browser = np.where(users.index % 2 == 0, "old", "new")
    users["browser"] = np.where(
        (users["variant"] == "b") & (users.index % 10 == 0), "old", browser
    )
    users.loc[(users["variant"] == "a") & (users.index % 4 == 0), "browser"] = "new"
    gate = journeys.sample_ratio(users, by="browser")
    tests = gate.tests.set_index("segment")
    assert tests.loc["all users", "status"] == "pass"
    assert tests.loc["browser = old", "status"] == "stop"
    assert "It is off in browser = new and browser = old (Holm over 2" in gate.text
    with pytest.raises(DataError, match="browser = old: a 250 "):
        gate.require()


def test_small_segments_are_not_tested():
    users = split(a=100, b=100).assign(region=["x"] * 196 + ["y"] * 4)
    tests = journeys.sample_ratio(users, by=["region"]).tests
    assert tests["status"].tolist() == ["pass", "pass", "untested"]
    assert np.isnan(tests["pvalue"].iloc[-1])


def test_repeated_and_mixed_users_are_found_and_left_out(engine):
    users = split(a=500, b=500)
    users["user_id"] = users["user_id"].astype(str)
    users.loc[0, "user_id"] = "999"  # in both variants
    users.loc[1, "user_id"] = "2"  # two rows in a
    gate = journeys.sample_ratio(engine(users))
    assert (gate.n_mixed, gate.n_repeated, gate.n_blank) == (1, 1, 0)
    assert gate.n == 997
    assert "1 user was seen in more than one variant: left out." in gate.text
    assert "1 repeated row of the same user: left out." in gate.text
    assert gate.passed


def test_many_mixed_users_stop():
    users = split(a=100, b=100)
    users.loc[100:104, "user_id"] = range(5)
    with pytest.raises(DataError) as stop:
        journeys.sample_ratio(users).require()
    assert "5 users were (2.6 %) in more than one variant, over 1.0 %." in str(
        stop.value
    )


def test_many_repeated_rows_stop():
    users = pd.concat([split(a=50, b=50)] * 2)
    with pytest.raises(DataError, match="100 surplus rows of users that already have"):
        journeys.sample_ratio(users).require()


def test_rows_without_a_variant_are_counted_not_compared():
    users = split(a=50, b=50).astype({"variant": object})
    users.loc[:2, "variant"] = None
    users.loc[3, "variant"] = ""
    gate = journeys.sample_ratio(users)
    assert gate.n_blank == 4
    assert gate.n == 96


def test_without_a_user_column_rows_are_users():
    users = pd.DataFrame({"variant": ["a"] * 30 + ["b"] * 30})
    assert journeys.sample_ratio(users).n == 60


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"a": 1, "B2": 1}, "`expected` names the variant 'B2'; did you mean 'b'?"),
        ([1, 1, 1], "`expected` has 3 ratios for 2 variants (a, b)."),
        (
            {"a": 1},
            "`expected` has no positive ratio for the variant 'b'; give one, or leave "
            "that variant out of the source (`keep`).",
        ),
    ],
)
def test_bad_plan_is_explained(expected, message):
    with pytest.raises(ArgumentError) as error:
        journeys.sample_ratio(split(a=9, b=9), expected=expected)
    assert str(error.value) == message


def test_one_variant_is_a_data_stop():
    with pytest.raises(DataError) as error:
        journeys.sample_ratio(split(a=10))
    assert str(error.value) == (
        "a comparison needs two variants; column 'variant' of users holds 'a'."
    )
    with pytest.raises(DataError, match="did you mean 'variant'"):
        journeys.sample_ratio(split(a=10), variant="varaint")


@settings(max_examples=8)
@given(st.lists(st.integers(20, 400), min_size=2, max_size=4), st.randoms())
def test_row_order_and_names_do_not_matter(counts, random):
    users = split(**{f"v{i}": n for i, n in enumerate(counts)})
    order = list(range(len(users)))
    random.shuffle(order)
    a = journeys.sample_ratio(users).tests["pvalue"].iloc[0]
    b = journeys.sample_ratio(users.iloc[order]).tests["pvalue"].iloc[0]
    assert a == pytest.approx(b, rel=1e-12)
    assert 0 <= a <= 1
