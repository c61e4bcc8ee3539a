"""Loops and dead ends: where users go in circles, and where they give up."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import narwhals as nw
import pandas as pd

from cxlib import _checks
from cxlib.estimate import Correction, adjust
from cxlib.journeys import _words
from cxlib.journeys._arms import treatments as choose
from cxlib.journeys._frames import Frame, Lazy, collect
from cxlib.journeys._words import CORRECTIONS
from cxlib.journeys.flows._cells import cell, share
from cxlib.journeys.flows._depth import ARM, UNIT
from cxlib.journeys.flows._ratios import contrast, from_sums, moment_sums, records
from cxlib.journeys.flows._walk import ORDER, PLACE, TRIP, check_known, walk
from cxlib.result import Assumption, Finding, Result

KINDS = {
    "return": "are returns to a touchpoint seen before",
    "repeat": "repeat the touchpoint just left",
    "dead end": "end the journey there",
    "end": "end the journey there",
}
EXPECTED = 5
_A = {"return": "a return", "repeat": "a repeat", "dead end": "a dead end"} | {
    "end": "the end"
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Loops(Result):
    """How often visits to a touchpoint are returns, repeats or dead ends.

    Attributes
    ----------
    table : pandas.DataFrame
        variant, kind ("return", "repeat", "dead end", or "end" without
        a goal), touchpoint, n (visits),
        n_users (who came by), estimate (share of visits), std_error, interval.
    differences : pandas.DataFrame
        kind, touchpoint, treatment_arm, control_arm, n_control and n_treatment
        (visits), both shares, effect_size and interval, pvalue, pvalue_adj.
    goal : str
    """

    differences: pd.DataFrame = field(default_factory=pd.DataFrame)
    goal: str = ""
    n_mixed: int = 0
    confidence_level: float = 0.95

    @property
    def text(self) -> str:
        """The touchpoint with most returns, the worst dead end, and what differs."""
        said = [self._worst(kind) for kind in ("return", "dead end", "end")]
        return " ".join([*filter(None, said), *self._different()]) or (
            "No journey comes back to a touchpoint or ends short of its goal."
        )

    @property
    def advice(self) -> str:
        """Where to look first."""
        for kind, why in (
            ("dead end", f"most journeys that miss '{self.goal}' end"),
            ("end", "most journeys end"),
            ("return", "users come back most"),
        ):
            row = self._top(kind)
            if row is not None:
                return (
                    f"Look first at '{row['touchpoint']}', where {why}: "
                    f"{share(row)} of {row['n']:,} visits."
                )
        return "Nothing in these journeys asks for a closer look."

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The touchpoint with most returns and the worst dead end."""
        rows = [self._top(kind) for kind in ("return", "dead end", "end")]
        return tuple(
            Finding(
                id=_words.slug(row["kind"], row["touchpoint"], row["variant"]),
                statement=self._sentence(row),
                estimate=float(row["estimate"]), unit="share",
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
                n=int(row["n"]), label=f"{row['kind']}, {row['touchpoint']}",
                confidence_level=self.confidence_level,
            )
            for row in rows
            if row is not None
        )  # fmt: skip

    def _top(self, kind: str) -> pd.Series | None:
        """The touchpoint where most visits, in number, are of a kind."""
        rows = self.table[(self.table["kind"] == kind) & (self.table["estimate"] > 0)]
        if rows.empty:
            return None
        number = rows["estimate"] * rows["n"]
        return rows.iloc[int(number.to_numpy().argmax())]

    def _worst(self, kind: str) -> str:
        row = self._top(kind)
        if row is None:
            return ""
        leads = {"return": "Most returns are", "dead end": "Most dead ends are"}
        lead = leads.get(kind, "Most journeys end")
        return f"{lead} at '{row['touchpoint']}': {self._sentence(row)}"

    def _sentence(self, row: pd.Series) -> str:
        short = f", short of '{self.goal}'" if self.goal else ""
        what = KINDS[row["kind"]] + (short if row["kind"] == "dead end" else "")
        several = len(self.table["variant"].unique()) > 1
        where = f" in {row['variant']}" if several else ""
        ends = _words.ends(row["ci_lower"], row["ci_upper"], "share")
        return (
            f"{share(row)} of {row['n']:,} visits "
            f"({_words.percent(self.confidence_level)} CI {ends}){where} {what}."
        )

    def _different(self) -> list[str]:
        if self.differences.empty:
            return []
        tested = self.differences["pvalue"].notna()
        real = self.differences["pvalue_adj"] < 1 - self.confidence_level
        if not real.any():
            return [
                f"None of {int(tested.sum())} loops and dead ends differs by more than "
                "chance allows."
            ]
        row = self.differences[real].sort_values("pvalue").iloc[0]
        treatment, control = _words.arms(row, "share")
        moved = _words.effect(row, "share", self.confidence_level, "")
        verb = "differs" if real.sum() == 1 else "differ"
        return [
            f"{int(real.sum())} of {int(tested.sum())} {verb} beyond chance, most "
            f"clearly the {row['kind']} at '{row['touchpoint']}': {treatment} of "
            f"visits in {row['treatment_arm']}, {control} in {row['control_arm']}, "
            f"{moved}."
        ]

    def _repr_html_(self) -> str:
        rows = self.table
        seen = rows.groupby(["kind", "touchpoint"])["estimate"].transform("max") > 0
        rows = rows[seen]
        wide: dict[tuple[str, str], dict[str, str]] = {}
        for _, row in rows.iterrows():
            key = (str(row["kind"]), str(row["touchpoint"]))
            wide.setdefault(key, {})[str(row["variant"])] = cell(row)
        level = _words.percent(self.confidence_level)
        shown = [
            {"visits that are": _words.fixed(_A[kind]), "touchpoint": place}
            | {f"{name} ({level} CI)": text for name, text in cells.items()}
            for (kind, place), cells in wide.items()
        ]
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>"
            f"{pd.DataFrame(shown).to_html(index=False, border=0, classes='cx')}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )


def loops(
    events: Frame,
    *,
    goal: str | None = None,
    variant: str | None = None,
    users: Frame | None = None,
    control: str = "control",
    treatments: Sequence[str] | None = None,
    user: str = "user_id",
    journey: str | None = None,
    touchpoint: str = "touchpoint",
    time: str = "occurred_at",
    min_n: int = 30,
    correction: Correction = "fdr_bh",
    confidence_level: float = 0.95,
) -> Loops:
    """Measure how often journeys come back, stand still and stop short, by touchpoint.

    Use it to find where users go in circles. A return is no failure by itself:
    comparing products is one.

    Parameters
    ----------
    events : frame
        One row a journey step.
    goal : str, optional
        Touchpoint that makes a journey complete: one that reached it has no dead end.
        Without a goal every last event is an "end".
    variant : str, optional
        Column of the variant, in `users` where given; everybody together without it.
    users : frame, optional
        All randomised users.
    control, treatments : str, sequence of str
        As in `compare`.
    user, touchpoint, time : str
        Columns.
    journey : str, optional
        Column of the journey, within which returns and ends are looked for.
    min_n : int
        Users at a touchpoint that each variant must have for a test; besides, five
        users of the smaller variant must be expected to have done it, and five not.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over kinds, touchpoints and treatments.
    confidence_level : float

    Returns
    -------
    Loops

    Raises
    ------
    ArgumentError
        For an unknown variant, or a goal that no event has.
    DataError
        For a missing column or one that holds no times.

    Notes
    -----
    All shares are of visits (events) at the touchpoint. A repeat is a return too. The
    user is the unit: ratios of sums over users, delta method, Wilson's interval on the
    effective number of visits. Shares condition on coming by: they describe, they are
    no effects on all users. Where variants change who comes by, so do the shares.

    References
    ----------
    Deng, A., Knoblich, U. and Lu, J. (2018). Applying the delta method in metric
    analytics. KDD 2018. doi:10.1145/3219819.3219919

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame(
    ...     {"user_id": "u", "touchpoint": ["home", "cart", "home", "home"],
    ...      "occurred_at": pd.date_range("2026-01-01", periods=4)}
    ... )
    >>> found = loops(events).table.set_index(["kind", "touchpoint"])["estimate"]
    >>> [round(float(found[kind, "home"]), 2) for kind in ("return", "repeat")]
    [0.67, 0.33]
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    walked = walk(
        events, users=users, variant=variant, user=user, journey=journey,
        touchpoint=touchpoint, time=time,
    )  # fmt: skip
    if goal:
        check_known(walked.rows, [goal], "goal")
    chosen = choose(list(walked.size), control, treatments) if variant else []
    arms = [control, *chosen] if variant else list(walked.size)
    size = {name: walked.size[name] for name in arms}
    sums = records(_sums(walked.rows, goal or ""), ARM, "kind", PLACE)
    places = list(dict.fromkeys(key[2] for key in sums))
    return Loops(
        table=_rates(sums, size, places, confidence_level), goal=goal or "",
        differences=_differences(
            sums, size, places, (control, chosen), min_n, correction, confidence_level
        ),
        n_mixed=walked.n_mixed, unit="share", confidence_level=confidence_level,
        assumptions=_ASSUMPTIONS,
        method="Shares of visits; ratios of sums over users, delta method; "
        f"differences: {CORRECTIONS[correction]} over kinds, touchpoints and variants.",
    )  # fmt: skip


_ASSUMPTIONS = (
    Assumption(
        text="A visit logged twice by a reload or a tracking fault is not taken for a "
        "user's return.",
        quality="low", impact="medium",
    ),
)  # fmt: skip


def _flags(rows: Lazy, goal: str) -> tuple[Lazy, dict[str, nw.Expr]]:
    """Return the events beside their neighbours, and what makes a visit of a kind."""
    path = (UNIT, TRIP)
    marked = rows.with_columns(
        one=nw.lit(1), hit=nw.when(nw.col(PLACE) == goal).then(1).otherwise(0)
    ).with_columns(
        visit=nw.col("one").cum_sum().over(*path, PLACE, order_by=ORDER),
        before=nw.col(PLACE).shift(1).over(*path, order_by=ORDER),
        after=nw.col(PLACE).shift(-1).over(*path, order_by=ORDER),
        done=nw.col("hit").max().over(*path),
    )
    return marked, {
        "return": nw.col("visit") > 1,
        "repeat": ~nw.col("before").is_null() & (nw.col("before") == nw.col(PLACE)),
        "dead end" if goal else "end": nw.col("after").is_null()
        & (nw.col("done") == 0),
    }


def _sums(rows: Lazy, goal: str) -> pd.DataFrame:
    """Return sums over users by arm, kind and touchpoint."""
    marked, flags = _flags(rows, goal)
    parts = []
    for kind, flag in flags.items():
        each = marked.with_columns(x=nw.when(flag).then(1.0).otherwise(0.0))
        each = each.group_by(ARM, UNIT, PLACE).agg(
            nw.col("x").sum(), nw.len().cast(nw.Float64()).alias("d")
        )
        each = each.with_columns(
            did=nw.when(nw.col("x") > 0).then(1).otherwise(0),
            always=nw.when(nw.col("x") == nw.col("d")).then(1).otherwise(0),
        )
        counted = collect(
            each.group_by(ARM, PLACE).agg(nw.col("did").sum(), nw.col("always").sum())
        )
        summed = collect(moment_sums(each, ARM, PLACE).sort(ARM, PLACE))
        both = summed.merge(counted, on=[ARM, PLACE])
        parts.append(both.assign(kind=kind))
    return pd.concat(parts, ignore_index=True)


Sums = Mapping[tuple[str, ...], Mapping[str, float]]


def _rates(
    sums: Sums, size: Mapping[str, int], places: Sequence[str], level: float
) -> pd.DataFrame:
    """Return every arm's shares with their intervals."""
    rows = []
    for kind in dict.fromkeys(key[1] for key in sums):
        for place in places:
            for name, n in size.items():
                one = sums.get((name, kind, place))
                if one is None:
                    continue
                rows.append(
                    {"variant": name, "kind": kind, "touchpoint": place,
                     "n": int(one["d"]), "n_users": int(one["base"]),
                     **from_sums(one, n, level).as_row()}
                )  # fmt: skip
    return pd.DataFrame(rows)


def _differences(
    sums: Sums, size: Mapping[str, int], places: Sequence[str],
    arms: tuple[str, Sequence[str]], min_n: int, correction: Correction, level: float,
) -> pd.DataFrame:  # fmt: skip
    """Compare each treatment's shares with control's."""
    control, treatments = arms
    rows = []
    for name in treatments:
        for kind in dict.fromkeys(key[1] for key in sums):
            for place in places:
                a, b = (sums.get((arm, kind, place)) for arm in (control, name))
                if a is None or b is None:
                    continue
                found = contrast(a, b, (size[control], size[name]), level)
                if not _testable(a, b, min_n):
                    found["pvalue"] = float("nan")
                rows.append(
                    {"kind": kind, "touchpoint": place, "treatment_arm": name,
                     "control_arm": control, "n_control": int(a["d"]),
                     "n_treatment": int(b["d"]), **found}
                )  # fmt: skip
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    return table.assign(pvalue_adj=adjust(table["pvalue"], correction))


def _testable(a: Mapping[str, float], b: Mapping[str, float], min_n: int) -> bool:
    """Whether the normal approximation can be trusted."""
    did = a["did"] + b["did"]
    others = a["base"] + b["base"] - a["always"] - b["always"]
    smaller = min(a["base"], b["base"])
    expected = min(did, others) * smaller / (a["base"] + b["base"])
    return smaller >= min_n and expected >= EXPECTED
