"""From a panel of customers to periods at risk by age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import DataError
from cxlib.estimate.lifetimes import Ages
from cxlib.roi.regressions._long import (
    Array,
    Long,
    leaving_value,
    to_long,
    until_left,
)

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """Names of the columns, as in `lifetime_value`."""

    revenue: str
    cost: str
    retained: str
    tenure: str
    entity: str
    time: str


@dataclass(frozen=True, slots=True, eq=False)
class Aged:
    """A panel with the age of each row.

    `revenue` and `money` (margin less cost) have one element a row; `joined` marks rows
    of customers who came after the first period; `reason` says why there is nothing.
    """

    long: Long
    ages: Ages
    revenue: Array
    joined: Flags
    share_unknown: float
    reason: str = ""

    def rows(self, keep: Flags) -> Ages:
        """Return some customers' rows, numbered afresh."""
        unit = np.unique(self.ages.unit[keep], return_inverse=True)[1]
        return Ages(
            self.ages.age[keep], self.ages.event[keep], self.ages.money[keep],
            unit.astype(np.int64),
        )  # fmt: skip


def aged(periods: pd.DataFrame, names: Columns, *, margin: float) -> Aged:
    """Cut rows after a customer left, and count each row's age and margin."""
    asked = [names.revenue, names.retained, names.cost, names.tenure]
    _checks.columns(periods, [name for name in asked if name], "periods")
    long = to_long(periods, names.entity, names.time)
    stays = long.values(names.retained)
    leaving = leaving_value(long, stays)
    reason = "" if leaving is not None else _no_end(long, stays, names.retained)
    if leaving is not None:
        kept = until_left(long, stays, leaving)
        long, stays = long.rows(kept), stays[kept]
    event = np.where(np.isfinite(stays), stays == leaving, np.nan)
    revenue = long.values(names.revenue)
    money = margin * revenue - (long.values(names.cost) if names.cost else 0.0)
    start = np.full(long.n_entities, np.iinfo(np.int64).max)
    np.minimum.at(start, long.entity, long.time)
    begun = start[long.entity]
    age, unknown = _tenure(long, names.tenure, long.time - begun)
    whole = np.isfinite(age)
    ages = Ages(
        age[whole].astype(np.int64), event[whole], money[whole], long.entity[whole]
    )
    return Aged(
        long.rows(whole), ages, revenue[whole], (begun > 0)[whole], unknown, reason
    )


def _no_end(long: Long, stays: Array, name: str) -> str:
    seen = np.unique(stays[np.isfinite(stays)])
    if long.single_period:
        return "every customer has one period; a lifetime needs two or more"
    if len(seen) < 2:
        return f"'{name}' is {seen[0] if len(seen) else 'blank'} in every row"
    return (
        f"'{name}' goes back and forth, so nobody is known to have left; give "
        "purchases to `repeat_value`"
    )


def _tenure(long: Long, name: str, since: npt.NDArray[np.int64]) -> tuple[Array, float]:
    """Return each row's age and the share of rows whose age is not known."""
    if not name:
        return since.astype(float), 0.0
    given = long.values(name)
    if (given[np.isfinite(given)] < 0).any():
        raise DataError(
            f"'{name}' is negative in {int((given < 0).sum()):,} rows; it counts whole "
            "periods since a customer joined, from 0."
        )
    missing = ~np.isfinite(given)
    if missing.all():
        raise DataError(f"'{name}' is blank in every row; leave `tenure` blank.")
    return np.floor(given), float(missing.mean())
