"""Repeat purchases to come and their value as a reader sees them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cxlib import _format
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column
from cxlib.roi.worth._repeat_rows import ACTIVE, AGAIN, PURCHASES, VALUE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RepeatValues(Told):
    """Repeat purchases to come and what they are worth.

    Attributes
    ----------
    table : pandas.DataFrame
        quantity, n (customers), estimate, std_error, ci_lower, ci_upper, unit.
    parameters : pandas.DataFrame
        parameter, estimate, ci_lower, ci_upper; times in weeks.
    check : pandas.DataFrame
        repeats (until the split), n, weeks, estimate, std_error, ci_lower, ci_upper,
        actual, rel_error: purchases foretold for the time held back, and those made.
    reason : str
        Why there is no value, else empty.
    horizon, currency, confidence_level
        As asked.
    """

    parameters: pd.DataFrame
    check: pd.DataFrame
    reason: str
    horizon: int
    currency: str
    confidence_level: float

    @property
    def text(self) -> str:
        """Value or purchases to come; repeat buyers still active; how it foretold."""
        if self.reason:
            return f"Repeat purchases cannot be valued: {self.reason}."
        names = self.table["quantity"].tolist()
        lead = self._of(VALUE if VALUE in names else PURCHASES)
        return f"{lead} {self._active()}{self._held()}"

    def _active(self) -> str:
        every = self.table.set_index("quantity").loc[ACTIVE, "estimate"]
        return (
            f"{self._of(AGAIN)} Who bought once cannot have left in this model; with "
            f"them it is {_format.quantity(every, 'share')}."
        )

    def _of(self, name: str) -> str:
        row = self.table[self.table["quantity"] == name].iloc[0]
        size, unit = _format.quantity(row["estimate"], row["unit"]), row["unit"]
        if name == VALUE:
            size = _words.money(row["estimate"], self.currency)
        ends = _format.interval(
            row["ci_lower"], row["ci_upper"], unit,
            confidence_level=self.confidence_level,
        )  # fmt: skip
        told = {
            VALUE: f"A present customer is worth {size} of margin over "
            f"{_words.years(self.horizon)}",
            PURCHASES: f"A present customer will buy {size} times more in "
            f"{_words.years(self.horizon)}",
            AGAIN: f"Of the {row['n']:,} who bought again {size} are still active",
        }
        n = f", n = {row['n']:,} customers" if name != AGAIN else ""
        return f"{told[name]} ({ends}{n})."

    def _held(self) -> str:
        if self.check.empty:
            return ""
        row = self.check.iloc[0]
        ends = _format.ends(row["ci_lower"], row["ci_upper"], "count")
        off = _format.quantity(abs(row["rel_error"]), "share")
        side = "too few" if row["rel_error"] < 0 else "too many"
        inside = row["ci_lower"] <= row["actual"] <= row["ci_upper"]
        return (
            f" Held back as a test, the last {row['weeks']:.0f} weeks had "
            f"{row['actual']:,.0f} purchases; foretold were {row['estimate']:,.0f} "
            f"({ends[0]} to {ends[1]}), {off} {side}"
            f"{'' if inside else ' and more than chance: trust the value less'}."
        )

    @property
    def display(self) -> pd.DataFrame:
        """Quantities in words."""
        t = self.table
        units = t["unit"].tolist()
        cells = {
            name: [
                _format.number(value, unit)
                for value, unit in zip(t[name], units, strict=True)
            ]
            for name in ("estimate", "ci_lower", "ci_upper")
        }
        words = {"share": "%", "score": "purchases", "amount": self.currency}
        return pd.DataFrame(
            {
                "quantity": t["quantity"],
                "estimate": cells["estimate"],
                "interval": [
                    f"{low} to {high}"
                    for low, high in zip(
                        cells["ci_lower"], cells["ci_upper"], strict=True
                    )
                ],
                "unit": [words[unit] for unit in units],
                "customers": column(t["n"], "count"),
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Each quantity, and the total foretold."""
        return tuple(
            Finding(
                id=row["quantity"], statement=self.text, unit=row["unit"],
                estimate=float(row["estimate"]), ci_lower=float(row["ci_lower"]),
                ci_upper=float(row["ci_upper"]), n=int(row["n"]),
                confidence_level=self.confidence_level,
            )
            for _, row in self.table.iterrows()
        )  # fmt: skip
