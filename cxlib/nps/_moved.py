"""What weighting did to a score: rows before, after and their difference; words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _format
from cxlib.estimate import Estimate
from cxlib.nps import _balance, _display, _words
from cxlib.result import Finding

MOVED = "moved by"
WEAK = 0.4
_SUFFIX = {"points": " points", "share": " percentage points"}
COLUMNS = [
    "measure", "n", "estimate", "std_error", "std_error_fixed", "ci_lower", "ci_upper",
    "n_eff", "deff", "unit",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Weighted(_display.Told):
    """A score before and after weighting.

    Attributes
    ----------
    table : pandas.DataFrame
        measure, n, estimate, std_error, std_error_fixed, ci_lower, ci_upper, n_eff,
        deff, unit; three rows: the score before, after, and what weighting moved.
        `std_error` allows for weights that were made from these answers,
        `std_error_fixed` takes them as given.
    weights : pandas.Series
        One weight a row of the responses, by their index; NaN without a valid answer.
    balance : pandas.DataFrame
        variable, level, n, before, after, target, smd_before, smd_after (standardised
        differences from the target), unit, status.
    overall, before : Estimate or None
        The weighted score, and the one before.
    kish : float
        Kish's effective n of the weights.
    label : str
        What the score is called.
    """

    weights: pd.Series
    balance: pd.DataFrame
    overall: Estimate | None
    before: Estimate | None
    kish: float
    label: str

    @property
    def efficiency(self) -> float:
        """Kish's effective n as a share of the answers."""
        return self.kish / self.overall.n if self.overall else float("nan")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The weighted score, and what weighting moved."""
        if self.overall is None:
            return ()
        name, new = _words.plain_label(self.label), self.overall
        told = _words.estimate_text(new, self.unit)
        moved = {str(k): v for k, v in self.table.iloc[2].to_dict().items()}
        return (
            Finding(
                id=f"{name} weighted", statement=f"{self.label} weighted is {told}.",
                estimate=new.estimate, ci_lower=new.ci_lower, ci_upper=new.ci_upper,
                unit=self.unit, n=new.n, confidence_level=new.confidence_level,
            ),
            _words.finding(
                f"{name} moved by weights", self.moved_text, moved, self.unit, new.n,
                level=new.confidence_level,
            ),
        )  # fmt: skip

    @property
    def moved_text(self) -> str:
        """By how much weights moved the score, from what to what."""
        if self.overall is None or self.before is None:
            return self.reason
        row = self.table.iloc[2]
        size = _words.with_interval(
            row["estimate"], row["ci_lower"], row["ci_upper"], str(row["unit"]),
            self.overall.confidence_level, signed=True,
        )  # fmt: skip
        old = _format.quantity(self.before.estimate, self.unit)
        new = _words.estimate_text(self.overall, self.unit)
        return f"Weights moved {self.label} by {size}, from {old} to {new}."

    @property
    def precision_text(self) -> str:
        """What the weights cost, and the two standard errors."""
        if self.overall is None:
            return ""
        keep = _format.quantity(self.efficiency, "share")
        n_eff = _format.count(self.kish)
        row = self.table.iloc[1]
        own, fixed = (
            _format.number(row[name], self.unit, decimals=2)
            for name in ("std_error", "std_error_fixed")
        )
        weak = (
            " That is under 40 %: trim them, or balance on fewer levels."
            if self.efficiency < WEAK
            else ""
        )
        deff = _format.number(1 / self.efficiency)
        return (
            f"They are worth {n_eff} equally weighted answers ({keep} of the answers, "
            f"design effect of weighting {deff}).{weak} Standard error {own}"
            f"{_SUFFIX.get(self.unit, '')}, or {fixed} with the weights taken as fixed."
        )

    @property
    def shown(self) -> tuple[_display.Columns, ...]:
        """The scores, then the balance."""
        if self.overall is None:
            return ()
        t = self.table
        scores = {
            "": t["measure"],
            f"{self.label}{_display.unit_word(self.unit)}": _display.with_ends(
                t, "estimate", t["unit"]
            ),
            "n": _display.numbers(t["n"], "count"),
            "effective n": _display.numbers(t["n_eff"], "count"),
            "standard error": _display.numbers(t["std_error"], t["unit"], decimals=2),
            "with fixed weights": _display.numbers(
                t["std_error_fixed"], t["unit"], decimals=2
            ),
        }
        return (scores, _balance.shown(self.balance, self.aim))

    @property
    def aim(self) -> str:
        """What the weighted answers are held against."""
        return "target"

    @property
    def footnote(self) -> str:
        """What stands in brackets, what 'apart' is, and the method."""
        level = self.overall.confidence_level if self.overall else 0.95
        return (
            f"{_display.brackets(level)} Apart: distance from the {self.aim} in "
            f"standard deviations; beyond ±{_balance.WIDE:g} deserves a look. "
            f"{self.method}"
        )


def rows(
    found: Mapping[str, tuple[Estimate, float]], gap: tuple[float, float], unit: str
) -> pd.DataFrame:
    """The three rows of `Weighted.table`.

    `found` maps the two measures to their estimate and fixed-weight standard error;
    `gap` is the standard error and df of what moved, in the score's unit.
    """
    (_, old), (_, new) = found.items()
    level = new[0].confidence_level
    half = float(stats.t.isf((1 - level) / 2, gap[1])) * gap[0]
    moved = new[0].estimate - old[0].estimate
    table = [
        {"measure": name, **one.as_row(), "std_error_fixed": fixed, "unit": unit}
        for name, (one, fixed) in found.items()
    ]
    table.append(
        {
            "measure": MOVED, "n": new[0].n, "estimate": moved, "std_error": gap[0],
            "std_error_fixed": np.nan, "ci_lower": moved - half,
            "ci_upper": moved + half, "unit": _format.difference_unit(unit),
        }
    )  # fmt: skip
    return pd.DataFrame(table, columns=COLUMNS)
