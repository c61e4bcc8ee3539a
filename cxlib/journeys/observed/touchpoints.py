"""Who had a touchpoint: an exposure that comes before what it is held against."""

from __future__ import annotations

import narwhals as nw

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.journeys._frames import Frame, Lazy, collect, label, lazy, like
from cxlib.journeys.flows._depth import check_time

_KEY = "joins_on"


def with_touchpoint(
    events: Frame,
    users: Frame,
    touchpoint: str,
    *,
    before: str | None = None,
    column: str = "",
    user: str = "user_id",
    name: str = "touchpoint",
    time: str = "occurred_at",
) -> Frame:
    """Bring whether each user had a touchpoint into the users table.

    Use it to make the exposure of `adjusted_effect`.

    Parameters
    ----------
    events : frame
        One row a journey step.
    users : frame
        One row a user.
    touchpoint : str
        The touchpoint that counts.
    before : str, optional
        Landmark: a touchpoint that comes before the outcome. Only what came before the
        user's first one counts, and users who never got there get a blank.
    column : str
        Name of the new column; "had_<touchpoint>" where empty.
    user, name, time : str
        Columns of the user (in both tables), the touchpoint and the time.

    Returns
    -------
    frame
        The users, of their kind, with a column of 1, 0 or blank. Without a landmark
        users without events get 0.

    Raises
    ------
    ArgumentError
        For a touchpoint that no event has.
    DataError
        For a missing column, a column that is there already, or no user with events.

    Notes
    -----
    Without a landmark, users who stay longer have more time for the touchpoint and for
    the outcome, and the outcome itself may lead to the touchpoint (immortal-time and
    reverse-cause traps). The landmark compares users who came equally far: the exposure
    was settled on the way there, the outcome comes after.

    References
    ----------
    Anderson, J. R., Cain, K. C. and Gelber, R. D. (1983). Analysis of survival by tumor
    response. Journal of Clinical Oncology 1, 710-719. doi:10.1200/JCO.1983.1.11.710

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame(
    ...     {"user_id": ["u", "u", "v", "v", "w"],
    ...      "touchpoint": ["help", "checkout", "checkout", "help", "help"],
    ...      "occurred_at": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-01",
    ...          "2026-01-03", "2026-01-01"])}
    ... )
    >>> users = pd.DataFrame({"user_id": ["u", "v", "w"]})
    >>> with_touchpoint(events, users, "help", before="checkout")["had_help"].tolist()
    [1.0, 0.0, nan]
    """
    rows = lazy(events, [user, name, time], "events")
    check_time(rows, time)
    rows = rows.select(
        nw.col(user).cast(nw.String()).alias(_KEY), label(name).alias("at"),
        nw.col(time).alias("when"),
    )  # fmt: skip
    _check_names(rows, {"touchpoint": touchpoint, "before": before})
    column = column or f"had_{touchpoint}"
    opened = users if isinstance(users, nw.LazyFrame) else nw.from_native(users)
    names = list(opened.collect_schema().names())
    if column in names:
        raise DataError(f"users already have a column '{column}'; name another.")
    people = lazy(users, dict.fromkeys([user, *names]), "users")
    people = people.with_columns(nw.col(user).cast(nw.String()).alias(_KEY))
    joined = people.join(_exposure(rows, touchpoint, before), on=_KEY, how="left")
    flag = nw.col("exposed") if before else nw.col("exposed").fill_null(0.0)
    joined = joined.with_columns(flag.alias(column)).select(*names, column)
    _check_matched(joined, column, before)
    return like(joined.sort(user), users)


def _exposure(rows: Lazy, touchpoint: str, before: str | None) -> Lazy:
    """Each user's flag; with a landmark, of users who reached it only."""
    hit = nw.col("at") == touchpoint
    if before is None:
        flag = nw.when(hit).then(1.0).otherwise(0.0)
        return rows.group_by(_KEY).agg(flag.max().alias("exposed"))
    first = rows.filter(nw.col("at") == before).group_by(_KEY)
    marks = first.agg(nw.col("when").min().alias("mark"))
    had = rows.filter(hit).join(marks, on=_KEY, how="inner")
    had = had.filter(nw.col("when") < nw.col("mark"))
    early = had.select(_KEY).unique().with_columns(nw.lit(1.0).alias("exposed"))
    both = marks.join(early, on=_KEY, how="left")
    return both.select(_KEY, nw.col("exposed").fill_null(0.0))


def _check_names(rows: Lazy, asked: dict[str, str | None]) -> None:
    seen = collect(rows.select("at").unique().sort("at"))["at"]
    known = [str(one) for one in seen.dropna()]
    for argument, one in asked.items():
        if one is not None and one not in known:
            hint = _checks.did_you_mean(one, known)
            raise ArgumentError(f"`{argument}` names the touchpoint '{one}'; {hint}")
    if asked["touchpoint"] == asked["before"]:
        raise ArgumentError(
            f"`before` is '{asked['before']}', the touchpoint itself; name a later one."
        )


def _check_matched(joined: Lazy, column: str, before: str | None) -> None:
    found = collect(joined.select(nw.col(column).count()))
    if int(found[column].iloc[0]) == 0:
        where = f" that reached '{before}'" if before else ""
        raise DataError(
            f"no user{where} is in both tables; check the user columns of users and "
            "events."
        )
