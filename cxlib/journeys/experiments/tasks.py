"""Task metrics of usability, from events: success, time, errors, clicks, attempts."""

from __future__ import annotations

from collections.abc import Sequence

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
from cxlib.journeys.experiments.specs import GeometricMean, Mean, Metric, Proportion
from cxlib.journeys.flows._clock import (
    check_instants,
    log_end,
    seconds,
    seconds_between,
)

COLUMNS = ("attempts", "success", "abandoned", "seconds", "errors", "clicks")


def tasks(
    events: Frame,
    *,
    start: str,
    success: str | Sequence[str],
    error: str | Sequence[str] = (),
    abandon_after: str = "30min",
    users: Frame | None = None,
    user: str = "user_id",
    touchpoint: str = "touchpoint",
    occurred_at: str = "occurred_at",
) -> Frame:
    """Measure how each user's first try at a task went.

    Use it to compare variants on the classic usability metrics; `task_metrics` declares
    them.

    Parameters
    ----------
    events : frame
        The event log: `user`, `touchpoint`, `occurred_at`.
    start : str
        Touchpoint that starts the task.
    success, error : str or sequence of str
        Touchpoints that complete it, and those that count as an error.
    abandon_after : str
        Length of time without any event after which a user has given up.
    users : frame, optional
        One row a user: gets the columns, blank for users who never started.
    user, touchpoint, occurred_at : str
        Columns.

    Returns
    -------
    frame
        One row a user who started (or each of `users`), of the input's kind:
        `attempts` (starts in the whole log), `success` and `abandoned` (1 or 0),
        `seconds` (first start to success, blank without), `errors` and `clicks` (events
        after the start, up to the success or to the last event of the try).

    Raises
    ------
    ArgumentError
        For an unknown touchpoint or a length of time that is none.
    DataError
        For a missing column, or `users` that already have one of the new ones.

    Notes
    -----
    The first try runs from the first start to the first success, or until the user does
    nothing for `abandon_after`; what comes later counts as another attempt only.
    Users still at it when the log ends have a blank in `success` and `abandoned`.
    `seconds` is known for those who succeeded alone: a variant in which only the quick
    succeed looks fast. Read it beside `success`, or use `durations`.

    References
    ----------
    Sauro, J. and Lewis, J. R. (2016). Quantifying the user experience. Morgan Kaufmann.
    doi:10.1016/C2010-0-65192-3

    Examples
    --------
    >>> import pandas as pd
    >>> at = pd.Timestamp("2026-01-01") + pd.to_timedelta([0, 9, 20, 0, 5000], unit="s")
    >>> events = pd.DataFrame(
    ...     {"user_id": ["u", "u", "u", "v", "w"], "occurred_at": at,
    ...      "touchpoint": ["form", "error", "done", "form", "home"]}
    ... )
    >>> found = tasks(events, start="form", success="done", error="error")
    >>> found[["success", "seconds", "errors", "clicks"]].to_numpy().tolist()
    [[1.0, 20.0, 1.0, 1.0], [0.0, nan, 0.0, 0.0]]
    """
    patience = seconds(abandon_after, "abandon_after")
    log = lazy(events, [user, touchpoint, occurred_at], "events")
    check_instants(log, occurred_at, "events")
    log = log.select(
        key(log, user).alias("who") if users is not None else nw.col(user).alias("who"),
        label(touchpoint).alias("what"), nw.col(occurred_at).alias("at"),
    )  # fmt: skip
    done, wrong = _listed(success), _listed(error)
    _known(log, [start, *done, *wrong])
    last = log_end(log, "at")
    tried = _tries(log, start, done, wrong, patience)
    tried = tried.with_columns(nw.lit(last).alias("last"))
    idle = seconds_between(tried, "stopped", "last")
    tried = tried.with_columns((idle < patience).alias("open"))
    found = _worded(tried)
    if users is None:
        named = found.select(nw.col("who").alias(user), *COLUMNS)
        return like(named.sort(user), events)
    return _joined(found, users, user)


def task_metrics() -> tuple[Metric, ...]:
    """Declare the metrics of `tasks`: success decides, the rest explains.

    Returns
    -------
    tuple of Metric
        Success (share), time of those who succeeded (geometric mean, seconds), errors,
        clicks and attempts (means).

    Examples
    --------
    >>> [metric.name for metric in task_metrics()][:2]
    ['task success', 'task time (s)']
    """
    told = [
        Mean(
            name=f"{name} per user", column=name, direction="decrease",
            role="exploratory",
        )
        for name in ("errors", "clicks", "attempts")
    ]  # fmt: skip
    return (
        Proportion(name="task success", column="success"),
        GeometricMean(name="task time (s)", column="seconds", role="exploratory"),
        *told,
    )


def _listed(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _known(log: Lazy, wanted: Sequence[str]) -> None:
    """Raise for a touchpoint that no event has."""
    seen = collect(log.select("what").unique())["what"].dropna()
    known = sorted(str(name) for name in seen)
    for name in wanted:
        if name not in known:
            hint = _checks.did_you_mean(name, known)
            raise ArgumentError(f"'{name}' is no touchpoint of events; {hint}")


def _tries(
    log: Lazy, start: str, done: Sequence[str], wrong: Sequence[str], patience: float
) -> Lazy:
    """Return one row a user who started: instants and counts of the first try."""
    starts = log.filter(nw.col("what") == start).group_by("who")
    firsts = starts.agg(nw.col("at").min().alias("start"), nw.len().alias("attempts"))
    after = log.join(firsts, on="who", how="inner")
    after = after.filter(nw.col("at") >= nw.col("start"))
    before = nw.col("at").shift(1).over("who", order_by="at")
    after = after.with_columns(before.alias("before"))
    quiet = seconds_between(after, "before", "at") >= patience
    breaks = after.with_columns(nw.when(quiet).then(nw.col("at")).alias("break"))
    edge = breaks.group_by("who").agg(nw.col("break").min())
    within = after.join(edge, on="who", how="left").filter(
        nw.col("break").is_null() | (nw.col("at") < nw.col("break"))
    )
    reached = nw.when(nw.col("what").is_in(list(done))).then(nw.col("at"))
    ended = (
        within.with_columns(reached.alias("reached"))
        .group_by("who")
        .agg(nw.col("reached").min().alias("end"), nw.col("at").max().alias("stopped"))
    )
    return _counted(within.join(ended, on="who", how="left"), done, wrong)


def _counted(within: Lazy, done: Sequence[str], wrong: Sequence[str]) -> Lazy:
    """Count errors and clicks up to the success, or to the last event of the try."""
    upto = nw.col("end").is_null() | (nw.col("at") <= nw.col("end"))
    failed = nw.col("what").is_in(list(wrong)) if wrong else nw.lit(value=False)
    moved = (nw.col("at") > nw.col("start")) & ~nw.col("what").is_in(list(done))
    flagged = within.filter(upto).with_columns(
        nw.when(failed).then(1.0).otherwise(0.0).alias("errors"),
        nw.when(moved).then(1.0).otherwise(0.0).alias("clicks"),
    )
    kept = ["who", "start", "attempts", "end", "stopped", "break"]
    return flagged.group_by(kept).agg(nw.col("errors").sum(), nw.col("clicks").sum())


def _worded(tried: Lazy) -> Lazy:
    """Turn instants into success, abandoned and seconds; null while still at it."""
    got = ~nw.col("end").is_null()
    given_up = ~nw.col("break").is_null() | ~nw.col("open")
    flag = nw.when(got).then(nw.lit(1.0))
    return tried.select(
        "who",
        nw.col("attempts").cast(nw.Float64()),
        nw.when(got | given_up).then(flag.otherwise(nw.lit(0.0))).alias("success"),
        nw.when(got | given_up)
        .then(nw.when(got).then(nw.lit(0.0)).otherwise(nw.lit(1.0)))
        .alias("abandoned"),
        nw.when(got).then(seconds_between(tried, "start", "end")).alias("seconds"),
        "errors",
        "clicks",
    )


def _joined(found: Lazy, users: Frame, user: str) -> Frame:
    """Bring the columns into users; no attempt is zero attempts, the rest blank."""
    names = columns_of(users)
    taken = [name for name in COLUMNS if name in names]
    if taken:
        raise DataError(f"users already have a column '{taken[0]}'; rename it.")
    rows = lazy(users, [user, *names], "users")
    rows = rows.with_columns(key(rows, user).alias("who"))
    joined = rows.join(found, on="who", how="left").with_columns(
        nw.col("attempts").fill_null(0.0)
    )
    return like(joined.select(*names, *COLUMNS).sort(user), users)
