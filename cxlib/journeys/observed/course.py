"""What an interrupted series found, in words and tables."""

from __future__ import annotations

import html
from dataclasses import dataclass

import pandas as pd

from cxlib.journeys import _words
from cxlib.result import Finding, Result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Course(Result):
    """A series after a date against the course it was on.

    Attributes
    ----------
    table : pandas.DataFrame
        One row: n, n_control and n_treatment (rows before and after), control (the
        course that would have gone on, mean after the date), treatment (what came),
        effect_size with std_error and interval, statistic, df, pvalue.
    series : pandas.DataFrame
        period, after, n, estimate, fitted, expected with ci_lower and ci_upper.
    cuts : pandas.DataFrame
        period, estimate, statistic of every placebo cut before the date.
    claimed : bool
        Whether a change at the date is claimed.
    reasons : tuple of str
        What speaks against it.
    """

    series: pd.DataFrame
    cuts: pd.DataFrame
    claimed: bool
    reasons: tuple[str, ...]
    metric: str
    at: str
    every: str
    statistic: float
    confidence_level: float

    @property
    def text(self) -> str:
        """What came, what would have come, and whether a change is claimed."""
        larger = int((self.cuts["statistic"].abs() >= abs(self.statistic)).sum())
        placebo = (
            f"Of {len(self.cuts)} placebo {'cut' if len(self.cuts) == 1 else 'cuts'} "
            f"in the time before, {larger} "
            f"{'is' if larger == 1 else 'are'} as large."
            if len(self.cuts)
            else ""
        )
        verdict = (
            f"A change at {self.at} is what the series supports."
            if self.claimed
            else f"No change at {self.at} is claimed: {_words.listed(self.reasons)}."
        )
        return " ".join(part for part in (self._gap(), placebo, verdict) if part)

    def _gap(self) -> str:
        row = self.table.iloc[0]
        treatment, control = _words.arms(row, self.unit)
        periods = len(self.series)
        found = _words.effect(
            row, self.unit, self.confidence_level,
            f", n = {int(row['n']):,} in {periods} periods",
        )  # fmt: skip
        return (
            f"Not an experiment: from {self.at} on, {self.metric} was {treatment} "
            f"where its own course led to {control}, {found}."
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The distance from the course."""
        row = self.table.iloc[0]
        return (
            Finding(
                id=_words.slug(self.metric, "against its course"),
                statement=self.text, estimate=float(row["effect_size"]),
                unit={"share": "share_points"}.get(self.unit, self.unit),
                ci_lower=float(row["effect_size_ci_lower"]),
                ci_upper=float(row["effect_size_ci_upper"]), n=int(row["n"]),
                label=f"{self.metric} against its own course",
                confidence_level=self.confidence_level,
            ),
        )  # fmt: skip

    def _repr_html_(self) -> str:
        row = self.table.iloc[0]
        treatment, control = _words.arms(row, self.unit)
        shown = pd.DataFrame(
            [
                {
                    "as it came": treatment, "by its own course": control,
                    "difference": _words.effect(
                        row, self.unit, self.confidence_level, ""
                    ),
                    "rows, before / after": _words.pair(row),
                }
            ]
        )  # fmt: skip
        table = shown.to_html(index=False, border=0, classes="cx")
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>{table}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )
