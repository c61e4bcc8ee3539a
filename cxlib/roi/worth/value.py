"""What one score point is worth: margin, cost and customers kept, in money a year."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxlib import _checks
from cxlib.result import Assumption, Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, changes, column
from cxlib.roi.regressions.checks import Diagnosis
from cxlib.roi.regressions.outcomes import Fits
from cxlib.roi.regressions.regression import Fit
from cxlib.roi.worth._worth import Terms, components

Array = npt.NDArray[np.float64]
REVENUE, COST, RETENTION = "revenue", "cost_to_serve", "retained"
COMPONENTS = (
    "margin on revenue in the year",
    "cost to serve in the year",
    "customers kept in the year",
    "customers kept afterwards",
)
TOTAL = "one point, one customer, one year"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PointValue(Told):
    """Value of one score point held for a year by one customer.

    Attributes
    ----------
    table : pandas.DataFrame
        component, n, estimate, std_error, ci_lower, ci_upper, unit, reading
        ('effect' or 'association'); the last row is their sum.
    terms : Terms or None
        None where nothing could be valued.
    reason : str
        Why nothing could be valued, else empty.
    left_out : tuple of str
        What the value does not count.
    n_customers, n_last : int
        Customers in all, and in the last period.
    headroom : float
        Score points between the mean and the best score seen.
    """

    terms: Terms | None
    reason: str
    left_out: tuple[str, ...]
    n_customers: int
    n_last: int
    headroom: float
    confidence_level: float
    currency: str

    @property
    def total(self) -> pd.Series:
        """The last row of the table."""
        return self.table.iloc[-1]

    @property
    def text(self) -> str:
        """Size, interval and n of the total; how it may be read; what is left out."""
        if self.terms is None:
            return f"A score point cannot be given a value: {self.reason}."
        row, years = self.total, self.terms.horizon
        ends = _words.interval(
            row["ci_lower"], row["ci_upper"], "amount",
            confidence_level=self.confidence_level,
        )  # fmt: skip
        known = self.table.iloc[:-1]
        same = known[known["component"] != COMPONENTS[3]]["estimate"].sum()
        missing = (
            f" Not counted: {_words.listed(list(self.left_out))}."
            if self.left_out
            else ""
        )
        return (
            f"One score point held for a year {self._verb(row)} "
            f"{_words.money(row['estimate'], self.currency)} of margin per customer "
            f"({ends}, n = {self.n_customers:,} customers), "
            f"{_words.money(same, self.currency)} of it within the year and the rest "
            f"from customers kept, over {_words.years(years)}."
            f"{self._reading()}{missing}"
        )

    def _verb(self, row: pd.Series) -> str:
        return "is worth" if row["reading"] == "effect" else "goes with"

    def _reading(self) -> str:
        parts = self.table.iloc[:-1]
        weak = parts[parts["reading"] != "effect"]["component"].tolist()
        if not weak:
            return " Its parts may be read as effects."
        if len(weak) == len(parts):
            return " Read it as an association."
        return f" Read as an association: {_words.listed(weak)}; the rest as an effect."

    @property
    def display(self) -> pd.DataFrame:
        """Components in words."""
        rows = self.table
        return pd.DataFrame(
            {
                "component": rows["component"],
                "per customer and point-year, interval": changes(rows, self.currency),
                "reading": rows["reading"],
                "customers": column(rows["n"], "count"),
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The total, then its components."""
        rows = self.table.iloc[::-1]
        return tuple(
            Finding(
                id="value of a score point" if name == TOTAL else name,
                statement=self.text if name == TOTAL else name,
                estimate=float(row["estimate"]),
                unit="amount",
                ci_lower=float(row["ci_lower"]),
                ci_upper=float(row["ci_upper"]),
                n=self.n_customers,
                confidence_level=self.confidence_level,
            )
            for name, (_, row) in zip(rows["component"], rows.iterrows(), strict=True)
        )


def point_value(
    fits: Fit | Fits,
    *,
    margin: float,
    horizon: int = 3,
    discount_rate: float = 0.08,
    diagnosis: Diagnosis | None = None,
    periods_per_year: float = 0,
    confidence_level: float = 0.95,
) -> PointValue:
    """Turn regressions into the money value of one score point.

    Parameters
    ----------
    fits : Fits
        Of any of `revenue`, `cost_to_serve` and `retained` (names of the periods
        table); what is missing is left out and said.
    margin : float
        Contribution margin as a share of revenue, 0 to 1.
    horizon : int
        Years over which a kept customer's margin counts, at least 1.
    discount_rate : float
        Yearly.
    diagnosis : Diagnosis, optional
        Decides which parts may be read as effects; none may without it.
    periods_per_year : float
        0 to take it from the period labels.
    confidence_level : float

    Returns
    -------
    PointValue
        Without a value, and with the reason, where the fits cannot give one.

    Notes
    -----
    Estimand: difference in discounted margin of one customer whose score is one point
    higher for one year and as before afterwards. Survivors earn the mean margin
    (revenue x margin - cost) each period; with retention r and its change d a point,
    the share alive after t periods is (r + d)^t in the first year and falls by r
    thereafter. So kept customers are compounded, and cost money to serve, too. Errors
    by the delta method on the joint clustered covariance of coefficients and means;
    t on the smallest df. Coefficients are taken to hold for changes of a point.

    References
    ----------
    Gupta, S., Lehmann, D. R. and Stuart, J. A. (2004). Valuing customers. Journal of
    Marketing Research 41, 7-18. doi:10.1509/jmkr.41.1.7.25084

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> fits = roi.fit_outcomes(simulate.periods(300, rng=1), ["revenue", "retained"])
    >>> found = point_value(fits, margin=0.4)
    >>> found.table["component"].tolist()[-1]
    'one point, one customer, one year'
    """
    _checks.in_range(margin, "margin", 0, 1)
    _checks.in_range(horizon, "horizon", 1, float("inf"))
    _checks.in_range(discount_rate, "discount_rate", -1, float("inf"), ends="()")
    if isinstance(fits, Fit):
        return _none(
            None, "it takes the regressions of `fit_outcomes`", confidence_level
        )
    per_year = periods_per_year or fits.base.per_year
    reason = _missing(fits, per_year)
    if reason:
        return _none(fits, reason, confidence_level)
    terms = _terms(fits, margin, int(horizon), discount_rate, float(round(per_year)))
    return _valued(fits, terms, diagnosis, confidence_level)


def _missing(fits: Fits, per_year: float) -> str:
    """Say what stands in the way of a value, empty where nothing does."""
    if not any(fits.of(name) for name in (REVENUE, COST, RETENTION)):
        return "none of revenue, cost to serve and retained was estimated"
    if not per_year >= 1:
        return "the periods do not say how many make a year; set `periods_per_year`"
    if fits.of(REVENUE) is None and fits.of(COST) is None:
        return "retention alone has no money value without revenue"
    return ""


def _none(fits: Fits | None, reason: str, level: float) -> PointValue:
    columns = [
        "component",
        "n",
        "estimate",
        "std_error",
        "ci_lower",
        "ci_upper",
        "unit",
        "reading",
    ]
    return PointValue(
        table=pd.DataFrame(columns=columns), unit="amount", terms=None, reason=reason,
        left_out=(), n_customers=fits.base.n_customers if fits else 0,
        n_last=fits.base.n_last if fits else 0, confidence_level=level, currency="",
        headroom=fits.base.headroom if fits else float("inf"),
    )  # fmt: skip


def _terms(
    fits: Fits, margin: float, horizon: int, discount_rate: float, per_year: float
) -> Terms:
    """Line up coefficients and means, zero for what is not modelled."""
    theta, covariance = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0]), np.zeros((6, 6))
    sign = np.ones(6)
    names: list[str] = [""] * 6
    used = [REVENUE, COST] + ([RETENTION] if fits.of(REVENUE) else [])
    found = [fit for name in used if (fit := fits.of(name))]
    for at, name in enumerate(used):
        fit = fits.of(name)
        if fit is None:
            continue
        leaves = name == RETENTION and fit.leaving == 1
        names[at], names[at + 3] = f"coef:{name}", f"mean:{name}"
        sign[[at, at + 3]] = -1 if leaves else 1
        theta[at] = sign[at] * fit.row["estimate"]
        theta[at + 3] = 1 - fits.base.means[name] if leaves else fits.base.means[name]
    known = [at for at in range(6) if names[at]]
    labels = [names[at] for at in known]
    joint = fits.covariance.loc[labels, labels].to_numpy(dtype=float)
    covariance[np.ix_(known, known)] = joint * np.outer(sign[known], sign[known])
    return Terms(
        theta=theta, covariance=covariance, margin=margin, horizon=horizon,
        discount_rate=discount_rate, per_year=per_year,
        df=min(fit.row["df"] for fit in found),
        lag_years=max(fit.spec.lag for fit in found) / per_year,
    )  # fmt: skip


def _valued(
    fits: Fits, terms: Terms, diagnosis: Diagnosis | None, level: float
) -> PointValue:
    def parts(theta: Array) -> Array:
        found = components(terms, theta)
        return np.asarray(np.r_[found, found.sum()])

    estimate = parts(terms.theta)
    jacobian = _jacobian(parts, terms)
    error = np.sqrt(np.clip(np.diag(jacobian @ terms.covariance @ jacobian.T), 0, None))
    half = stats.t.isf((1 - level) / 2, terms.df) * error
    reading, counted = _readings(fits, terms, diagnosis)
    table = pd.DataFrame(
        {
            "component": [*COMPONENTS, TOTAL], "n": fits.base.n_customers,
            "estimate": estimate, "std_error": error, "ci_lower": estimate - half,
            "ci_upper": estimate + half, "unit": "amount", "reading": reading,
        }
    )  # fmt: skip
    return PointValue(
        table=table[counted].reset_index(drop=True),
        unit="amount",
        terms=terms,
        reason="",
        left_out=_left_out(fits),
        n_customers=fits.base.n_customers,
        n_last=fits.base.n_last,
        headroom=fits.base.headroom,
        confidence_level=level,
        currency=fits.fits[0].spec.currency,
        method=_method(terms),
        assumptions=_assumptions(terms),
    )


def _readings(
    fits: Fits, terms: Terms, diagnosis: Diagnosis | None
) -> tuple[list[str], list[bool]]:
    """Return the word each component has earned and whether it is counted."""
    word = diagnosis.wording if diagnosis else {}
    outcomes = (REVENUE, COST, RETENTION, RETENTION)
    reading = [word.get(name, "association") for name in outcomes]
    counted = [fits.of(name) is not None for name in outcomes]
    if fits.of(REVENUE) is None:
        counted[2:] = [False, False]
    counted[3] = counted[3] and terms.horizon > 1
    whole = all(r == "effect" for r, c in zip(reading, counted, strict=True) if c)
    return [*reading, "effect" if whole else "association"], [*counted, True]


def _jacobian(function: Callable[[Array], Array], terms: Terms) -> Array:
    """Differentiate numerically, with steps of a hundredth of a standard error."""
    columns = []
    for at, error in enumerate(np.sqrt(np.diag(terms.covariance))):
        step = np.zeros(6)
        step[at] = 0.01 * error
        if error == 0:
            columns.append(np.zeros(5))
            continue
        ends = function(terms.theta + step) - function(terms.theta - step)
        columns.append(ends / (2 * step[at]))
    return np.column_stack(columns)


def _left_out(fits: Fits) -> tuple[str, ...]:
    names = {REVENUE: "revenue", COST: "cost to serve", RETENTION: "customers kept"}
    lost = {RETENTION} if fits.of(REVENUE) is None else set()
    missing = [w for name, w in names.items() if name in lost or fits.of(name) is None]
    others = [f.spec.outcome for f in fits.fits if f.spec.outcome not in names]
    return (*missing, *others)


def _method(terms: Terms) -> str:
    return (
        f"Margin {100 * terms.margin:g} % of revenue less cost to serve; "
        f"{terms.horizon} years at {100 * terms.discount_rate:g} % a year; retention "
        "compounded; delta method on the joint clustered covariance, "
        f"t({terms.df:.0f})."
    )


def _assumptions(terms: Terms) -> tuple[Assumption, ...]:
    return (
        Assumption(
            text=f"Extra revenue leaves a margin of {100 * terms.margin:g} %, as "
            "average revenue does.", quality="medium", impact="high",
        ),
        Assumption(
            text="A customer kept earns and leaves like the average customer, for up "
            f"to {terms.horizon} years.", quality="medium", impact="medium",
        ),
    )  # fmt: skip
