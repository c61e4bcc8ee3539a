"""What an interrupted series found, in words and tables."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cxlib import _format
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told

MEAN, LEVEL, SLOPE = "mean after the date", "at once", "more each period after"
RELATIVE = "relative"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Interruption(Told):
    """A series after a date against the course it was on.

    Attributes
    ----------
    table : pandas.DataFrame
        part (the mean distance from the course, its break of level, of slope), n
        (periods after), estimate, std_error, ci_lower, ci_upper, statistic, df,
        pvalue, unit. Fractions, where the logarithm was taken.
    coefficients : pandas.DataFrame
        term, estimate, std_error of the regression as it was fitted.
    worth : pandas.DataFrame
        what, n, estimate, ci_lower, ci_upper, unit: money, empty without a margin.
    series : pandas.DataFrame
        period, after, n, estimate, fitted, expected, ci_lower, ci_upper.
    cuts : pandas.DataFrame
        period, estimate, statistic of every placebo date.
    durbin_watson : float
        2 where the residuals have no memory of the period before.
    """

    coefficients: pd.DataFrame
    worth: pd.DataFrame
    series: pd.DataFrame
    cuts: pd.DataFrame
    durbin_watson: float
    claimed: bool
    reasons: tuple[str, ...]
    reason: str
    outcome: str
    at: str
    period: str
    currency: str
    confidence_level: float

    @property
    def main(self) -> pd.Series:
        """The row of the mean distance."""
        return self.table.iloc[0]

    @property
    def statistic(self) -> float:
        """Of the mean distance, in standard errors."""
        return float(self.main["statistic"]) if len(self.table) else float("nan")

    @property
    def text(self) -> str:
        """Size, interval and n; the placebo dates; money; whether it is claimed."""
        if self.reason:
            return f"No series to follow: {self.reason}."
        row = self.main
        verdict = (
            f"A change at {self.at} is what the series supports."
            if self.claimed
            else f"No change at {self.at} is claimed: "
            f"{_words.listed(list(self.reasons))}."
        )
        parts = (
            f"Not an experiment. From {self.at} on, {_words.plain(self.outcome)} lay "
            f"{self.change(row)} off the course it was on ({self.ends(row)}, n = "
            f"{int(row['n'])} {self.period}s after {self._before()}).",
            self._placebo(), self._money(), verdict,
        )  # fmt: skip
        return " ".join(part for part in parts if part)

    def _before(self) -> str:
        return f"{int((~self.series['after']).sum())} before"

    def _placebo(self) -> str:
        if not len(self.cuts):
            return ""
        larger = int((self.cuts["statistic"].abs() >= abs(self.statistic)).sum())
        one = len(self.cuts) == 1
        return (
            f"Of {len(self.cuts)} placebo {'date' if one else 'dates'} before, "
            f"{larger} {'is' if larger == 1 else 'are'} as large."
        )

    def _money(self) -> str:
        if self.worth.empty:
            return ""
        row = self.worth.iloc[-1]
        return (
            f"In money, {_words.money(row['estimate'], self.currency, signed=True)} "
            f"so far ({self.ends(row)})."
        )

    def change(self, row: pd.Series) -> str:
        """One row's size in words."""
        if row["unit"] == RELATIVE:
            return f"{_format.number(row['estimate'], 'share', signed=True)} %"
        unit = str(row["unit"])
        currency = self.currency if unit == "amount" else ""
        return _words.change(row["estimate"], unit, currency)

    def ends(self, row: pd.Series) -> str:
        """One row's interval in words."""
        return _words.interval(
            row["ci_lower"], row["ci_upper"],
            "share" if row["unit"] == RELATIVE else str(row["unit"]),
            confidence_level=self.confidence_level,
        )  # fmt: skip

    @property
    def display(self) -> pd.DataFrame:
        """Mean distance, break of level and of slope, money."""
        if self.reason:
            return pd.DataFrame()
        money = self.worth.rename(columns={"what": "part"}).iloc[-1:]
        rows = pd.concat([self.table, money], ignore_index=True)
        texts = [
            f"{self.change(row)} ({self.ends(row).partition('CI ')[2]})"
            for _, row in rows.iterrows()
        ]
        return pd.DataFrame(
            {"distance from its course": rows["part"], "size, interval": texts}
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The money where there is a margin, then the mean distance."""
        if self.reason:
            return ()
        rows = [(f"{self.outcome}_against_its_course", self.main, self.text)]
        if len(self.worth):
            found = self.worth.iloc[-1]
            rows.insert(0, (f"{self.outcome}_money", found, self._money()))
        units = {"share": "share_points", RELATIVE: "share"}
        return tuple(
            Finding(
                id=name, statement=told, estimate=float(row["estimate"]),
                unit=units.get(str(row["unit"]), str(row["unit"])),
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
                n=len(self.series), label=_words.plain(name),
                confidence_level=self.confidence_level,
            )
            for name, row, told in rows
        )  # fmt: skip
