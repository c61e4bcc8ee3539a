"""Observed against fitted means: whether a model holds for small and large alike."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cxlib import _checks, _format
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column, levels, plain
from cxlib.roi.regressions._design import curved, prepare, select
from cxlib.roi.regressions._goodness import by_tenth
from cxlib.roi.regressions._spec import CURVED
from cxlib.roi.regressions.outcomes import Fits, each
from cxlib.roi.regressions.regression import Fit

MIN_N = 10
_VALUES = ["estimate", "std_error", "ci_lower", "ci_upper"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Calibration(Told):
    """Mean outcome by tenth of what the model fitted.

    Attributes
    ----------
    table : pandas.DataFrame
        outcome, tenth, n, fitted, estimate (mean observed), std_error, ci_lower,
        ci_upper, df, unit; blank under 10 rows.
    """

    confidence_level: float
    currency: str

    @property
    def text(self) -> str:
        """The highest tenth of each outcome, and how many intervals hold the fitted."""
        if self.table.empty:
            return (
                "No outcome was fitted by a model whose form could be wrong in this "
                "way."
            )
        return " ".join(
            self._sentence(str(name), rows)
            for name, rows in self.table.groupby("outcome", sort=False)
        )

    def _sentence(self, outcome: str, rows: pd.DataFrame) -> str:
        seen = rows[rows["estimate"].notna()]
        if seen.empty:
            return f"{_words.started(outcome)}: no group has {MIN_N} rows."
        last = seen.iloc[-1]
        held = (seen["ci_lower"] <= seen["fitted"]) & (
            seen["fitted"] <= seen["ci_upper"]
        )
        ends = _format.interval(
            last["ci_lower"], last["ci_upper"], last["unit"],
            confidence_level=self.confidence_level,
        )  # fmt: skip
        fitted, observed = (
            self._sized(last[c], str(last["unit"])) for c in ("fitted", "estimate")
        )
        return (
            f"{_words.started(outcome)}: the group with the highest fitted mean, "
            f"{fitted}, had {observed} ({ends}, n = {last['n']:,}); the interval "
            f"holds the fitted mean in {int(held.sum())} of {len(seen)} groups."
        )

    def _sized(self, value: float, unit: str) -> str:
        if unit == "share":
            return _format.quantity(value, "share")
        return _words.money(value, self.currency if unit == "amount" else "")

    @property
    def display(self) -> pd.DataFrame:
        """Groups in words."""
        if self.table.empty:
            return self.table
        units = self.table["unit"].tolist()
        fitted = [
            _format.number(value, unit)
            for value, unit in zip(self.table["fitted"].tolist(), units, strict=True)
        ]
        return pd.DataFrame(
            {
                "outcome": plain(self.table["outcome"]),
                "tenth of the fitted": self.table["tenth"], "mean fitted": fitted,
                "mean observed, interval": levels(self.table),
                "rows": column(self.table["n"], "count"),
            }
        )  # fmt: skip

    @property
    def findings(self) -> tuple[Finding, ...]:
        """None: it is a check."""
        return ()


def calibration(
    periods: pd.DataFrame, fits: Fit | Fits, *, confidence_level: float = 0.95
) -> Calibration:
    """Compare observed with fitted means by tenth of the fitted.

    Use it beside `diagnose` to see where a model of money, counts or leaving is off.
    Straight lines have no rows here.

    Parameters
    ----------
    periods : pandas.DataFrame
        The rows that were fitted.
    fits : Fit or Fits
    confidence_level : float

    Returns
    -------
    Calibration

    Notes
    -----
    Rows are cut at the tenths of their fitted means (fewer where these are tied). The
    interval is that of the observed mean about the fitted, clustered, t on the group's
    clusters less one; it takes the fitted means as known.

    References
    ----------
    Hosmer, D. W. and Lemeshow, S. (1980). Communications in Statistics A9, 1043-1069.
    doi:10.1080/03610928008827941

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(200, rng=1)
    >>> calibration(panel, roi.fit(panel, "retained")).table["tenth"].max().item()
    10
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    fitted = [f for f in each(fits) if f.spec.model in {*CURVED, "logit"}]
    tables = [_of(periods, fit, confidence_level) for fit in fitted]
    return Calibration(
        table=pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(),
        unit="amount", confidence_level=confidence_level,
        currency=fitted[0].spec.currency if fitted else "",
        method="Rows cut at the tenths of their fitted means; clustered errors of the "
        "observed means.",
    )  # fmt: skip


def _of(periods: pd.DataFrame, fit: Fit, confidence_level: float) -> pd.DataFrame:
    prepared = prepare(periods, fit.spec)
    problem = curved(prepared, select(prepared), "CR0")
    table = by_tenth(problem, confidence_level=confidence_level)
    table.loc[table["n"] < MIN_N, _VALUES] = float("nan")
    table.insert(0, "outcome", fit.spec.outcome)
    return table.assign(unit=fit.unit)
