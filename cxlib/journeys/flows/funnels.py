"""Ordered funnels by variant: how far users get, and where the gap opens."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import narwhals as nw
import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError
from cxlib.estimate import Correction
from cxlib.journeys import _words
from cxlib.journeys._arms import treatments as choose
from cxlib.journeys._frames import Frame, Lazy, collect, lazy
from cxlib.journeys._words import CORRECTIONS
from cxlib.journeys.flows._counting import Path, count_users
from cxlib.journeys.flows._depth import UNIT, opened, seen
from cxlib.journeys.flows._reach import Order
from cxlib.journeys.flows._steps import differences, gap, reached_steps, shares
from cxlib.result import Assumption, Finding, Result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Funnel(Result):
    """How far the users of each variant got.

    Attributes
    ----------
    table : pandas.DataFrame
        variant, position, step, n (users who reached it), n_exposed, share_exposed and
        its interval, n_previous, share_previous and its interval.
    differences : pandas.DataFrame
        treatment_arm, control_arm, position, step, denominator ("exposed" or
        "previous"), control, treatment, effect_size and its interval, statistic,
        pvalue, pvalue_adj (exposed only: step-conditional rates are descriptive).
    gap : pandas.DataFrame
        treatment_arm, control_arm, position, step, effect_size (contribution to the
        end-to-end difference; sums to it exactly), std_error, interval, pvalue,
        pvalue_adj.
    steps : tuple of str
    n_mixed, n_unknown : int
        Users left out: in more than one variant; with events but not in `users`.
    """

    differences: pd.DataFrame = field(default_factory=pd.DataFrame)
    gap: pd.DataFrame = field(default_factory=pd.DataFrame)
    steps: tuple[str, ...] = ()
    confidence_level: float = 0.95
    n_mixed: int = 0
    n_unknown: int = 0

    @property
    def text(self) -> str:
        """Where the variants part, or how far users got."""
        if self.differences.empty:
            said = [self._whole()]
        else:
            said = [self._arm(name) for name in self.gap["treatment_arm"].unique()]
        if self.n_unknown:
            one = self.n_unknown == 1
            who = "user with events is" if one else "users with events are"
            said.append(f"{self.n_unknown:,} {who} not in the users table: left out.")
        return " ".join(said)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The end-to-end difference of each treatment."""
        last = self._ends()
        return tuple(
            Finding(
                id=_words.slug("reached", row["step"], row["treatment_arm"]),
                statement=self._end_sentence(row),
                estimate=float(row["effect_size"]),
                unit="share_points",
                ci_lower=float(row["effect_size_ci_lower"]),
                ci_upper=float(row["effect_size_ci_upper"]),
                n=self._exposed(row),
                confidence_level=self.confidence_level,
            )
            for _, row in last.iterrows()
        )

    def _ends(self) -> pd.DataFrame:
        rows = self.differences
        if rows.empty:
            return rows
        end = (rows["denominator"] == "exposed") & (rows["position"] == len(self.steps))
        return rows[end]

    def _exposed(self, row: pd.Series) -> int:
        """Exposed users of both arms of a difference."""
        arms = [row["treatment_arm"], row["control_arm"]]
        first = self.table[self.table["position"] == 1]
        return int(first.loc[first["variant"].isin(arms), "n_exposed"].sum())

    def _whole(self) -> str:
        row = self.table.iloc[-1]
        low, high = row["share_exposed_ci_lower"], row["share_exposed_ci_upper"]
        return (
            f"{_format.quantity(row['share_exposed'], 'share')} of "
            f"{row['n_exposed']:,} users reached '{row['step']}' "
            f"({self._level} CI "
            f"{_words.ends(low, high, 'share')})."
        )

    def _end_sentence(self, row: pd.Series) -> str:
        n = self._exposed(row)
        treatment, control = _words.arms(row, "share")
        found = _words.effect(
            row, "share", self.confidence_level, f", n = {n:,} exposed users"
        )
        return (
            f"'{row['step']}' was reached by {treatment} of {row['treatment_arm']} and "
            f"{control} of {row['control_arm']}, {found}."
        )

    @property
    def where(self) -> str:
        """Where on the way the variants part, or an empty text."""
        arms = list(self.gap["treatment_arm"].unique()) if len(self.gap) else []
        return " ".join(self._largest(name) for name in arms if len(self._real(name)))

    def _real(self, name: str) -> pd.DataFrame:
        """Steps that differ beyond chance on all exposed users, in order."""
        rows = self.differences[self.differences["treatment_arm"] == name]
        real = rows[rows["pvalue_adj"] < 1 - self.confidence_level]
        return real.sort_values("position")

    def _arm(self, name: str) -> str:
        ends = self._ends()
        said = [self._end_sentence(ends[ends["treatment_arm"] == name].iloc[0])]
        rows = self._real(name)
        if rows.empty:
            return f"{said[0]} No step differs by more than chance allows."
        first = rows["step"].iloc[0]
        said.append(f"The first step that differs beyond chance is '{first}'.")
        return " ".join([*said, self._largest(name)])

    def _largest(self, name: str) -> str:
        """Say at which step most of the gap opens."""
        parts = self.gap[self.gap["treatment_arm"] == name]
        whole = float(parts["effect_size"].sum())
        signed = parts["effect_size"] * np.sign(whole)
        top = parts.iloc[int(signed.to_numpy().argmax())]
        total = _words.change(whole, "share", top["std_error"] * 2)
        found = _words.effect(top, "share", self.confidence_level, "")
        several = len(self.gap["treatment_arm"].unique()) > 1
        who = f" between {name} and {top['control_arm']}" if several else ""
        return (
            f"The largest part of the gap of {total}{who} opens at '{top['step']}': "
            f"{found}."
        )

    def _repr_html_(self) -> str:
        shown = pd.DataFrame({"step": list(self.steps)})
        arms = list(self.table.groupby("variant", sort=False))
        for name, rows in arms:
            who = f"{name}: " if len(arms) > 1 else ""
            shown[f"{who}of all exposed"] = _cells(rows, "exposed")
        for name in dict.fromkeys(self.gap["treatment_arm"]) if len(self.gap) else ():
            shown[f"{name}: difference ({self._level} CI)"] = self._moved(name)
        for name, rows in arms:
            who = f"{name}: " if len(arms) > 1 else ""
            shown[f"{who}of previous step"] = _cells(rows, "previous")
        note = f"<p class='method'>{html.escape(self.method)}</p>"
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>"
            f"{shown.to_html(index=False, border=0, classes='cx')}{note}"
        )

    @property
    def _level(self) -> str:
        return _words.percent(self.confidence_level)

    def _moved(self, name: str) -> list[str]:
        """Differences of all exposed users, one a step, as text."""
        rows = self.differences[
            (self.differences["treatment_arm"] == name)
            & (self.differences["denominator"] == "exposed")
        ]
        key = f"difference ({self._level} CI)"
        return [
            _words.cells(row, "share", self.confidence_level, several=True)[key]
            for _, row in rows.iterrows()
        ]


def _cells(rows: pd.DataFrame, base: str) -> list[str]:
    """Return '872 (28.9 %)' of all exposed, '69.3 %' of the previous step."""
    shares = [_format.quantity(share, "share") for share in rows[f"share_{base}"]]
    if base == "exposed":
        sized = zip(rows["n"], shares, strict=True)
        shares = [f"{n:,} ({share})" for n, share in sized]
    return [_words.fixed(share) for share in shares]


def funnel(
    events: Frame,
    steps: Sequence[str],
    *,
    variant: str | None = None,
    users: Frame | None = None,
    control: str = "control",
    treatments: Sequence[str] | None = None,
    user: str = "user_id",
    touchpoint: str = "touchpoint",
    time: str = "occurred_at",
    window: str | timedelta | None = None,
    order: Order = "eventual",
    correction: Correction = "holm",
    confidence_level: float = 0.95,
) -> Funnel:
    """Count how far users get through ordered steps, by variant.

    Use it to see where two variants part. The first denominator is every randomised
    user: only those shares compare like with like. Rates from step to step describe
    different users in each variant once an earlier step differs.

    Parameters
    ----------
    events : frame
        One row a journey step; pandas, polars, pyarrow, DuckDB, …
    steps : sequence of str
        Touchpoints in order, at least one, none twice.
    variant : str, optional
        Column of the variant, in `users` where given, else in `events`; one funnel
        for everybody when not given.
    users : frame, optional
        All randomised users; without it, users are those with an event.
    control, treatments : str, sequence of str
        As in `compare`.
    user, touchpoint, time : str
        Columns.
    window : str or timedelta, optional
        Longest time from the start of an attempt to each of its steps: '30min', '7D'.
    order : {"eventual", "any", "strict"}
        "eventual": each step at or after the one before, others may come between.
        "strict": each step is the very next event after the one before.
        "any": all steps so far, in whatever order.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over steps times treatments.
    confidence_level : float

    Returns
    -------
    Funnel

    Raises
    ------
    ArgumentError
        For a step that no event has, a repeated step, a bad window or variant.
    DataError
        For a missing column or a time column that holds no times.

    Notes
    -----
    A user counts once, at the furthest step of the best attempt: who starts again
    later and then gets through within the window has got through. At equal times
    the steps come in their order, other touchpoints after them. Events without a
    touchpoint or a time reach nothing. Users in more than one variant are left out.
    On DuckDB (and so for pandas, polars and pyarrow tables) one aggregate sorts each
    user's events as integers; elsewhere window expressions give the same counts.
    Shares: Wilson; differences: Newcombe and score test. The gap is split by swapping
    one step's rate at a time, averaged over all
    orders (Shapley); intervals by the delta method.

    References
    ----------
    Newcombe, R. G. (1998). Interval estimation for the difference between independent
    proportions. Statistics in Medicine 17, 873-890.
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame(
    ...     {"user_id": ["u", "u", "v", "w"],
    ...      "touchpoint": ["cart", "paid", "cart", "home"],
    ...      "occurred_at": pd.to_datetime(["2026-01-01", "2026-01-02"] * 2)}
    ... )
    >>> funnel(events, ["cart", "paid"]).table["n"].tolist()
    [2, 1]
    """
    _checks.one_of(order, "order", ("eventual", "any", "strict"))
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    rows = opened(
        events, user=user, touchpoint=touchpoint, time=time, journey=None,
        variant=variant if users is None else None,
    )  # fmt: skip
    _check_steps(steps, seen(rows, touchpoint))
    path = Path(
        steps=tuple(steps), order=order, window=_window(window), user=user,
        touchpoint=touchpoint, time=time, variant=variant,
    )  # fmt: skip
    counts, mixed = count_users(rows, users, path)
    reached = reached_steps(counts, len(steps))
    chosen = choose(list(reached), control, treatments) if variant else []
    arms = [control, *chosen] if variant else list(reached)
    kept = {name: reached[name] for name in arms}
    return Funnel(
        table=shares(kept, steps, confidence_level), unit="share", steps=tuple(steps),
        differences=differences(
            kept, steps, control, chosen, correction, confidence_level
        ),
        gap=gap(kept, steps, control, chosen, correction, confidence_level),
        n_mixed=mixed,
        n_unknown=_unknown(rows, users, path),
        confidence_level=confidence_level, assumptions=_assumptions(users),
        method=_method(order, window, correction),
    )  # fmt: skip


def _check_steps(steps: Sequence[str], known: Sequence[str]) -> None:
    """Raise unless the steps are named once each and occur."""
    if isinstance(steps, str) or not steps:
        raise ArgumentError(
            f"`steps` is {steps!r}; give a list of touchpoints in order."
        )
    for step in steps:
        if list(steps).count(step) > 1:
            raise ArgumentError(f"`steps` names '{step}' twice; name each step once.")
    for step in steps:
        if step not in known:
            hint = _checks.did_you_mean(step, known)
            raise ArgumentError(f"`steps` names the touchpoint '{step}'; {hint}")


def _window(window: str | timedelta | None) -> timedelta | None:
    """Return the window as a duration."""
    if not window:
        return None
    try:
        length = pd.Timedelta(window).to_pytimedelta()
    except ValueError as error:
        raise ArgumentError(
            f"`window` is {window!r}; write a duration such as '30min', '12h' or '7D'."
        ) from error
    if length <= timedelta(0):
        raise ArgumentError(f"`window` is {window!r}; it must be longer than nothing.")
    return length


def _unknown(rows: Lazy, users: Frame | None, path: Path) -> int:
    """Count users with a step but not among the randomised."""
    if users is None:
        return 0
    unit = nw.col(path.user).cast(nw.String()).alias(UNIT)
    known = lazy(users, [path.user], "users").select(unit)
    steps = rows.filter(nw.col(path.touchpoint).is_in(list(path.steps)))
    there = steps.select(unit).group_by(UNIT).agg(nw.len().alias("n_steps"))
    stray = there.join(known, on=UNIT, how="anti")
    return int(collect(stray.select(nw.len().alias("n")))["n"].iloc[0])


RULES = {
    "eventual": "each step at or after the one before",
    "strict": "each step the very next event",
    "any": "any order",
}


def _method(order: Order, window: object, correction: Correction) -> str:
    rule = RULES[order]
    within = f", within {window}" if window else ""
    return (
        f"Users by furthest step ({rule}{within}); Wilson intervals; differences: "
        f"Newcombe, score test, {CORRECTIONS[correction]} over steps and variants."
    )


def _assumptions(users: Frame | None) -> tuple[Assumption, ...]:
    found = [
        Assumption(
            text="Every step is logged in the same way in all variants.",
            quality="medium", impact="high",
        )
    ]  # fmt: skip
    if users is None:
        found.append(
            Assumption(
                text="Users without any event are as frequent in all variants: without "
                "a table of assigned users the funnel starts at the first event.",
                quality="low", impact="medium",
            )
        )  # fmt: skip
    return tuple(found)
