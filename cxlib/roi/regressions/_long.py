"""The panel as arrays: sorted, keyed by customer and period, ready to be lagged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import DataError, Problem
from cxlib.roi._calendar import Calendar, Ints, read_calendar
from cxlib.roi.regressions._spec import numeric

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Long:
    """Rows sorted by customer and period.

    `frame` holds the rows, `entity` and `time` their whole-number keys, `order` where
    each row stood in the file.
    """

    frame: pd.DataFrame
    entity: Ints
    time: Ints
    calendar: Calendar

    @property
    def n_entities(self) -> int:
        """Number of customers."""
        return int(self.entity.max()) + 1

    @property
    def single_period(self) -> bool:
        """Whether no customer has more than one period."""
        return len(self.frame) == self.n_entities

    def values(self, name: str) -> Array:
        """Return a numeric column as floats."""
        if not numeric(self.frame, name):
            seen = tuple(self.frame[name].dropna().astype(str).drop_duplicates()[:3])
            raise DataError(
                f"column '{name}' is text and a number is needed.",
                problems=[
                    Problem(
                        rule="is not a number", column=name, rows=len(self.frame),
                        examples=seen, fix="Recode it, or name another column.",
                    )
                ],
            )  # fmt: skip
        return np.asarray(self.frame[name], dtype=float)

    def shifted(self, values: Array, lag: int) -> Array:
        """Return each customer's value `lag` periods earlier, NaN where absent."""
        if lag == 0:
            return values
        span = int(self.time.max()) + 1 + 2 * abs(lag)
        key = self.entity * span + self.time
        wanted = key - lag
        at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        return np.where(key[at] == wanted, values[at], np.nan)

    def rows(self, keep: npt.NDArray[np.bool_]) -> Long:
        """Return some rows only, customers numbered afresh."""
        entity = np.unique(self.entity[keep], return_inverse=True)[1].astype(np.int64)
        return Long(
            self.frame[keep].reset_index(drop=True),
            entity,
            self.time[keep],
            self.calendar,
        )


def to_long(periods: pd.DataFrame, entity: str, time: str) -> Long:
    """Check the keys of a panel and sort it; duplicates raise DataError."""
    if periods.empty:
        raise DataError("periods has no rows: there is nothing to regress.")
    _checks.columns(periods, [entity, time], "periods")
    blank = int(periods[entity].isna().sum())
    if blank:
        raise DataError(
            f"{blank:,} of {len(periods):,} rows have no `{entity}`; every row of a "
            "panel names its customer."
        )
    calendar = read_calendar(periods[time])
    codes = pd.factorize(periods[entity], sort=True)[0].astype(np.int64)
    _check_duplicates(periods, codes, calendar, entity, time)
    order = np.lexsort([calendar.index, codes])
    frame = periods.iloc[order].reset_index(drop=True)
    return Long(frame, codes[order], calendar.index[order], calendar)


def _check_duplicates(
    periods: pd.DataFrame, codes: Ints, calendar: Calendar, entity: str, time: str
) -> None:
    key = codes * (int(calendar.index.max()) + 1) + calendar.index
    again = pd.Series(key).duplicated(keep=False).to_numpy()
    if not again.any():
        return
    first = np.flatnonzero(again)[:3]
    examples = tuple(f"row {at + 1}: period {periods[time].iloc[at]}" for at in first)
    raise DataError(
        f"{int(again.sum()):,} of {len(periods):,} rows share their customer and "
        "period with another row.",
        problems=[
            Problem(
                rule="a customer has one row a period", column=f"{entity} x {time}",
                rows=int(again.sum()), examples=examples,
                fix="Sum or average the rows of a customer and period first.",
            )
        ],
    )  # fmt: skip


def is_binary(values: Array) -> bool:
    """Return whether the filled values are 0 and 1 and both occur."""
    zeros, ones = values == 0, values == 1
    return bool(
        (zeros | ones | ~np.isfinite(values)).all() and zeros.any() and ones.any()
    )


def leaving_value(long: Long, values: Array) -> float | None:
    """Return the value that, once reached, a customer never leaves (0 of retained).

    None where the outcome goes back and forth, or nobody is seen to switch.
    """
    if not is_binary(values) or long.single_period:
        return None
    before = long.shifted(values, 1)
    switched = [
        bool(((before != v) & (values == v) & np.isfinite(before)).any())
        for v in (0, 1)
    ]
    for value in (0.0, 1.0):
        returned = (before == value) & np.isfinite(values) & (values != value)
        if switched[int(value)] and not returned.any():
            return value
    return None


def until_left(long: Long, values: Array, leaving: float) -> npt.NDArray[np.bool_]:
    """Return the rows up to and with the first in which a customer left."""
    left = (values == leaving).astype(float)
    total = np.cumsum(left)
    start = np.r_[0, np.flatnonzero(np.diff(long.entity)) + 1]
    before = np.repeat(total[start] - left[start], np.diff(np.r_[start, len(left)]))
    return np.asarray(total - before - left < 1)
