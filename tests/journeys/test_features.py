"""Features of users and journeys against a plain reading of each one's events."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from cxlib import journeys
from cxlib.errors import ArgumentError, DataError

START = pd.Timestamp("2026-01-01")


def log(rng, n=2000):
    times = START + pd.to_timedelta(rng.integers(0, 5000, n), unit="s")
    return pd.DataFrame(
        {
            "user_id": rng.integers(0, 150, n).astype(str),
            "visit": rng.integers(0, 3, n),
            "touchpoint": rng.choice(["home", "cart", "it's paid", ""], n),
            "occurred_at": times.astype("datetime64[us]"),
            "value": np.where(rng.random(n) < 0.2, np.nan, rng.integers(0, 9, n)),
        }
    )


def plain(events):
    """The features of one user's events, by hand."""
    ordered = events.sort_values(["occurred_at", "touchpoint"])
    length = ordered["occurred_at"].iloc[-1] - ordered["occurred_at"].iloc[0]
    seen = set(ordered["touchpoint"])
    return pd.Series(
        {
            "n_events": len(ordered),
            "n_touchpoints": len(seen),
            "n_repeats": len(ordered) - len(seen),
            "duration_seconds": length.total_seconds(),
            "first_touchpoint": ordered["touchpoint"].iloc[0],
            "last_touchpoint": ordered["touchpoint"].iloc[-1],
            "value": ordered["value"].sum(),
            **{
                f"reached_{name}": float(name in seen)
                for name in ("cart", "home", "it's paid")
            },
        }
    )


@pytest.mark.parametrize("journey", [None, "visit"])
@pytest.mark.parametrize("kind", ["sql", "expressions"])
def test_features_equal_a_plain_reading(rng, journey, kind):
    events = log(rng)
    keys = ["user_id", *([journey] if journey else [])]
    filled = events[events["touchpoint"] != ""]
    expected = pd.DataFrame(
        {key: plain(part) for key, part in filled.groupby(keys)}
    ).T.reset_index(names=keys)
    given = events if kind == "sql" else pl.from_pandas(events).lazy()
    found = journeys.features(given, journey=journey)
    found = found if kind == "sql" else found.collect().to_pandas()
    assert list(found.columns) == list(expected.columns)
    for name in found.columns:
        assert found[name].tolist() == expected[name].tolist(), name


def test_only_the_named_touchpoints_get_a_flag(rng):
    found = journeys.features(log(rng), reached=["cart"])
    assert [c for c in found.columns if c.startswith("reached")] == ["reached_cart"]
    assert found["n_touchpoints"].max() == 3


def test_features_feed_a_comparison(rng):
    events = log(rng)
    events["variant"] = np.where(events["user_id"].astype(int) % 2, "control", "b")
    rows = journeys.features(events, variant="variant")
    found = journeys.compare(rows, [journeys.Mean(name="Events", column="n_events")])
    means = rows.groupby("variant")["n_events"].mean()
    assert found.table["effect_size"].iloc[0] == pytest.approx(
        means["b"] - means["control"]
    )


def test_mistakes_are_worded(rng):
    with pytest.raises(ArgumentError, match="`reached` names the touchpoint 'crt'"):
        journeys.features(log(rng), reached=["crt"])
    many = log(rng).assign(touchpoint=[f"page {i % 51}" for i in range(2000)])
    with pytest.raises(DataError) as error:
        journeys.features(many)
    assert str(error.value) == (
        "events have 51 touchpoints, over 50; group the rare ones under one name first."
    )
