"""Units by period as matrices, every cell checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import DataError
from cxlib.estimate.covariates import matrix
from cxlib.estimate.design import Array
from cxlib.roi._calendar import read_calendar

NEVER = {"", "0", "never", "inf", "nan", "none"}


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """A roll-out as arrays.

    `first` is a column of `y`, infinite for never; `labels` name the columns.
    """

    y: Array
    first: Array
    cluster: npt.NDArray[np.int64]
    covariates: Array | None
    labels: tuple[str, ...]
    period: str
    always: int
    blank: int

    @property
    def treated(self) -> npt.NDArray[np.bool_]:
        """Cells in which a unit is treated."""
        return np.asarray(np.arange(self.y.shape[1])[None, :] >= self.first[:, None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Names of the columns of a roll-out."""

    outcome: str
    unit: str
    period: str
    first: str
    cluster: str
    covariates: tuple[str, ...]

    @property
    def all(self) -> list[str]:
        """Every name, once."""
        names = [self.outcome, self.unit, self.period, self.first, self.cluster]
        return list(dict.fromkeys(n for n in [*names, *self.covariates] if n))


def read_units(frame: pd.DataFrame, names: Columns) -> Units:
    """Turn rows into matrices; raise DataError where they cannot be meant."""
    _checks.columns(frame, names.all, "units")
    if not pd.api.types.is_numeric_dtype(frame[names.outcome]):
        raise DataError(f"column '{names.outcome}' of units holds no numbers.")
    _check_keys(frame, names)
    rows = frame.sort_values([names.unit, names.period], kind="stable")
    rows = rows.reset_index(drop=True)
    unit = pd.factorize(rows[names.unit])[0]
    column, first, labels, period = _clock(rows, unit, names)
    always = first <= 0
    shape = (int(unit.max()) + 1, len(labels))
    kept = ~always
    y = _spread(rows[names.outcome].astype("float64"), unit, column, shape)
    groups = pd.factorize(rows[names.cluster])[0] if names.cluster else unit
    cluster = np.asarray(_constant(groups, unit, names.cluster, names.unit))
    x = _covariates(rows, unit, column, shape, names.covariates)
    return Units(
        y=y[kept], first=first[kept], cluster=cluster[kept],
        covariates=None if x is None else x[kept], labels=labels, period=period,
        always=int(always.sum()), blank=int(rows[names.outcome].isna().sum()),
    )  # fmt: skip


def _check_keys(frame: pd.DataFrame, names: Columns) -> None:
    keys = [names.unit, names.period]
    blank = int(frame[keys].isna().any(axis=1).sum())
    if blank:
        raise DataError(
            f"{blank:,} rows of units have no {names.unit} or {names.period}; fill "
            "them, or drop those rows."
        )
    twice = int(frame.duplicated(keys).sum())
    if twice:
        raise DataError(
            f"{twice:,} rows of units repeat a {names.unit} in a {names.period}; "
            "there must be one row each: sum or average them first."
        )


def _clock(
    rows: pd.DataFrame, unit: npt.NDArray[np.intp], names: Columns
) -> tuple[npt.NDArray[np.int64], Array, tuple[str, ...], str]:
    """Column of each row, first treated column of each unit, and the labels."""
    given = rows[names.first]
    text = given.astype("string").str.strip().str.replace(r"\.0$", "", regex=True)
    never = text.isna() | text.str.casefold().isin(NEVER)
    when = rows[names.period].astype("string").str.strip()
    both = pd.concat([when, text[~never]], ignore_index=True).rename(names.period)
    try:
        clock = read_calendar(both)
    except DataError as why:
        raise DataError(
            f"'{names.period}' and '{names.first}' cannot be put in one order; write "
            f"both alike, and leave '{names.first}' blank for never."
        ) from why
    own = clock.index[: len(rows)]
    seen = np.unique(own)
    start = np.full(len(rows), np.inf)
    at = np.searchsorted(seen, clock.index[len(rows) :]).astype(float)
    start[~never.to_numpy(dtype=bool)] = np.where(at < len(seen), at, np.inf)
    first = _constant(start, unit, names.first, names.unit)
    labels = tuple(clock.labels[i] for i in seen.tolist())
    return (
        np.searchsorted(seen, own),
        np.asarray(first, dtype=float),
        labels,
        clock.name,
    )


def _constant(
    values: npt.NDArray[np.generic],
    unit: npt.NDArray[np.intp], name: str, unit_name: str,
) -> npt.NDArray[np.generic]:  # fmt: skip
    """The value of each unit, which all its rows share."""
    _, first = np.unique(unit, return_index=True)
    found = values[first]
    odd = len(np.unique(unit[found[unit] != values]))
    if odd:
        raise DataError(
            f"'{name}' changes within {odd:,} of the {len(first):,} values of "
            f"'{unit_name}'; it must be the same in every row of one."
        )
    return np.asarray(found)


def _spread(
    values: pd.Series, unit: npt.NDArray[np.intp], column: npt.NDArray[np.int64],
    shape: tuple[int, int],
) -> Array:  # fmt: skip
    out = np.full(shape, np.nan)
    out[unit, column] = values.to_numpy(dtype=float)
    return out


def _covariates(
    rows: pd.DataFrame, unit: npt.NDArray[np.intp], column: npt.NDArray[np.int64],
    shape: tuple[int, int], names: Sequence[str],
) -> Array | None:  # fmt: skip
    if not names:
        return None
    x, _ = matrix(rows, names)
    return np.stack(
        [_spread(pd.Series(one), unit, column, shape) for one in x.T], axis=2
    )
