"""Whether a panel can answer: balance, gaps, blanks, what varies within customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.result import Finding
from cxlib.roi._display import Told
from cxlib.roi.regressions._long import Array, Long, is_binary, leaving_value, to_long
from cxlib.roi.regressions._solve import demean
from cxlib.roi.regressions._spec import as_names

MIN_WITHIN = 0.05
RETURNING = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Panel(Told):
    """What a customer x period table holds.

    Attributes
    ----------
    table : pandas.DataFrame
        check, status (pass, caution, stop), detail.
    n_rows, n_customers, n_periods : int
    period : str
        What one period is called.
    first, last : str
        Labels of the first and the last period.
    balanced, cross_section : bool
        Every customer in every period; every customer in one period only.
    """

    n_rows: int
    n_customers: int
    n_periods: int
    period: str
    first: str
    last: str
    balanced: bool
    cross_section: bool

    @property
    def text(self) -> str:
        """Rows, customers and periods, and what stands in the way."""
        span = (
            f"one period ({self.first})"
            if self.n_periods == 1
            else f"{self.n_periods} {self.period}s, {self.first} to {self.last}"
        )
        shape = (
            "one row a customer: a cross-section"
            if self.cross_section
            else ("balanced" if self.balanced else "unbalanced") + " panel"
        )
        odd = self.table[self.table["status"] != "pass"]["check"].tolist()
        marked = (
            f" To keep in mind: {', '.join(odd)}." if odd else " All checks passed."
        )
        return (
            f"{self.n_rows:,} rows of {self.n_customers:,} customers over {span}; "
            f"{shape}.{marked}"
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Customers and rows."""
        return (
            Finding(
                id="customers in the panel", statement=self.text,
                estimate=float(self.n_customers), unit="count", n=self.n_rows,
            ),
        )  # fmt: skip


def panel(
    periods: pd.DataFrame,
    *,
    outcomes: Sequence[str] = (),
    score: str = "score",
    lag: int = 1,
    entity: str = "customer_id",
    time: str = "period",
) -> Panel:
    """Check that a table of customers by period can carry the regressions.

    Parameters
    ----------
    periods : pandas.DataFrame
        One row a customer and period.
    outcomes : sequence of str
        Columns to be explained.
    score : str
    lag : int
        Periods by which the score comes first.
    entity, time : str
        Columns of customer and period.

    Returns
    -------
    Panel

    Raises
    ------
    DataError
        For a customer with two rows in a period, a blank key, or periods that no one
        style reads. Periods are ordered by what they mean, never as text.

    Notes
    -----
    A customer has a gap when a period between the first and the last is missing; the
    lag counts calendar periods, so the row after a gap is left out of a lagged
    regression. The share of the score's variance within customers is what fixed
    effects work with.

    Examples
    --------
    >>> from cxlib import simulate
    >>> found = panel(simulate.periods(50, rng=1), outcomes=["revenue", "retained"])
    >>> found.n_customers, found.period, found.balanced
    (50, 'month', False)
    """
    names = as_names(outcomes, "outcomes")
    _checks.columns(periods, [entity, time, score, *names], "periods")
    long = to_long(periods, entity, time)
    labels = long.calendar.labels
    rows = [
        _periods_row(long),
        *([] if long.single_period else [_balance_row(long), _gap_row(long)]),
        *_score_rows(long, score, lag), *(_outcome_row(long, n) for n in names),
    ]  # fmt: skip
    full = long.n_entities * long.calendar.n
    return Panel(
        table=pd.DataFrame(rows, columns=["check", "status", "detail"]),
        n_rows=len(long.frame), n_customers=long.n_entities, n_periods=long.calendar.n,
        period=long.calendar.name, first=labels[min(labels)], last=labels[max(labels)],
        balanced=len(long.frame) == full, cross_section=long.single_period,
        method="Periods are ordered by their meaning; a lag counts calendar periods.",
    )  # fmt: skip


def _periods_row(long: Long) -> tuple[str, str, str]:
    if long.single_period:
        detail = (
            "one per customer: no lag, no placebo and no customer effects; differences "
            "between customers are associations"
        )
        return "periods", "caution", detail
    present, span = long.calendar.n, max(long.calendar.labels) + 1
    if present < span:
        detail = f"{span - present} of {span} {long.calendar.name}s have no row at all"
        return "periods", "caution", detail
    return "periods", "pass", f"{present} {long.calendar.name}s, none missing"


def _balance_row(long: Long) -> tuple[str, str, str]:
    share = len(long.frame) / (long.n_entities * long.calendar.n)
    counts = np.bincount(long.entity)
    detail = (
        f"{_format.quantity(share, 'share')} of customer x {long.calendar.name} cells "
        f"are filled; a customer has {counts.min()} to {counts.max()} "
        f"(median {np.median(counts):g})"
    )
    if share == 1:
        detail = f"every customer has every {long.calendar.name}"
    return "balance", "pass" if share > 0.5 else "caution", detail


def _gap_row(long: Long) -> tuple[str, str, str]:
    same = np.diff(long.entity) == 0
    jumps = (np.diff(long.time) > 1) & same
    customers = len(np.unique(long.entity[1:][jumps]))
    if not customers:
        return "gaps", "pass", "no customer skips a period between first and last"
    detail = (
        f"{customers:,} of {long.n_entities:,} customers skip a period and come back"
    )
    return "gaps", "caution", detail


def _score_rows(long: Long, score: str, lag: int) -> list[tuple[str, str, str]]:
    values = long.values(score)
    share = float(np.isfinite(values).mean())
    usable = float(np.isfinite(long.shifted(values, lag)).mean()) if lag else share
    detail = f"{_format.quantity(share, 'share')} of rows have one" + (
        f"; {_format.quantity(usable, 'share')} have one {lag} {long.calendar.name}"
        f"{'s' if lag > 1 else ''} earlier"
        if lag
        else ""
    )
    found = [(f"{score} answered", "pass" if share >= 0.5 else "caution", detail)]
    if not long.single_period and np.isfinite(values).any():
        found.append(_within_row(long, values, score))
    return found


def _within_row(long: Long, values: Array, score: str) -> tuple[str, str, str]:
    seen = np.isfinite(values)
    codes = np.unique(long.entity[seen], return_inverse=True)[1]
    within = demean(values[seen][:, None], codes)
    total = float(np.square(values[seen] - values[seen].mean()).sum())
    share = float(np.square(within).sum()) / total if total else 0.0
    detail = (
        f"{_format.quantity(share, 'share')} of its variance is within customers, the "
        "part that fixed effects use"
    )
    return f"{score} varies", "pass" if share >= MIN_WITHIN else "caution", detail


def _outcome_row(long: Long, name: str) -> tuple[str, str, str]:
    values = long.values(name)
    seen = np.isfinite(values)
    share = _format.quantity(float(seen.mean()), "share")
    if not seen.any() or np.ptp(values[seen]) == 0:
        return (
            name,
            "stop",
            f"{share} of rows filled and all the same: nothing to explain",
        )
    if not is_binary(values):
        mean = _format.number(float(values[seen].mean()), "amount")
        sd = _format.number(float(values[seen].std(ddof=1)), "amount")
        return (
            name,
            "pass",
            f"{share} of rows filled; mean {mean}, standard deviation {sd}",
        )
    leaving = leaving_value(long, values)
    events = int((values == (leaving if leaving is not None else 1)).sum())
    kind = (
        "yes/no" if leaving is None else f"yes/no, {leaving:g} ends a customer's rows"
    )
    few = "caution" if min(events, int(seen.sum()) - events) < 20 else "pass"
    counted = f"{leaving:g}" if leaving is not None else "1"
    told = f"{kind}; {events:,} of {int(seen.sum()):,} rows are {counted}"
    back = _came_back(long, values) if leaving is None else ""
    return name, "caution" if back else few, told + back


def _came_back(long: Long, values: Array) -> str:
    """Say where nearly all who switch stay away, so that a few rows decide the model.

    Empty where switching back is common, or nobody switches.
    """
    before = long.shifted(values, 1)
    for value in (0.0, 1.0):
        reached = int(((values == value) & (before == 1 - value)).sum())
        returned = int(((before == value) & (values == 1 - value)).sum())
        if 0 < returned <= RETURNING * reached:
            return (
                f"; {returned:,} came back of the {reached:,} who reached {value:g}: "
                "it is taken as what recurs, not as leaving for good; cut their later "
                "rows if they left"
            )
    return ""
