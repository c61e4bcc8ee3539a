"""Difference between two groups of rows of one sample, whatever its design."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib import _checks
from cxlib.estimate.compare import Difference, difference, satterthwaite
from cxlib.estimate.covariance import design_cov, domain_influence
from cxlib.estimate.design import Array, Design
from cxlib.estimate.point import Estimate, estimate
from cxlib.scales import Kind

Method = Literal["adjusted", "t", "wald"]
Rows = npt.NDArray[np.bool_]


def plain(found: Estimate, method: Method, plan: Design) -> Estimate:
    """Return the same estimate with another interval.

    Parameters
    ----------
    found : Estimate
        As `estimate` made it: "adjusted" leaves it as it is.
    method : {"adjusted", "t", "wald"}
        "t": estimate ± Student quantile x linearised standard error. "wald": normal
        quantile, variance with n in the denominator, as most tools print it; kept for
        comparison, because it covers badly in small or lopsided samples.
    plan : Design
        The design of the rows.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> from cxlib.estimate import design
    >>> values = [1] * 20 + [0] * 11 + [-1] * 9
    >>> w = plain(estimate(values, "net"), "wald", design(40))
    >>> round(w.ci_lower, 6), round(w.ci_upper, 6)
    (0.025273, 0.524727)
    """
    _checks.one_of(method, "method", ("adjusted", "t", "wald"))
    if method == "adjusted":
        return found
    tail = (1 - found.confidence_level) / 2
    std_error = found.std_error
    if method == "wald" and plan.simple:
        std_error *= ((found.n - 1) / found.n) ** 0.5
    quantile = stats.norm.isf(tail) if method == "wald" else stats.t.isf(tail, found.df)
    half = float(quantile) * std_error
    return replace(
        found, std_error=std_error, ci_lower=found.estimate - half,
        ci_upper=found.estimate + half, centre=found.estimate, centre_se=std_error,
    )  # fmt: skip


def contrast(
    values: npt.ArrayLike,
    kind: Kind,
    *,
    a: Rows,
    b: Rows,
    plan: Design,
    method: Method = "adjusted",
    confidence_level: float = 0.95,
) -> Difference:
    """Compare two disjoint groups of rows of one sample.

    Parameters
    ----------
    values : array_like, shape (n,)
        Valid answers only; see `estimate`.
    kind : {"mean", "share", "net"}
    a, b : ndarray of bool, shape (n,)
        Rows of the two groups.
    plan : Design
        Design of the n rows. Rows of neither group stay in it.
    method : {"adjusted", "t", "wald"}
        As in `plain`.
    confidence_level : float

    Returns
    -------
    Difference
        `b` minus `a`.

    Notes
    -----
    Unweighted independent rows: `difference` of the two estimates. Otherwise the two
    keep the whole design, and their correlation r, from the influence values, enters
    the standard error: ``sqrt(se_a^2 + se_b^2 - 2 r se_a se_b)``, with adjusted-Wald
    standard errors for net scores and the Wilson arms of Zou and Donner for shares.
    With one cluster a respondent and both groups answered by the same people this is
    the paired comparison. Clustered designs use t with the smaller number of
    clusters (less strata) that either group touches. Where neither group varies,
    interval and test are NaN: nothing can be told.

    References
    ----------
    Zou, G. Y. and Donner, A. (2008). Construction of confidence limits about effect
    measures: a general approach. Statistics in Medicine 27, 1693-1702.
    doi:10.1002/sim.3095

    Examples
    --------
    >>> from cxlib.estimate import design
    >>> before, after = [-1, 0, 1, 0, 1, -1], [0, 0, 1, 1, 1, 0]
    >>> rows = np.repeat([True, False], 6)
    >>> people = design(12, cluster=[*range(6), *range(6)])
    >>> d = contrast(before + after, "net", a=rows, b=~rows, plan=people, method="t")
    >>> round(d.estimate, 3), round(d.std_error, 3), d.df
    (0.5, 0.224, 5.0)
    """
    y = np.asarray(values, dtype=float)
    if plan.simple:
        return _independent(y, kind, a, b, plan, method, confidence_level)
    each = [
        plain(
            estimate(
                y, kind, plan=plan, domain=rows, confidence_level=confidence_level
            ),
            method, plan,
        )
        for rows in (a, b)
    ]  # fmt: skip
    influence = np.column_stack([domain_influence(y, rows, plan) for rows in (a, b)])
    cov = design_cov(influence, plan)[0]
    spread = np.sqrt(np.diag(cov)).prod()
    r = float(np.clip(cov[0, 1] / spread, -1, 1)) if spread > 0 else 0.0
    df = min(_touched(plan, a), _touched(plan, b))
    uses_t = method == "t" or (
        method == "adjusted" and (plan.clustered or kind == "mean")
    )
    return _combine(each[0], each[1], r, df if uses_t else np.inf, method)


def share_gap(
    a: Estimate, b: Estimate, *, influence: npt.ArrayLike, plan: Design
) -> Difference:
    """Compare two shares whose influence values are known, however they were made.

    Parameters
    ----------
    a, b : Estimate
        Shares with intervals (Wilson, corrected, …) of one confidence level.
    influence : array_like, shape (n, 2)
        Of every row of the sample on `a` and on `b`.
    plan : Design
        Design of the n rows.

    Returns
    -------
    Difference
        `b` minus `a`.

    Notes
    -----
    The two arms of Zou and Donner with the correlation that the influence values have
    under the design: clusters that have rows in both groups, or readings that both
    lean on, are accounted for. The test uses the arm that points to zero, so that it
    agrees with the interval; a share of 0 or 1 so keeps its uncertainty. In clustered
    designs the arms hold t quantiles, and the test uses the smaller df of the two.

    References
    ----------
    Zou, G. Y. and Donner, A. (2008). doi:10.1002/sim.3095

    Examples
    --------
    >>> from cxlib.estimate import design
    >>> y, rows = [1, 1, 1, 0, 0, 1, 0, 0], np.repeat([True, False], 4)
    >>> plan = design(8)
    >>> arms = [estimate(y, "share", plan=plan, domain=r) for r in (rows, ~rows)]
    >>> u = np.column_stack([domain_influence(y, r, plan) for r in (rows, ~rows)])
    >>> d = share_gap(*arms, influence=u, plan=plan)
    >>> d.estimate, round(d.ci_lower, 3), round(d.ci_upper, 3)
    (-0.5, -0.789, 0.135)
    """
    covariance = design_cov(np.asarray(influence, dtype=float), plan)[0]
    spread = float(np.sqrt(np.diag(covariance)).prod())
    r = float(np.clip(covariance[0, 1] / spread, -1, 1)) if spread > 0 else 0.0
    gap = b.estimate - a.estimate
    below = _norm(b.estimate - b.ci_lower, a.ci_upper - a.estimate, r)
    above = _norm(b.ci_upper - b.estimate, a.estimate - a.ci_lower, r)
    df = min(a.df, b.df) if plan.clustered else np.inf
    quantile = float(stats.t.isf((1 - a.confidence_level) / 2, df))
    towards = (below if gap > 0 else above) / quantile
    statistic = gap / towards if towards > 0 else float("nan")
    return Difference(
        estimate=gap, std_error=_norm(a.std_error, b.std_error, r),
        ci_lower=max(-1.0, gap - below), ci_upper=min(1.0, gap + above),
        statistic=statistic,
        df=df, pvalue=float(2 * stats.t.sf(abs(statistic), df)),
    )  # fmt: skip


def _independent(
    y: Array, kind: Kind, a: Rows, b: Rows, plan: Design, method: Method, level: float
) -> Difference:
    """Two separate simple random samples."""
    first, second = (
        plain(estimate(y[rows], kind, confidence_level=level), method, plan)
        for rows in (a, b)
    )
    if method == "adjusted":
        return difference(first, second)
    df = np.inf if method == "wald" else satterthwaite(first, second)
    return _combine(first, second, 0.0, df, method)


def _touched(plan: Design, rows: Rows) -> float:
    """Degrees of freedom of the part of the design that some rows reach."""
    strata = plan.strata[rows].astype(np.int64)
    units = int(rows.sum())
    if plan.clustered:
        key = strata * (int(plan.cluster.max()) + 1) + plan.cluster[rows]
        units = len(np.unique(key))
    return float(max(1, units - len(np.unique(strata))))


def _combine(a: Estimate, b: Estimate, r: float, df: float, method: str) -> Difference:
    """Difference of two correlated estimates: symmetric, or Zou and Donner's arms."""
    quantile = float(stats.t.isf((1 - a.confidence_level) / 2, df))
    std_error = _norm(a.centre_se, b.centre_se, r)
    gap = b.centre - a.centre
    lower, upper = gap - quantile * std_error, gap + quantile * std_error
    if method == "adjusted" and a.kind == "share":
        lower = gap - _norm(b.estimate - b.ci_lower, a.ci_upper - a.estimate, r)
        upper = gap + _norm(b.ci_upper - b.estimate, a.estimate - a.ci_lower, r)
    spread = std_error or (upper - lower) / (2 * quantile) or float("nan")
    known = 1.0 if spread > 0 else float("nan")
    return Difference(
        estimate=b.estimate - a.estimate, std_error=std_error, ci_lower=lower * known,
        ci_upper=upper * known, statistic=gap / spread, df=df,
        pvalue=float(2 * stats.t.sf(abs(gap / spread), df)),
    )  # fmt: skip


def _norm(x: float, y: float, r: float) -> float:
    """Length of the difference of two arms with correlation r."""
    return float(max(0.0, x**2 + y**2 - 2 * r * x * y) ** 0.5)
