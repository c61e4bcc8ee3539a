"""Whether the score comes before the money, or after it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cxlib.errors import ArgumentError, DataError
from cxlib.estimate.joint import Joint, wald
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, changes, column, plain
from cxlib.roi.regressions._design import Prepared, Rows, keyed, prepare, select, solve
from cxlib.roi.regressions._long import Long
from cxlib.roi.regressions._solve import Solved
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
    joint : dict
        Outcome to the p-value of the test that all leads are zero.
    leads : int
        How many periods ahead the score was taken at most.
    """

    verdicts: dict[str, str]
    reasons: dict[str, str]
    n_customers: dict[str, int]
    confidence_level: float
    currency: str
    joint: dict[str, float] = field(default_factory=dict)
    leads: int = 1

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
        who = (
            "next period's score"
            if self.leads == 1
            else f"the score of the {self.leads} periods after"
        )
        told = {
            "silent": f"{who} does not predict this period's value",
            "loud": f"{who} predicts this period's value, so the money "
            "(or something behind both) moves the score",
            "too noisy": "the placebo cannot tell: its interval holds both zero and "
            "the estimate itself",
        }[verdict]
        n = f"n = {self.n_customers[outcome]:,} customers"
        one = "" if self.leads == 1 else ", one ahead"
        return f"{name}: {told} ({size} a point{one}, {ends}, {n})."

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
                confidence_level=self.confidence_level,
            )
            for _, row in rows.iterrows()
        )  # fmt: skip


def placebo_lead(periods: pd.DataFrame, fits: Fit | Fits, *, leads: int = 1) -> Placebo:
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
    leads : int
        Periods ahead, 1 or more: with 2, both leads enter and are tested together.
        Each costs every customer's last row.

    Returns
    -------
    Placebo

    Raises
    ------
    ArgumentError
        For `leads` that is not a whole number of 1 or more.

    Notes
    -----
    The outcome is regressed on the score one period ahead, at every lag from 0 to the
    one in use, and on the drivers, with the same effects and errors. Holding the
    present score constant keeps a lasting score from making the lead loud. Verdict:
    loud where the interval of the lead leaves out zero (several leads: where their
    Wald test, F(leads, clusters - 1), rejects); silent where it does not and the
    interval of every lead leaves out the estimate at the lag in use; else too noisy.
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
    _check_leads(leads)
    fitted, joint = each(fits), {}
    shared = keyed(periods, fitted[0].spec) if fitted else periods
    for one in fitted:
        name = one.spec.outcome
        try:
            table, test = _leads(shared, one.spec, leads)
        except DataError as error:
            verdicts[name], reasons[name] = "not possible", refusal(error).rstrip(".")
            continue
        tables.append(table)
        joint[name] = test.pvalue
        verdicts[name] = _verdict(table, one, test.pvalue)
        customers[name] = int(table.attrs["customers"])
    return Placebo(
        table=pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(),
        unit="amount", joint=joint, leads=leads,
        method=f"Outcome on the score {_ahead(leads)}, now and before, "
        "with the effects, drivers and clusters of the main regression.",
        verdicts=verdicts, reasons=reasons, n_customers=customers,
        confidence_level=fitted[0].spec.confidence_level if fitted else 0.95,
        currency=fitted[0].spec.currency if fitted else "",
    )  # fmt: skip


def _check_leads(leads: int) -> None:
    if isinstance(leads, bool) or not isinstance(leads, int) or leads < 1:
        raise ArgumentError(
            f"`leads` is {leads!r}; use the whole number of periods (1, 2, …) that the "
            "score is taken ahead."
        )


def _ahead(leads: int) -> str:
    return "one period ahead" if leads == 1 else f"one to {leads} periods ahead"


def _leads(
    periods: pd.DataFrame | Long, spec: Specification, leads: int
) -> tuple[pd.DataFrame, Joint]:
    prepared = prepare(periods, spec)
    check_possible(prepared)
    lags = range(spec.lag - 1, -leads - 1, -1)
    called = {lag: lag_name(spec.score, lag) for lag in lags}
    rows = select(prepared, extra=tuple((called[lag], lag) for lag in lags))
    solved = solve(prepared, rows)
    table = coefficients(rows, solved, spec.confidence_level)
    every = {spec.score: spec.lag} | {name: lag for lag, name in called.items()}
    table = table[table["term"].isin(every)].assign(
        lag=lambda t: t["term"].map(every), outcome=spec.outcome, unit=prepared.unit
    )
    table["term"] = [lag_name(spec.score, lag) for lag in table["lag"]]
    ratio = _within_sd(rows.x[:, 0], rows.entity) / _within_sd(rows.y, rows.entity)
    for name in ("estimate", "ci_lower", "ci_upper"):
        table[f"std_{name}"] = table[name] * ratio
    names = ["outcome", "term", "lag", "n", "estimate", "std_error", "ci_lower"]
    names += ["ci_upper", "pvalue", "unit"]
    names += ["std_estimate", "std_ci_lower", "std_ci_upper"]
    found = table[names].reset_index(drop=True)
    found.attrs["customers"] = solved.n_entities
    return found, joint_test(rows, solved, [called[-at] for at in range(1, leads + 1)])


def joint_test(rows: Rows, solved: Solved, names: list[str]) -> Joint:
    """Test that the coefficients of these terms are all zero."""
    gone = [name for name in names if name not in rows.names]
    if gone:
        raise DataError(f"the effects leave nothing of '{gone[0]}'")
    at = [rows.names.index(name) for name in names]
    pull = solved.influence[:, at]
    return wald(solved.coef[at], pull.T @ pull, df=solved.df)


def check_possible(prepared: Prepared) -> None:
    """Raise DataError where no customer has a score after the outcome."""
    if prepared.long.single_period:
        raise DataError("every customer is seen in one period only")
    if prepared.leaving is not None:
        raise DataError("who leaves has no next score")


def lag_name(score: str, lag: int) -> str:
    """Name the score at a lag, negative for a lead.

    >>> lag_name("score", 1), lag_name("score", -1), lag_name("score", -2)
    ('score, lag 1', 'score, one ahead', 'score, 2 ahead')
    """
    if lag < 0:
        return f"{score}, {'one' if lag == -1 else -lag} ahead"
    return f"{score}, lag {lag}"


def _within_sd(values: np.ndarray, codes: np.ndarray) -> float:
    means = np.bincount(codes, values) / np.bincount(codes)
    return float(np.std(values - means[codes])) or 1.0


def _verdict(table: pd.DataFrame, fit: Fit, pvalue: float) -> str:
    if pvalue < 1 - fit.spec.confidence_level:
        return "loud"
    leads = table[table["lag"] < 0]
    held = leads["ci_lower"].le(fit.row["estimate"]) & leads["ci_upper"].ge(
        fit.row["estimate"]
    )
    return "too noisy" if held.any() else "silent"
