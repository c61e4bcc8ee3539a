"""A series as points in time: one a period, with seasons and covariates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate.design import Array
from cxlib.roi._calendar import Calendar, read_calendar

Season = Literal["auto", "none", "year"]
Combine = Literal["mean", "sum"]
YEARS = 3


def points(
    series: pd.DataFrame, numbers: Sequence[str], period: str, at: str, combine: Combine
) -> tuple[pd.DataFrame, Calendar, int]:
    """One row a period in order, and where the cut is."""
    _checks.columns(series, [*numbers, period], "series")
    for name in numbers:
        if not pd.api.types.is_numeric_dtype(series[name]):
            raise DataError(f"column '{name}' of series holds no numbers.")
    rows = series[[*numbers, period]].dropna()
    when = rows[period].astype("string").str.strip()
    both = pd.concat([when, pd.Series([str(at).strip()])], ignore_index=True)
    try:
        clock = read_calendar(both.rename(period))
    except DataError as why:
        raise ArgumentError(
            f"`at` is '{at}', which is no period like those of '{period}', such as "
            f"'{when.iloc[0] if len(when) else ''}'."
        ) from why
    index = clock.index[:-1]
    grouped = rows[list(numbers)].astype("float64").groupby(index)
    found = grouped.mean()
    if combine == "sum":
        found[numbers[0]] = grouped[numbers[0]].sum()
    found["n"] = grouped.size()
    gaps = int(found.index.max() - found.index.min() + 1 - len(found))
    if gaps:
        raise DataError(
            f"the series lacks {gaps} of its {len(found) + gaps} {clock.name}s "
            "between the first and the last; fill them, or take longer periods."
        )
    return found, clock, int(clock.index[-1])


def logged(values: pd.Series, *, log: bool) -> Array:
    """The series, or its logarithm."""
    y = values.to_numpy(dtype=float)
    if log and not (y > 0).all():
        raise DataError(
            f"{int((y <= 0).sum())} periods are zero or negative and have no "
            "logarithm; set `log` to false."
        )
    return np.asarray(np.log(y) if log else y)


def other(
    points: pd.DataFrame, covariates: Sequence[str], season: Season, clock: Calendar,
    after: npt.NDArray[np.bool_],
) -> tuple[Array, list[str]]:  # fmt: skip
    """Covariates and seasons as columns, with their names."""
    names, found = list(covariates), [points[n].to_numpy(float) for n in covariates]
    year = clock.per_year
    if season == "year" and not year >= 2:
        raise ArgumentError("`season` is 'year', but the periods name no year.")
    long = year >= 2 and (~after).sum() >= YEARS * year
    if season == "year" or (season == "auto" and long):
        part = points.index.to_numpy() % round(year)
        for one in np.unique(part)[1:].tolist():
            names.append(f"season {one + 1}")
            found.append((part == one).astype(float))
    columns = np.column_stack(found) if found else np.empty((len(points), 0))
    return columns, names


def moments(labels: list[str]) -> pd.Index:
    """Times to draw at, where the labels are months, quarters or dates."""
    text = pd.Series(labels, dtype="str")
    for style in ("%Y-%m", "ISO8601"):
        found = pd.to_datetime(text, format=style, errors="coerce")
        if found.notna().all() and text.str.len().min() > 4:
            return pd.Index(found)
    quarters = text.str.extract(r"^(\d{4})[-/ .]?Q([1-4])$")
    if quarters.notna().all(axis=None):
        months = 3 * quarters[1].astype(int) - 2
        return pd.Index(pd.to_datetime(quarters[0] + "-" + months.astype("str")))
    return pd.Index(np.arange(len(labels)))
