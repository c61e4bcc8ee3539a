"""How far each user got: first occurrences settle most, joins settle the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import narwhals as nw
import pandas as pd

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
    named = source.select(nw.col(user).cast(nw.String()).alias(UNIT), arm.alias(ARM))
    each = named.group_by(UNIT).agg(
        nw.col(ARM).min().alias(ARM), nw.col(ARM).max().alias("high")
    )
    mixed = collect(
        each.filter(nw.col(ARM) != nw.col("high")).select(nw.len().alias("n"))
    )
    return each.filter(nw.col(ARM) == nw.col("high")).select(UNIT, ARM), int(
        mixed["n"].iloc[0]
    )


def check_time(rows: Lazy, time: str) -> None:
    """Raise unless the column holds times."""
    kind = rows.collect_schema()[time]
    if not kind.is_temporal():
        raise DataError(
            f"column '{time}' of events holds {str(kind).lower()}, not times; declare "
            "its `date_format` in the source."
        )


def depths(
    events: Lazy, who: Lazy, steps: Sequence[str], *, touchpoint: str, time: str,
    window: timedelta | None, ordered: bool,
) -> pd.DataFrame:  # fmt: skip
    """Count users by arm and number of steps reached: columns arm, depth, n."""
    at = [f"t{i}" for i in range(len(steps))]
    first = events.with_columns(
        nw.when(nw.col(touchpoint) == step).then(nw.col(time)).alias(name)
        for name, step in zip(at, steps, strict=True)
    )
    first = first.group_by(UNIT).agg(nw.col(name).min() for name in at)
    joined = who.join(first, on=UNIT, how="left")
    depth, unsettled = _settle(at, window, ordered=ordered)
    counts = collect(
        joined.with_columns(depth=depth, unsettled=unsettled)
        .group_by(ARM, "depth", "unsettled")
        .agg(nw.len().alias("n"))
    )
    rest = counts["unsettled"].astype(bool)
    settled = counts[~rest][[ARM, "depth", "n"]]
    if not rest.any():
        return settled
    late = joined.filter(unsettled).select(UNIT, ARM, at[0])
    chased = _chase(late, events, steps, at, touchpoint=touchpoint, time=time)
    depth, _ = _settle(at, window, ordered=False)
    again = collect(
        chased.with_columns(depth=depth).group_by(ARM, "depth").agg(nw.len().alias("n"))
    )
    both = pd.concat([settled, again])
    return both.groupby([ARM, "depth"])["n"].sum().reset_index()


def _settle(
    at: Sequence[str], window: timedelta | None, *, ordered: bool
) -> tuple[nw.Expr, nw.Expr]:
    """Return steps reached by first occurrences, and whether that is not yet certain.

    A first occurrence that comes too early may be followed by a later one in order.
    """
    reached = ~nw.col(at[0]).is_null()
    depth = nw.when(reached).then(1).otherwise(0)
    early = nw.when(reached).then(0).otherwise(0)
    for before, name in pairwise(at):
        there = ~nw.col(name).is_null()
        if ordered:
            back = reached & there & (nw.col(name) < nw.col(before))
            early = early + nw.when(back).then(1).otherwise(0)
            there = there & (nw.col(name) >= nw.col(before))
        if window is not None:
            there = there & (nw.col(name) - nw.col(at[0]) <= nw.lit(window))
        reached = reached & there
        depth = depth + nw.when(reached).then(1).otherwise(0)
    return depth, early > 0


def _chase(
    late: Lazy, events: Lazy, steps: Sequence[str], at: Sequence[str], *,
    touchpoint: str, time: str,
) -> Lazy:  # fmt: skip
    """Follow the unsettled users step by step: first occurrence not before the last."""
    for i in range(1, len(steps)):
        step = events.filter(nw.col(touchpoint) == steps[i]).select(
            UNIT, nw.col(time).alias("seen")
        )
        after = nw.when(nw.col("seen") >= nw.col(at[i - 1])).then(nw.col("seen"))
        late = (
            late.join(step, on=UNIT, how="left")
            .with_columns(after.alias("after"))
            .group_by(UNIT, ARM, *at[:i])
            .agg(nw.col("after").min().alias(at[i]))
        )
    return late
