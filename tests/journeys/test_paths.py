"""Paths sum to users and reconcile with funnels; sessions, loops, waits and scores."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from cxlib import journeys, nps, plots, simulate
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import Moments, ratio
from cxlib.estimate.point import wilson
from cxlib.journeys.flows.score_by_path import BEFORE
from tests.journeys.test_transitions import walks

STEPS = ["home", "search", "product", "cart", "checkout", "payment", "confirmation"]
START = pd.Timestamp("2026-01-01")


@pytest.fixture(scope="module")
def shop():
    users = simulate.users(1500, rng=11)
    return users, simulate.events(users, rng=11)


def log_of(journeys_of):
    """Events of users who each took the touchpoints of one word, a minute apart."""
    rows = [
        (f"u{i}", place, START + pd.Timedelta(minutes=k))
        for i, word in enumerate(journeys_of)
        for k, place in enumerate(word)
    ]
    return pd.DataFrame(rows, columns=["user_id", "touchpoint", "occurred_at"]).assign(
        occurred_at=lambda x: x["occurred_at"].astype("datetime64[us]")
    )


words = st.lists(st.text("abc", min_size=0, max_size=6), min_size=1, max_size=12)


@settings(max_examples=15)
@given(words.filter(lambda w: {"a", "b", "c"} <= set("".join(w))), st.booleans())
def test_funnel_counted_from_paths_is_the_funnel(taken, collapse):
    events = log_of(taken)
    users = pd.DataFrame({"user_id": [f"u{i}" for i in range(len(taken))]})
    found = journeys.paths(events, users=users, depth=7, collapse=collapse)
    steps = ["a", "b", "c"]
    funnel = journeys.funnel(events, steps, users=users)
    assert found.reached(steps)["n"].tolist() == funnel.table["n"].tolist()
    assert found.counts["n"].sum() == len(taken)


@settings(max_examples=15)
@given(words.filter("".join), st.integers(1, 4), st.integers(1, 5))
def test_paths_sum_to_users_at_every_cut(taken, depth, top):
    users = pd.DataFrame({"user_id": [f"u{i}" for i in range(len(taken))]})
    found = journeys.paths(log_of(taken), users=users, depth=depth, top=top)
    assert found.table["n"].sum() == len(taken)
    assert found.table["estimate"].sum() == pytest.approx(1)
    silent = sum(not word for word in taken)
    assert found.table.set_index("path").loc["(no event)", "n"] == silent
    first = found.prefixes[found.prefixes["position"] == 1]["n"].sum()
    assert first == len(taken) - silent


def test_paths_equal_a_plain_count(shop, engine):
    users, events = shop
    found = journeys.paths(
        engine(events.sample(frac=1, random_state=2)), users=engine(users), depth=3,
        variant="variant", collapse=False,
    )  # fmt: skip
    ordered = events.sort_values(["user_id", "occurred_at"])
    plain = ordered.groupby("user_id")["touchpoint"].agg(
        lambda p: " → ".join([*p[:3], "…" if len(p) > 3 else "(end)"])
    )
    arm = users.set_index("user_id")["variant"]
    counted = pd.DataFrame({"path": plain, "variant": arm}).value_counts()
    ours = found.counts.set_index(["path", "variant"])["n"]
    assert ours.to_dict() == counted.to_dict()
    row = found.table.iloc[0]
    ends = wilson(row["n"] / row["n_all"], row["n_all"])
    assert (row["ci_lower"], row["ci_upper"]) == pytest.approx(ends)


def test_a_cut_path_does_not_recount_a_funnel(shop):
    users, events = shop
    found = journeys.paths(events, users=users, depth=2)
    with pytest.raises(DataError, match="some paths go on beyond the depth; make"):
        found.reached(STEPS)


def test_journeys_are_counted_with_the_user_as_the_unit(shop):
    _, events = shop
    trail = journeys.sessionise(events)
    found = journeys.paths(trail, journey="journey_id", depth=2, collapse=False)
    row = found.table.iloc[0]
    trips = trail.sort_values("occurred_at").groupby(["user_id", "journey_id"])
    each = trips["touchpoint"].agg(
        lambda p: " → ".join([*p[:2], "…" if len(p) > 2 else "(end)"])
    )
    hit = (each == row["path"]).groupby("user_id").agg(["sum", "size"])
    share = hit["sum"].sum() / hit["size"].sum()
    error = (hit["sum"] - share * hit["size"]).std() / len(hit) ** 0.5
    assert row["estimate"] == pytest.approx(share)
    assert row["std_error"] == pytest.approx(error / hit["size"].mean())
    assert found.grain == "journeys"


def test_path_that_differs_is_said(shop):
    users = simulate.users(6000, rng=4)
    events = simulate.events(users, rng=4)
    found = journeys.paths(events, users=users, variant="variant")
    assert "most clearly 'home → search → product → cart → checkout → (end)'" in (
        found.text
    )
    assert found.differences["pvalue_adj"].notna().all()


def test_sessions_split_at_longer_pauses_only(engine):
    minutes = [0, 30, 61, 62, 200]
    times = (START + pd.to_timedelta(minutes, unit="min")).astype("datetime64[us]")
    events = pd.DataFrame({"user_id": "u", "occurred_at": times, "touchpoint": "a"})
    found = journeys.sessionise(engine(events))
    tagged = found.df() if hasattr(found, "df") else pd.DataFrame(
        found.to_pandas() if hasattr(found, "to_pandas") else found
    )  # fmt: skip
    ids = tagged.sort_values("occurred_at")["journey_id"].tolist()
    assert ids == ["u#1", "u#1", "u#2", "u#2", "u#3"]


def test_sessions_of_dates_and_of_zones():
    days = pd.DataFrame(
        {"user_id": "u", "touchpoint": "a",
         "occurred_at": pd.to_datetime(["2026-01-01", "2026-01-05"]).date}
    )  # fmt: skip
    assert journeys.session_sensitivity(days).table["n_sessions"].tolist() == [2] * 3
    zoned = log_of(["ab", "abc"])
    zoned["occurred_at"] = zoned["occurred_at"].dt.tz_localize("Europe/Rome")
    assert journeys.session_sensitivity(zoned).table["n_sessions"].tolist() == [2] * 3
    waits = journeys.time_to_next(zoned, steps=["a", "b"])
    assert waits.table["estimate"].tolist() == [60.0]


def test_rule_that_makes_the_answer_is_said():
    rows = [
        (f"u{i}", place, START + pd.Timedelta(minutes=m))
        for i in range(200)
        for place, m in (("a", 0), ("b", 20), ("a", 40), ("b", 60))
    ]
    events = pd.DataFrame(rows, columns=["user_id", "touchpoint", "occurred_at"])
    found = journeys.session_sensitivity(events, gaps=["15min", "30min"], goal="b")
    assert found.table["n_sessions"].tolist() == [800, 200]
    assert found.table["estimate"].tolist() == [0.5, 1.0]
    assert found.table["median_events"].tolist() == [1.0, 4.0]
    assert found.table["share_bounce"].tolist() == [1.0, 0.0]
    assert found.depends
    assert "the answer depends on the rule: compare users, not sessions" in found.text


def test_loops_by_hand():
    found = journeys.loops(log_of(["abab", "aab", "c"]), goal="c")
    share = found.table.set_index(["kind", "touchpoint"])["estimate"]
    assert share["return", "a"] == pytest.approx(2 / 4)
    assert share["return", "b"] == pytest.approx(1 / 3)
    assert share["repeat", "a"] == pytest.approx(1 / 4)
    assert share["dead end", "b"] == pytest.approx(2 / 3)
    assert share["dead end", "c"] == 0
    assert found.advice.startswith("Look first at 'b', where most journeys that miss")


def test_loops_have_the_delta_methods_error(rng):
    events = walks(rng, n=800)
    found = journeys.loops(events, variant="variant")
    row = found.differences.set_index(["kind", "touchpoint"]).loc[("return", "home")]
    home = events[events["touchpoint"] == "home"]
    arms = []
    for arm in ("control", "t"):
        users = events.loc[events["variant"] == arm, "user_id"].unique()
        d = home.groupby("user_id").size().reindex(users).fillna(0)
        arms.append(Moments.of(np.column_stack([(d - 1).clip(lower=0), d])))
    gap = ratio(*arms)
    assert row["effect_size"] == pytest.approx(gap.effect_size)
    assert row["pvalue"] == pytest.approx(gap.pvalue)


def test_planted_dead_end_is_found():
    users = simulate.users(4000, rng=9)
    found = journeys.loops(
        simulate.events(users, rng=9), users=users, variant="variant",
        goal="confirmation",
    )  # fmt: skip
    assert "the dead end at 'checkout'" in found.text
    real = found.differences[found.differences["pvalue_adj"] < 0.05]
    assert set(real["touchpoint"]) == {"checkout"}


def test_waits_are_kaplan_meiers(shop):
    users, events = shop
    found = journeys.time_to_next(
        events, steps=STEPS, users=users, variant="variant", horizon="1h"
    )
    arm = users.set_index("user_id")["variant"]
    first = events[events["touchpoint"] == "checkout"].groupby("user_id")["occurred_at"]
    began = first.min()
    paid = events[events["touchpoint"] == "payment"].groupby("user_id")["occurred_at"]
    then = paid.min().reindex(began.index)
    end = then.fillna(events["occurred_at"].max())
    seconds = (end - began).dt.total_seconds()
    status = (then.notna() & (seconds <= 3600)).astype(int)
    seconds = seconds.clip(upper=3600)
    rows = found.table.set_index(["from", "variant"])
    for name in ("control", "treatment"):
        own = (arm.reindex(began.index) == name).to_numpy()
        curve = SurvfuncRight(seconds[own], status[own])
        assert rows.loc[("checkout", name), "estimate"] == curve.quantile(0.5)
    chi2, p = survdiff(seconds, status, arm.reindex(began.index).to_numpy())
    row = found.differences.set_index("from").loc["checkout"]
    assert row["statistic"] == pytest.approx(chi2)
    assert row["pvalue"] == pytest.approx(p)


def test_those_who_never_went_on_still_count():
    events = log_of(["ab", "ab", "a", "a", "a"])
    later = pd.DataFrame(
        {"user_id": ["u0"], "touchpoint": ["z"],
         "occurred_at": [START + pd.Timedelta(days=1)]}
    )  # fmt: skip
    found = journeys.time_to_next(pd.concat([events, later]), steps=["a", "b"])
    row = found.table.iloc[0]
    assert (row["n"], row["n_events"]) == (5, 2)
    assert np.isnan(row["estimate"])
    assert row["lower_quartile"] == 60
    assert found.text == "At no step did half of the users go on."


def test_score_by_path_is_the_score_of_its_users(shop):
    users, events = shop
    found = journeys.score_by_path(events, users, steps=STEPS)
    counts = journeys.funnel(events, STEPS).table["n"].tolist()
    furthest = found.table.set_index("group")
    assert furthest["n_users"].sum() == len(users)
    assert furthest.loc["confirmation", "n_users"] == counts[-1]
    paid = set(events.loc[events["touchpoint"] == "confirmation", "user_id"])
    own = users[users["user_id"].isin(paid)]
    score = nps.score(own)
    assert furthest.loc["confirmation", "estimate"] == pytest.approx(
        float(score.table["estimate"].iloc[0])
    )
    assert "This is an association: users choose their journeys" in found.text
    assert "effect" not in found.text


def test_few_answers_are_hidden_with_a_second_group(shop):
    users, events = shop
    few = users.copy()
    at = events.groupby("user_id")["touchpoint"].agg(set)
    end = few["user_id"].isin(at[["search" not in s for s in at]].index)
    few.loc[end & (end.cumsum() > 4), "score"] = np.nan
    found = journeys.score_by_path(events, few, steps=STEPS)
    hidden = found.table[found.table["status"] != "shown"]
    assert len(hidden) >= 2
    assert hidden[["n", "estimate", "share_answered", "ci_lower"]].isna().all().all()
    assert "home" in set(hidden["group"])
    left = few["score"].notna().sum() - found.table["n"].sum()
    assert left >= 10


def test_score_groups_sum_to_everybody(shop):
    users, events = shop
    for by in ("path", "loop", "furthest"):
        found = journeys.score_by_path(events, users, by=by, steps=["cart"])
        assert found.table["n_users"].sum() == len(users)
        assert found.table["n"].sum() == users["score"].notna().sum()
    assert BEFORE in set(found.table["group"])


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda e: journeys.sessionise(e, gap="soon"), "`gap` is 'soon'; write a dur"),
        (lambda e: journeys.session_sensitivity(e, gaps=[]), r"`gaps` is \[\]; give"),
        (lambda e: journeys.session_sensitivity(e, goal="x"), "`goal` names the touch"),
        (lambda e: journeys.paths(e, depth=0), "`depth` is 0; it must lie in"),
        (lambda e: journeys.loops(e, goal="x"), "`goal` names the touchpoint 'x'; th"),
        (lambda e: journeys.time_to_next(e, steps=["a"]), "two touchpoints or more"),
        (lambda e: journeys.score_by_path(e, e, min_n=3, by="loop"), "`min_n` is 3;"),
        (lambda e: journeys.score_by_path(e, e), "'furthest' needs them, in order"),
    ],
)
def test_arguments_are_worded(call, text):
    with pytest.raises(ArgumentError, match=text):
        call(log_of(["ab", "a"]))


def test_charts_draw_every_journey(shop):
    users, events = shop
    found = journeys.paths(events, users=users, depth=4)
    ax = plots.path_sankey(found.positions, top=2)
    told = [text.get_text() for text in ax.texts]
    assert any(text.startswith("(other)") for text in told)
    assert ax.get_xlabel() == "n = 1,500; height: % of them"
    plt.close(ax.figure)
    ax = plots.path_icicle(found.prefixes, smallest=0.1)
    first = [box for box in ax.patches if box.get_x() == 1]
    assert sum(box.get_height() for box in first) == pytest.approx(1)
    second = [box for box in ax.patches if box.get_x() == 2]
    gone_on = found.prefixes[found.prefixes["position"] == 2]["n"].sum() / 1500
    assert sum(box.get_height() for box in second) == pytest.approx(gone_on)
    plt.close(ax.figure)
    ax = plots.path_sankey(found.positions.head(0))
    assert ax.texts[0].get_text() == "no journey to draw"
    plt.close(ax.figure)
    table = journeys.divergence(events, users=users, n_resamples=99).table
    ax = plots.divergence_steps(table)
    shown = table[table["statistic"].notna()]
    assert len(ax.get_yticklabels()) == len(shown)
    plt.close(ax.figure)


@pytest.mark.slow
def test_intervals_of_visits_cover_their_truth():
    """Returns to 'search': the truth is one long run; 80 samples of 400 users."""
    users = simulate.users(40_000, rng=1, lift=0)
    events = simulate.events(users, rng=1, lift=0)
    known = {"kind": "return", "touchpoint": "search"}

    def row(log):
        table = journeys.loops(log).table
        return table[(table[list(known)] == pd.Series(known)).all(axis=1)].iloc[0]

    truth = row(events)["estimate"]
    block = events["user_id"].map(
        dict(zip(users["user_id"], np.arange(len(users)) // 400, strict=True))
    )
    covered = 0
    for i in range(80):
        one = row(events[block == i])
        covered += one["ci_lower"] <= truth <= one["ci_upper"]
    assert covered / 80 >= 0.95 - 3 * (0.95 * 0.05 / 80) ** 0.5
