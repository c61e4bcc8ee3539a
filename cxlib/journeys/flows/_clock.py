"""Instants of an event log: their type, differences and the log's end."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import narwhals as nw
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.journeys._frames import Lazy, collect
from cxlib.journeys.flows._ticks import ticks

Unit = Literal["seconds", "minutes", "hours", "days"]
SECONDS: dict[str, float] = {
    "seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0,
}  # fmt: skip


def seconds_between(rows: Lazy, start: str, end: str) -> nw.Expr:
    """Return the seconds from one column of instants to another.

    Spark has no lengths of time in Narwhals; there the clock's own reading counts.
    """
    if rows.implementation.is_spark_like():
        return (ticks(end) - ticks(start)).cast(nw.Float64()) / 1e6
    gap = nw.col(end) - nw.col(start)
    return gap.dt.total_microseconds().cast(nw.Float64()) / 1e6


def check_instants(frame: Lazy, name: str, table: str) -> None:
    """Raise unless a column holds dates with times, or dates."""
    kind = frame.collect_schema()[name]
    if not (isinstance(kind, nw.Datetime) or kind in {nw.Datetime, nw.Date}):
        raise DataError(
            f"column '{name}' of {table} holds {str(kind).lower()}, not dates; convert "
            "it to dates with times."
        )


def zone(frame: Lazy, name: str) -> bool:
    """Return whether a column of instants has a time zone."""
    return getattr(frame.collect_schema()[name], "time_zone", None) is not None


def log_end(events: Lazy, occurred_at: str, until: object = None) -> datetime:
    """Return when watching ended: the instant given, or the last event."""
    if until is not None:
        return _instant(until, zoned=zone(events, occurred_at))
    last = collect(events.select(nw.col(occurred_at).max()))[occurred_at].iloc[0]
    if pd.isna(last):
        raise DataError(f"events have no date in '{occurred_at}'.")
    return pd.Timestamp(last).ceil("us").to_pydatetime()


def _instant(until: object, *, zoned: bool) -> datetime:
    """Return `until` as an instant, with a time zone only where the log has one."""
    try:
        found = pd.Timestamp(until)  # type: ignore[arg-type]
    except (TypeError, ValueError) as why:
        raise ArgumentError(
            f"`until` is {until!r}; give a date such as '2026-03-31 12:00'."
        ) from why
    if (found.tzinfo is not None) != zoned:
        want = "with a time zone, as" if zoned else "without a time zone, as"
        raise ArgumentError(f"`until` is {until!r}; give it {want} events have theirs.")
    return found.ceil("us").to_pydatetime()


def seconds(value: str, name: str) -> float:
    """Return a length of time such as '30min' in seconds."""
    try:
        found = pd.Timedelta(value).total_seconds()
    except ValueError as why:
        raise ArgumentError(
            f"`{name}` is {value!r}; give a length of time such as '30min' or '2h'."
        ) from why
    _checks.in_range(found, name, 0, float("inf"), ends="()")
    return found
