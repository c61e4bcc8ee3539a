"""The survey score beside the journey: who scored what, by the path they took."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate.counts import share_from_counts
from cxlib.estimate.point import estimate
from cxlib.journeys import _words
from cxlib.journeys._frames import Frame, Lazy, collect, lazy, number
from cxlib.journeys.flows._depth import UNIT
from cxlib.journeys.flows._pairs import END
from cxlib.journeys.flows._path_rows import ARROW, ON
from cxlib.journeys.flows._walk import (
    AT,
    PLACE,
    RANK,
    Walk,
    check_known,
    ranked,
    walk,
    without_repeats,
)
from cxlib.result import Assumption, Finding, Result
from cxlib.scales import Scale, get

By = Literal["furthest", "path", "loop"]
GROUP, SCORE, NONE, OTHER = "group", "score_value", "(no event)", "(other paths)"
BEFORE = "(before the first step)"
HIDDEN = "hidden"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ScoreByPath(Result):
    """Score and response rate of users by the path they took.

    Attributes
    ----------
    table : pandas.DataFrame
        group, n_users, n (valid answers), share_answered and its interval, estimate
        (score, in the scale's unit) and its interval, status: "shown" or why not.
        Groups with few answers have a blank score and n, and one more with them, so
        that the total gives nothing away.
    label : str
        What the score is called.
    by : str
    """

    label: str = "score"
    by: str = "furthest"
    confidence_level: float = 0.95

    @property
    def text(self) -> str:
        """The lowest and highest group, and that this proves no cause."""
        rows = self._shown_rows()
        if rows.empty:
            return f"No path has enough answers for a {self.label}."
        low, high = rows.iloc[0], rows.iloc[-1]
        if len(rows) == 1:
            return f"{self._sentence(low)} {_CAUSE}"
        return (
            f"{self.label} is lowest {self._sentence(low)[:-1]}, and highest "
            f"{self._sentence(high)} {_CAUSE}"
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The lowest and the highest group."""
        rows = self._shown_rows()
        ends = rows.iloc[[0, -1]] if len(rows) > 1 else rows
        return tuple(
            Finding(
                id=_words.slug(self.label, row["group"]),
                statement=f"{self.label} {self._sentence(row)}",
                estimate=float(row["estimate"]), unit=self.unit,
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
                n=int(row["n"]),
                confidence_level=self.confidence_level,
            )
            for _, row in ends.iterrows()
        )  # fmt: skip

    def _shown_rows(self) -> pd.DataFrame:
        rows = self.table[self.table["estimate"].notna()]
        return rows.sort_values("estimate", kind="stable")

    def _sentence(self, row: pd.Series) -> str:
        half = float(row["ci_upper"] - row["ci_lower"]) / 2
        value = _words.level(row["estimate"], self.unit, half)
        ends = _words.ends(row["ci_lower"], row["ci_upper"], self.unit)
        where = {
            "furthest": f"among users who got as far as '{row['group']}'",
            "path": f"on the path '{row['group']}'",
            "loop": f"among users {row['group']}",
        }[self.by]
        if row["group"] in {NONE, OTHER, BEFORE}:
            where = f"in the group {row['group']}"
        return (
            f"{where}: {value} ({_words.percent(self.confidence_level)} CI {ends}, "
            f"n = {int(row['n']):,} answers of {row['n_users']:,} users)."
        )

    def _repr_html_(self) -> str:
        level = _words.percent(self.confidence_level)
        shown = []
        for _, row in self.table.iterrows():
            ends = _words.ends(row["ci_lower"], row["ci_upper"], self.unit)
            half = float(row["ci_upper"] - row["ci_lower"]) / 2
            known = not pd.isna(row["estimate"])
            value = _words.level(row["estimate"], self.unit, half)
            value = value.removesuffix(" points")
            cells = {
                "path": row["group"],
                "users": _format.count(row["n_users"]),
                "answers": _format.count(row["n"]),
                "answered": _format.quantity(row["share_answered"], "share"),
                f"{self.label} ({level} CI)": f"{value} ({ends})"
                if known
                else str(row["status"]),
            }
            shown.append({k: _words.fixed(str(v)) for k, v in cells.items()})
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>"
            f"{pd.DataFrame(shown).to_html(index=False, border=0, classes='cx')}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )


_CAUSE = (
    "This is an association: users choose their journeys, and whoever is content may "
    "walk further."
)


def score_by_path(
    events: Frame,
    users: Frame,
    *,
    by: By = "furthest",
    steps: Sequence[str] = (),
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    user: str = "user_id",
    touchpoint: str = "touchpoint",
    time: str = "occurred_at",
    depth: int = 5,
    top: int = 8,
    min_n: int = 10,
    confidence_level: float = 0.95,
) -> ScoreByPath:
    """Show the survey score of users by the path that they took.

    Use it to see where discontent gathers, as a lead for a test. It is no effect of
    the path: users choose their journeys.

    Parameters
    ----------
    events : frame
        One row a journey step.
    users : frame
        One row a user, with the score, blank where there is no answer; those without
        events are a group. Bring answers in with `with_scores`.
    by : {"furthest", "path", "loop"}
        The furthest of `steps` reached in order; the most frequent paths; or whether
        a user came back to a touchpoint.
    steps : sequence of str
        Touchpoints in order, for "furthest".
    score, user, touchpoint, time : str
        Columns.
    scale : str, mapping or Scale
        A scale of the registry or a declared one.
    depth, top : int
        Steps of a path and number of paths, for "path".
    min_n : int
        Groups with fewer answers are hidden; 10 at least.
    confidence_level : float

    Returns
    -------
    ScoreByPath

    Raises
    ------
    ArgumentError
        For "furthest" without steps, a step that no event has, or a `min_n` below 10.
    DataError
        For a missing column, one that holds no times, or no valid answer.

    Notes
    -----
    Answers off the scale are no answers. Net scores: adjusted Wald; shares: Wilson;
    means: Student t. The response rate (Wilson) is shown beside each score: a group
    that answers rarely may hide its discontent. Where a score is hidden so are its
    answers and response rate; the group with the next fewest answers goes with it.

    Examples
    --------
    >>> from cxlib import simulate
    >>> users = simulate.users(2000, rng=1)
    >>> events = simulate.events(users, rng=1)
    >>> found = score_by_path(events, users, steps=["home", "cart", "confirmation"])
    >>> found.table["group"].tolist()
    ['home', 'cart', 'confirmation']
    """
    _checks.one_of(by, "by", ("furthest", "path", "loop"))
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    _checks.in_range(min_n, "min_n", 10, float("inf"), ends="[)")
    if by == "furthest" and (isinstance(steps, str) or not steps):
        raise ArgumentError(f"`steps` is {steps!r}; 'furthest' needs them, in order.")
    rule = get(scale)
    walked = walk(
        events, users=users, variant=None, user=user, journey=None,
        touchpoint=touchpoint, time=time,
    )  # fmt: skip
    check_known(walked.rows, steps, "steps")
    groups = _grouped(walked, by, steps, depth)
    answers = lazy(users, [user, score], "users").select(
        nw.col(user).cast(nw.String()).alias(UNIT), number(score).alias(SCORE)
    )
    answers = answers.group_by(UNIT).agg(nw.col(SCORE).min())
    joined = answers.join(groups, on=UNIT, how="left").with_columns(
        nw.col(GROUP).fill_null(NONE)
    )
    counts = collect(joined.group_by(GROUP, SCORE).agg(nw.len().alias("n")))
    counts = counts.assign(value=rule.values(counts[SCORE]))
    if not counts["value"].notna().any():
        raise DataError(f"column '{score}' of users has no valid answer: {rule.rule}.")
    table = _table(_order(counts, by, steps, top), rule, confidence_level)
    return ScoreByPath(
        table=_hide(table, min_n), unit=rule.unit, label=rule.label, by=by,
        confidence_level=confidence_level, assumptions=_ASSUMPTIONS,
        method=f"{rule.rule[:1].upper()}{rule.rule[1:]}; groups under {min_n} answers "
        "are hidden, with one more so that they cannot be worked out.",
    )  # fmt: skip


_ASSUMPTIONS = (
    Assumption(
        text="Within a path, users who answered the survey are like those who did not.",
        quality="low", impact="high",
    ),
    Assumption(
        text="Scores by path are read as leads: content and persistence come together "
        "whatever the journey is like.",
        quality="low", impact="high",
    ),
)  # fmt: skip


def _grouped(walked: Walk, by: By, steps: Sequence[str], depth: int) -> Lazy:
    """Return unit and group of every user with events."""
    if by == "furthest":
        return _furthest(walked.rows, steps)
    if by == "loop":
        seen = walked.rows.group_by(UNIT).agg(
            nw.len().alias("events"), nw.col(PLACE).n_unique().alias("places")
        )
        back = nw.when(nw.col("events") > nw.col("places")).then(nw.lit(_BACK[0]))
        return seen.select(UNIT, back.otherwise(nw.lit(_BACK[1])).alias(GROUP))
    names = [f"step{i}" for i in range(1, depth + 1)]
    spread = ranked(without_repeats(walked.rows)).with_columns(
        nw.when(nw.col(RANK) == i).then(nw.col(PLACE)).alias(name)
        for i, name in enumerate(names, start=1)
    )
    each = spread.group_by(UNIT).agg(
        *(nw.col(name).max() for name in names), nw.col(RANK).max()
    )
    last = nw.when(nw.col(RANK) > depth).then(nw.lit(ON)).otherwise(nw.lit(END))
    whole = nw.concat_str(
        *(nw.col(n) for n in names), last, separator=ARROW, ignore_nulls=True
    )
    return each.select(UNIT, whole.alias(GROUP))


_BACK = ("who came back to a touchpoint", "who never came back to one")


def _furthest(rows: Lazy, steps: Sequence[str]) -> Lazy:
    """Return the furthest step of each user, each at or after the one before."""
    reached = rows.select(UNIT).unique().with_columns(group=nw.lit(BEFORE))
    at = rows.group_by(UNIT).agg(nw.col(AT).min().alias("since"))
    for step in steps:
        here = rows.filter(nw.col(PLACE) == step).select(UNIT, AT)
        after = here.join(at, on=UNIT, how="inner")
        after = after.filter(nw.col(AT) >= nw.col("since"))
        at = after.group_by(UNIT).agg(nw.col(AT).min().alias("since"))
        got = at.select(UNIT, nw.lit(step).alias("got"))
        reached = reached.join(got, on=UNIT, how="left").select(
            UNIT, nw.coalesce("got", GROUP).alias(GROUP)
        )
    return reached


def _order(
    counts: pd.DataFrame, by: By, steps: Sequence[str], top: int
) -> pd.DataFrame:
    """Put groups in the order of the way or of size; join rare paths.

    Rows within a group have an order too, so that sums have one last digit.
    """
    if by == "furthest":
        order = [NONE, BEFORE, *steps]
    elif by == "loop":
        order = [NONE, *_BACK]
    else:
        size = counts.groupby("group")["n"].sum().reset_index()
        size = size.sort_values(["n", "group"], ascending=[False, True])
        named = [str(g) for g in size["group"] if g != NONE][:top]
        kept = counts["group"].isin([NONE, *named])
        counts = counts.assign(group=counts["group"].where(kept, OTHER))
        order = [*named, OTHER, NONE]
    place = {name: i for i, name in enumerate(order)}
    placed = counts.assign(place=counts["group"].map(place))
    return placed.sort_values(["place", SCORE, "n"])


def _table(counts: pd.DataFrame, rule: Scale, level: float) -> pd.DataFrame:
    """Return users, answers, response rate and score of each group."""
    rows = []
    for group, own in counts.groupby("group", sort=False):
        answered = own[own["value"].notna()]
        users, n = int(own["n"].sum()), int(answered["n"].sum())
        row: dict[str, Any] = {"group": group, "n_users": users, "n": n}
        if users >= 2:
            rate = share_from_counts(n, users, confidence_level=level)
            row |= {
                "share_answered": rate.estimate,
                "share_answered_ci_lower": rate.ci_lower,
                "share_answered_ci_upper": rate.ci_upper,
            }
        if n >= 2:
            values = np.repeat(answered["value"].to_numpy(), answered["n"].to_numpy())
            found = estimate(values, rule.kind, confidence_level=level)
            named = found.scaled(rule.factor)
            row |= {
                "estimate": named.estimate, "std_error": named.std_error,
                "ci_lower": named.ci_lower, "ci_upper": named.ci_upper,
            }  # fmt: skip
        rows.append(row)
    names = [
        "group", "n_users", "n", "share_answered", "share_answered_ci_lower",
        "share_answered_ci_upper", "estimate", "std_error", "ci_lower", "ci_upper",
    ]  # fmt: skip
    return pd.DataFrame(rows).reindex(columns=names)


def _hide(table: pd.DataFrame, min_n: int) -> pd.DataFrame:
    """Blank groups with few answers, and at least one more with them."""
    size = table["n"].to_numpy(dtype=float)
    hidden = size < min_n
    status = np.where(hidden, f"{HIDDEN} (under {min_n} answers)", "shown").astype(
        object
    )
    if hidden.any():
        for cell in np.argsort(size, kind="stable"):
            if hidden.sum() >= 2 and size[hidden].sum() >= min_n:
                break
            if not hidden[cell]:
                hidden[cell] = True
                status[cell] = f"{HIDDEN} (protects a smaller one)"
    blank = [name for name in table.columns if name not in {"group", "n_users"}]
    shown = table.assign(n=table["n"].astype(float))
    shown.loc[hidden, blank] = np.nan
    return shown.assign(status=[str(word) for word in status])
