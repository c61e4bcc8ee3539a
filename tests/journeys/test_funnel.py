"""Funnels against a plain reading of each user's events, and the exact split."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxlib import journeys
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import newcombe, wilson
from cxlib.journeys.flows._gap import contributions, split

STEPS = ["a", "b", "c"]
START = pd.Timestamp("2026-01-01")


def log(rows):
    """Events from (user, touchpoint, minute) triples."""
    frame = pd.DataFrame(rows, columns=["user_id", "touchpoint", "minute"])
    times = START + pd.to_timedelta(frame.pop("minute"), unit="min")
    return frame.assign(occurred_at=times.astype("datetime64[us]"))


def furthest(events, steps, *, order, window):
    """How far one user got: every attempt followed by hand, event by event."""
    rank = {step: i for i, step in enumerate(steps)}
    seen = sorted(
        (row.occurred_at, rank.get(row.touchpoint, len(steps)))
        for row in events.itertuples()
    )
    best = 0
    for start, (began, place) in enumerate(seen):
        if order != "any" and place != 0:
            continue
        later = [p for t, p in seen[start:] if window is None or t - began <= window]
        if order == "any":
            depth = 0
            while depth < len(steps) and depth in later:
                depth += 1
        else:
            depth = 0
            for p in later:
                if p == depth:
                    depth += 1
                elif order == "strict":
                    break
        best = max(best, depth)
    return best


PLACES = st.sampled_from(["a", "b", "c", "other"])
EVENTS = st.lists(
    st.tuples(st.sampled_from(["u", "v", "w"]), PLACES, st.integers(0, 12)),
    min_size=1, max_size=25,
)  # fmt: skip
ORDERS = ("eventual", "any", "strict")
KINDS = {
    "integers": lambda frame: frame,
    "expressions": lambda f: pl.from_pandas(f).lazy(),
}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(EVENTS, st.sampled_from([None, "3min", "5min"]), st.sampled_from(ORDERS))
def test_counts_equal_a_plain_reading(kind, rows, window, order):
    events = log([*rows, *(("z", s, i) for i, s in enumerate(STEPS))])
    length = None if window is None else pd.Timedelta(window)
    depth = events.groupby("user_id")[["touchpoint", "occurred_at"]].apply(
        furthest, STEPS, order=order, window=length
    )
    given_as = KINDS[kind](events)
    found = journeys.funnel(given_as, STEPS, window=window, order=order).table
    assert found["n"].tolist() == [(depth >= i).sum() for i in (1, 2, 3)]
    assert found["n_exposed"].tolist() == [depth.size] * 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("window", [None, "4min"])
def test_counts_of_many_equal_a_plain_reading(kind, order, window, rng):
    n = 3000
    places = rng.choice(["a", "b", "c", "d", "other"], n)
    events = log(
        zip(rng.integers(0, 400, n), places, rng.integers(0, 15, n), strict=True)
    )
    length = None if window is None else pd.Timedelta(window)
    depth = events.groupby("user_id")[["touchpoint", "occurred_at"]].apply(
        furthest, [*STEPS, "d"], order=order, window=length
    )
    found = journeys.funnel(
        KINDS[kind](events), [*STEPS, "d"], window=window, order=order
    )
    assert found.table["n"].tolist() == [(depth >= i).sum() for i in (1, 2, 3, 4)]


def test_every_engine_gives_the_same_funnel(engine):
    rng = np.random.default_rng(3)
    n = 3000
    events = log(
        zip(
            rng.integers(0, 400, n), rng.choice([*STEPS, "x"], n),
            rng.integers(0, 500, n), strict=True,
        )
    )  # fmt: skip
    events["variant"] = np.where(events["user_id"] % 2 == 0, "control", "t")
    base = journeys.funnel(events, STEPS, variant="variant", window="4h")
    found = journeys.funnel(engine(events), STEPS, variant="variant", window="4h")
    pd.testing.assert_frame_equal(found.table, base.table)
    pd.testing.assert_frame_equal(found.differences, base.differences)


def test_later_occurrence_in_order_counts():
    events = log(
        [("u", "b", 0), ("u", "a", 1), ("u", "b", 2), ("v", "b", 0), ("v", "a", 1)]
    )
    assert journeys.funnel(events, ["a", "b"]).table["n"].tolist() == [2, 1]
    unordered = journeys.funnel(events, ["a", "b"], order="any").table
    assert unordered["n"].tolist() == [2, 2]


def test_the_best_attempt_within_the_window_counts():
    events = log([("u", "a", 0), ("u", "a", 60), ("u", "b", 65), ("v", "a", 0)])
    found = journeys.funnel(events, ["a", "b"], window="10min").table
    assert found["n"].tolist() == [2, 1]
    assert journeys.funnel(events, ["a", "b"], window="4min").table["n"].tolist() == [
        2, 0,
    ]  # fmt: skip


def test_strict_allows_nothing_between():
    events = log(
        [("u", "a", 0), ("u", "x", 1), ("u", "b", 2), ("v", "a", 0), ("v", "b", 9)]
    )
    found = journeys.funnel(events, ["a", "b"], order="strict").table
    assert found["n"].tolist() == [2, 1]


def test_times_in_nanoseconds_and_zones_keep_their_order():
    events = log([("u", "b", 0), ("u", "a", 0), ("v", "a", 0)])
    nanos = events["occurred_at"].astype("datetime64[ns]")
    nanos = nanos + pd.to_timedelta([0, 1, 0], unit="ns")
    zoned = events["occurred_at"].dt.tz_localize("Europe/Rome")
    tied = journeys.funnel(events.assign(occurred_at=zoned), ["a", "b"]).table
    assert tied["n"].tolist() == [2, 1]
    plain = journeys.funnel(events.assign(occurred_at=nanos), ["a", "b"]).table
    assert plain["n"].tolist() == [2, 0]


def test_blanks_are_no_events_and_no_users():
    events = log([("u", "a", 0), ("u", "", 1), ("u", "b", 2), (None, "a", 0)])
    events.loc[len(events)] = ["w", "a", pd.NaT]
    found = journeys.funnel(events, ["a", "b"], order="strict").table
    assert found["n"].tolist() == [1, 1]
    assert found["n_exposed"].tolist() == [2, 2]


def test_ties_are_in_order():
    events = log([("u", "a", 0), ("u", "b", 0)])
    assert journeys.funnel(events, ["a", "b"]).table["n"].tolist() == [1, 1]
    assert journeys.funnel(events, ["b", "a"]).table["n"].tolist() == [1, 1]


@pytest.fixture
def test_of_two():
    """500 users an arm; treatment moves only b -> c."""
    rows, users = [], []
    for arm, reach in (("control", (400, 200, 60)), ("t", (400, 200, 110))):
        users += [(f"{arm}{i}", arm) for i in range(500)]
        for step, n in zip(STEPS, reach, strict=True):
            rows += [(f"{arm}{i}", step, STEPS.index(step)) for i in range(n)]
    return log(rows), pd.DataFrame(users, columns=["user_id", "variant"])


def test_all_randomised_users_are_the_first_denominator(test_of_two):
    events, users = test_of_two
    table = journeys.funnel(events, STEPS, variant="variant", users=users).table
    t = table[table["variant"] == "t"]
    assert t["n_exposed"].tolist() == [500, 500, 500]
    assert t["share_exposed"].tolist() == [0.8, 0.4, 0.22]
    assert t["n_previous"].tolist() == [500, 400, 200]
    assert t["share_previous"].tolist() == pytest.approx([0.8, 0.5, 0.55])
    low, high = wilson(0.22, 500)
    assert t["share_exposed_ci_lower"].iloc[-1] == pytest.approx(low)
    assert t["share_exposed_ci_upper"].iloc[-1] == pytest.approx(high)


def test_differences_gap_and_text(test_of_two):
    events, users = test_of_two
    found = journeys.funnel(events, STEPS, variant="variant", users=users)
    exposed = found.differences[found.differences["denominator"] == "exposed"]
    assert exposed["effect_size"].tolist() == pytest.approx([0, 0, 0.1])
    ends = exposed[["effect_size_ci_lower", "effect_size_ci_upper"]].iloc[-1]
    assert ends.tolist() == pytest.approx(newcombe(110, 500, 60, 500))
    previous = found.differences[found.differences["denominator"] == "previous"]
    assert previous["pvalue"].isna().all()
    assert found.gap["effect_size"].tolist() == pytest.approx([0, 0, 0.1])
    assert found.text == (
        "'c' was reached by 22.0 % of t and 12.0 % of control, +10.0 percentage points "
        "(95 % CI 5.4 to 14.6, n = 1,000 exposed users). The first step that differs "
        "beyond chance is 'c'. The largest part of the gap of +10.0 percentage points "
        "opens at 'c': +10.0 percentage points (95 % CI 6.2 to 13.8)."
    )
    assert found.where in found.text
    (finding,) = found.findings
    assert (finding.id, finding.n) == ("reached_c_t", 1000)
    assert finding.estimate == pytest.approx(0.1)
    assert "t: of previous step" in found._repr_html_()


def test_a_null_funnel_claims_nothing(test_of_two):
    events, users = test_of_two
    same = events[
        ~((events["touchpoint"] == "c") & events["user_id"].str.startswith("t"))
    ]
    extra = log([(f"t{i}", "c", 9) for i in range(58)])
    found = journeys.funnel(
        pd.concat([same, extra]), STEPS, variant="variant", users=users
    )
    assert found.text.endswith("No step differs by more than chance allows.")
    assert found.where == ""


def test_stray_and_mixed_users_are_left_out_and_counted(test_of_two):
    events, users = test_of_two
    more = pd.concat([events, log([("stranger", "a", 0)])])
    users = pd.concat(
        [users, pd.DataFrame({"user_id": ["t0"], "variant": ["control"]})]
    )
    found = journeys.funnel(more, STEPS, variant="variant", users=users)
    assert (found.n_unknown, found.n_mixed) == (1, 1)
    assert found.table.groupby("variant")["n_exposed"].first().tolist() == [500, 499]
    assert "n = 999 exposed users" in found.text
    assert "1 user with events is not in the users table: left out." in found.text


@settings(max_examples=100)
@given(
    st.integers(1, 6).flatmap(
        lambda k: st.tuples(*[st.lists(st.floats(0, 1), min_size=k, max_size=k)] * 2)
    )
)
def test_contributions_sum_exactly(rates):
    control, treatment = rates
    parts = contributions(control, treatment)
    assert parts.sum() == pytest.approx(
        np.prod(treatment) - np.prod(control), abs=1e-12
    )
    assert contributions(treatment, control) == pytest.approx(-parts)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=6)
)
def test_split_of_counts_sums_to_the_gap_even_where_nobody_arrives(pairs):
    counts = [sorted(arm, reverse=True) for arm in zip(*pairs, strict=True)]
    a, b = ([60, *arm] for arm in counts)
    parts, errors = split(a, b)
    assert parts.sum() == pytest.approx(b[-1] / 60 - a[-1] / 60, abs=1e-12)
    assert np.isfinite(errors).all()


def test_split_error_equals_the_binomial_one_for_one_step():
    _, errors = split([100, 30], [100, 50])
    assert errors[0] == pytest.approx((0.3 * 0.7 / 100 + 0.5 * 0.5 / 100) ** 0.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"steps": ["a", "d"]},
            "`steps` names the touchpoint 'd'; there are 'a', 'b'.",
        ),
        ({"steps": ["a", "a"]}, "`steps` names 'a' twice; name each step once."),
        ({"steps": []}, "`steps` is []; give a list of touchpoints in order."),
        ({"steps": "a"}, "`steps` is 'a'; give a list of touchpoints in order."),
        (
            {"window": "soon"},
            "`window` is 'soon'; write a duration such as '30min', '12h' or '7D'.",
        ),
        ({"window": "-1D"}, "`window` is '-1D'; it must be longer than nothing."),
        (
            {"order": "exact"},
            "`order` is 'exact'; use one of 'eventual', 'any', 'strict'.",
        ),
    ],
)
def test_mistakes_are_worded(change, message):
    events = log([("u", "a", 0), ("u", "b", 1)])
    steps = change.pop("steps", ["a", "b"])
    with pytest.raises(ArgumentError) as error:
        journeys.funnel(events, steps, **change)
    assert str(error.value) == message


def test_times_that_are_text_are_a_data_stop():
    events = log([("u", "a", 0)]).assign(occurred_at="2026-01-01")
    with pytest.raises(DataError) as error:
        journeys.funnel(events, ["a"])
    assert str(error.value) == (
        "column 'occurred_at' of events holds string, not times; declare its "
        "`date_format` in the source."
    )
