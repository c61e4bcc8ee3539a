"""A time as microseconds since 1970, on every engine."""

from __future__ import annotations

import narwhals as nw

from cxlib.journeys._frames import Lazy

TICKS = "ticks"
DAYS_TO_1970 = 719_162


def ticks(time: str) -> nw.Expr:
    """Return a time's microseconds, an integer; smaller units are cut off."""
    at = nw.col(time).dt
    before = at.year().cast(nw.Int64()) - 1
    leap = before // 4 - before // 100 + before // 400
    days = before * 365 + leap - DAYS_TO_1970 + at.ordinal_day().cast(nw.Int64()) - 1
    hours = days * 24 + at.hour().cast(nw.Int64())
    minutes = hours * 60 + at.minute().cast(nw.Int64())
    seconds = minutes * 60 + at.second().cast(nw.Int64())
    return seconds * 1_000_000 + at.microsecond().cast(nw.Int64())


def with_ticks(rows: Lazy, time: str) -> Lazy:
    """Add the column `ticks`."""
    return rows.with_columns(ticks(time).alias(TICKS))
