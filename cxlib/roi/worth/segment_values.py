"""Values of a score point by segment as a reader sees them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cxlib import _format
from cxlib.errors import ArgumentError
from cxlib.estimate.heterogeneity import Heterogeneity
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, changes, column
from cxlib.roi.worth._segmented import MIN_CUSTOMERS, revalued
from cxlib.roi.worth._worth import Terms
from cxlib.roi.worth.value import PointValue

OWN, BORROWED, HIDDEN = "own and pooled", "from the others", "hidden (n < 10)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SegmentValues(Told):
    """Value of one score point held for a year by one customer, by segment.

    Attributes
    ----------
    table : pandas.DataFrame
        segment, n (customers), n_last (in the last period); own, own_std_error,
        own_ci_lower, own_ci_upper (the segment's customers alone); estimate,
        std_error, ci_lower, ci_upper (pooled); share_own (what its own customers count
        for), unit, reading, status, why (it has no own value); the highest pooled value
        first. Segments under 10 customers carry no number.
    overall : PointValue
        Of all customers.
    test : Heterogeneity or None
        Whether segments differ at all.
    tau, tau_ci : float, tuple of float
        Standard deviation of the segments' true values, with its interval.
    segment : str
        The column.
    moved : float
        Share of customers who change segment.
    reason : str
        Why there is nothing by segment, else empty.
    confidence_level : float
    """

    overall: PointValue
    test: Heterogeneity | None
    tau: float
    tau_ci: tuple[float, float]
    segment: str
    moved: float
    reason: str
    confidence_level: float
    own_terms: dict[str, Terms]

    def terms(self, segment: str) -> Terms:
        """Return what values a point in a segment, at its pooled value.

        Parameters
        ----------
        segment : str
            A segment shown in the table.

        Returns
        -------
        Terms
            The segment's own revenue, cost and retention, moved so that the value of a
            point has the pooled mean and standard error; of all customers where the
            segment has none of its own.
        """
        row = self._row(segment)
        base = self.own_terms.get(segment, self.overall.terms)
        if base is None or pd.isna(row["estimate"]):
            raise ArgumentError(
                f"segment '{segment}' has no value of a point: {row['status']}."
            )
        df = base.df if self.overall.terms is None else self.overall.terms.df
        return revalued(base, row["estimate"], row["std_error"], df=df)

    def customers(self, segment: str) -> int:
        """Return how many customers a segment has in the last period."""
        return int(self._row(segment)["n_last"])

    def _row(self, segment: str) -> pd.Series:
        found = self.table[self.table["segment"] == segment]
        if found.empty:
            names = ", ".join(f"'{name}'" for name in self.table["segment"])
            raise ArgumentError(
                f"`segment` is {segment!r}; use one of {names}."
                if names
                else f"`segment` is {segment!r} and there is none: {self.reason}."
            )
        return found.iloc[0]

    @property
    def valued(self) -> pd.DataFrame:
        """The rows that carry a value."""
        return self.table[self.table["estimate"].notna()]

    @property
    def text(self) -> str:
        """Highest and lowest segment, whether they differ at all, what is missing."""
        if self.reason:
            return f"A point has no value by segment: {self.reason}."
        rows = self.valued
        ends = [self._one(rows.iloc[0]), self._one(rows.iloc[-1])]
        return (
            f"By {_words.plain(self.segment)}, one score point held for a year "
            f"{self._verb()} {ends[0]}, the most, and {ends[1]}, the least; pooled. "
            f"{self._differ()}{self._missing()}"
        )

    def _verb(self) -> str:
        weak = (self.table["reading"] == "association").any()
        return "goes with" if weak else "is worth"

    def _one(self, row: pd.Series) -> str:
        size = _words.money(row["estimate"], self.overall.currency)
        ends = _words.interval(
            row["ci_lower"], row["ci_upper"], "amount",
            confidence_level=self.confidence_level,
        )  # fmt: skip
        return f"{size} in {row['segment']} ({ends}, n = {row['n']:,} customers)"

    def _differ(self) -> str:
        if self.test is None:
            return ""
        currency = self.overall.currency
        ends = _words.interval(
            *self.tau_ci, "amount", confidence_level=self.confidence_level
        )
        spread = (
            f"the standard deviation of the true values is "
            f"{_words.money(self.tau, currency)} ({ends})"
        )
        p = _format.pvalue(self.test.pvalue)
        if self.test.pvalue < 1 - self.confidence_level:
            return f"Segments differ by more than chance (p {p}); {spread}."
        whole = _words.money(self.overall.total["estimate"], currency)
        return (
            f"Chance alone explains the differences (p {p}; {spread}): plan with "
            f"{whole} for everybody unless a test says otherwise."
        )

    def _missing(self) -> str:
        lent = self.table[self.table["status"] == BORROWED]["segment"].tolist()
        hidden = int((self.table["status"] == HIDDEN).sum())
        parts = []
        if lent:
            parts.append(
                f" Not estimated, so taken from the others: {_words.listed(lent)}."
            )
        if hidden:
            parts.append(f" Hidden, under {MIN_CUSTOMERS} customers: {hidden:,}.")
        return "".join(parts)

    @property
    def display(self) -> pd.DataFrame:
        """Own and pooled value of each segment."""
        rows, currency = self.table, self.overall.currency
        own = rows[["own", "own_ci_lower", "own_ci_upper", "unit"]].set_axis(
            ["estimate", "ci_lower", "ci_upper", "unit"], axis=1
        )
        return pd.DataFrame(
            {
                _words.plain(self.segment): rows["segment"],
                "own value, interval": changes(own, currency),
                "pooled value, interval": changes(rows, currency).where(
                    rows["estimate"].notna(), rows["status"]
                ),
                "own counts for, %": column(rows["share_own"], "share", decimals=0),
                "customers": column(rows["n"], "count"),
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The pooled value of each segment."""
        return tuple(
            Finding(
                id=f"value of a score point, {self.segment} {row['segment']}",
                statement=f"One score point: {self._one(row)}, pooled.",
                estimate=float(row["estimate"]), unit="amount", n=int(row["n"]),
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
                confidence_level=self.confidence_level,
            )
            for _, row in self.valued.iterrows()
        )  # fmt: skip
