"""What a comparison of users who chose themselves found, in words and tables."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from cxlib import _format
from cxlib.journeys import _words
from cxlib.journeys.observed._strength import Strength
from cxlib.result import Finding, Result

Verdict = Literal["effect", "association", "not compared"]
RAW = "raw"
BALANCED = 0.1
WHOM = {
    "overlap": "those who might as well have it as not", "all": "everybody",
    "treated": "those with it",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Association(Result):
    """The outcome of users with something less that of users without, adjusted.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a comparison (raw; adjusted for everybody, for those with it and for
        those who might as well have it as not): n, n_control, n_treatment, control,
        treatment, effect_size with std_error and interval, statistic, df, pvalue.
    verdict : {"effect", "association", "not compared"}
    reasons : tuple of str
        What speaks against the word effect, or against comparing at all.
    overlap : pandas.DataFrame
        low, high, n_with, n_without: users by their chance of having it.
    balance : pandas.DataFrame
        covariate, before, after: standardised mean differences.
    benchmarks : pandas.DataFrame
        covariate, exposure_r2, outcome_r2, and the estimate with interval that a
        hidden cause as strong would leave; the strongest first.
    strength : Strength
        e_value, e_value_ci, robustness, robustness_ci.
    headline : str
        `comparison` of the row that the sentence reports.
    share_trimmed : float
        Of the users that the headline is about.
    n_unknown : int
        Users without a known exposure or outcome.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    overlap: pd.DataFrame
    balance: pd.DataFrame
    benchmarks: pd.DataFrame
    strength: Strength
    headline: str
    estimand: str
    exposure: str
    metric: str
    covariates: tuple[str, ...]
    bound: float
    share_trimmed: float
    n_unknown: int
    confidence_level: float

    def row(self, comparison: str) -> pd.Series:
        """One comparison."""
        return self.table[self.table["comparison"] == comparison].iloc[0]

    @property
    def text(self) -> str:
        """The adjusted gap beside the raw one, its word, and how fragile it is."""
        if self.verdict == "not compared":
            return (
                f"Not an experiment, and users with and without {self.exposure} cannot "
                f"be compared on {self.metric}: {_words.listed(self.reasons)}."
            )
        parts = (self._gap(), self._word(), self._fragile(), self._benchmark())
        return " ".join(part for part in parts if part)

    def _gap(self) -> str:
        row, raw = self.row(self.headline), self.row(RAW)
        found = _words.effect(
            row, self.unit, self.confidence_level, f", n = {int(row['n']):,}"
        )
        start = (
            f"The effect of {self.exposure} on {self.metric}"
            if self.verdict == "effect"
            else f"Not an experiment: the difference in {self.metric} that remains "
            f"with {self.exposure}"
        )
        half = abs(raw["effect_size_ci_upper"] - raw["effect_size_ci_lower"]) / 2
        return (
            f"{start}, among {WHOM[self.estimand]}, is {found} after adjustment for "
            f"{_words.listed(self.covariates)}; the raw difference is "
            f"{_words.change(raw['effect_size'], self.unit, half)}."
        )

    def _word(self) -> str:
        if self.verdict == "effect":
            return ""
        return f"An association, not an effect: {_words.listed(self.reasons)}."

    def _fragile(self) -> str:
        found = self.strength
        if found.robustness_ci == 0:
            return "Its interval holds zero, so no hidden cause is needed to undo it."
        share = _format.quantity(found.robustness_ci, "share")
        return (
            "To bring its interval to zero a hidden cause would have to explain "
            f"{share} of what is left of both {self.exposure} and {self.metric}, or go "
            f"with each by a risk ratio of {found.e_value_ci:.2f} (E-value)."
        )

    def _benchmark(self) -> str:
        known = self.benchmarks.dropna(subset=["estimate"])
        if known.empty or self.strength.robustness_ci == 0:
            return ""
        row = known.iloc[0]
        half = (row["ci_upper"] - row["ci_lower"]) / 2
        left = _words.change(row["estimate"], self.unit, half)
        ends = _words.ends(row["ci_lower"], row["ci_upper"], self.unit)
        return f"One as strong as {row['covariate']} would leave {left} ({ends})."

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The adjusted difference; without a number where nothing can be compared."""
        name = _words.slug(self.metric, "with", self.exposure)
        label = f"{self.metric} with {self.exposure}"
        if self.verdict == "not compared":
            return (
                Finding(
                    id=name, statement=self.text, estimate=None, unit=self.unit,
                    label=label,
                ),
            )  # fmt: skip
        row = self.row(self.headline)
        return (
            Finding(
                id=name, statement=f"{self._gap()} {self._word()}".strip(),
                estimate=float(row["effect_size"]),
                unit={"share": "share_points"}.get(self.unit, self.unit),
                ci_lower=float(row["effect_size_ci_lower"]),
                ci_upper=float(row["effect_size_ci_upper"]), n=int(row["n"]),
                label=label,
                confidence_level=self.confidence_level,
            ),
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = pd.DataFrame([self._shown(r) for r in self.table.to_dict("records")])
        facts = pd.DataFrame(
            {
                "covariate": self.balance["covariate"],
                "apart before": [_format.number(v) for v in self.balance["before"]],
                "after": [_format.number(v) for v in self.balance["after"]],
            }
        )
        tables = "".join(
            one.to_html(index=False, border=0, classes="cx") for one in (shown, facts)
        )
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>{tables}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )

    def _shown(self, row: Mapping[Any, Any]) -> dict[str, str]:
        named = pd.Series(
            dict(row) | {"control_arm": "without", "treatment_arm": "with"}
        )
        cells = _words.cells(named, self.unit, self.confidence_level, several=False)
        renamed = {k.replace("in with", "with").replace("in without", "without"): v
                   for k, v in cells.items()}  # fmt: skip
        return {
            "comparison": str(row["comparison"]), **renamed,
            "without / with": _words.pair(named),
        }  # fmt: skip
