"""From contacts to matters: what each costs, which ones repeat another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import DataError, Problem

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
SMALLER, NO_THEME, ANY = "smaller themes", "no theme", "all contacts"
MIN_CUSTOMERS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """Names of the columns, as in `cost_to_serve`; blank where there is none."""

    theme: str
    resolved: str
    minutes: str
    rate: str
    cost: str
    customer: str
    contact: str
    occurred: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contacts:
    """Contacts in order of customer, theme and time; arrays of shape (n,).

    Attributes
    ----------
    cost, minutes, solved : ndarray
        `solved` is 1, 0 or NaN, `minutes` NaN where not asked for.
    theme : ndarray of text
        Themes of fewer than 10 customers are one.
    customer, matter : ndarray of int
        Codes 0..; a matter is a first contact and its repeats.
    repeat : ndarray of bool
    followed : ndarray of bool
        Whether a repeat of the matter would have been seen in time.
    left_out : int
    dated : bool
        Whether the order is by time and not by file.
    """

    cost: Array
    minutes: Array
    solved: Array
    theme: npt.NDArray[np.object_]
    customer: Ints
    matter: Ints
    repeat: Flags
    followed: Flags
    left_out: int
    dated: bool

    @property
    def n_customers(self) -> int:
        """Customers with a contact."""
        return int(self.customer.max()) + 1


def read(frame: pd.DataFrame, names: Columns, *, repeat_days: float) -> Contacts:
    """Check the columns, cost each contact and find the repeats."""
    asked = [names.theme, names.resolved, names.customer, names.contact]
    asked += [names.occurred, *([names.cost] if names.cost else _priced(names))]
    _checks.columns(frame, [name for name in asked if name], "contacts")
    _check_ids(frame, names)
    rows = pd.DataFrame(
        {"customer": frame[names.customer], "cost": _cost(frame, names)}
    )
    rows["minutes"] = (
        _number(frame, names.minutes) if _has(frame, names.minutes) else np.nan
    )
    rows["solved"] = _number(frame, names.resolved) if names.resolved else np.nan
    rows["theme"] = _themes(frame, names.theme)
    rows["at"] = _dates(frame, names.occurred)
    whole = rows.dropna(subset=["customer", "cost", "at"])
    if whole.empty:
        raise DataError(
            f"none of {len(frame):,} contacts has a customer, a cost and a time."
        )
    odd = whole["solved"].dropna()
    if not odd.isin([0, 1]).all():
        raise DataError(
            f"'{names.resolved}' holds {odd[~odd.isin([0, 1])].iloc[0]:g}; it must be "
            "1 (that contact solved the matter), 0 or blank."
        )
    return _ordered(
        _lumped(whole), dated=bool(names.occurred), repeat_days=repeat_days,
        left_out=len(rows) - len(whole),
    )  # fmt: skip


def _has(frame: pd.DataFrame, name: str) -> bool:
    return bool(name) and name in frame.columns


def _priced(names: Columns) -> list[str]:
    return [names.minutes, names.rate]


def _check_ids(frame: pd.DataFrame, names: Columns) -> None:
    if not names.contact:
        return
    again = frame[names.contact].dropna().duplicated(keep=False)
    if again.any():
        raise DataError(
            f"{int(again.sum()):,} of {len(frame):,} contacts share their id.",
            problems=[
                Problem(
                    rule="names one contact only", column=names.contact,
                    rows=int(again.sum()),
                    fix="Keep one row a contact; transfers belong to theirs.",
                )
            ],
        )  # fmt: skip


def _number(frame: pd.DataFrame, name: str) -> Array:
    found = pd.to_numeric(frame[name], errors="coerce")
    return np.asarray(found, dtype=float)


def _cost(frame: pd.DataFrame, names: Columns) -> Array:
    if names.cost:
        found, what = _number(frame, names.cost), names.cost
    else:
        found = _number(frame, names.minutes) * _number(frame, names.rate)
        what = f"{names.minutes} x {names.rate}"
    low = int((found < 0).sum())
    if low:
        raise DataError(
            f"{low:,} contacts cost less than 0 ({what}); correct them in the source."
        )
    return found


def _themes(frame: pd.DataFrame, name: str) -> pd.Series:
    if not name:
        return pd.Series(ANY, index=frame.index, dtype="object")
    return frame[name].astype("string").fillna(NO_THEME).astype("object")


def _dates(frame: pd.DataFrame, name: str) -> pd.Series:
    if not name:
        return pd.Series(np.arange(len(frame), dtype=float), index=frame.index)
    found = pd.to_datetime(frame[name], errors="coerce")
    days = (found - found.min()) / pd.Timedelta(days=1)
    return days.astype(float)


def _lumped(rows: pd.DataFrame) -> pd.DataFrame:
    """Call themes of too few customers by one name."""
    people = rows.groupby("theme")["customer"].nunique()
    few = people.index[people < MIN_CUSTOMERS]
    return rows.assign(theme=rows["theme"].where(~rows["theme"].isin(few), SMALLER))


def _ordered(
    rows: pd.DataFrame, *, dated: bool, repeat_days: float, left_out: int
) -> Contacts:
    rows = rows.assign(customer=pd.factorize(rows["customer"])[0])
    rows = rows.sort_values(["customer", "theme", "at"], kind="stable")
    theme = pd.factorize(rows["theme"])[0]
    customer, at = rows["customer"].to_numpy(dtype=np.int64), rows["at"].to_numpy()
    same = np.zeros(len(rows), dtype=bool)
    same[1:] = (np.diff(customer) == 0) & (np.diff(theme) == 0)
    if dated:
        same[1:] &= np.diff(at) <= repeat_days
    matter = np.cumsum(~same) - 1
    started = at[~same][matter]
    return Contacts(
        cost=rows["cost"].to_numpy(dtype=float), customer=customer, repeat=same,
        minutes=rows["minutes"].to_numpy(dtype=float),
        solved=rows["solved"].to_numpy(dtype=float), matter=matter.astype(np.int64),
        theme=rows["theme"].to_numpy(dtype=object), dated=dated, left_out=left_out,
        followed=(started <= at.max() - repeat_days) if dated else np.ones_like(same),
    )  # fmt: skip
