"""Rows in time: before and after a date, and periods that never straddle it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.errors import ArgumentError, DataError

Instant = str | float | date
Every = Literal["day", "week", "month", "quarter"]
EVERY = ("day", "week", "month", "quarter")
_CODES = {"day": "D", "week": "W", "month": "M", "quarter": "Q"}
Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """When each row is, and the cuts on the same clock."""

    when: pd.Series
    at: Any
    until: Any

    @property
    def after(self) -> Rows:
        """Rows from the cut on."""
        return np.asarray((self.when >= self.at).to_numpy(dtype=bool))

    @property
    def past(self) -> Rows:
        """Rows from the end of the change on."""
        if self.until is None:
            return np.zeros(len(self.when), dtype=bool)
        return np.asarray((self.when >= self.until).to_numpy(dtype=bool))

    def periods(self, every: Every) -> pd.Series:
        """The start of each row's period; the one that holds the cut is split there.

        Numbers are periods already.
        """
        if pd.api.types.is_numeric_dtype(self.when):
            return self.when
        start = self.when.dt.to_period(_CODES[every]).dt.start_time
        moved = start.mask(pd.Series(self.after, self.when.index) & (start < self.at))
        return pd.Series(moved.fillna(self.at))


def calendar(
    column: pd.Series, *, at: Instant, until: Instant | None, name: str
) -> Calendar:
    """Put a column and two cuts on one clock; `column` holds no blank."""
    if pd.api.types.is_numeric_dtype(column):
        cuts: list[Any] = [_number(at, "at", name), _number(until, "until", name)]
        when = column.astype("float64")
    else:
        when = _times(column, name)
        cuts = [_time(at, "at"), _time(until, "until")]
    if cuts[0] is None:
        raise ArgumentError("`at` is empty; give the moment of the change.")
    if cuts[1] is not None and cuts[1] <= cuts[0]:
        raise ArgumentError(f"`until` is {until!r}, not after `at`, {at!r}.")
    return Calendar(when, cuts[0], cuts[1])


def told(instant: Any) -> str:  # noqa: ANN401
    """A cut in words."""
    if isinstance(instant, pd.Timestamp):
        whole = instant == instant.normalize()
        return f"{instant:%Y-%m-%d}" if whole else f"{instant:%Y-%m-%d %H:%M}"
    return f"{instant:g}"


def _times(column: pd.Series, name: str) -> pd.Series:
    days = all(isinstance(one, date) for one in column)
    if not (pd.api.types.is_datetime64_any_dtype(column) or days):
        raise DataError(
            f"column '{name}' holds {column.dtype!s}, not times or numbers; declare "
            "its `date_format` in the source."
        )
    return pd.Series(pd.to_datetime(column).dt.tz_localize(None))


def _time(given: Instant | None, argument: str) -> Any:  # noqa: ANN401
    if given is None or given == "":
        return None
    try:
        return pd.Timestamp(given if isinstance(given, str) else str(given))
    except ValueError as error:
        raise ArgumentError(
            f"`{argument}` is {given!r}; give a date such as '2025-10-01'."
        ) from error


def _number(given: Instant | None, argument: str, name: str) -> float | None:
    if given is None or given == "":
        return None
    if isinstance(given, (int, float)):
        return float(given)
    raise ArgumentError(
        f"`{argument}` is {given!r}, but column '{name}' holds numbers; give a number."
    )
