"""How long each user took from one point to another, with those who never got there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import narwhals as nw

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.journeys._frames import (
    Frame,
    Lazy,
    collect,
    columns_of,
    key,
    label,
    lazy,
    like,
)
from cxlib.journeys.flows._clock import (
    SECONDS,
    Unit,
    check_instants,
    log_end,
    seconds_between,
    zone,
)


def durations(
    events: Frame,
    users: Frame,
    *,
    start: str,
    end: str | Sequence[str],
    until: str | datetime | None = None,
    unit: Unit = "minutes",
    duration: str = "duration",
    event: str = "event",
    user: str = "user_id",
    touchpoint: str = "touchpoint",
    occurred_at: str = "occurred_at",
) -> Frame:
    """Measure each user's time from a start to the first end at or after it.

    Use it before `time_to` or a `TimeTo` metric. Users who did not get there are kept
    and marked: leaving them out makes everybody look faster than they are.

    Parameters
    ----------
    events : frame
        The event log: `user`, `touchpoint`, `occurred_at`.
    users : frame
        One row a user.
    start : str
        A column of users with dates (assigned_at), else a touchpoint, whose first event
        counts.
    end : str or sequence of str
        Touchpoints that end the wait, whichever comes first.
    until : str or datetime, optional
        When watching ended; the log's last event when not given.
    unit : {"minutes", "seconds", "hours", "days"}
    duration, event : str
        Names of the new columns.
    user, touchpoint, occurred_at : str
        Columns.

    Returns
    -------
    frame
        The users (of their kind) with `duration`, in the unit, to the end or to
        `until`; and `event`, 1 where they got there, 0 where watching ended first.
        Both blank for users without a start.

    Raises
    ------
    ArgumentError
        For an unknown touchpoint or a date that is none.
    DataError
        For a missing column, a column that users already have, dates of which only one
        has a time zone, or users who started after `until`.

    Notes
    -----
    Ends before the start do not count. Censoring at one date is harmless where it has
    nothing to do with how long a user would have taken.

    Examples
    --------
    >>> import pandas as pd
    >>> at = pd.to_datetime([f"2026-01-01 {t}" for t in ("10:00", "10:45", "11:00")])
    >>> events = pd.DataFrame(
    ...     {"user_id": ["u", "u", "v"], "touchpoint": ["ask", "answer", "ask"],
    ...      "occurred_at": at}
    ... )
    >>> users = pd.DataFrame({"user_id": ["u", "v"], "variant": ["a", "b"]})
    >>> waited = durations(
    ...     events, users, start="ask", end="answer", until="2026-01-01 12:00"
    ... )
    >>> waited[["duration", "event"]].to_numpy().tolist()
    [[45.0, 1.0], [60.0, 0.0]]
    """
    _checks.one_of(unit, "unit", tuple(SECONDS))
    names = columns_of(users)
    for name in (duration, event):
        if name in names:
            raise DataError(f"users already have a column '{name}'; choose another.")
    log = lazy(events, [user, touchpoint, occurred_at], "events")
    check_instants(log, occurred_at, "events")
    log = log.with_columns(label(touchpoint), key(log, user))
    ends = [end] if isinstance(end, str) else list(end)
    _known(log, touchpoint, [*ends, *([] if start in names else [start])])
    last = log_end(log, occurred_at, until)
    rows = _started(lazy(users, [user, *names], "users"), log, names, start, user=user,
                    touchpoint=touchpoint, occurred_at=occurred_at)  # fmt: skip
    ended = _ended(rows, log, ends, last, touchpoint=touchpoint,
                   occurred_at=occurred_at, user=user)  # fmt: skip
    joined = rows.join(ended, on="joins_on", how="left").with_columns(
        nw.lit(last).alias("last_at")
    )
    measured = _measured(joined, SECONDS[unit], duration, event)
    _check_order(measured, duration, last)
    return like(measured.select(*names, duration, event).sort(user), users)


def _known(log: Lazy, touchpoint: str, wanted: Sequence[str]) -> None:
    """Raise for a touchpoint that no event has."""
    seen = collect(log.select(touchpoint).unique())[touchpoint].dropna()
    known = sorted(str(name) for name in seen)
    for name in wanted:
        if name not in known:
            hint = _checks.did_you_mean(name, known)
            raise ArgumentError(f"'{name}' is no touchpoint of events; {hint}")


def _started(
    users: Lazy, log: Lazy, names: Sequence[str], start: str, *,
    user: str, touchpoint: str, occurred_at: str,
) -> Lazy:  # fmt: skip
    """Return the users with the key `joins_on` and `start_at`."""
    rows = users.with_columns(key(users, user).alias("joins_on"))
    if start in names:
        check_instants(rows, start, "users")
        if zone(rows, start) != zone(log, occurred_at):
            raise DataError(
                f"of '{start}' of users and '{occurred_at}' of events only one has a "
                "time zone; convert both to the same."
            )
        return rows.with_columns(nw.col(start).alias("start_at"))
    first = (
        log.filter(nw.col(touchpoint) == start)
        .group_by(user)
        .agg(nw.col(occurred_at).min().alias("start_at"))
        .select(nw.col(user).alias("joins_on"), "start_at")
    )
    return rows.join(first, on="joins_on", how="left")


def _ended(
    rows: Lazy, log: Lazy, ends: Sequence[str], last: datetime, *,
    touchpoint: str, occurred_at: str, user: str,
) -> Lazy:  # fmt: skip
    """Return `joins_on` and `end_at`, the first end at or after the start."""
    hits = log.filter(nw.col(touchpoint).is_in(list(ends))).select(
        nw.col(user).alias("joins_on"), nw.col(occurred_at).alias("hit_at")
    )
    starts = rows.select("joins_on", "start_at").unique()
    after = hits.join(starts, on="joins_on", how="inner").filter(
        (nw.col("hit_at") >= nw.col("start_at")) & (nw.col("hit_at") <= nw.lit(last))
    )
    return after.group_by("joins_on").agg(nw.col("hit_at").min().alias("end_at"))


def _measured(joined: Lazy, scale: float, duration: str, event: str) -> Lazy:
    """Add duration and event; null without a start."""
    started = ~nw.col("start_at").is_null()
    got_there = ~nw.col("end_at").is_null()
    known = nw.when(got_there).then(seconds_between(joined, "start_at", "end_at"))
    waited = known.otherwise(seconds_between(joined, "start_at", "last_at"))
    flag = nw.when(got_there).then(1.0).otherwise(0.0)
    return joined.with_columns(
        nw.when(started).then(waited / scale).alias(duration),
        nw.when(started).then(flag).alias(event),
    )


def _check_order(rows: Lazy, duration: str, last: datetime) -> None:
    """Raise where users started after watching ended."""
    late = nw.when(nw.col(duration) < 0).then(1.0).otherwise(0.0).sum().alias("late")
    n = int(collect(rows.select(late))["late"].fillna(0).iloc[0])
    if n:
        raise DataError(
            f"{n:,} users started after watching ended ({last:%Y-%m-%d %H:%M}); leave "
            "them out, or give a later `until`."
        )
