"""Moves from one touchpoint to the next, counted for each user."""

from __future__ import annotations

import narwhals as nw

from cxlib.journeys._frames import Lazy
from cxlib.journeys.flows._depth import UNIT

END = "(end)"


def user_pairs(
    rows: Lazy, who: Lazy, *, user: str, journey: str | None, touchpoint: str, time: str
) -> Lazy:
    """Count each user's moves: columns unit, arm, from, to, x (times).

    The last event of a user (of a journey) is followed by "(end)"; ties in time are
    broken by the touchpoint's name. Users who are not in `who` are left out.
    """
    path = [user, journey] if journey else [user]
    following = nw.col(touchpoint).shift(-1).over(*path, order_by=[time, touchpoint])
    moves = rows.with_columns(following.alias("to")).select(
        nw.col(user).cast(nw.String()).alias(UNIT),
        nw.col(touchpoint).alias("from"),
        nw.col("to").fill_null(END),
    )
    made = moves.group_by(UNIT, "from", "to").agg(
        nw.len().cast(nw.Float64()).alias("x")
    )
    return made.join(who, on=UNIT, how="inner")
