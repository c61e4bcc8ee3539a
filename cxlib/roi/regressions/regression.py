"""Regressions of money and loyalty on the score, with clustered errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from cxlib.errors import DataError
from cxlib.result import Assumption, Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, changes, column, plain, pvalues
from cxlib.roi.regressions._design import Prepared, Rows, prepare, select, solve
from cxlib.roi.regressions._long import Long
from cxlib.roi.regressions._solve import Solved
from cxlib.roi.regressions._spec import (
    BINARY,
    COV_LABEL,
    CURVED,
    MODEL_LABEL,
    WITHIN,
    CovType,
    Model,
    Specification,
    as_names,
)
from cxlib.roi.regressions._told import (
    kept,
    kept_sentence,
    power_told,
    ratio_sentence,
    ratios,
    with_ratios,
)
from cxlib.roi.regressions.separation import refuse_separated


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Fit(Told):
    """One outcome regressed on the score and drivers.

    Attributes
    ----------
    table : pandas.DataFrame
        outcome, term, n, estimate, std_error, ci_lower, ci_upper, statistic, df,
        pvalue, unit; the score first. Per point of the score and per period; a logit
        as average marginal effects.
    spec : Specification
        As settled: "auto" replaced by what was used.
    n, n_customers, n_clusters, df_resid : int
    period : str
        What one period is called.
    r2 : float
        Within customers; McFadden's for a logit.
    leaving : float or None
        The value of the outcome that ends a customer's rows, if any.
    dropped : tuple of str
        Drivers of which the effects left nothing.
    cross_section : bool
        Whether every customer has one row in the file.
    ratios : pandas.DataFrame or None
        part, term, n, estimate (the ratio a point), ci_lower, ci_upper, log_estimate,
        log_std_error, pvalue; None for a straight line and a plain logit.
    kept : pandas.DataFrame or None
        term, n, horizon (periods), level, estimate (change of the share of customers
        kept that long), std_error, ci_lower, ci_upper, unit; models of leaving only.
    singletons : int
        Customers left out for having one usable row, which their effect explains.
    """

    spec: Specification
    n: int
    n_customers: int
    n_clusters: int
    df_resid: int
    period: str
    r2: float
    se_type: str
    leaving: float | None
    dropped: tuple[str, ...]
    cross_section: bool
    ratios: pd.DataFrame | None = None
    kept: pd.DataFrame | None = None
    singletons: int = 0

    @property
    def row(self) -> dict[str, float]:
        """The score's row of the table."""
        first = self.table.iloc[0]
        names = ["estimate", "std_error", "ci_lower", "ci_upper", "statistic", "df"]
        return {name: float(first[name]) for name in [*names, "pvalue"]}

    @property
    def text(self) -> str:
        """Size, interval and n of the score's coefficient."""
        row, spec = self.row, self.spec
        size = _words.change(row["estimate"], self.unit, spec.currency)
        ends = _words.interval(
            row["ci_lower"], row["ci_upper"], self.unit,
            confidence_level=spec.confidence_level,
        )  # fmt: skip
        when = _words.later(spec.lag, self.period)
        per = "" if self.cross_section else f" a {self.period}"
        return (
            f"One point more on {_words.plain(spec.score)} goes with "
            f"{_words.plain(spec.outcome)} {size}{per}, "
            f"{when} ({ends}, {_words.rows(self.n, self.n_customers)})."
            f"{ratio_sentence(self.ratios, spec.confidence_level)}"
            f"{kept_sentence(self.kept, self.period, spec.confidence_level)}"
        )

    @property
    def display(self) -> pd.DataFrame:
        """Terms with their coefficient and interval."""
        shown = coefficients_display(self.table, self.spec.currency)
        return with_ratios(shown, self.ratios)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The score's coefficient."""
        row, spec = self.row, self.spec
        return (
            Finding(
                id=f"{spec.outcome} per {spec.score} point", statement=self.text,
                estimate=row["estimate"], unit=self.unit, ci_lower=row["ci_lower"],
                ci_upper=row["ci_upper"], n=self.n_customers,
                confidence_level=spec.confidence_level,
            ),
        )  # fmt: skip


def fit(
    periods: pd.DataFrame,
    outcome: str,
    *,
    score: str = "score",
    drivers: Sequence[str] = (),
    lag: int = 1,
    entity: str = "customer_id",
    time: str = "period",
    cluster: str = "",
    model: Model = "auto",
    cov_type: CovType = "auto",
    confidence_level: float = 0.95,
    currency: str = "",
    power: float = 0,
    tenure: str = "",
) -> Fit:
    """Regress an outcome on the score of an earlier period and on drivers.

    Use it for money (revenue, cost to serve) and yes/no outcomes (retained, upsell) of
    customers seen in several periods. Do not read the coefficient as an effect before
    `placebo_lead` and `diagnose` have been seen.

    Parameters
    ----------
    periods : pandas.DataFrame
        One row a customer and period.
    outcome : str
        Numeric or 0/1 column.
    score : str
        Numeric column; the coefficient is per point of it.
    drivers : sequence of str
        Columns held constant, lagged like the score; text becomes 0/1 columns.
    lag : int
        Periods by which score and drivers come first; 0 for the same period.
    entity, time : str
        Columns of customer and period ('2025-01', '2025-Q1', '2025', a date, …).
    cluster : str
        Column to cluster errors by (account, say); the customer when empty.
    model : str
        "auto" chooses and says why: "discrete_time" where customers leave for good
        (retained, churned); customer and period effects ("two_way") for any other
        outcome of a panel, a linear probability model for 0/1; in a cross-section
        "logit" for 0/1, "poisson" for counts, "two_part" for amounts with zeros,
        "gamma" for positive skewed amounts, else "pooled" least squares. To be named:
        "one_way" (customer effects alone), "tweedie", "poisson_fe" (counts or amounts
        from zero up, customer and period effects), "cloglog" (leaving in continuous
        time, seen by the period).
    cov_type : {"auto", "CR0", "CR0_G", "CR1", "CR1_slopes", "CR1_dummies", "CRV3"}
        Small-sample convention of the clustered error. "auto": CR1, and the jackknife
        CRV3 under 20 clusters (one Newton step a cluster in a model that is not a
        straight line). A plain logit has CR0, CR0_G and CR1 only.
    confidence_level : float
    currency : str
        Printed after amounts.
    power : float
        Variance power of a Tweedie, 1 to 2; 0 to estimate it from the residuals.
    tenure : str
        Column of how long a customer has been with you: models of leaving then give
        each fifth of it a level of its own.

    Returns
    -------
    Fit

    Raises
    ------
    DataError
        For duplicate keys, unreadable periods, a score that separates the outcome,
        collinear drivers, fixed effects on one period a customer, too few clusters.

    Notes
    -----
    Estimand: mean difference of the outcome per point of the score, with drivers and
    (in a fixed-effects model) everything lasting about a customer and common to a
    period held constant. Rows after a customer left are cut; rows where outcome,
    lagged score or a driver is missing are left out; customers with a single usable
    row leave a fixed-effects model. The lag counts calendar periods, so a gap never
    borrows an older score. Fit by least squares after demeaning within customers,
    exact for unbalanced panels. p-values and intervals from t(G - 1), G clusters.

    Log-link, two-part and leaving models are told as average marginal effects: the
    change of the mean outcome, averaged over the rows, per point (0/1 drivers: from 0
    to 1); `ratios` holds exp(b). They have period effects, and customer effects only
    in "poisson_fe". Only the form of the mean must hold: a wrong variance costs
    precision, not validity, as errors are clustered. Their errors count that the rows
    averaged are a sample; those of a logit hold the rows fixed. `kept` is the mean of
    (1 - chance of leaving) to the power of a year's periods, the score being one point
    higher all year.

    References
    ----------
    Cameron, A. C. and Miller, D. L. (2015). A practitioner's guide to cluster-robust
    inference. Journal of Human Resources 50, 317-372. doi:10.3368/jhr.50.2.317.
    MacKinnon, J. G., Nielsen, M. O. and Webb, M. D. (2023). Cluster-robust inference.
    Journal of Econometrics 232, 272-299. doi:10.1016/j.jeconom.2022.04.001. Manning,
    W. G. and Mullahy, J. (2001). Estimating log models. Journal of Health Economics
    20, 461-494. doi:10.1016/S0167-6296(01)00086-8. Belotti, F. and others (2015).
    twopm: two-part models. Stata Journal 15, 3-20. doi:10.1177/1536867X1501500102.
    Singer, J. D. and Willett, J. B. (1993). Discrete-time survival analysis. Journal
    of Educational Statistics 18, 155-195. doi:10.3102/10769986018002155

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> panel = pd.DataFrame({"customer_id": np.repeat(np.arange(80), 6),
    ...     "period": np.tile(np.arange(6), 80), "score": rng.normal(7, 1, 480)})
    >>> before = panel.groupby("customer_id")["score"].shift(1).fillna(7)
    >>> panel["revenue"] = 50 + 3 * before + rng.normal(0, 2, 480)
    >>> print(fit(panel, "revenue").text)
    One point more on score goes with revenue +2.85 a period, one period later \
(95 % CI 2.62 to 3.09, n = 400 rows of 80 customers).
    """
    spec = Specification(
        outcome=outcome, score=score, drivers=as_names(drivers, "drivers"), lag=lag,
        entity=entity, time=time, cluster=cluster, model=model, cov_type=cov_type,
        confidence_level=confidence_level, currency=currency, power=power,
        tenure=tenure,
    )  # fmt: skip
    return fit_specification(periods, spec)[0]


def fit_specification(
    periods: pd.DataFrame | Long, spec: Specification
) -> tuple[Fit, pd.DataFrame]:
    """Return the fit, and the influence of each cluster on coefficient and mean."""
    prepared = prepare(periods, spec)
    rows = select(prepared)
    refuse_separated(prepared, rows)
    solved = solve(prepared, rows)
    return as_fit(prepared, rows, solved), influences(prepared, rows, solved)


def coefficients(rows: Rows, solved: Solved, confidence_level: float) -> pd.DataFrame:
    """Return one row a term with t intervals on clusters less one."""
    half = stats.t.isf((1 - confidence_level) / 2, solved.df) * solved.std_error
    statistic = solved.coef / solved.std_error
    return pd.DataFrame(
        {
            "term": rows.names,
            "n": solved.n,
            "estimate": solved.coef,
            "std_error": solved.std_error,
            "ci_lower": solved.coef - half,
            "ci_upper": solved.coef + half,
            "statistic": statistic,
            "df": solved.df,
            "pvalue": 2 * stats.t.sf(np.abs(statistic), solved.df),
        }
    )


def coefficients_display(table: pd.DataFrame, currency: str) -> pd.DataFrame:
    """Return coefficients in words."""
    return pd.DataFrame(
        {
            "outcome": plain(table["outcome"]),
            "term": table["term"],
            "per point, interval": changes(table, currency),
            "p": pvalues(table["pvalue"]),
            "rows": column(table["n"], "count"),
        }
    )


def as_fit(prepared: Prepared, rows: Rows, solved: Solved) -> Fit:
    """Wrap solved numbers in a result."""
    spec = prepared.spec
    table = coefficients(rows, solved, spec.confidence_level)
    table.insert(0, "outcome", spec.outcome)
    model = _model_told(prepared, solved)
    return Fit(
        table=table.assign(unit=prepared.unit), unit=prepared.unit, spec=spec,
        method=f"{spec.outcome}: {model}; errors {COV_LABEL[solved.cov_type]} by "
        f"{spec.clusters} ({len(solved.clusters):,}), t({solved.df:.0f})."
        + left_out(rows.singletons),
        assumptions=_assumptions(prepared), n=solved.n,
        n_customers=solved.n_entities, n_clusters=len(solved.clusters),
        df_resid=solved.df_resid, period=prepared.long.calendar.name, r2=solved.r2,
        se_type=solved.cov_type, leaving=prepared.leaving, dropped=rows.dropped,
        cross_section=prepared.long.single_period, singletons=rows.singletons,
        ratios=ratios(solved, rows.names, spec.confidence_level),
        kept=kept(solved, rows.names, spec.confidence_level),
    )  # fmt: skip


def left_out(singletons: int) -> str:
    """Say how many customers have one usable row only, nothing if none."""
    if not singletons:
        return ""
    plural = "" if singletons == 1 else "s"
    return f" {singletons:,} customer{plural} with a single usable row left out."


def _model_told(prepared: Prepared, solved: Solved) -> str:
    """Name the model, what it settled, and why it was chosen."""
    spec = prepared.spec
    told = MODEL_LABEL[spec.model]
    if prepared.long.single_period:
        told = told.replace(" with period effects", "").replace(
            " and period effects", ""
        )
    if prepared.binary and spec.model not in {*BINARY, *CURVED}:
        told = f"linear probability model, {told}"
    if spec.model == "tweedie":
        told += power_told(solved, spec.power)
    return f"{told} (chosen as {prepared.why})" if prepared.why else told


def _assumptions(prepared: Prepared) -> tuple[Assumption, ...]:
    """State what the model leaves to belief."""
    spec = prepared.spec
    score, outcome = _words.plain(spec.score), _words.plain(spec.outcome)
    held = _words.listed(list(spec.drivers)) if spec.drivers else "nothing else"
    within = spec.model in WITHIN
    found = [
        Assumption(
            text="Nothing that changes within a customer over time, other than the "
            f"drivers named, moves both {score} and {outcome}."
            if within
            else f"Customers with another {score} would have the same {outcome} but "
            f"for it (held constant: {held}).",
            quality="medium" if within else "low",
            impact="high",
        )
    ]
    if spec.lag == 0:
        text = f"{outcome} does not move {score}: both come from the same period."
        found.append(Assumption(text=text, quality="low", impact="high"))
    missing = 1 - float(np.isfinite(prepared.long.values(spec.score)).mean())
    if missing > 0.05:
        share = f"{100 * missing:.0f} %"
        text = f"Rows without {score} ({share}) resemble those with one."
        found.append(Assumption(text=text, quality="low", impact="medium"))
    return tuple(found)


def influences(prepared: Prepared, rows: Rows, solved: Solved) -> pd.DataFrame:
    """Return each cluster's pull on the score's coefficient and the outcome's mean."""
    label = prepared.spec.outcome
    sign = -1 if solved.cov_type == "CRV3" else 1
    coef = pd.Series(sign * solved.influence[:, 0], index=rows.cluster_labels)
    seen = np.isfinite(prepared.outcome)
    y = np.where(seen, prepared.outcome - prepared.outcome[seen].mean(), 0.0)
    codes, labels = prepared.long.groups(prepared.spec.clusters)
    known = (codes >= 0) & seen
    sums = np.bincount(codes[known], y[known], len(labels)) / seen.sum()
    pull = pd.Series(sums, index=labels)[
        np.bincount(codes[known], minlength=len(labels)) > 0
    ]
    groups = len(pull)
    pull *= (groups / (groups - 1)) ** 0.5 if groups > 1 else 1
    return pd.DataFrame({f"coef:{label}": coef, f"mean:{label}": pull}).fillna(0.0)


def refusal(error: DataError) -> str:
    """Return the first line of an error: why an outcome was not regressed."""
    return str(error).splitlines()[0]
