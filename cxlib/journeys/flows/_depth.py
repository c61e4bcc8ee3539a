"""Who is in which variant, and which events can be placed in time."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw

from cxlib.errors import DataError
from cxlib.journeys._frames import Frame, Lazy, collect, label, lazy

ARM = "arm"
UNIT = "unit"


def population(
    events: Lazy, users: Frame | None, variant: str | None, user: str
) -> tuple[Lazy, int]:
    """Return unit and arm of every user in one variant, and how many are in several."""
    source = lazy(users, [user, *([variant] if variant else [])], "users") if (
        users is not None
    ) else events  # fmt: skip
    arm = label(variant) if variant else nw.lit("all")
    named = source.filter(~nw.col(user).is_null()).select(
        nw.col(user).cast(nw.String()).alias(UNIT), arm.alias(ARM)
    )
    each = named.group_by(UNIT).agg(
        nw.col(ARM).min().alias(ARM), nw.col(ARM).max().alias("high")
    )
    mixed = collect(
        each.filter(nw.col(ARM) != nw.col("high")).select(nw.len().alias("n"))
    )
    return each.filter(nw.col(ARM) == nw.col("high")).select(UNIT, ARM), int(
        mixed["n"].iloc[0]
    )


def sizes(who: Lazy) -> dict[str, int]:
    """Return the number of users by arm, in the arms' order."""
    found = collect(who.group_by(ARM).agg(nw.len().alias("n")).sort(ARM))
    return {str(arm): int(n) for arm, n in zip(found[ARM], found["n"], strict=True)}


def check_time(rows: Lazy, time: str) -> None:
    """Raise unless the column holds times."""
    kind = rows.collect_schema()[time]
    if not kind.is_temporal():
        raise DataError(
            f"column '{time}' of events holds {str(kind).lower()}, not times; declare "
            "its `date_format` in the source."
        )


def opened(
    events: Frame, *, user: str, touchpoint: str, time: str, variant: str | None,
    journey: str | None, others: Sequence[str] = (),
) -> Lazy:  # fmt: skip
    """Return the events of known users; labels as text, dates as times."""
    labels = [touchpoint, *([variant] if variant else [])]
    names = [user, time, *labels, *([journey] if journey else []), *others]
    rows = lazy(events, names, "events")
    check_time(rows, time)
    rows = rows.filter(~nw.col(user).is_null()).with_columns(
        nw.col(*labels).cast(nw.String())
    )
    if rows.collect_schema()[time] == nw.Date():
        rows = rows.with_columns(nw.col(time).cast(nw.Datetime("us")))
    return rows


def placed(rows: Lazy, touchpoint: str, time: str) -> Lazy:
    """Return the events that have a touchpoint and a time."""
    return rows.filter((nw.col(touchpoint) != "") & ~nw.col(time).is_null())


def seen(rows: Lazy, column: str) -> list[str]:
    """Return the values of a text column that occur, sorted, without blanks."""
    found = collect(rows.group_by(column).agg(nw.len().alias("n")))[column]
    return sorted(str(name) for name in found.dropna() if name != "")
