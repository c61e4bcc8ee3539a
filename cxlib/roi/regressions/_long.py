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
from cxlib.roi.regressions._within import compact

Array = npt.NDArray[np.float64]
LARGEST = 1e100


@dataclass(frozen=True, slots=True, eq=False)
class Long:
    """Rows sorted by customer and period.

    `frame` holds the rows, `entity` and `time` their whole-number keys, `keys` the
    columns that these were read from.
    """

    frame: pd.DataFrame
    entity: Ints
    time: Ints
    calendar: Calendar
    keys: tuple[str, str] = ("", "")

    @property
    def n_entities(self) -> int:
        """Number of customers."""
        return int(self.entity.max()) + 1

    @property
    def single_period(self) -> bool:
        """Whether no customer has more than one period."""
        return len(self.frame) == self.n_entities

    @property
    def starts(self) -> Ints:
        """Row in which each customer begins."""
        return np.asarray(np.r_[0, np.flatnonzero(np.diff(self.entity)) + 1])

    def groups(self, name: str) -> tuple[Ints, npt.NDArray[np.object_]]:
        """Return codes 0.. of a column (-1 where blank) and the labels they stand for.

        The customer's codes are at hand; any other column is read.
        """
        if name == self.keys[0]:
            labels = self.frame[name].iloc[self.starts]
            return self.entity, np.asarray(labels, dtype=object)
        codes, levels = pd.factorize(self.frame[name])
        return codes.astype(np.int64), np.asarray(levels, dtype=object)

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
        values = np.asarray(self.frame[name], dtype=float)
        if np.nanmax(np.abs(values), initial=0.0) > LARGEST:
            _refuse_huge(name, values)
        return values

    def shifted(self, values: Array, lag: int) -> Array:
        """Return each customer's value `lag` periods earlier, NaN where absent."""
        if lag == 0:
            return values
        at = self.before(lag)
        return np.where(at >= 0, values[at], np.nan)

    def before(self, lag: int) -> Ints:
        """Return the row of each customer `lag` periods earlier, -1 where absent."""
        at = np.arange(len(self.entity))
        if lag == 0:
            return at
        at[:] = -1
        key = self.entity * (int(self.time.max()) + 1 + 2 * abs(lag)) + self.time
        for rows in range(1, min(abs(lag), len(key) - 1) + 1):
            hit = np.flatnonzero(key[rows:] - key[:-rows] == abs(lag))
            if lag > 0:
                at[hit + rows] = hit
            else:
                at[hit] = hit + rows
        return at

    def rows(self, keep: npt.NDArray[np.bool_]) -> Long:
        """Return some rows only, customers numbered afresh."""
        if keep.all():
            return self
        return Long(
            self.frame[keep].reset_index(drop=True), compact(self.entity[keep]),
            self.time[keep], self.calendar, self.keys,
        )  # fmt: skip


def _refuse_huge(name: str, values: Array) -> None:
    far = np.abs(values) > LARGEST
    examples = tuple(f"{value:g}" for value in np.unique(values[far])[:3])
    raise DataError(
        f"column '{name}' has {int(far.sum()):,} of {len(values):,} values that are "
        "infinite or beyond any amount.",
        problems=[
            Problem(
                rule="is not a number to reckon with", column=name,
                rows=int(far.sum()), examples=examples,
                fix="Mend them, or leave the cells blank.",
            )
        ],
    )  # fmt: skip


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
    key = codes * (int(calendar.index.max()) + 1) + calendar.index
    steps, frame, index = np.diff(key), periods, calendar.index
    if (steps <= 0).any():
        order = np.argsort(key, kind="stable")
        steps = np.diff(key[order])
        _check_duplicates(periods, order, steps == 0, (entity, time))
        frame, codes, index = periods.iloc[order], codes[order], index[order]
    frame = frame.reset_index(drop=True)
    return Long(frame, codes, index, calendar, (entity, time))


def _check_duplicates(
    periods: pd.DataFrame,
    order: Ints,
    same: npt.NDArray[np.bool_],
    keys: tuple[str, str],
) -> None:
    if not same.any():
        return
    again = np.sort(order[np.r_[False, same] | np.r_[same, False]])
    entity, time = keys
    examples = tuple(
        f"row {at + 1}: period {periods[time].iloc[at]}" for at in again[:3]
    )
    raise DataError(
        f"{len(again):,} of {len(periods):,} rows share their customer and period with "
        "another row.",
        problems=[
            Problem(
                rule="a customer has one row a period", column=f"{entity} x {time}",
                rows=len(again), examples=examples,
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
    start = long.starts
    before = np.repeat(total[start] - left[start], np.diff(np.r_[start, len(left)]))
    return np.asarray(total - before - left < 1)
