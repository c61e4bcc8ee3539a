"""Cash of what is chosen, quarter by quarter, as it is placed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cxlib import _format
from cxlib.roi import _words
from cxlib.roi.investments.draws import Draws

CASH = [
    *("quarter", "cash_amount", "cumulative_amount", "cumulative_p10_amount"),
    "cumulative_p90_amount",
]


def quarters_in(draws: Draws) -> int:
    """Return how many quarters the horizon has."""
    return int(np.ceil(draws.horizon * 4 - 1e-9))


def cash_of(
    draws: Draws, starts: Mapping[str, float], labels: Sequence[str]
) -> pd.DataFrame:
    """Return the cash by quarter of initiatives that start at given years."""
    cash = draws.by_quarter(list(starts), starts)[:, : None if starts else 0]
    total = np.cumsum(cash, axis=1)
    low, high = np.quantile(total, (0.1, 0.9), axis=0)
    rows = [labels[: cash.shape[1]], cash.mean(axis=0), total.mean(axis=0), low, high]
    return pd.DataFrame(dict(zip(CASH, rows, strict=True)))


def sentence(cash: pd.DataFrame, currency: str) -> str:
    """Say how much money is out at most, and when it is back, on average."""
    if cash.empty:
        return ""
    mean = cash["cumulative_amount"]
    row = cash.iloc[int(mean.argmin())]
    if row["cumulative_amount"] >= 0:
        return " Cumulative cash is above zero from the first quarter on, on average."
    size = _words.money(row["cumulative_amount"], currency)
    low, high = _format.ends(
        row["cumulative_p10_amount"], row["cumulative_p90_amount"], "amount"
    )
    under = np.flatnonzero(mean < 0)
    back = int(under[-1]) + 1
    when = (
        f"above zero from {cash['quarter'].iloc[back]} on"
        if back < len(cash)
        else f"not back above zero by the end of {cash['quarter'].iloc[-1]}"
    )
    return (
        f" Cumulative cash is lowest at the end of {row['quarter']}: {size} (80 % "
        f"interval {low} to {high}); on average it is {when}."
    )
