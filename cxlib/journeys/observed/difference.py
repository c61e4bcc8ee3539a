"""What a difference in differences found, in words and tables."""

from __future__ import annotations

import html
from dataclasses import dataclass

import pandas as pd

from cxlib.journeys import _words
from cxlib.result import Finding, Result

AGAINST, PERIODS = "against the others", "each period as one observation"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class DoubleChange(Result):
    """The change of a group less that of the others.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a choice, the reported one first: comparison, n, n_control, n_treatment
        (rows), control and treatment (change of the others, of the group), effect_size
        with std_error and interval, statistic, df, pvalue.
    series : pandas.DataFrame
        period, group, n, after, estimate, ci_lower, ci_upper.
    leads : pandas.DataFrame
        period, after, n, estimate, std_error, ci_lower, ci_upper, pvalue: the gap
        between the groups against the last period before.
    placebo : float
        p-value that the two moved alike before; NaN where that cannot be seen.
    claimed : bool
        Whether a change at the date is claimed.
    reasons : tuple of str
        What speaks against it.
    """

    series: pd.DataFrame
    leads: pd.DataFrame
    placebo: float
    n_before: int
    claimed: bool
    reasons: tuple[str, ...]
    metric: str
    treated: str
    at: str
    n_unknown: int
    confidence_level: float

    @property
    def text(self) -> str:
        """Both changes, their difference, and whether a change is claimed."""
        verdict = (
            f"Over {self.n_before} periods before the two moved alike: a change of "
            f"{self.treated} at {self.at} is what the data support."
            if self.claimed
            else f"No change at {self.at} is claimed: {_words.listed(self.reasons)}."
        )
        return f"{self._gap()} {verdict}"

    def _gap(self) -> str:
        row = self.table.iloc[0]
        half = (row["effect_size_ci_upper"] - row["effect_size_ci_lower"]) / 2
        own, others = (
            _words.change(row[c], self.unit, half) for c in ("treatment", "control")
        )
        found = _words.effect(
            row, self.unit, self.confidence_level, f", n = {int(row['n']):,}"
        )
        return (
            f"Not an experiment: from {self.at} on, {self.metric} of {self.treated} "
            f"changed by {own} and that of the others by {others}, a difference of "
            f"{found}."
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The difference of the two changes."""
        row = self.table.iloc[0]
        return (
            Finding(
                id=_words.slug(self.metric, "change", self.treated),
                statement=self.text, estimate=float(row["effect_size"]),
                unit={"share": "share_points"}.get(self.unit, self.unit),
                ci_lower=float(row["effect_size_ci_lower"]),
                ci_upper=float(row["effect_size_ci_upper"]), n=int(row["n"]),
                label=f"{self.metric}: {self.treated} against the others",
                confidence_level=self.confidence_level,
            ),
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = []
        for _, row in self.table.iterrows():
            half = (row["effect_size_ci_upper"] - row["effect_size_ci_lower"]) / 2
            shown.append(
                {
                    "choice": row["comparison"],
                    f"change of {self.treated}": _words.fixed(
                        _words.change(row["treatment"], self.unit, half)
                    ),
                    "of the others": _words.fixed(
                        _words.change(row["control"], self.unit, half)
                    ),
                    "difference": _words.effect(
                        row, self.unit, self.confidence_level, ""
                    ),
                    "rows, others / group": _words.pair(row),
                }
            )
        table = pd.DataFrame(shown).to_html(index=False, border=0, classes="cx")
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>{table}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )
