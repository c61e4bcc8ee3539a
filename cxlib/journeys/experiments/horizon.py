"""When a test may be read: at its planned end, or at any look."""

from __future__ import annotations

import html
from dataclasses import dataclass

import narwhals as nw
import numpy as np

from cxlib import _checks
from cxlib.estimate.sequential import TUNING_N
from cxlib.journeys._frames import Frame, collect, has, label, lazy
from cxlib.journeys.experiments._looks import TUNING_CLUSTERS, Looks
from cxlib.result import Finding, Result

OVERRUN = 1.05
_REST = " (those of segments, bounds and journeys at one)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Horizon(Result):
    """How far a test is, and which inference that allows.

    Attributes
    ----------
    table : pandas.DataFrame
        One row: n (users so far), n_variants, n_planned (0 where no end was fixed),
        share_reached, looks, status ("open", "running", "reached", "overrun").
    looks : {"once", "any"}
        To be given to `compare` and `sample_ratio`.
    tuning_n : int
        To be given to `compare`.
    """

    looks: Looks = "any"
    tuning_n: int = TUNING_N

    @property
    def begun(self) -> bool:
        """Whether there are users in two variants or more."""
        return int(self.table["n_variants"].iloc[0]) > 1

    @property
    def status(self) -> str:
        """'open' (no end fixed), 'running', 'reached' or 'overrun'."""
        return str(self.table["status"].iloc[0])

    @property
    def reached(self) -> bool:
        """Whether the planned number of users is there; False where none was fixed."""
        return self.status in {"reached", "overrun"}

    @property
    def may_ship(self) -> bool:
        """Whether a gain may be acted on now: not before the planned end."""
        return self.status != "running"

    @property
    def text(self) -> str:
        """What the number of users allows."""
        row = self.table.iloc[0]
        n, planned = f"{row['n']:,}", f"{row['n_planned']:,}"
        if self.status == "open":
            return (
                f"No end of the test was fixed; with {n} users so far, the metrics' "
                f"intervals hold at any look{_REST}."
            )
        share = f"{100 * row['share_reached']:.0f} %"
        if self.status == "running":
            return (
                f"{n} of {planned} planned users are in ({share}): the metrics' "
                f"intervals hold at any look{_REST}; harm may stop the test now, a "
                "gain ships at the planned end."
            )
        said = f"The planned {planned} users are reached ({n} are in): intervals are "
        said += "those of one planned look."
        if self.status == "overrun":
            said += (
                f" That is {share} of the plan: reading the test again after its "
                "planned end is another look, which these intervals do not pay for."
            )
        return said

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Users so far; no interval, it is a count."""
        n = int(self.table["n"].iloc[0])
        return (
            Finding(id="horizon", statement=self.text, estimate=n, unit="count", n=n),
        )

    def _repr_html_(self) -> str:
        return f"<p class='finding'>{html.escape(self.text)}</p>"


def horizon(
    users: Frame,
    planned: int = 0,
    *,
    variant: str = "variant",
    user: str = "user_id",
    cluster: str | None = None,
) -> Horizon:
    """Decide from the planned number of users how the test may be read now.

    Use it before `compare`, with the number that was planned before the test began
    (see `power`); not with a number chosen after looking.

    Parameters
    ----------
    users : frame
        Users so far.
    planned : int
        Users planned, all variants together; 0 where no end was fixed.
    variant, user : str
        Columns; users without a variant do not count. Without a user column rows count.
    cluster : str, optional
        As in `compare`: there the sequence counts clusters, so it is tuned to 100 of
        them and not to the planned users.

    Returns
    -------
    Horizon

    Raises
    ------
    ArgumentError
        For a negative number or one that is no integer.

    Notes
    -----
    No end fixed: anytime-valid always. Before the planned end: anytime-valid, tuned to
    the planned end; harm may stop the test, a gain waits, so the error of shipping
    stays that of the one planned look. From the planned end on: one look. Beyond 1.05
    times the plan: said, because reading on is looking again.

    Examples
    --------
    >>> import pandas as pd
    >>> users = pd.DataFrame({"user_id": range(600), "variant": ["a", "b"] * 300})
    >>> found = horizon(users, 1000)
    >>> found.looks, found.reached, found.may_ship
    ('any', False, False)
    """
    _checks.in_range(planned, "planned", 0, np.inf, ends="[)")
    if int(planned) != planned:
        _checks.one_of(planned, "planned", (int(planned), int(planned) + 1))
    names = [variant, *([user] if has(users, user) else [])]
    rows = lazy(users, names, "users").filter(~label(variant).is_null())
    counted = nw.col(user).n_unique() if user in names else nw.len()
    arms = nw.col(variant).n_unique().alias("n_variants")
    table = collect(rows.select(counted.alias("n"), arms)).astype(int)
    n, whole = int(table["n"].iloc[0]), int(planned)
    share = n / whole if whole else np.nan
    status = "open" if not whole else "running" if n < whole else "reached"
    status = "overrun" if share > OVERRUN else status
    looks: Looks = "once" if n >= whole > 0 else "any"
    tuned = TUNING_CLUSTERS if cluster else whole or TUNING_N
    return Horizon(
        table=table.assign(
            n_planned=whole, share_reached=share, looks=looks, status=status
        ),
        unit="count", looks=looks, tuning_n=tuned,
        method="Rule fixed in the code: see journeys.horizon.",
    )  # fmt: skip
