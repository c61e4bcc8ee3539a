"""Read period labels in their order: months, quarters, years, weeks or numbers."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.errors import DataError, Problem

Ints = npt.NDArray[np.int64]
_QUARTER = (
    r"(?P<year>\d{4})[-/ .]?Q(?P<part>[1-4])|Q(?P<part2>[1-4])[-/ .](?P<year2>\d{4})"
)
_MONTH = r"(?P<year>\d{4})[-/. M]?(?P<part>0[1-9]|1[0-2])"
_WEEK = r"(?P<year>\d{4})[-/ ]?W(?P<part>[0-4]\d|5[0-3])"
_MONTHS = {1: "month", 3: "quarter", 6: "half-year", 12: "year"}


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """When each row is, as a whole number of periods since the first.

    Attributes
    ----------
    index : ndarray of int
        0 for the earliest period; a period that nobody has leaves a hole.
    labels : dict
        Index to the label as the file writes it.
    name : str
        What one period is called: month, quarter, half-year, year, week or period.
    per_year : float
        Periods in a year; NaN where the labels do not say.
    """

    index: Ints
    labels: dict[int, str]
    name: str
    per_year: float

    @property
    def n(self) -> int:
        """Number of distinct periods present."""
        return len(self.labels)


def read_calendar(column: pd.Series) -> Calendar:
    """Order the periods of a column; raise DataError where no one style fits.

    Examples
    --------
    >>> read_calendar(pd.Series(["2024-Q4", "2025-Q2", "2025-Q1"])).index
    array([0, 2, 1])
    >>> read_calendar(pd.Series(["2024-01", "2024-07"])).name
    'half-year'
    """
    _check_filled(column)
    codes, levels = pd.factorize(column)
    if all(type(level) is str for level in levels):
        found, base = _from_texts(tuple(levels), column.name)
    else:
        found, base = _ordinals(pd.Series(levels, name=column.name))
    distinct = np.unique(found)
    step = int(np.gcd.reduce(np.diff(distinct))) if len(distinct) > 1 else 1
    index = (found - distinct[0]) // step
    texts = pd.Series(levels).astype(str).tolist()
    labels = dict(zip(index.tolist(), texts, strict=True))
    name, per_year = _named(base, step, single=len(distinct) == 1)
    return Calendar(index[codes], labels, name, per_year)


def _check_filled(column: pd.Series) -> None:
    blank = int(column.isna().sum())
    if blank or not len(column):
        raise DataError(
            f"{blank:,} of {len(column):,} rows have no period; every row needs one: "
            "fill the column or drop those rows in the source."
        )


@lru_cache(maxsize=16)
def _from_texts(levels: tuple[str, ...], name: Hashable) -> tuple[Ints, str]:
    """Read texts; those of one panel are asked for again and again."""
    return _ordinals(pd.Series(list(levels), name=name, dtype="str"))


def _ordinals(column: pd.Series) -> tuple[Ints, str]:
    """Return a whole number a row and what it counts."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return _from_dates(column)
    if isinstance(column.dtype, pd.PeriodDtype):
        return _from_dates(column.dt.start_time)
    text = column.astype(str).str.strip().str.replace(r"\.0$", "", regex=True)
    quarters = text.str.upper().str.extract(f"^(?:{_QUARTER})$")
    if quarters.notna().any(axis=1).all():
        year = quarters["year"].fillna(quarters["year2"]).astype(int)
        part = quarters["part"].fillna(quarters["part2"]).astype(int)
        return np.asarray(year * 12 + 3 * (part - 1), dtype=np.int64), "month"
    months = text.str.upper().str.extract(f"^{_MONTH}$")
    if months.notna().all(axis=None):
        found = months["year"].astype(int) * 12 + months["part"].astype(int) - 1
        return np.asarray(found, dtype=np.int64), "month"
    weeks = text.str.upper().str.extract(f"^{_WEEK}$")
    if weeks.notna().all(axis=None):
        return _from_weeks(weeks), "week"
    return _from_numbers_or_dates(text)


def _from_weeks(weeks: pd.DataFrame) -> Ints:
    monday = pd.to_datetime(weeks["year"] + weeks["part"] + "1", format="%G%V%u")
    return _days(monday) // 7


def _days(dates: pd.Series) -> Ints:
    return dates.to_numpy(dtype="datetime64[D]").astype(np.int64)


def _from_numbers_or_dates(text: pd.Series) -> tuple[Ints, str]:
    number = pd.to_numeric(text, errors="coerce")
    if number.notna().all() and (number % 1 == 0).all():
        years = bool(number.between(1900, 2100).all())
        found = number.to_numpy(dtype=np.int64)
        return (found * 12, "month") if years else (found, "period")
    dates = pd.to_datetime(text, format="ISO8601", errors="coerce")
    if dates.notna().all():
        return _from_dates(dates)
    if len(text.unique()) == 1:
        return np.zeros(len(text), dtype=np.int64), "period"
    return _unreadable(text, number.isna() & dates.isna())


def _unreadable(text: pd.Series, odd: pd.Series) -> tuple[Ints, str]:
    seen = text[odd] if odd.any() else text
    raise DataError(
        "the periods cannot be put in order.",
        problems=[
            Problem(
                rule="is not a period in one style", column=str(text.name),
                rows=int(odd.sum()), examples=tuple(seen.drop_duplicates()[:3]),
                fix="Write '2025-01', '2025-Q1', '2025-W07', '2025', a whole number "
                "or ISO dates, the same style in every row.",
            )
        ],
    )  # fmt: skip


def _from_dates(dates: pd.Series) -> tuple[Ints, str]:
    """Count months where a month holds one date at most, else weeks, else days."""
    distinct = pd.Series(dates.drop_duplicates())
    month = dates.dt.year * 12 + dates.dt.month - 1
    if distinct.dt.to_period("M").nunique() == len(distinct):
        return month.to_numpy(dtype=np.int64), "month"
    days = _days(dates)
    if len(np.unique(days % 7)) == 1:
        return days // 7, "week"
    raise DataError(
        f"`{dates.name}` holds {len(distinct):,} dates that are neither monthly nor "
        "weekly; aggregate to one row per customer and month, quarter or year first."
    )


def _named(base: str, step: int, *, single: bool) -> tuple[str, float]:
    if base == "month" and not single:
        return _MONTHS.get(step, f"period of {step} months"), 12 / step
    if base == "week" and not single:
        return ("week" if step == 1 else f"period of {step} weeks"), 52.1775 / step
    return "period", float("nan")
