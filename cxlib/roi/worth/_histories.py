"""From single purchases to each customer's history: repeats, recency, age, amount."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import DataError
from cxlib.estimate.bg_nbd import Purchases

Array = npt.NDArray[np.float64]
DAYS = 7.0


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """One customer an element; times in weeks.

    `amount` is the mean of the repeat purchases, NaN without any or without amounts;
    `left_out` counts rows without a customer, a date or an amount, and days
    of refunds.
    """

    purchases: Purchases
    amount: Array
    customers: pd.Index
    left_out: int


def by_day(
    transactions: pd.DataFrame, *, customer: str, date: str, amount: str
) -> tuple[pd.DataFrame, int]:
    """Return who, day and amount of each day with a purchase; rows left out."""
    _checks.columns(
        transactions, [c for c in (customer, date, amount) if c], "transactions"
    )
    if transactions.empty:
        raise DataError("transactions has no rows: there is nobody to value.")
    days = pd.to_datetime(transactions[date], errors="coerce").dt.normalize()
    rows = pd.DataFrame({"who": transactions[customer], "day": days, "amount": 1.0})
    if amount:
        rows["amount"] = pd.to_numeric(transactions[amount], errors="coerce")
    whole = rows.dropna()
    if whole.empty:
        raise DataError(
            f"no row of transactions has a '{customer}', a '{date}' that is a date"
            + (f" and a number in '{amount}'." if amount else ".")
        )
    merged = whole.groupby(["who", "day"], as_index=False, sort=True)["amount"].sum()
    bought = merged[merged["amount"] >= 0].reset_index(drop=True)
    if bought.empty:
        raise DataError(f"every day's sum of '{amount}' is negative.")
    return bought, len(rows) - len(whole) + len(merged) - len(bought)


def histories(
    bought: pd.DataFrame, *, end: pd.Timestamp, left_out: int = 0
) -> Histories:
    """Sum up what each customer did until the end of a day."""
    seen = bought[bought["day"] <= end]
    people = seen.groupby("who", sort=True)
    first, last = people["day"].min(), people["day"].max()
    count = np.asarray(people.size(), dtype=float) - 1
    opening = (
        seen.drop_duplicates("who").set_index("who")["amount"].reindex(first.index)
    )
    spent = people["amount"].sum() - opening
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = spent.to_numpy(dtype=float) / count
    return Histories(
        Purchases(count, _weeks(last - first), _weeks(end - first)),
        np.where(count > 0, mean, np.nan), first.index, left_out,
    )  # fmt: skip


def later(
    bought: pd.DataFrame, customers: pd.Index, *, after: pd.Timestamp, end: pd.Timestamp
) -> Array:
    """Count each customer's purchases after one day and until the end of another."""
    inside = bought[(bought["day"] > after) & (bought["day"] <= end)]
    counts = inside.groupby("who").size().reindex(customers).fillna(0)
    return np.asarray(counts, dtype=float)


def _weeks(spans: pd.Series) -> Array:
    return np.asarray(spans.dt.days, dtype=float) / DAYS
