"""One row a user or journey: how long, how far, how often back."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.journeys._frames import Frame, Lazy, has, like, number
from cxlib.journeys.flows._depth import opened, placed, seen
from cxlib.journeys.flows._sequences import sql_position
from cxlib.journeys.flows._ticks import TICKS, with_ticks
from cxlib.journeys.population import MAX_TOUCHPOINTS

SECOND = 1e6
PLACE, MOMENT = "place", "moment"


def features(
    events: Frame,
    *,
    user: str = "user_id",
    journey: str | None = None,
    variant: str | None = None,
    touchpoint: str = "touchpoint",
    time: str = "occurred_at",
    value: str = "value",
    reached: Sequence[str] | None = None,
) -> Frame:
    """Describe each user (or journey) by one row of numbers.

    Use it to compare variants on how their users travel (`compare` takes the rows), or
    as predictors. What happened after an outcome must not predict it: cut the events
    at the time of the decision first.

    Parameters
    ----------
    events : frame
        One row a journey step; pandas, polars, pyarrow, DuckDB, Spark, …
    user, touchpoint, time, value : str
        Columns; `value` is summed where it exists.
    journey : str, optional
        Column of the journey; one row a user and journey then.
    variant : str, optional
        Column of the variant; a user with several has a row for each.
    reached : sequence of str, optional
        Touchpoints to make a flag of; every one when not given.

    Returns
    -------
    frame
        Of the input's kind, sorted: the keys, `n_events`, `n_touchpoints` (different
        ones), `n_repeats` (events at a touchpoint already visited), `duration_seconds`
        from first to last event, `first_touchpoint`, `last_touchpoint`, `value`, and a
        0/1 column `reached_<touchpoint>` each.

    Raises
    ------
    ArgumentError
        For a touchpoint in `reached` that no event has.
    DataError
        For a missing column, a time column that holds no times, or more than 50
        touchpoints.

    Notes
    -----
    Events without a user, a touchpoint or a time are left out. Of touchpoints at the
    same microsecond the alphabetically first is first, and the last is last. Blank
    values count as zero. Averages over journeys weigh users by their journeys: give
    `compare` one row a user.

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame(
    ...     {"user_id": ["u", "u", "u", "v"], "touchpoint": ["cart", "paid", "cart"] * 1
    ...      + ["cart"], "occurred_at": pd.to_datetime(["2026-01-01 10:00"] * 4)
    ...      + pd.to_timedelta([0, 5, 9, 0], unit="min")}
    ... )
    >>> found = features(events)
    >>> found[["n_events", "n_touchpoints", "n_repeats"]].values.tolist()
    [[3, 2, 1], [1, 1, 0]]
    >>> found["duration_seconds"].tolist(), found["last_touchpoint"].tolist()
    ([540.0, 0.0], ['cart', 'cart'])
    """
    money = [value] if has(events, value) else []
    rows = opened(
        events, user=user, touchpoint=touchpoint, time=time, variant=variant,
        journey=journey, others=money,
    )  # fmt: skip
    known = seen(rows, touchpoint)
    kept = _chosen(known, reached)
    keys = [name for name in (user, journey, variant) if name]
    rows = placed(rows, touchpoint, time).with_columns(
        number(name).fill_null(0.0).alias(name) for name in money
    )
    rows = rows.rename({touchpoint: PLACE, time: MOMENT})
    gather = _in_sql if rows.implementation.is_duckdb() else _in_expressions
    each = gather(rows, keys, known, money).sort(*keys)
    visited = nw.sum_horizontal(*_flags(known)) if known else nw.lit(0)
    each = each.with_columns(visited.alias("n_touchpoints"))
    return like(each.select(*keys, *_columns(known, kept, money)), events)


def _in_sql(
    rows: Lazy, keys: Sequence[str], known: Sequence[str], money: Sequence[str]
) -> Lazy:
    """Aggregate in DuckDB: the touchpoints seen are the bits of one integer."""
    code = sql_position(known, PLACE)
    packed = f"epoch_us({MOMENT}) * {max(len(known), 1)} + {code}"
    by = ", ".join(_quoted(name) for name in keys)
    sums = "".join(f", sum({_quoted(name)}) AS {_quoted(name)}" for name in money)
    query = (
        f"SELECT {by}, count(*) AS n_events, bit_or(1::BIGINT << {code}) AS bits, "
        f"min({packed}) AS low, max({packed}) AS high{sums} FROM e GROUP BY {by}"
    )
    bits = "".join(f", (bits >> {i}) & 1 AS {at}" for i, at in enumerate(_flags(known)))
    query = f"SELECT *{bits} FROM ({query})"
    made: Lazy = nw.from_native(rows.to_native().query("e", query))
    return made


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _in_expressions(
    rows: Lazy, keys: Sequence[str], known: Sequence[str], money: Sequence[str]
) -> Lazy:
    """Aggregate anywhere else, to the same columns."""
    flags = _flags(known)
    rows = with_ticks(rows, MOMENT).with_columns(
        *(_flag(name).alias(flag) for flag, name in zip(flags, known, strict=True)),
        (nw.col(TICKS) * len(known) + _code(known)).alias("packed"),
    )
    return rows.group_by(*keys).agg(
        nw.len().cast(nw.Int64()).alias("n_events"),
        *(nw.col(flag).max() for flag in flags),
        nw.col("packed").min().alias("low"), nw.col("packed").max().alias("high"),
        *(nw.col(name).sum() for name in money),
    )  # fmt: skip


def _flags(known: Sequence[str]) -> list[str]:
    return [f"at{i}" for i in range(len(known))]


def _chosen(known: Sequence[str], reached: Sequence[str] | None) -> list[str]:
    """Return the touchpoints to flag, checked against those there are."""
    for name in reached or ():
        if name not in known:
            hint = _checks.did_you_mean(name, known)
            raise ArgumentError(f"`reached` names the touchpoint '{name}'; {hint}")
    if len(known) > MAX_TOUCHPOINTS:
        raise DataError(
            f"events have {len(known)} touchpoints, over {MAX_TOUCHPOINTS}; group the "
            "rare ones under one name first."
        )
    return list(reached or known)


def _flag(name: str) -> nw.Expr:
    return nw.when(nw.col(PLACE) == name).then(1).otherwise(0).cast(nw.Int64())


def _code(known: Sequence[str]) -> nw.Expr:
    """Return the touchpoint's position."""
    code = nw.lit(0)
    for i, name in enumerate(known):
        code = nw.when(nw.col(PLACE) == name).then(i).otherwise(code)
    return code.cast(nw.Int64())


def _name(packed: str, known: Sequence[str]) -> nw.Expr:
    """Return the touchpoint of a packed event."""
    name = nw.lit(known[0] if known else "")
    for i, text in enumerate(known):
        here = nw.col(packed) % max(len(known), 1) == i
        name = nw.when(here).then(nw.lit(text)).otherwise(name)
    return name


def _columns(
    known: Sequence[str], kept: Sequence[str], money: Sequence[str]
) -> list[nw.Expr]:
    """Return the features from each user's aggregates."""
    width = max(len(known), 1)
    low, high = (
        (nw.col(end) - nw.col(end) % width) // width for end in ("low", "high")
    )
    return [
        nw.col("n_events"),
        nw.col("n_touchpoints"),
        (nw.col("n_events") - nw.col("n_touchpoints")).alias("n_repeats"),
        ((high - low).cast(nw.Float64()) / SECOND).alias("duration_seconds"),
        _name("low", known).alias("first_touchpoint"),
        _name("high", known).alias("last_touchpoint"),
        *(nw.col(name) for name in money),
        *(
            nw.col(f"at{known.index(name)}").cast(nw.Float64()).alias(f"reached_{name}")
            for name in kept
        ),
    ]
