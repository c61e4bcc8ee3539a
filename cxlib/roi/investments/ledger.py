"""What initiatives would claim twice, and who is credited instead."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cxlib import _format
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Ledger(Told):
    """What is taken out of the sum of all initiatives, each done alone.

    Attributes
    ----------
    table : pandas.DataFrame
        initiative, credited_to (the initiative or the limit that it loses to), driver,
        removed_amount (mean, discounted), share_removed (of all that is taken out);
        the largest first.
    gross_amount : float
        Discounted gain, before costs, of all initiatives as if each were alone.
    overlap : str
        As simulated.
    currency : str
    """

    gross_amount: float
    overlap: str
    currency: str

    @property
    def total(self) -> float:
        """All that is taken out."""
        return float(self.table["removed_amount"].sum())

    @property
    def text(self) -> str:
        """The gain of all, what is taken out of it, and its largest parts."""
        if self.table.empty:
            return (
                "Nothing is taken out: overlap was not looked for."
                if self.overlap == "none"
                else "Nothing is counted twice: no customer is reached on one driver "
                "by two initiatives that help, and no limit is met."
            )
        share = _format.quantity(self.total / self.gross_amount, "share")
        within = f" ({share})" if self.gross_amount > 0 else ""
        parts = [self._said(row) for _, row in self.table.head(2).iterrows()]
        rest = len(self.table) - len(parts)
        more = f", and {rest} smaller" if rest else ""
        return (
            f"Of the {self._money(self.gross_amount)} that the initiatives would gain "
            f"alone, before costs, {self._money(self.total)}{within} is taken out: "
            f"{'; '.join(parts)}{more}."
        )

    def _said(self, row: pd.Series) -> str:
        size = self._money(row["removed_amount"])
        if not row["driver"]:
            return f"{size} of {row['initiative']}, beyond {row['credited_to']}"
        return (
            f"{size} that {row['initiative']} would claim of customers credited to "
            f"{row['credited_to']}"
        )

    def _money(self, value: float) -> str:
        return _words.money(value, self.currency)

    @property
    def display(self) -> pd.DataFrame:
        """The ten largest, in words."""
        rows = self.table.head(10)
        return pd.DataFrame(
            {
                "initiative": rows["initiative"],
                "credited to": rows["credited_to"],
                "driver": rows["driver"].where(rows["driver"] != "", _format.MISSING),
                "taken out": column(rows["removed_amount"], "amount"),
                "share of it": column(rows["share_removed"], "share") + "\u00a0%",
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that is taken out."""
        return (
            Finding(
                id="counted twice", statement=self.text, estimate=self.total,
                unit="amount",
            ),
        )  # fmt: skip
