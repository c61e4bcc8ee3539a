"""Users and events: identities that must hold exactly, effects within bounds."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from cxlib import simulate
from cxlib.errors import ArgumentError

N = 60_000
Z = 4.5


@pytest.fixture(scope="module")
def users():
    return simulate.users(N, rng=31)


@pytest.fixture(scope="module")
def events(users):
    return simulate.events(users, rng=32)


@pytest.fixture(scope="module")
def truth():
    return simulate.truth("users")


def reached(events, users):
    first = events.drop_duplicates(["user_id", "touchpoint"])
    table = pd.crosstab(first["user_id"], first["touchpoint"])
    table = table.reindex(users["user_id"], fill_value=0)
    return table.groupby(users["variant"].to_numpy()).sum()


def test_columns(users, events):
    assert list(users.columns) == [
        "user_id",
        "variant",
        "assigned_at",
        "region",
        "device",
        "pre_spend",
        "spend",
        "converted",
        "contacts",
        "responded",
        "score",
    ]
    assert list(events.columns) == [
        "user_id", "occurred_at", "touchpoint", "channel", "value",
    ]  # fmt: skip
    assert users["user_id"].is_unique


def test_users_and_events_reconcile(users, events):
    own = users.set_index("user_id")
    confirmed = events[events["touchpoint"] == "confirmation"]
    assert confirmed["user_id"].is_unique
    assert set(confirmed["user_id"]) == set(own.index[own["converted"] == 1])
    value = events.groupby("user_id")["value"].sum().reindex(own.index)
    assert (value == own["spend"]).all()
    asked = events[events["touchpoint"] == "help"].groupby("user_id").size()
    assert (asked.reindex(own.index, fill_value=0) == own["contacts"]).all()
    start = events.groupby("user_id")["occurred_at"].min().reindex(own.index)
    assert (start == own["assigned_at"]).all()
    assert (users["score"].notna() == (users["responded"] == 1)).all()
    assert (events["value"].notna() == (events["touchpoint"] == "confirmation")).all()


def test_events_are_in_order_and_never_tied(events):
    same = events["user_id"].eq(events["user_id"].shift())
    gap = events["occurred_at"].diff()[same]
    assert (gap >= pd.Timedelta(seconds=1)).all()


def test_every_step_is_first_reached_in_order(events):
    steps = list(simulate.truth("users")["reach"]["control"])
    times = events.pivot_table(
        index="user_id", columns="touchpoint", values="occurred_at", aggfunc="min"
    )[steps]
    for before, after in itertools.pairwise(steps):
        both = times.dropna(subset=[after])
        assert (both[before] < both[after]).all()


def test_steps_have_the_planted_rates(events, users, truth):
    counts = reached(events, users)
    for arm, known in truth["step rate"].items():
        steps = list(truth["reach"][arm])
        for before, after in itertools.pairwise(steps):
            n, rate = counts.loc[arm, before], known[after]
            bound = Z * np.sqrt(rate * (1 - rate) / n)
            assert abs(counts.loc[arm, after] / n - rate) < bound, (arm, after)


def test_the_redesign_moves_one_step_only(truth):
    control, treatment = truth["step rate"]["control"], truth["step rate"]["treatment"]
    moved = [step for step in control if abs(control[step] - treatment[step]) > 1e-9]
    assert moved == ["payment"]
    assert treatment["payment"] - control["payment"] == pytest.approx(0.12)


def test_metrics_have_the_planted_means(users, truth):
    by = users.groupby("variant")
    for column, known in (("converted", "conversion"), ("spend", "spend")):
        for arm in ("control", "treatment"):
            error = by[column].sem()[arm]
            assert abs(by[column].mean()[arm] - truth[known][arm]) < Z * error
    for column, key in (("contacts", "contacts"), ("responded", "response rate")):
        for arm in ("control", "treatment"):
            found, error = by[column].mean()[arm], by[column].sem()[arm]
            assert abs(found - truth[key]["control"]) < Z * error
    given = users.dropna(subset=["score"])
    net = 100.0 * (given["score"] >= 9) - 100.0 * (given["score"] <= 6)
    for arm in ("control", "treatment"):
        part = net[given["variant"] == arm]
        assert abs(part.mean() - truth["nps"][arm]) < Z * part.sem()


def test_the_covariate_helps_and_is_balanced(users, truth):
    control = users[users["variant"] == "control"]
    found = control[["spend", "pre_spend"]].corr().iloc[0, 1]
    assert found == pytest.approx(truth["correlation of spend and pre_spend"], abs=0.03)
    by = users.groupby("variant")["pre_spend"]
    gap = by.mean()["treatment"] - by.mean()["control"]
    assert abs(gap) < Z * np.hypot(*by.sem())


def test_no_lift_means_equal_arms():
    users = simulate.users(N, rng=1, lift=0.0, nps_lift=0.0)
    counts = reached(simulate.events(users, rng=2, lift=0.0), users)
    assert simulate.truth("users", {"lift": 0.0})["spend"]["difference"] == 0.0
    for step in counts:
        x = counts[step].to_numpy()
        n = users["variant"].value_counts().loc[counts.index].to_numpy()
        rate = x.sum() / n.sum()
        error = np.sqrt(rate * (1 - rate) * (1 / n).sum())
        assert abs(x[0] / n[0] - x[1] / n[1]) <= Z * error


def test_a_sample_ratio_mismatch_can_be_planted():
    users = simulate.users(N, rng=1, treatment_share=0.45)
    assert (users["variant"] == "treatment").mean() == pytest.approx(0.45, abs=0.01)


def test_same_seed_same_rows():
    one, two = (simulate.users(300, rng=9) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    pd.testing.assert_frame_equal(
        simulate.events(one, rng=9), simulate.events(two, rng=9)
    )


def test_bad_arguments():
    with pytest.raises(
        ArgumentError, match=r"`lift` is 0.5; it must lie in \[-0.7, 0.3\]"
    ):
        simulate.users(10, lift=0.5)
