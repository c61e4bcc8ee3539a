"""What a comparison with and without a feature found, in words and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cxlib import _format
from cxlib.nps import _display, _words
from cxlib.result import Finding

COLUMNS = [
    "comparison", "n", "n_with", "n_without", "estimate", "std_error", "ci_lower",
    "ci_upper", "statistic", "df", "pvalue",
]  # fmt: skip
RAW = "raw"
BALANCED = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FeatureGap(_display.Bracketed):
    """The score with a feature less the score without it.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a comparison (raw, then adjusted for whom): n, n_with, n_without,
        estimate, std_error, ci_lower, ci_upper, statistic, df, pvalue. Rows for
        everybody and for those with it leave out what was trimmed.
    balance : pandas.DataFrame
        covariate, before and after: standardised mean differences, unadjusted and
        under the weights of the headline.
    headline : str
        `comparison` of the row that the sentence reports.
    e_value, e_value_ci : float
        Of the headline and of its interval's end nearest to zero.
    robustness, robustness_ci : float
        Share of the remaining variance of feature and answer that an unmeasured cause
        must explain to bring the headline, or its interval, to zero.
    trimmed : int
        Answers whose chance of having the feature is too near 0 or 1.
    n_unknown : int
        Valid answers without a known feature, left out.
    feature, label : str
    assigned : bool
        Whether the feature was assigned at random.
    confidence_level : float
    """

    balance: pd.DataFrame
    headline: str
    e_value: float
    e_value_ci: float
    robustness: float
    robustness_ci: float
    trimmed: int
    n_unknown: int
    feature: str
    label: str
    assigned: bool

    def row(self, comparison: str) -> dict[Any, Any]:
        """One comparison as a mapping."""
        return self.table[self.table["comparison"] == comparison].iloc[0].to_dict()

    @property
    def text(self) -> str:
        """The adjusted gap beside the raw one, balance and fragility."""
        if self.reason:
            return self.reason
        parts = (self._gap(), self._balance(), self._fragile(), self._left_out())
        return " ".join(part for part in parts if part)

    def _gap(self) -> str:
        raw, own = (self._size(self.row(c)) for c in (RAW, self.headline))
        what = "The effect of" if self.assigned else "The association with"
        why = (
            ""
            if self.assigned
            else " Whoever has it chose it or was chosen: this is an association, not "
            "an effect."
        )
        return (
            f"{what} {self.feature} on {self.label} is {own} after adjustment; the raw "
            f"gap is {raw}.{why}"
        )

    def _balance(self) -> str:
        before, after = (self.balance[c].abs() for c in ("before", "after"))
        off = self.balance.loc[after > BALANCED, "covariate"].tolist()
        told = (
            f"The groups differed by up to {before.max():.2f} standard deviations in a "
            f"covariate, {after.max():.2f} after adjustment"
        )
        return (
            f"{told}." if not off else f"{told}: not balanced in {_words.listing(off)}."
        )

    def _fragile(self) -> str:
        if self.assigned:
            return ""
        if self.e_value_ci == 1:
            return "Its interval holds zero, so no hidden cause is needed to undo it."
        share = _format.quantity(self.robustness_ci, "share")
        return (
            "To bring its interval to zero, an unmeasured cause would have to explain "
            f"{share} of what is left of {self.feature} and of the answer, or go with "
            f"each by a risk ratio of {self.e_value_ci:.2f} (E-value)."
        )

    def _left_out(self) -> str:
        known = (
            f"{_words.plural(self.n_unknown, 'answer')} without a known feature left "
            "out."
            if self.n_unknown
            else ""
        )
        few = (
            f"{_words.plural(self.trimmed, 'answer')} with hardly any counterpart: "
            "trimmed from the rows for everybody and for those with it."
            if self.trimmed
            else ""
        )
        return f"{known} {few}".strip()

    def _size(self, row: Mapping[Any, Any]) -> str:
        return _words.with_interval(
            row["estimate"], row["ci_lower"], row["ci_upper"],
            _format.difference_unit(self.unit), self.confidence_level, row["n"],
            signed=True,
        )  # fmt: skip

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The adjusted gap."""
        if self.reason:
            return ()
        row = self.row(self.headline)
        kind = "effect" if self.assigned else "association"
        name = f"{_words.plain_label(self.label)} {kind} {self.feature}"
        return (
            _words.finding(
                name, self._gap(), row, self.unit, row["n"], level=self.confidence_level
            ),
        )

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """The comparisons, then the balance of the covariates."""
        if self.reason:
            return ()
        t, b, gap = self.table, self.balance, _format.difference_unit(self.unit)
        pair = _display.numbers(t["n_with"], "count") + " / "
        return (
            {
                "comparison": t["comparison"],
                "n with / without": pair + _display.numbers(t["n_without"], "count"),
                f"gap in {self.label}": _display.with_ends(
                    t, "estimate", gap, signed=True
                ),
                "p": _display.pvalues(t["pvalue"]),
            },
            {
                "covariate": b["covariate"],
                "difference, SD": _display.numbers(b["before"], "score"),
                "after adjustment": _display.numbers(b["after"], "score"),
            },
        )
