"""Whether the score comes before the money, or after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxlib.errors import DataError
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, changes, column, plain
from cxlib.roi.regressions._design import Prepared, prepare, select, solve
from cxlib.roi.regressions._spec import Specification
from cxlib.roi.regressions.outcomes import Fits, each
from cxlib.roi.regressions.regression import Fit, coefficients, refusal


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Placebo(Told):
    """What the score of the next period "does" to the outcome of this one.

    Attributes
    ----------
    table : pandas.DataFrame
        outcome, term ('score, lag 1', …, the lead last), lag, n, estimate, std_error,
        ci_lower, ci_upper, pvalue, unit, std_estimate, std_ci_lower, std_ci_upper
        (outcome standard deviations per standard deviation of the score, both within
        customers).
    verdicts : dict
        Outcome to 'silent', 'loud', 'too noisy' or 'not possible'.
    reasons : dict
        Outcome to why it was not possible.
    n_customers : dict
        Outcome to the customers behind it.
    """

    verdicts: dict[str, str]
    reasons: dict[str, str]
    n_customers: dict[str, int]
    confidence_level: float
    currency: str

    @property
    def text(self) -> str:
        """The verdict on every outcome, with the lead's size and interval."""
        if not self.verdicts:
            return "No outcome was estimated, so there is no placebo to run."
        return " ".join(self._sentence(outcome) for outcome in self.verdicts)

    def _sentence(self, outcome: str) -> str:
        verdict, name = self.verdicts[outcome], _words.started(outcome)
        if verdict == "not possible":
            return f"{name}: the placebo cannot be run, {self.reasons[outcome]}."
        row = self.table[
            (self.table["outcome"] == outcome) & (self.table["lag"] == -1)
        ].iloc[0]
        size = _words.change(row["estimate"], row["unit"], self.currency)
        ends = _words.interval(
            row["ci_lower"], row["ci_upper"], row["unit"],
            confidence_level=self.confidence_level,
        )  # fmt: skip
        told = {
            "silent": "next period's score does not predict this period's value",
            "loud": "next period's score predicts this period's value, so the money "
            "(or something behind both) moves the score",
            "too noisy": "the placebo cannot tell: its interval holds both zero and "
            "the estimate itself",
        }[verdict]
        n = f"n = {self.n_customers[outcome]:,} customers"
        return f"{name}: {told} ({size} a point, {ends}, {n})."

    @property
    def display(self) -> pd.DataFrame:
        """Coefficients by lag, in words."""
        if self.table.empty:
            return self.table
        return pd.DataFrame(
            {
                "outcome": plain(self.table["outcome"]),
                "score taken": self.table["term"],
                "per point, interval": changes(self.table, self.currency),
                "rows": column(self.table["n"], "count"),
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The lead's coefficient for each outcome."""
        rows = self.table[self.table["lag"] == -1] if len(self.table) else self.table
        return tuple(
            Finding(
                id=f"placebo lead on {row['outcome']}",
                statement=self._sentence(row["outcome"]),
                estimate=float(row["estimate"]),
                unit=row["unit"], ci_lower=float(row["ci_lower"]),
                ci_upper=float(row["ci_upper"]), n=self.n_customers[row["outcome"]],
            )
            for _, row in rows.iterrows()
        )  # fmt: skip


def placebo_lead(periods: pd.DataFrame, fits: Fit | Fits) -> Placebo:
    """Test that next period's score does not predict this period's outcome.

    Always run it: a score cannot move money that was spent before it was given, so a
    coefficient on the lead says that money moves the score, or that something moves
    both.

    Parameters
    ----------
    periods : pandas.DataFrame
        The rows that were fitted.
    fits : Fit or Fits
        Their regressions; model, lag, drivers and clusters are taken from these.

    Returns
    -------
    Placebo

    Notes
    -----
    The outcome is regressed on the score one period ahead, at every lag from 0 to the
    one in use, and on the drivers, with the same effects and errors. Holding the
    present score constant keeps a lasting score from making the lead loud. Verdict:
    loud where the interval of the lead leaves out zero; silent where it holds zero
    and leaves out the estimate at the lag in use; too noisy where it holds both.
    Not possible where customers leave for good (who leaves has no next score) and in
    a cross-section. A true null is called loud at the rate 1 - `confidence_level`.

    References
    ----------
    Granger, C. W. J. (1969). Investigating causal relations by econometric models.
    Econometrica 37, 424-438. doi:10.2307/1912791. Rothstein, J. (2010). Teacher
    quality in educational production. Quarterly Journal of Economics 125, 175-214.
    doi:10.1162/qjec.2010.125.1.175

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(300, rng=1)
    >>> placebo_lead(panel, roi.fit(panel, "revenue")).verdicts
    {'revenue': 'silent'}
    """
    tables, verdicts, reasons, customers = [], {}, {}, {}
    fitted = each(fits)
    for one in fitted:
        name = one.spec.outcome
        try:
            tables.append(_leads(periods, one.spec))
        except DataError as error:
            verdicts[name], reasons[name] = "not possible", refusal(error).rstrip(".")
            continue
        verdicts[name] = _verdict(tables[-1], one)
        customers[name] = int(tables[-1].attrs["customers"])
    return Placebo(
        table=pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(),
        unit="amount", method="Outcome on the score one period ahead, now and before, "
        "with the effects, drivers and clusters of the main regression.",
        verdicts=verdicts, reasons=reasons, n_customers=customers,
        confidence_level=fitted[0].spec.confidence_level if fitted else 0.95,
        currency=fitted[0].spec.currency if fitted else "",
    )  # fmt: skip


def _leads(periods: pd.DataFrame, spec: Specification) -> pd.DataFrame:
    prepared = prepare(periods, spec)
    _check_possible(prepared)
    lags = [lag for lag in range(spec.lag, -2, -1) if lag != spec.lag]
    rows = select(prepared, extra=tuple((_label(spec, lag), lag) for lag in lags))
    solved = solve(prepared, rows)
    table = coefficients(rows, solved, spec.confidence_level)
    every = {spec.score: spec.lag} | {_label(spec, lag): lag for lag in lags}
    table = table[table["term"].isin(every)].assign(
        lag=lambda t: t["term"].map(every), outcome=spec.outcome, unit=prepared.unit
    )
    table["term"] = [_label(spec, lag) for lag in table["lag"]]
    ratio = _within_sd(rows.x[:, 0], rows.entity) / _within_sd(rows.y, rows.entity)
    for name in ("estimate", "ci_lower", "ci_upper"):
        table[f"std_{name}"] = table[name] * ratio
    names = [
        "outcome",
        "term",
        "lag",
        "n",
        "estimate",
        "std_error",
        "ci_lower",
        "ci_upper",
    ]
    names += ["pvalue", "unit", "std_estimate", "std_ci_lower", "std_ci_upper"]
    found = table[names].reset_index(drop=True)
    found.attrs["customers"] = solved.n_entities
    return found


def _check_possible(prepared: Prepared) -> None:
    if prepared.long.single_period:
        raise DataError("every customer is seen in one period only")
    if prepared.leaving is not None:
        raise DataError("who leaves has no next score")


def _label(spec: Specification, lag: int) -> str:
    return f"{spec.score}, one ahead" if lag < 0 else f"{spec.score}, lag {lag}"


def _within_sd(values: np.ndarray, codes: np.ndarray) -> float:
    means = np.bincount(codes, values) / np.bincount(codes)
    return float(np.std(values - means[codes])) or 1.0


def _verdict(table: pd.DataFrame, fit: Fit) -> str:
    lead = table[table["lag"] == -1].iloc[0]
    low, high = float(lead["ci_lower"]), float(lead["ci_upper"])
    if low > 0 or high < 0:
        return "loud"
    return "too noisy" if low <= fit.row["estimate"] <= high else "silent"
