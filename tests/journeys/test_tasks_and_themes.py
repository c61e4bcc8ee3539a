"""Usability tasks from events, and coded themes as columns of users."""

from __future__ import annotations

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest

from cxlib import journeys
from cxlib.errors import ArgumentError, DataError
from cxlib.journeys import Proportion

MAKERS = {"pandas": lambda f: f, "polars": pl.from_pandas, "duckdb": duckdb.from_df}
START = pd.Timestamp("2026-05-04 09:00")


@pytest.fixture(params=list(MAKERS))
def make(request):
    return MAKERS[request.param]


def pandas(frame):
    return nw.from_native(frame).lazy().collect("pandas").to_native()


def log(*rows):
    """Events from (user, minute, touchpoint)."""
    users, minutes, touchpoints = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "user_id": users, "touchpoint": touchpoints,
            "occurred_at": START + pd.to_timedelta(minutes, unit="min"),
        }
    )  # fmt: skip


EVENTS = log(
    ("quick", 0, "form"), ("quick", 1, "field"), ("quick", 2, "done"),
    ("quick", 3, "field"), ("quick", 4, "error"), ("quick", 200, "form"),
    ("clumsy", 5, "home"), ("clumsy", 6, "form"), ("clumsy", 7, "error"),
    ("clumsy", 8, "form"), ("clumsy", 9, "error"), ("clumsy", 30, "done"),
    ("gone", 0, "form"), ("gone", 10, "field"), ("gone", 100, "form"),
    ("gone", 101, "done"),
    ("silent", 20, "form"),
    ("busy", 190, "form"), ("busy", 195, "field"),
    ("early", 1, "done"), ("early", 2, "home"),
    ("before", 1, "done"), ("before", 2, "form"), ("before", 3, "done"),
)  # fmt: skip


def tried(events, **more):
    found = journeys.tasks(events, start="form", success="done", error="error", **more)
    return pandas(found).set_index("user_id")


def test_first_tries_are_measured(make):
    table = tried(make(EVENTS))
    assert sorted(table.index) == [
        "before", "busy", "clumsy", "gone", "quick", "silent",
    ]  # fmt: skip
    expected = {  # attempts, success, abandoned, seconds, errors, clicks
        "quick": (2, 1, 0, 120, 0, 1),
        "clumsy": (2, 1, 0, 1440, 2, 3),
        "gone": (2, 0, 1, np.nan, 0, 1),
        "silent": (1, 0, 1, np.nan, 0, 0),
        "busy": (1, np.nan, np.nan, np.nan, 0, 1),
        "before": (1, 1, 0, 60, 0, 0),
    }
    columns = ["attempts", "success", "abandoned", "seconds", "errors", "clicks"]
    for name, values in expected.items():
        ours = table.loc[name, columns].to_numpy(dtype=float)
        np.testing.assert_array_equal(ours, np.array(values, dtype=float), name)


def test_patience_decides_what_one_try_is():
    table = tried(EVENTS, abandon_after="2h")
    assert table.loc["gone", ["success", "seconds"]].tolist() == [1, 6060]
    hasty = tried(EVENTS, abandon_after="90s")
    assert hasty.loc["clumsy", ["success", "errors"]].tolist() == [0, 2]


def test_users_get_the_columns_of_their_tasks(make):
    users = pd.DataFrame(
        {"user_id": ["quick", "clumsy", "never"], "variant": ["b", "control", "b"]}
    )
    found = journeys.tasks(
        make(EVENTS), start="form", success=["done"], users=make(users)
    )
    table = pandas(found).set_index("user_id")
    assert table.loc["never", "attempts"] == 0
    assert table.loc["never"].drop(["variant", "attempts"]).isna().all()
    assert table.loc["quick", "seconds"] == 120


def test_declared_task_metrics_compare(rng):
    n = 400
    ids = np.arange(n)
    treated = ids % 2 == 1
    took = rng.lognormal(np.where(treated, 3.5, 4), 0.4)
    won = rng.random(n) < np.where(treated, 0.9, 0.7)
    at = START + pd.to_timedelta(np.arange(n), unit="min")
    parts = [
        pd.DataFrame({"user_id": ids, "touchpoint": "form", "occurred_at": at}),
        pd.DataFrame(
            {"user_id": ids, "touchpoint": np.where(won, "done", "home"),
             "occurred_at": at + pd.to_timedelta(took, unit="s")}
        ),
    ]  # fmt: skip
    users = pd.DataFrame({"user_id": ids, "variant": np.where(treated, "b", "control")})
    both = journeys.tasks(pd.concat(parts), start="form", success="done", users=users)
    table = journeys.compare(both, journeys.task_metrics()).table.set_index("metric")
    assert table.loc["task success", "verdict"] == "better"
    assert table.loc["task time (s)", "verdict"] == "better"
    low, high = table.loc["task time (s)", ["rel_effect_size_ci_lower",
                                            "rel_effect_size_ci_upper"]]  # fmt: skip
    assert low < np.exp(-0.5) - 1 < high
    assert set(table["role"]) == {"decision", "exploratory"}


def test_mistakes_in_tasks_are_worded():
    with pytest.raises(ArgumentError) as unknown:
        journeys.tasks(EVENTS, start="fom", success="done")
    assert str(unknown.value) == (
        "'fom' is no touchpoint of events; did you mean 'form'?"
    )
    with pytest.raises(ArgumentError) as length:
        journeys.tasks(EVENTS, start="form", success="done", abandon_after="soon")
    assert str(length.value) == (
        "`abandon_after` is 'soon'; give a length of time such as '30min' or '2h'."
    )
    taken = pd.DataFrame({"user_id": ["quick"], "errors": [1]})
    with pytest.raises(DataError, match="already have a column 'errors'; rename it"):
        journeys.tasks(EVENTS, start="form", success="done", users=taken)


@pytest.fixture
def coded():
    users = pd.DataFrame(
        {
            "user_id": list("abcde"), "variant": ["b", "control"] * 2 + ["b"],
            "verbatim_id": [1, 2, 3, None, 9],
        }
    )  # fmt: skip
    codings = pd.DataFrame(
        [
            (1, "x", "price"), (1, "y", "price"), (1, "y", "staff"),
            (2, "x", None), (3, "x", "staff"), (3, "y", "staff"), (3, "z", None),
            (7, "x", "other"),
        ],
        columns=["verbatim_id", "coder", "code"],
    )  # fmt: skip
    return users, codings


def test_codes_are_those_of_a_majority(coded, make):
    users, codings = coded
    found = pandas(journeys.with_codes(make(users), make(codings)))
    assert found["code_price"].tolist()[:3] == [1, 0, 0]
    assert found["code_staff"].tolist()[:3] == [0, 0, 1]
    assert found["code_other"].tolist()[:3] == [0, 0, 0]
    assert found.iloc[3:][["code_price", "code_staff"]].isna().all(axis=None)
    assert found["user_id"].tolist() == users["user_id"].tolist()


def test_without_coders_a_row_is_a_code(coded):
    users, codings = coded
    found = journeys.with_codes(
        users, codings[["verbatim_id", "code"]], codes=["staff"]
    )
    assert found["code_staff"].tolist()[:3] == [1, 0, 1]
    assert "code_price" not in found


def test_repeated_rows_of_a_coder_count_once(coded):
    users, codings = coded
    twice = pd.concat([codings, codings.iloc[[2]]])
    found = journeys.with_codes(users, twice)
    assert found["code_staff"].tolist()[0] == 0


def test_codes_become_metrics(coded):
    users, codings = coded
    many = pd.concat(
        [users.assign(user_id=users["user_id"] + str(i)) for i in range(9)]
    )
    found = journeys.with_codes(many, codings, codes=["price"])
    metric = Proportion(name="price", column="code_price", survey=True)
    response = journeys.response_rate(found, [metric]).table.iloc[0]
    assert response["control"] == pytest.approx(0.5)
    assert response["treatment"] == pytest.approx(2 / 3)


def test_mistakes_in_codes_are_worded(coded):
    users, codings = coded
    with pytest.raises(ArgumentError) as unknown:
        journeys.with_codes(users, codings, codes=["prize"])
    assert str(unknown.value) == (
        "`codes` names the code 'prize'; did you mean 'price'?"
    )
    with pytest.raises(DataError) as apart:
        journeys.with_codes(users.assign(verbatim_id=[91, 92, 93, 94, 95]), codings)
    assert str(apart.value) == (
        "no coded verbatim belongs to a user: 'verbatim_id' of codings and "
        "'verbatim_id' of users share no value."
    )
    with pytest.raises(DataError, match="codings hold no code"):
        journeys.with_codes(users, codings.assign(code=None))
    with pytest.raises(DataError, match="already have a column 'code_price'"):
        journeys.with_codes(users.assign(code_price=1), codings)
