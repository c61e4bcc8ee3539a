"""Segmented regression of one series with errors that allow for its memory."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib.errors import DataError
from cxlib.estimate.design import Array

Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """Weighted least squares: coefficients, Newey-West covariance, residual df."""

    coef: Array
    covariance: Array
    df: float

    def contrast(self, weights: npt.ArrayLike) -> tuple[float, float]:
        """Return a weighted sum of the coefficients and its standard error."""
        c = np.asarray(weights, dtype=float)
        return float(c @ self.coef), float(max(0.0, c @ self.covariance @ c) ** 0.5)


def newey_west(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    lags: int,
    weights: npt.ArrayLike | None = None,
) -> Regression:
    """Fit a regression of a series in order of time.

    Parameters
    ----------
    x : array_like, shape (n, k)
        Columns, a constant among them.
    y : array_like, shape (n,)
    lags : int
        Lags of the Bartlett kernel, at least 0.
    weights : array_like, optional
        Precision of each point, such as its number of answers.

    Returns
    -------
    Regression
        The covariance holds the factor n / (n - k).

    Raises
    ------
    DataError
        If there are no more points than columns, or the columns determine each other.

    References
    ----------
    Newey, W. K. and West, K. D. (1987). A simple, positive semi-definite,
    heteroskedasticity and autocorrelation consistent covariance matrix. Econometrica
    55, 703-708. doi:10.2307/1913610

    Examples
    --------
    >>> x = np.column_stack([np.ones(4), [0.0, 0, 1, 1]])
    >>> newey_west(x, [1.0, 3, 4, 6], lags=0).coef.round(6).tolist()
    [2.0, 3.0]
    """
    z, target = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    n, k = z.shape
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    w = w / w.mean()
    if n <= k or np.linalg.matrix_rank(z) < k:
        raise DataError(
            f"{n} periods cannot tell {k} parts of the series apart; take shorter "
            "periods, a longer time, or fewer parts."
        )
    bread = np.linalg.inv((z.T * w) @ z)
    coef = bread @ (z.T @ (w * target))
    scores = z * (w * (target - z @ coef))[:, None]
    middle = scores.T @ scores
    for lag in range(1, min(lags, n - 1) + 1):
        part = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (part + part.T)
    return Regression(coef, bread @ middle @ bread * n / (n - k), float(n - k))


@dataclass(frozen=True, slots=True, eq=False)
class Interrupted:
    """What a series did after a cut, against its own course before.

    `estimate` is the mean distance of the points after the cut from the course that
    would have gone on; `expected` and `expected_se` that course at every point.
    `regression` has the constant, the trend, `other`, the break of level (column
    `step`) and of slope, where they were asked for.
    """

    estimate: float
    std_error: float
    df: float
    expected: Array
    expected_se: Array
    fitted: Array
    regression: Regression
    step: int


def interrupted(
    y: npt.ArrayLike,
    after: Rows,
    *,
    lags: int,
    other: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    trend: bool = True,
    slope: bool = True,
) -> Interrupted:
    """Fit a series with a break of level, and of slope, at a cut.

    Parameters
    ----------
    y : array_like, shape (n,)
        In order of time, one point a period.
    after : ndarray of bool, shape (n,)
        Periods from the cut on.
    lags : int
        See `newey_west`.
    other : array_like, shape (n, p), optional
        Seasons and whatever else moves the series.
    weights : array_like, optional
    trend, slope : bool
        Whether the series has a straight trend, and whether it may bend at the cut.

    Returns
    -------
    Interrupted

    References
    ----------
    Wagner, A. K., Soumerai, S. B., Zhang, F. and Ross-Degnan, D. (2002). Segmented
    regression analysis of interrupted time series studies in medication use research.
    Journal of Clinical Pharmacy and Therapeutics 27, 299-309.
    doi:10.1046/j.1365-2710.2002.00430.x

    Examples
    --------
    >>> y = np.r_[np.zeros(10), np.ones(10)]
    >>> found = interrupted(y, np.arange(20) >= 10, lags=2)
    >>> round(found.estimate, 6)
    1.0
    """
    values = np.asarray(y, dtype=float)
    n, t = len(values), np.arange(len(values), dtype=float)
    step = after.astype(float)
    parts = [np.ones(n), *([t] if trend else [])]
    if other is not None and np.asarray(other).size:
        parts += list(np.asarray(other, dtype=float).T)
    base = np.column_stack(parts)
    bend = [step * (t - t[after].min())] if slope else []
    x = np.column_stack([base, step, *bend])
    fit = newey_west(x, values, lags=lags, weights=weights)
    lift = x.copy()
    lift[:, : base.shape[1]] = 0
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    average = (w[after] @ lift[after]) / w[after].sum()
    estimate, error = fit.contrast(average)
    plain = x - lift
    spread = np.einsum("ij,jk,ik->i", plain, fit.covariance, plain)
    return Interrupted(
        estimate, error, fit.df, plain @ fit.coef, np.sqrt(np.maximum(spread, 0)),
        x @ fit.coef, fit, base.shape[1],
    )  # fmt: skip


def placebo_cuts(
    y: npt.ArrayLike,
    *,
    length: int,
    lags: int,
    least: int = 8,
    least_after: int | None = None,
    most: int = 120,
    other: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    trend: bool = True,
    slope: bool = True,
) -> list[tuple[int, float, float]]:
    """Cut a series, in which nothing was changed, everywhere that it can be cut.

    Parameters
    ----------
    y : array_like, shape (n,)
        The series before the real cut.
    length : int
        Periods after the real cut: each placebo has as many at most.
    least : int
        Periods that a placebo needs before its cut.
    least_after : int, optional
        And after it; half as many where not given.
    most : int
        Cuts, evenly spread, where more are possible.
    lags, other, weights, trend, slope
        As in `interrupted`.

    Returns
    -------
    list of (cut, estimate, statistic)

    Examples
    --------
    >>> flat = np.tile([0.0, 1.0], 12)
    >>> len(placebo_cuts(flat, length=6, lags=1))
    11
    """
    values = np.asarray(y, dtype=float)
    n = len(values)
    extra = None if other is None else np.asarray(other, dtype=float)
    w = None if weights is None else np.asarray(weights, dtype=float)
    after = min(length, n // 2)
    enough = after >= (least // 2 if least_after is None else least_after)
    cuts = np.arange(least, n - after + 1) if enough else np.arange(0)
    if len(cuts) > most:
        cuts = np.unique(np.linspace(cuts[0], cuts[-1], most).round().astype(int))
    found = []
    for cut in cuts.tolist():
        end = cut + after
        try:
            one = interrupted(
                values[:end], np.arange(end) >= cut, lags=lags, trend=trend,
                slope=slope,
                other=None if extra is None else _varying(extra[:end]),
                weights=None if w is None else w[:end],
            )  # fmt: skip
        except DataError:
            continue
        if one.std_error > 0:
            found.append((cut, one.estimate, one.estimate / one.std_error))
    return found


def placebo_quantile(
    statistic: float,
    placebos: npt.ArrayLike,
    *,
    df: float,
    confidence_level: float = 0.95,
) -> tuple[float, float, bool]:
    """Return how wide placebo cuts make an interval, and the p-value beside them.

    Parameters
    ----------
    statistic : float
        Of the real cut, in standard errors.
    placebos : array_like
        Statistics of the placebo cuts.
    df : float
        Of the real cut's regression.
    confidence_level : float

    Returns
    -------
    quantile : float
        Student's, or that of the placebos where it is larger.
    pvalue : float
        Student's, or the share of cuts as large where that is larger.
    enough : bool
        Whether there are cuts enough for the level (19 for 95 %); else both are
        Student's.

    Examples
    --------
    >>> placebo_quantile(3.0, np.arange(1, 20) / 5, df=40)[2]
    True
    """
    sizes, tail = (
        np.sort(np.abs(np.asarray(placebos, dtype=float))),
        1 - confidence_level,
    )
    quantile = float(stats.t.isf(tail / 2, df))
    pvalue = two_sided(statistic, df)
    if len(sizes) < round(1 / tail) - 1:
        return quantile, pvalue, False
    place = ceil(confidence_level * (len(sizes) + 1)) - 1
    quantile = max(quantile, float(sizes[min(place, len(sizes) - 1)]))
    share = (1 + int((sizes >= abs(statistic)).sum())) / (1 + len(sizes))
    return quantile, max(pvalue, share), True


def two_sided(statistic: float, df: float) -> float:
    """Return the p-value of a Student statistic.

    Parameters
    ----------
    statistic, df : float

    Returns
    -------
    float

    Examples
    --------
    >>> round(two_sided(2.0, 1e6), 4)
    0.0455
    """
    return float(2 * stats.t.sf(abs(statistic), df))


def _varying(x: Array) -> Array:
    return np.asarray(x[:, np.ptp(x, axis=0) > 0])
