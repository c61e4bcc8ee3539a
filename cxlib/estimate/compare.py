"""Two-sample comparisons of estimates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.estimate.point import Estimate, wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Difference `b - a` of two independent estimates with its interval and test."""

    estimate: float
    std_error: float
    ci_lower: float
    ci_upper: float
    statistic: float
    df: float
    pvalue: float

    def as_row(self) -> dict[str, float]:
        """Return the columns of a result table."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def difference(a: Estimate, b: Estimate) -> Difference:
    """Compare two independent estimates of the same kind and unit.

    Parameters
    ----------
    a, b : Estimate
        From disjoint rows. Estimates of the same respondents are not independent:
        take the mean of their differences instead.

    Returns
    -------
    Difference
        `b` minus `a`.

    Notes
    -----
    Mean: Welch, with Satterthwaite df; interval and test are NaN where neither sample
    varies. Net: the two adjusted-Wald centres and standard errors. Share: Newcombe's
    hybrid of the two Wilson intervals (MOVER); its test is on unpooled standard
    errors, replaced by the score the interval would give when both are unanimous.
    Where clusters are few, nets and shares are tested with Satterthwaite's t.

    References
    ----------
    Welch, B. L. (1947). Biometrika 34, 28-35. doi:10.2307/2332510.
    Newcombe, R. G. (1998). Interval estimation for the difference between independent
    proportions. Statistics in Medicine 17, 873-890.
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I

    Examples
    --------
    >>> from cxlib.estimate import estimate
    >>> a = estimate([-1] * 30 + [0] * 40 + [1] * 30, "net")
    >>> b = estimate([-1] * 20 + [0] * 35 + [1] * 45, "net")
    >>> d = difference(a, b)
    >>> round(d.ci_lower, 4), round(d.ci_upper, 4)
    (0.0326, 0.4528)
    """
    if a.kind != b.kind:
        raise ArgumentError(f"a {a.kind} cannot be compared with a {b.kind}.")
    if a.confidence_level != b.confidence_level:
        raise ArgumentError(
            f"an interval of {a.confidence_level:g} cannot be compared with one of "
            f"{b.confidence_level:g}."
        )
    if a.kind == "share":
        return _newcombe(a, b)
    gap = b.centre - a.centre
    std_error = float(np.hypot(a.centre_se, b.centre_se))
    df = satterthwaite(a, b) if a.kind == "mean" else _net_df(a, b)
    half = stats.t.isf((1 - a.confidence_level) / 2, df) * (std_error or np.nan)
    statistic = gap / (std_error or np.nan)
    estimate = b.estimate - a.estimate
    return Difference(
        estimate=estimate, std_error=std_error,
        ci_lower=float(np.minimum(gap - half, estimate)),
        ci_upper=float(np.maximum(gap + half, estimate)),
        statistic=statistic, df=df, pvalue=float(2 * stats.t.sf(abs(statistic), df)),
    )  # fmt: skip


def satterthwaite(a: Estimate, b: Estimate) -> float:
    """Degrees of freedom of the difference of two independent estimates."""
    va, vb = a.std_error**2, b.std_error**2
    if va + vb == 0:
        return float(min(a.df, b.df))
    return float((va + vb) ** 2 / (va**2 / a.df + vb**2 / b.df))


def _net_df(a: Estimate, b: Estimate) -> float:
    """Infinite for plain samples (a z test), else Satterthwaite's."""
    clustered = a.df + 1.5 < a.n or b.df + 1.5 < b.n
    return satterthwaite(a, b) if clustered else float("inf")


def _newcombe(a: Estimate, b: Estimate) -> Difference:
    gap = b.estimate - a.estimate
    lower = gap - np.hypot(b.estimate - b.ci_lower, a.ci_upper - a.estimate)
    upper = gap + np.hypot(b.ci_upper - b.estimate, a.estimate - a.ci_lower)
    std_error = float(np.hypot(a.std_error, b.std_error))
    df = _net_df(a, b)
    quantile = stats.t.isf((1 - a.confidence_level) / 2, df)
    spread = std_error or float(upper - lower) / (2 * quantile)
    statistic = gap / spread
    return Difference(
        estimate=gap, std_error=std_error, ci_lower=float(lower), ci_upper=float(upper),
        statistic=statistic, df=df, pvalue=float(2 * stats.t.sf(abs(statistic), df)),
    )  # fmt: skip


def newcombe(
    x1: int, n1: int, x2: int, n2: int, *, confidence_level: float = 0.95
) -> tuple[float, float]:
    """Return Newcombe's interval of ``x1 / n1 - x2 / n2`` from counts.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Successes and trials of the two samples; trials positive.
    confidence_level : float

    Returns
    -------
    lower, upper : float
        First share minus second, as in Newcombe (1998), method 10; see `difference`.

    Examples
    --------
    >>> tuple(round(x, 3) for x in newcombe(7, 34, 1, 34))
    (0.019, 0.34)
    """
    for name, x, n in (("x1", x1, n1), ("x2", x2, n2)):
        _checks.in_range(n, "n" + name[1], 1, np.inf, ends="[)")
        _checks.in_range(x, name, 0, n)
    p1, p2 = x1 / n1, x2 / n2
    l1, u1 = wilson(p1, n1, confidence_level=confidence_level)
    l2, u2 = wilson(p2, n2, confidence_level=confidence_level)
    return (
        float(p1 - p2 - np.hypot(p1 - l1, u2 - p2)),
        float(p1 - p2 + np.hypot(u1 - p1, p2 - l2)),
    )
