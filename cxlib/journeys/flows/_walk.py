"""Events of the users who are compared, in order, under fixed column names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.journeys._frames import Frame, Lazy, collect, label, lazy
from cxlib.journeys.flows._depth import ARM, UNIT, check_time, population

PLACE, AT, TRIP, RANK = "place", "at", "trip", "rank"
START = "(start)"
ORDER = [AT, PLACE]


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """Who is compared and what they did.

    Attributes
    ----------
    rows : lazy frame
        unit, arm, trip (the journey; the unit itself without one), place, at.
    who : lazy frame
        unit, arm of every user in one variant, with events or not.
    size : dict
        Users of each variant.
    n_mixed : int
        Users left out because they are in several variants.
    """

    rows: Lazy
    who: Lazy
    size: dict[str, int]
    n_mixed: int


def walk(
    events: Frame,
    *,
    users: Frame | None,
    variant: str | None,
    user: str,
    journey: str | None,
    touchpoint: str,
    time: str,
) -> Walk:
    """Open events and users; blank touchpoints and users in no variant are left out."""
    own = variant if variant and users is None else ""
    rows = lazy(events, [user, journey or "", touchpoint, time, own], "events")
    check_time(rows, time)
    who, mixed = population(rows, users, variant, user)
    trip = nw.col(journey or user).cast(nw.String())
    named = rows.select(
        nw.col(user).cast(nw.String()).alias(UNIT), trip.alias(TRIP),
        label(touchpoint).alias(PLACE), clock(rows, time).alias(AT),
    )  # fmt: skip
    named = named.filter(~nw.col(PLACE).is_null() & ~nw.col(AT).is_null())
    sizes = collect(who.group_by(ARM).agg(nw.len().alias("n")).sort(ARM))
    size = {
        str(row[0]): int(row[1]) for row in sizes[[ARM, "n"]].itertuples(index=False)
    }
    if not size:
        raise DataError("no user is in exactly one variant; there is nothing to count.")
    return Walk(named.join(who, on=UNIT, how="inner"), who, size, mixed)


def clock(rows: Lazy, time: str) -> nw.Expr:
    """Return the time column; a date is its first moment."""
    kind = rows.collect_schema()[time]
    whole = nw.col(time)
    return whole.cast(nw.Datetime("us")) if kind == nw.Date() else whole


def ranked(rows: Lazy, *, by: tuple[str, ...] = (UNIT, TRIP)) -> Lazy:
    """Number the events of each journey (of each user) from 1, as column rank."""
    counted = rows.with_columns(one=nw.lit(1))
    number = nw.col("one").cum_sum().over(*by, order_by=ORDER)
    return counted.with_columns(number.cast(nw.Int64()).alias(RANK)).drop("one")


def without_repeats(rows: Lazy) -> Lazy:
    """Keep the first of several events in a row at one touchpoint of a journey."""
    before = nw.col(PLACE).shift(1).over(UNIT, TRIP, order_by=ORDER)
    marked = rows.with_columns(before.alias("before"))
    same = nw.col("before") == nw.col(PLACE)
    return marked.filter(nw.col("before").is_null() | ~same).drop("before")


def check_known(rows: Lazy, wanted: Sequence[str], name: str) -> None:
    """Raise unless every touchpoint occurs."""
    seen = collect(rows.select(PLACE).unique().sort(PLACE))[PLACE]
    known = [str(one) for one in seen.dropna()]
    for one in wanted:
        if one not in known:
            hint = _checks.did_you_mean(one, known)
            raise ArgumentError(f"`{name}` names the touchpoint '{one}'; {hint}")
