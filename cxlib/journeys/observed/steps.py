"""What follows a touchpoint: one row each time users came to it."""

from __future__ import annotations

from typing import Literal

import narwhals as nw

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.journeys._frames import Frame, collect, label, lazy, like
from cxlib.journeys.flows._depth import check_time


def departures(
    events: Frame,
    touchpoint: str,
    to: str,
    *,
    journey: str | None = None,
    ends: Literal["count", "drop"] = "count",
    user: str = "user_id",
    name: str = "touchpoint",
    time: str = "occurred_at",
) -> Frame:
    """List the times that users came to a touchpoint, and whether another followed.

    Use it to hold a step of the journey against a date with `before_after` or
    `interrupted_series`.

    Parameters
    ----------
    events : frame
        One row a journey step.
    touchpoint, to : str
        From which, and which one has to follow next.
    journey : str, optional
        Column of the journey or session: what follows is looked for within it.
    ends : {"count", "drop"}
        Whether a departure that is the last step of its journey counts as not
        followed, or is left out.
    user, name, time : str
        Columns of the user, the touchpoint and the time.

    Returns
    -------
    frame
        Of the input's kind, one row a departure: the columns of user and time, and
        `followed`, 1 where `to` came next, else 0.

    Raises
    ------
    ArgumentError
        For a touchpoint that no event has.
    DataError
        For a missing column, or a time column that holds no times.

    Notes
    -----
    Ties in time are broken by the touchpoint's name, as in `transitions`. A user may
    depart several times: name the user as `cluster` then.

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame(
    ...     {"user_id": ["u", "u", "v"], "touchpoint": ["cart", "paid", "cart"],
    ...      "occurred_at": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-01"])}
    ... )
    >>> departures(events, "cart", "paid")["followed"].tolist()
    [1.0, 0.0]
    """
    rows = lazy(events, [user, name, time, journey or ""], "events")
    check_time(rows, time)
    rows = rows.with_columns(label(name).alias("at"))
    seen = collect(rows.select("at").unique().sort("at"))["at"]
    known = [str(one) for one in seen.dropna()]
    for argument, one in (("touchpoint", touchpoint), ("to", to)):
        if one not in known:
            hint = _checks.did_you_mean(one, known)
            raise ArgumentError(f"`{argument}` names the touchpoint '{one}'; {hint}")
    _checks.one_of(ends, "ends", ("count", "drop"))
    path = [user, journey] if journey else [user]
    following = nw.col("at").shift(-1).over(*path, order_by=[time, "at"])
    steps = rows.with_columns(following.alias("next")).filter(
        nw.col("at") == touchpoint
    )
    if ends == "drop":
        steps = steps.filter(~nw.col("next").is_null())
    flag = nw.when(nw.col("next") == to).then(1.0).otherwise(0.0)
    found = steps.select(user, time, flag.alias("followed"))
    return like(found.sort(user, time), events)
