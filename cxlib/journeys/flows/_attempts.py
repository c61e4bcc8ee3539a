"""How far each user got, as expressions that every engine runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import narwhals as nw

from cxlib.journeys._frames import Lazy
from cxlib.journeys.flows._depth import placed
from cxlib.journeys.flows._reach import Order

PLACE = "place"
DEPTH = "depth"


def attempts(
    rows: Lazy, steps: Sequence[str], *, keys: Sequence[str], touchpoint: str,
    time: str, window: timedelta | None, order: Order,
) -> Lazy:  # fmt: skip
    """Return one row a user (or journey) with an event: the keys and `depth`.

    Every event of step i carries the latest start of an attempt that reaches i there;
    the attempt counts if it lies within the window.
    """
    rows = placed(rows, touchpoint, time)
    place = nw.lit(len(steps))
    for i, step in enumerate(steps):
        place = nw.when(nw.col(touchpoint) == step).then(i).otherwise(place)
    rows = rows.select(
        *keys, nw.col(time).alias("at"), place.cast(nw.Int64()).alias(PLACE)
    )
    rows = _together(rows, len(steps), keys) if order == "any" else _in_turn(
        rows, len(steps), keys, strict=order == "strict"
    )  # fmt: skip
    flags = [f"reached{i}" for i in range(len(steps))]
    rows = rows.with_columns(
        _within(nw.col(f"start{i}"), window).alias(flag) for i, flag in enumerate(flags)
    )
    each = rows.group_by(*keys).agg(nw.col(flag).max() for flag in flags)
    return each.select(*keys, nw.sum_horizontal(*flags).alias(DEPTH))


def _within(start: nw.Expr, window: timedelta | None) -> nw.Expr:
    """Return 1 where an attempt ends here in time, else 0."""
    there = ~start.is_null()
    if window is not None:
        there = there & (nw.col("at") - start <= nw.lit(window))
    return nw.when(there).then(1).otherwise(0)


def _in_turn(rows: Lazy, k: int, keys: Sequence[str], *, strict: bool) -> Lazy:
    """Add start<i>: at an event of step i, the latest start of the steps before."""
    start = nw.when(nw.col(PLACE) == 0).then(nw.col("at"))
    rows = rows.with_columns(start.alias("start0"))
    for i in range(1, k):
        last = nw.col(f"start{i - 1}")
        carried = (
            last.shift(1) if strict else last.fill_null(strategy="forward")
        ).over(*keys, order_by=["at", PLACE])
        rows = rows.with_columns(carried.alias("carried")).with_columns(
            nw.when(nw.col(PLACE) == i).then(nw.col("carried")).alias(f"start{i}")
        )
    return rows


def _together(rows: Lazy, k: int, keys: Sequence[str]) -> Lazy:
    """Add start<i>: the latest time from which steps 0 to i have all occurred."""
    for i in range(k):
        seen = nw.when(nw.col(PLACE) == i).then(nw.col("at"))
        rows = rows.with_columns(seen.alias(f"seen{i}"))
    rows = rows.with_columns(
        nw.col(f"seen{i}")
        .fill_null(strategy="forward")
        .over(*keys, order_by=["at", PLACE])
        for i in range(k)
    )
    rows = rows.with_columns(nw.col("seen0").alias("start0"))
    for i in range(1, k):
        before, now = nw.col(f"start{i - 1}"), nw.col(f"seen{i}")
        earlier = nw.when(before <= now).then(before).otherwise(now)
        both = ~before.is_null() & ~now.is_null()
        rows = rows.with_columns(nw.when(both).then(earlier).alias(f"start{i}"))
    return rows
