"""One set of numbers, whichever engine holds the rows."""

from __future__ import annotations

import warnings

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from cxlib import journeys

METRICS = [
    journeys.Mean(name="Spend", column="value", covariate="before"),
    journeys.Proportion(name="Paid", column="reached_paid"),
    journeys.Ratio(name="Per event", column="value", denominator="n_events"),
    journeys.Score(name="NPS", column="score"),
]


@pytest.fixture(
    params=[
        "pyarrow", "polars", "polars lazy", "duckdb",
        pytest.param("spark", marks=pytest.mark.spark),
    ]
)  # fmt: skip
def held(request):
    """Turn a pandas frame into a frame of one engine."""
    if request.param != "spark":
        return {
            "pyarrow": lambda f: pa.Table.from_pandas(f, preserve_index=False),
            "polars": pl.from_pandas,
            "polars lazy": lambda f: pl.from_pandas(f).lazy(),
            "duckdb": duckdb.from_df,
        }[request.param]
    session = request.getfixturevalue("spark")
    return lambda frame: session.createDataFrame(
        pa.Table.from_pandas(frame, preserve_index=False)
    )


@pytest.fixture(autouse=True)
def _quiet_spark(request):
    """Spark warns about pandas 3, which is not what is tested here."""
    with warnings.catch_warnings():
        if "spark" in request.node.name:
            warnings.filterwarnings("ignore", module="pyspark")
            warnings.filterwarnings("ignore", message=".*PySpark.*")
        yield


def rows(frame):
    """A frame of any engine as pandas."""
    opened = nw.from_native(frame)
    if isinstance(opened, nw.LazyFrame):
        opened = opened.collect("pandas")
    return opened.to_pandas()


@pytest.fixture(scope="module")
def world():
    """Events with loops, ties and blanks; users with a segment; answers."""
    rng = np.random.default_rng(7)
    n, size = 4000, 500
    start = pd.Timestamp("2026-02-27 22:00")
    events = pd.DataFrame(
        {
            "user_id": [f"u{i}" for i in rng.integers(0, size - 40, n)],
            "touchpoint": rng.choice(["home", "cart", "paid", "help", ""], n),
            "visit": rng.integers(0, 3, n),
            "occurred_at": (
                start + pd.to_timedelta(rng.integers(0, 600, n), unit="min")
            ).astype("datetime64[us]"),
            "value": np.where(rng.random(n) < 0.1, np.nan, rng.gamma(2, 5, n)),
        }
    )
    users = pd.DataFrame(
        {
            "user_id": [f"u{i}" for i in range(size)],
            "variant": np.where(rng.random(size) < 0.5, "control", "b"),
            "plan": rng.choice(["a", "b"], size),
            "before": np.where(rng.random(size) < 0.1, np.nan, rng.normal(9, 2, size)),
        }
    )
    events = events.merge(users[["user_id", "variant"]], on="user_id")
    extra = users.head(1).assign(
        variant="b" if users["variant"][0] != "b" else "control"
    )
    answers = pd.DataFrame(
        {
            "respondent_id": [f"u{i}" for i in rng.integers(0, size, 300)],
            "score": rng.integers(0, 11, 300).astype(float),
            "responded_at": (
                start + pd.to_timedelta(rng.permutation(300), unit="h")
            ).astype("datetime64[us]"),
        }
    )
    return events, users, pd.concat([users, extra], ignore_index=True), answers


def same(found, expected):
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-9)


def test_gate(world, held):
    *_, mixed, _ = world
    expected = journeys.sample_ratio(mixed, by="plan")
    found = journeys.sample_ratio(held(mixed), by="plan")
    same(found.table, expected.table)
    assert found.n_mixed == expected.n_mixed == 1


def test_users(world, held):
    events, users, mixed, answers = world
    kept = journeys.exposed(mixed)
    same(rows(journeys.exposed(held(mixed))), kept)
    same(
        rows(journeys.users_from_events(held(events))),
        journeys.users_from_events(events),
    )
    same(
        rows(journeys.with_scores(held(users), held(answers))),
        journeys.with_scores(users, answers),
    )


def test_comparison(world, held):
    events, users, _, answers = world
    each = journeys.users_from_events(events).drop(columns="variant")
    table = users.merge(each, on="user_id", how="left")
    table[["reached_paid", "n_events"]] = table[["reached_paid", "n_events"]].fillna(0)
    table = journeys.with_scores(table, answers)
    expected = journeys.compare(table, METRICS)
    same(journeys.compare(held(table), METRICS).table, expected.table)
    same(
        journeys.response_rate(held(table), METRICS).table,
        journeys.response_rate(table, METRICS).table,
    )


@pytest.mark.parametrize("order", ["eventual", "any", "strict"])
@pytest.mark.parametrize("window", [None, "90min"])
def test_funnel(world, held, order, window):
    events, _, mixed, _ = world
    for given in ({}, {"users": mixed}):
        options = {"variant": "variant", "order": order, "window": window}
        expected = journeys.funnel(events, ["home", "cart", "paid"], **options, **given)
        turned = {name: held(frame) for name, frame in given.items()}
        found = journeys.funnel(
            held(events), ["home", "cart", "paid"], **options, **turned
        )
        same(found.table, expected.table)
        same(found.differences, expected.differences)
        same(found.gap, expected.gap)
        assert found.n_mixed == expected.n_mixed == len(given)


@pytest.mark.parametrize("journey", [None, "visit"])
def test_transitions(world, held, journey):
    events, _, mixed, _ = world
    for given in ({}, {"users": mixed}):
        expected = journeys.transitions(events, journey=journey, **given)
        turned = {name: held(frame) for name, frame in given.items()}
        found = journeys.transitions(held(events), journey=journey, **turned)
        same(found.table, expected.table)
        same(found.shares, expected.shares)
        assert (found.n_mixed, found.n_users) == (expected.n_mixed, expected.n_users)


@pytest.mark.parametrize("journey", [None, "visit"])
def test_features(world, held, journey):
    events, *_ = world
    same(
        rows(journeys.features(held(events), journey=journey)),
        journeys.features(events, journey=journey),
    )
