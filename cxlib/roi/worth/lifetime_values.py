"""The value of a customer's lifetime as a reader sees it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cxlib import _format
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column, levels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LifetimeValues(Told):
    """Discounted margin of one customer over the horizon.

    Attributes
    ----------
    table : pandas.DataFrame
        customers (which), n, n_left; estimate, std_error, ci_lower, ci_upper;
        share_beyond (of the value, from ages nobody was followed to), share_leaving
        (a year), years_seen, naive_amount (margin / churn), status.
    bridge : pandas.DataFrame
        step, amount: from revenue / churn to the estimate of all customers.
    curve : pandas.DataFrame
        years, n, estimate, ci_lower, ci_upper, beyond (whether past the data): value of
        all customers by horizon.
    reason : str
        Why there is no value, else empty.
    start_age : int
        Periods a customer has stayed when the value starts; 0 from the first seen.
    horizon, discount_rate, margin, currency, confidence_level
        As asked.
    known_tenure : bool
        Whether ages count from when a customer joined.
    """

    bridge: pd.DataFrame
    curve: pd.DataFrame
    reason: str
    start_age: int
    horizon: int
    discount_rate: float
    margin: float
    currency: str
    confidence_level: float
    known_tenure: bool

    @property
    def text(self) -> str:
        """Size, interval and n; how much of it was never seen; the naive formula."""
        if self.reason:
            return f"A customer's lifetime cannot be valued: {self.reason}."
        row = self.table.iloc[0]
        size = _words.money(row["estimate"], self.currency)
        ends = _words.interval(
            row["ci_lower"], row["ci_upper"], "amount",
            confidence_level=self.confidence_level,
        )  # fmt: skip
        who = "A new customer" if self._new else "A customer, from when first seen,"
        return (
            f"{who} is worth {size} of margin over {_words.years(self.horizon)} "
            f"({ends}, n = {row['n']:,} customers of whom {row['n_left']:,} left). "
            f"{self._beyond(row)} {self._naive(row)}"
        )

    @property
    def _new(self) -> bool:
        return self.known_tenure and self.start_age == 0

    def _beyond(self, row: pd.Series) -> str:
        seen = f"{row['years_seen']:.1f} years followed"
        if not row["share_beyond"]:
            return f"All of it lies within the {seen}."
        share = _format.number(row["share_beyond"], "share", decimals=0)
        return (
            f"{share} % of it lies beyond the {seen} and supposes that leaving goes on."
        )

    def _naive(self, row: pd.Series) -> str:
        naive = _words.money(row["naive_amount"], self.currency)
        return (
            f"Margin divided by churn would say {naive}: no end, no discount, and one "
            "rate of leaving for all."
        )

    @property
    def display(self) -> pd.DataFrame:
        """Values in words."""
        rows = self.table
        return pd.DataFrame(
            {
                "customers": rows["customers"],
                f"value, {self.currency}".rstrip(", "): levels(rows).where(
                    rows["estimate"].notna(), rows["status"]
                ),
                "beyond the data, %": column(rows["share_beyond"], "share", decimals=0),
                "leave in a year, %": column(rows["share_leaving"], "share"),
                "n (left)": [
                    f"{n:,} ({left:,.0f})" if pd.notna(left) else f"{n:,}"
                    for n, left in zip(rows["n"], rows["n_left"], strict=True)
                ],
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The value of each group shown."""
        rows = self.table[self.table["estimate"].notna()]
        return tuple(
            Finding(
                id=f"lifetime value, {row['customers']}",
                statement=self.text if at == 0 else f"Lifetime: {row['customers']}.",
                estimate=float(row["estimate"]), unit="amount", n=int(row["n"]),
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
                confidence_level=self.confidence_level,
            )
            for at, (_, row) in enumerate(rows.iterrows())
        )  # fmt: skip
