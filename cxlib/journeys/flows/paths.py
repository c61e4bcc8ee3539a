"""The ways that users take: the most frequent paths, and all the others."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import DataError
from cxlib.journeys import _words
from cxlib.journeys._arms import treatments as choose
from cxlib.journeys._frames import Frame
from cxlib.journeys.flows import _path_rows
from cxlib.journeys.flows._cells import cell, share
from cxlib.journeys.flows._depth import ARM
from cxlib.journeys.flows._path_rows import furthest
from cxlib.journeys.flows._walk import walk
from cxlib.result import Assumption, Finding, Result

MAX_DEPTH = 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Paths(Result):
    """How many users take each path.

    Attributes
    ----------
    table : pandas.DataFrame
        variant, rank, path, n (users, or journeys), n_users, n_all, estimate (share of
        all, those without events included) and interval; last "(no event)" and the
        other paths together: the shares of a variant sum to 1.
    differences : pandas.DataFrame
        The same paths, each treatment against control; pvalue_adj over all of them.
    positions : pandas.DataFrame
        variant, position, from, to, n: how many go where after their 1st, 2nd, … step.
    prefixes : pandas.DataFrame
        variant, position, prefix, touchpoint, n: how many open like this.
    counts : pandas.DataFrame
        variant, path, n_steps, complete, n: every path seen.
    """

    differences: pd.DataFrame = field(default_factory=pd.DataFrame)
    positions: pd.DataFrame = field(default_factory=pd.DataFrame)
    prefixes: pd.DataFrame = field(default_factory=pd.DataFrame)
    counts: pd.DataFrame = field(default_factory=pd.DataFrame)
    grain: str = "users"
    n_mixed: int = 0
    confidence_level: float = 0.95

    @property
    def text(self) -> str:
        """The most frequent path, what the paths listed cover, and what differs."""
        arms = list(self.table.groupby("variant", sort=False))
        said = [self._arm(str(name), rows, len(arms) > 1) for name, rows in arms]
        return " ".join([*said, *self._different()])

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The share of the most frequent path of each variant."""
        firsts = self.table[self.table["rank"] == 1]
        return tuple(
            Finding(
                id=_words.slug("most frequent path", row["variant"]),
                statement=f"{self._share(row)} of {row['variant']} take "
                f"'{row['path']}'.",
                estimate=float(row["estimate"]), unit="share",
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
                n=int(row["n_all"]),
                confidence_level=self.confidence_level,
            )
            for _, row in firsts.iterrows()
        )  # fmt: skip

    def reached(self, steps: Sequence[str]) -> pd.DataFrame:
        """Recount a funnel from the paths: variant, position, step, n.

        Parameters
        ----------
        steps : sequence of str
            In order, others may come between.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        DataError
            Where paths were cut at the depth, so that the count would be too low.
        """
        if not self.counts["complete"].all():
            raise DataError(
                "some paths go on beyond the depth; make `depth` as long as the "
                "longest journey to recount a funnel."
            )
        depth = [furthest(str(path), steps) for path in self.counts["path"]]
        rows = [
            {"variant": name, "position": i, "step": step, "n": int(n)}
            for name, own in self.counts.assign(depth=depth).groupby("variant")
            for i, step in enumerate(steps, start=1)
            for n in [own.loc[own["depth"] >= i, "n"].sum()]
        ]
        return pd.DataFrame(rows)

    def _arm(self, name: str, rows: pd.DataFrame, several: bool) -> str:  # noqa: FBT001
        first, other = rows.iloc[0], rows.iloc[-1]
        listed = rows.iloc[:-2]["estimate"].sum()
        none = rows.iloc[-2]["estimate"]
        who = f"{self.grain} of {name}" if several else self.grain
        silent = (
            f", {_format.quantity(none, 'share')} have no event" if none > 0 else ""
        )
        return (
            f"{self._share(first)} {who} take '{first['path']}', the most frequent of "
            f"all paths; {len(rows) - 2} paths cover "
            f"{_format.quantity(listed, 'share')}, {other['path'].strip('()')} "
            f"{_format.quantity(other['estimate'], 'share')}{silent}."
        )

    def _share(self, row: pd.Series) -> str:
        ends = _words.ends(row["ci_lower"], row["ci_upper"], "share")
        return (
            f"{share(row)} "
            f"({_words.percent(self.confidence_level)} CI {ends}) of {row['n_all']:,}"
        )

    def _different(self) -> list[str]:
        """Say which paths are taken more or less often by a treatment."""
        if self.differences.empty:
            return []
        real = self.differences["pvalue_adj"] < 1 - self.confidence_level
        found = self.differences[real].sort_values("pvalue")
        if found.empty:
            return ["None of these paths differs by more than chance allows."]
        row = found.iloc[0]
        treatment, control = _words.arms(row, "share")
        moved = _words.effect(row, "share", self.confidence_level, "")
        verb = "differs" if len(found) == 1 else "differ"
        tested = int(self.differences["pvalue"].notna().sum())
        several = f"{len(found)} of {tested} {verb} beyond chance, "
        return [
            f"{several}most clearly '{row['path']}': {treatment} in "
            f"{row['treatment_arm']}, {control} in {row['control_arm']}, {moved}."
        ]

    def _repr_html_(self) -> str:
        arms = list(self.table.groupby("variant", sort=False))
        shown = pd.DataFrame({"path": arms[0][1]["path"].tolist()})
        level = _words.percent(self.confidence_level)
        for name, rows in arms:
            who = f"{name}: " if len(arms) > 1 else ""
            shown[f"{who}{self.grain}"] = [_format.count(n) for n in rows["n"]]
            shown[f"{who}of all ({level} CI)"] = [
                cell(row) for _, row in rows.iterrows()
            ]
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>"
            f"{shown.to_html(index=False, border=0, classes='cx')}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )


def paths(
    events: Frame,
    *,
    variant: str | None = None,
    users: Frame | None = None,
    control: str = "control",
    treatments: Sequence[str] | None = None,
    user: str = "user_id",
    journey: str | None = None,
    touchpoint: str = "touchpoint",
    time: str = "occurred_at",
    depth: int = 5,
    top: int = 10,
    collapse: bool = True,
    confidence_level: float = 0.95,
) -> Paths:
    """Count the paths that users take, the most frequent first.

    Use it to see real journeys beside the declared funnel. Every path seen is in the
    count: those not listed are one row, so the shares sum to one.

    Parameters
    ----------
    events : frame
        One row a journey step.
    variant : str, optional
        Column of the variant, in `users` where given; everybody together without it.
    users : frame, optional
        All randomised users; those without events are counted as "(no event)".
    control, treatments : str, sequence of str
        As in `compare`.
    user, touchpoint, time : str
        Columns.
    journey : str, optional
        Column of the journey: then journeys are counted, not users.
    depth : int
        Steps of a path, 1 to 40; longer ones end in "…".
    top : int
        Paths to list, the most frequent over all variants.
    collapse : bool
        Take several events in a row at one touchpoint as one step.
    confidence_level : float

    Returns
    -------
    Paths

    Raises
    ------
    ArgumentError
        For an unknown variant, or a depth or top out of range.
    DataError
        For a missing column or one that holds no times.

    Notes
    -----
    Users: Wilson's intervals, Newcombe's differences and the score test. Journeys:
    the user stays the unit (delta method; Wilson on the effective number). Which paths
    are listed is chosen over all variants together, so the choice favours none; their
    differences are corrected by Benjamini and Hochberg, and not tested where fewer
    than five users of the smaller variant are expected on the path. Ties in time are
    broken by the touchpoint's name. A funnel counted from the paths (`reached`) equals
    `funnel` as long as no two events of a user share a time: a funnel takes ties in
    order.

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame(
    ...     {"user_id": ["u", "u", "v"], "touchpoint": ["cart", "paid", "cart"],
    ...      "occurred_at": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-01"])}
    ... )
    >>> found = paths(events)
    >>> found.table[["path", "n"]].values.tolist()[:2]
    [['cart → (end)', 1], ['cart → paid → (end)', 1]]
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    _checks.in_range(depth, "depth", 1, MAX_DEPTH)
    _checks.in_range(top, "top", 1, float("inf"), ends="[)")
    walked = walk(
        events, users=users, variant=variant, user=user, journey=journey,
        touchpoint=touchpoint, time=time,
    )  # fmt: skip
    chosen = choose(list(walked.size), control, treatments) if variant else []
    arms = [control, *chosen] if variant else list(walked.size)
    size = {name: walked.size[name] for name in arms}
    sums, base = _path_rows.path_sums(walked, depth, collapse=collapse)
    sums = sums[sums[ARM].isin(arms)]
    kept, left = _path_rows.kept_paths(sums, top)
    counts = sums.rename(columns={ARM: "variant"}).assign(n=sums["x"].astype(int))
    return Paths(
        table=_path_rows.shares(sums, base, size, kept, left, confidence_level),
        differences=_path_rows.differences(
            sums, base, size, kept, (control, chosen), confidence_level
        ),
        positions=_path_rows.positions(sums, depth),
        prefixes=_path_rows.prefixes(sums, depth),
        counts=counts[["variant", "path", "n_steps", "complete", "n"]],
        grain="journeys" if journey else "users", n_mixed=walked.n_mixed, unit="share",
        confidence_level=confidence_level, assumptions=_ASSUMPTIONS,
        method=f"Paths of up to {depth} steps"
        + (", repeats in a row taken as one" if collapse else "")
        + f"; share of all {'journeys' if journey else 'users'}, "
        + ("delta method over users." if journey else "Wilson intervals."),
    )  # fmt: skip


_ASSUMPTIONS = (
    Assumption(
        text="The touchpoints logged are those that matter: what is not logged cannot "
        "be on a path.",
        quality="medium", impact="medium",
    ),
)  # fmt: skip
