"""Users from events, one variant each, with their survey answers."""

from __future__ import annotations

import pandas as pd
import pytest

from cxlib import journeys
from cxlib.errors import ArgumentError, DataError

EVENTS = pd.DataFrame(
    {
        "user_id": ["u", "u", "v", "w", "w"],
        "variant": ["a", "a", "b", "a", "b"],
        "touchpoint": ["cart", "paid", "cart", "cart", "paid"],
        "value": [None, 9.5, None, None, 3.0],
    }
)


def pandas(frame):
    """The frame as pandas, rows in order."""
    found = frame.to_pandas() if hasattr(frame, "to_pandas") else frame
    return (found.df() if hasattr(found, "df") else found).reset_index(drop=True)


def test_users_are_built_from_events(engine):
    users = pandas(journeys.users_from_events(engine(EVENTS)))
    assert users.columns.tolist() == [
        "user_id", "variant", "n_events", "reached_cart", "reached_paid", "value",
    ]  # fmt: skip
    assert users["user_id"].tolist() == ["u", "v", "w", "w"]
    assert users["reached_paid"].tolist() == [1, 0, 0, 1]
    assert users["value"].tolist() == [9.5, 0, 0, 3]
    assert journeys.sample_ratio(users).n_mixed == 1


def test_only_named_touchpoints_are_flagged():
    users = journeys.users_from_events(EVENTS, reached=["paid"])
    assert "reached_cart" not in users.columns
    with pytest.raises(ArgumentError) as error:
        journeys.users_from_events(EVENTS, reached=["payed"])
    assert str(error.value) == (
        "`reached` names the touchpoint 'payed'; did you mean 'paid'?"
    )


def test_too_many_touchpoints_ask_for_a_choice():
    many = pd.DataFrame(
        {"user_id": "u", "variant": "a", "touchpoint": [f"p{i}" for i in range(51)]}
    )
    with pytest.raises(DataError) as error:
        journeys.users_from_events(many)
    assert str(error.value) == (
        "events have 51 touchpoints, over 50; name those that matter in `reached`."
    )


def test_exposed_keeps_one_row_of_users_in_one_variant(engine):
    users = pd.DataFrame(
        {
            "user_id": ["u", "v", "v", "w", "x", "x"],
            "variant": ["a", "a", "b", None, "b", "b"],
            "y": [1.0, 2.0, 3.0, 4.0, 6.0, 5.0],
        }
    )
    kept = pandas(journeys.exposed(engine(users)))
    assert kept["user_id"].tolist() == ["u", "x"]
    assert kept["y"].tolist() == [1.0, 5.0]


def test_exposed_returns_clean_users_untouched():
    users = EVENTS.drop_duplicates("user_id")
    assert journeys.exposed(users) is users
    bare = pd.DataFrame({"variant": ["a", "b", None]})
    assert journeys.exposed(bare[:2]) is not None
    assert journeys.exposed(bare)["variant"].tolist() == ["a", "b"]


def test_first_answer_of_each_user_joins(engine):
    users = engine(pd.DataFrame({"user_id": [1, 2, 3], "variant": ["a", "b", "b"]}))
    answers = pd.DataFrame(
        {
            "respondent_id": ["2", "2", "3", "9"],
            "responded_at": pd.to_datetime(["2026-02-02", "2026-02-01"] * 2),
            "score": [10.0, 3.0, None, 7.0],
        }
    )
    joined = pandas(journeys.with_scores(users, engine(answers)))
    assert joined["score"].fillna(-1).tolist() == [-1, 3, -1]


def test_answers_of_strangers_or_twice_are_a_data_stop():
    users = pd.DataFrame({"user_id": ["u"], "variant": ["a"]})
    answers = pd.DataFrame({"respondent_id": ["x"], "score": [1.0]})
    with pytest.raises(DataError) as error:
        journeys.with_scores(users, answers)
    assert str(error.value) == (
        "no answer in responses belongs to a user: 'respondent_id' of responses and "
        "'user_id' of users share no value."
    )
    with pytest.raises(DataError) as error:
        journeys.with_scores(users.assign(score=1.0), answers)
    assert str(error.value) == "users already have a column 'score'; use that one."
