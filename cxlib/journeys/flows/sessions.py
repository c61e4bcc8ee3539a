"""Sessions: a journey ends where nothing happens for a while."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import narwhals as nw
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError, DataError
from cxlib.journeys import _words
from cxlib.journeys._frames import Frame, Lazy, collect, label, lazy, like
from cxlib.journeys.flows._cells import cell, share
from cxlib.journeys.flows._depth import UNIT, check_time
from cxlib.journeys.flows._ratios import UserRatio, user_ratio
from cxlib.journeys.flows._walk import AT, PLACE, check_known, clock
from cxlib.result import Assumption, Finding, Result

JOURNEY = "journey_id"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SessionSensitivity(Result):
    """What a session is under several rules, and whether it matters.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a rule: gap, n (users), n_sessions, sessions_per_user, median_events,
        share_bounce, and (with a goal) estimate, std_error, ci_lower and ci_upper of
        the share of sessions that reach it.
    goal : str
        Touchpoint; empty without one.
    """

    goal: str = ""
    confidence_level: float = 0.95

    @property
    def depends(self) -> bool:
        """Whether the rules move conversion by more than the interval's half-width."""
        if not self.goal:
            return False
        half = (self.table["ci_upper"] - self.table["ci_lower"]).max() / 2
        spread = self.table["estimate"].max() - self.table["estimate"].min()
        return bool(spread > half)

    @property
    def text(self) -> str:
        """Sessions and conversion under each rule, and whether the rule matters."""
        first, last = self.table.iloc[0], self.table.iloc[-1]
        said = (
            f"{first['n']:,} users made {first['n_sessions']:,} sessions if a pause of "
            f"{first['gap']} ends one, {last['n_sessions']:,} if it takes "
            f"{last['gap']}."
        )
        if not self.goal:
            return said
        each = _words.listed(
            f"{share(row)} ({row['gap']})" for _, row in self.table.iterrows()
        )
        verdict = (
            "the answer depends on the rule: compare users, not sessions"
            if self.depends
            else "the rule moves it by less than its own uncertainty"
        )
        return f"{said} '{self.goal}' is reached in {each} of sessions: {verdict}."

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Conversion per session under the first rule."""
        if not self.goal:
            return ()
        row = self.table.iloc[0]
        ends = _format.interval(
            row["ci_lower"], row["ci_upper"], "share",
            confidence_level=self.confidence_level,
        )  # fmt: skip
        return (
            Finding(
                id=_words.slug("sessions reach", self.goal),
                statement=f"'{self.goal}' is reached in "
                f"{share(row)} of sessions ({ends}, "
                f"pause of {row['gap']}).",
                estimate=float(row["estimate"]), unit="share",
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
                n=int(row["n_sessions"]),
                confidence_level=self.confidence_level,
            ),
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = pd.DataFrame([self._shown(row) for _, row in self.table.iterrows()])
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>"
            f"{shown.to_html(index=False, border=0, classes='cx')}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )

    def _shown(self, row: pd.Series) -> dict[str, str]:
        cells = {
            "pause that ends a session": row["gap"],
            "sessions": _format.count(row["n_sessions"]),
            "per user": _format.number(row["sessions_per_user"]),
            "median events": f"{row['median_events']:g}",
            "one event only": _format.quantity(row["share_bounce"], "share"),
        }
        if self.goal:
            level = _words.percent(self.confidence_level)
            cells[f"reach {self.goal} ({level} CI)"] = cell(row)
        return {key: _words.fixed(text) for key, text in cells.items()}


def sessionise(
    events: Frame,
    *,
    gap: str | timedelta = "30min",
    user: str = "user_id",
    time: str = "occurred_at",
) -> Frame:
    """Split each user's events into sessions: a longer pause starts a new one.

    Use it where events carry no journey. Half an hour is a habit, not a fact: look at
    `session_sensitivity` before comparing anything per session.

    Parameters
    ----------
    events : frame
        One row a journey step.
    gap : str or timedelta
        Longest pause within a session: '30min', '1h'.
    user, time : str
        Columns.

    Returns
    -------
    frame
        The events, of their kind, with `journey_id`: "<user>#<number>", from 1.

    Raises
    ------
    ArgumentError
        For a gap that is no duration.
    DataError
        For a missing column, one that holds no times, or events that already have a
        column `journey_id`.

    Notes
    -----
    A pause of exactly `gap` is still within the session. Events without a time fall
    into the session that the engine sorts them to.

    Examples
    --------
    >>> import pandas as pd
    >>> at = pd.Timestamp("2026-01-01") + pd.to_timedelta([0, 30, 61], unit="min")
    >>> events = pd.DataFrame({"user_id": "u", "occurred_at": at})
    >>> sessionise(events)["journey_id"].tolist()
    ['u#1', 'u#1', 'u#2']
    """
    opened = events if isinstance(events, nw.LazyFrame) else nw.from_native(events)
    names = list(opened.collect_schema().names())
    if JOURNEY in names:
        raise DataError(f"events already have a column '{JOURNEY}'; use that one.")
    rows = lazy(events, dict.fromkeys([user, time, *names]), "events").select(*names)
    check_time(rows, time)
    numbered = _numbered(rows, duration(gap, "gap"), user, time)
    tag = nw.concat_str(nw.col(user).cast(nw.String()), nw.col(JOURNEY), separator="#")
    tagged = numbered.with_columns(nw.col(JOURNEY).cast(nw.String()))
    done = tagged.with_columns(tag.alias(JOURNEY)).sort(user, time)
    if isinstance(events, pd.DataFrame):
        # DuckDB's own way to pandas trips over time zones.
        frame: pd.DataFrame = done.collect("pyarrow").to_native().to_pandas()
        return frame
    return like(done, events)


def duration(length: str | timedelta, name: str) -> timedelta:
    """Return a positive duration."""
    try:
        found = pd.Timedelta(length).to_pytimedelta()
    except ValueError as error:
        raise ArgumentError(
            f"`{name}` is {length!r}; write a duration such as '30min', '12h' or '7D'."
        ) from error
    if not found > timedelta(0):
        raise ArgumentError(f"`{name}` is {length!r}; it must be longer than nothing.")
    return found


def _numbered(rows: Lazy, gap: timedelta, user: str, time: str) -> Lazy:
    """Number each user's sessions from 1, as journey_id."""
    pause = nw.col(time) - nw.col(time).shift(1).over(user, order_by=time)
    marked = rows.with_columns(pause.alias("pause"))
    new = nw.when(nw.col("pause") > nw.lit(gap)).then(1).otherwise(0)
    marked = marked.with_columns(new.alias("new")).drop("pause")
    number = nw.col("new").cum_sum().over(user, order_by=time) + 1
    return marked.with_columns(number.cast(nw.Int64()).alias(JOURNEY)).drop("new")


def session_sensitivity(
    events: Frame,
    *,
    gaps: Sequence[str | timedelta] = ("15min", "30min", "60min"),
    goal: str | None = None,
    user: str = "user_id",
    touchpoint: str = "touchpoint",
    time: str = "occurred_at",
    confidence_level: float = 0.95,
) -> SessionSensitivity:
    """Count sessions under several rules, to see whether the rule makes the answer.

    Parameters
    ----------
    events : frame
        One row a journey step.
    gaps : sequence of str or timedelta
        Longest pauses within a session, one rule each.
    goal : str, optional
        Touchpoint that a session is to reach.
    user, touchpoint, time : str
        Columns.
    confidence_level : float

    Returns
    -------
    SessionSensitivity

    Raises
    ------
    ArgumentError
        For no gap, one that is no duration, or a goal that no event has.
    DataError
        For a missing column or one that holds no times.

    Notes
    -----
    Conversion is sessions that reach the goal over all sessions; the user is the unit
    of its interval (delta method), because sessions of one user are alike. The rules
    are looked at on the same events, so the rule "depends" where they move conversion
    by more than half the widest interval.

    Examples
    --------
    >>> from cxlib import simulate
    >>> users = simulate.users(300, rng=1)
    >>> events = simulate.events(users, rng=1)
    >>> found = session_sensitivity(events, goal="confirmation")
    >>> found.table["gap"].tolist(), found.depends
    (['15min', '30min', '60min'], False)
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    if isinstance(gaps, str) or not gaps:
        raise ArgumentError(f"`gaps` is {gaps!r}; give a list such as ['30min'].")
    rows = lazy(events, [user, touchpoint, time], "events")
    check_time(rows, time)
    rows = rows.select(
        nw.col(user).cast(nw.String()).alias(UNIT), label(touchpoint).alias(PLACE),
        clock(rows, time).alias(AT),
    )  # fmt: skip
    if goal:
        check_known(rows, [goal], "goal")
    table = [
        {"gap": str(gap)}
        | _rule(rows, duration(gap, "gaps"), goal or "", confidence_level)
        for gap in gaps
    ]
    return SessionSensitivity(
        table=pd.DataFrame(table), unit="share", goal=goal or "",
        confidence_level=confidence_level,
        method="Share of sessions: ratio of sums over users, delta method.",
        assumptions=(
            Assumption(
                text="A pause between events ends a session; no rule for its length "
                "is right for every user.",
                quality="medium", impact="medium",
            ),
        ),
    )  # fmt: skip


def _rule(rows: Lazy, gap: timedelta, goal: str, level: float) -> dict[str, float]:
    """Return the numbers of one rule."""
    hit = nw.when(nw.col(PLACE) == goal).then(1.0).otherwise(0.0)
    tagged = _numbered(rows, gap, UNIT, AT).with_columns(hit.alias("hit"))
    sessions = tagged.group_by(UNIT, JOURNEY).agg(
        nw.len().alias("events"), nw.col("hit").max()
    )
    sizes = collect(sessions.group_by("events").agg(nw.len().alias("n")).sort("events"))
    each = sessions.group_by(UNIT).agg(
        nw.col("hit").sum().alias("x"), nw.len().cast(nw.Float64()).alias("d")
    )
    found: UserRatio = user_ratio(each, confidence_level=level)
    total = int(sizes["n"].sum())
    half = sizes["n"].cumsum()
    middle = [
        float(sizes["events"].iloc[int((half >= rank).to_numpy().argmax())])
        for rank in ((total + 1) // 2, total // 2 + 1)
    ]
    counted = {
        "n": found.n, "n_sessions": total, "sessions_per_user": total / found.n,
        "median_events": sum(middle) / 2,
        "share_bounce": float(sizes.loc[sizes["events"] == 1, "n"].sum()) / total,
    }  # fmt: skip
    return counted | (found.as_row() if goal else {})
