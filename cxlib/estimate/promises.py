"""How far past promises held: coverage, bias and width of their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib.estimate.design import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A factor with its interval; NaN where there are too few promises."""

    n: int
    estimate: float
    ci_lower: float
    ci_upper: float
    df: float


NONE = Factor(n=0, estimate=np.nan, ci_lower=np.nan, ci_upper=np.nan, df=np.nan)
LEAST = 3


def exact_share(
    hits: int, n: int, *, confidence_level: float = 0.95
) -> tuple[float, float]:
    """Return the exact interval of a share of few independent trials.

    Parameters
    ----------
    hits, n : int
    confidence_level : float

    Returns
    -------
    lower, upper : float
        0 and 1 without trials.

    References
    ----------
    Clopper, C. J. and Pearson, E. S. (1934). Biometrika 26, 404-413.
    doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> [round(end, 3) for end in exact_share(7, 10)]
    [0.348, 0.933]
    """
    if n == 0:
        return 0.0, 1.0
    found = stats.binomtest(hits, n).proportion_ci(confidence_level, method="exact")
    return float(found.low), float(found.high)


def quantile(level: npt.ArrayLike) -> Array:
    """Return the half-width, in standard deviations, of a normal interval.

    Parameters
    ----------
    level : array_like

    Returns
    -------
    ndarray

    Examples
    --------
    >>> float(quantile(0.95).round(2))
    1.96
    """
    return np.asarray(stats.norm.isf((1 - np.asarray(level, dtype=float)) / 2))


def sigma(
    middle: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, level: npt.ArrayLike
) -> tuple[Array, Array]:
    """Return the spread below and above a number that its interval claims.

    Parameters
    ----------
    middle, low, high : array_like, shape (n,)
    level : array_like
        Of the interval, 0 to 1.

    Returns
    -------
    below, above : ndarray
        Standard deviations of a normal distribution on that side.

    Examples
    --------
    >>> below, above = sigma([10.0], [8.72], [12.56], 0.8)
    >>> below.round(1).tolist(), above.round(1).tolist()
    ([1.0], [2.0])
    """
    m, lower, upper = (np.asarray(x, dtype=float) for x in (middle, low, high))
    z = quantile(level)
    return np.asarray((m - lower) / z), np.asarray((upper - m) / z)


def surprise(
    promised: Array, spread: tuple[Array, Array], delivered: Array,
    error: tuple[Array, Array],
) -> Array:  # fmt: skip
    """Return how far each delivery lies from its promise, in standard deviations.

    Parameters
    ----------
    promised, delivered : ndarray, shape (n,)
    spread, error : pair of ndarray
        Standard deviations below and above of the promise and of the measurement.

    Returns
    -------
    ndarray
        Standard normal, where promises are as sure as they say: the error of the
        measurement is taken into account, so that it does not count against them.

    Examples
    --------
    >>> one = np.array([1.0])
    >>> surprise(one, (one, one), 3 * one, (0 * one, 0 * one)).tolist()
    [2.0]
    """
    above = delivered >= promised
    own = np.where(above, spread[1], spread[0])
    measured = np.where(above, error[0], error[1])
    total = np.hypot(own, measured)
    gap = delivered - promised
    out = np.where(gap == 0, 0.0, np.sign(gap) * np.inf)
    return np.asarray(np.divide(gap, total, out=out, where=total > 0))


def delivery_factor(
    promised: npt.ArrayLike,
    delivered: npt.ArrayLike,
    scale: npt.ArrayLike,
    *,
    confidence_level: float = 0.95,
) -> Factor:
    """Return how much was delivered of each unit promised.

    Parameters
    ----------
    promised, delivered : array_like, shape (n,)
        In any units, each pair in its own.
    scale : array_like, shape (n,)
        Standard deviation of delivered around promised; it takes the unit away.
    confidence_level : float

    Returns
    -------
    Factor
        Slope through the origin of delivered on promised, both over `scale`; HC3
        error, t with n - 1. NaN under three promises.

    Examples
    --------
    >>> found = delivery_factor([10, 20, 30, 40], [5, 11, 14, 21], [2, 4, 6, 8])
    >>> round(found.estimate, 2), found.ci_upper < 1
    (0.51, True)
    """
    s = np.asarray(scale, dtype=float)
    good = np.isfinite(s) & (s > 0)
    x, y = (np.asarray(v, dtype=float)[good] / s[good] for v in (promised, delivered))
    n, size = len(x), float((x**2).sum())
    if n < LEAST or size <= 0 or (x**2).max() >= 0.999 * size:
        return NONE
    slope = float(x @ y) / size
    leverage = x**2 / size
    error = float((x**2 * ((y - slope * x) / (1 - leverage)) ** 2).sum()) ** 0.5 / size
    half = float(stats.t.isf((1 - confidence_level) / 2, n - 1)) * error
    return Factor(n=n, estimate=slope, ci_lower=slope - half, ci_upper=slope + half,
                  df=n - 1.0)  # fmt: skip


def width_factor(surprises: npt.ArrayLike, *, confidence_level: float = 0.95) -> Factor:
    """Return how many times as wide the intervals should have been.

    Parameters
    ----------
    surprises : array_like, shape (n,)
        From `surprise`.
    confidence_level : float

    Returns
    -------
    Factor
        Root mean square; interval from the chi-square distribution with n df, which
        takes surprises to be normal. NaN under three.

    Examples
    --------
    >>> round(width_factor([2.0, -2.0, 2.0, -2.0]).estimate, 6)
    2.0
    """
    z = np.asarray(surprises, dtype=float)
    z = z[np.isfinite(z)]
    n, total = len(z), float((z**2).sum())
    if n < LEAST:
        return NONE
    tail = (1 - confidence_level) / 2
    low, high = (float((total / stats.chi2.isf(p, n)) ** 0.5) for p in (tail, 1 - tail))
    return Factor(
        n=n, estimate=(total / n) ** 0.5, ci_lower=low, ci_upper=high, df=float(n)
    )


def interval_score(
    low: npt.ArrayLike,
    high: npt.ArrayLike,
    delivered: npt.ArrayLike,
    *,
    level: npt.ArrayLike,
) -> Array:
    """Return the interval score: width, and a fine for what falls outside.

    Parameters
    ----------
    low, high, delivered, level : array_like, shape (n,)

    Returns
    -------
    ndarray
        In the unit of the promise; smaller is better, and honest intervals are best.

    References
    ----------
    Gneiting, T. and Raftery, A. E. (2007). Strictly proper scoring rules, prediction,
    and estimation. JASA 102, 359-378. doi:10.1198/016214506000001437

    Examples
    --------
    >>> interval_score([0.0, 0.0], [1.0, 1.0], [0.5, 1.5], level=0.8).round(6).tolist()
    [1.0, 6.0]
    """
    a, b, d = (np.asarray(x, dtype=float) for x in (low, high, delivered))
    fine = 2 / (1 - np.asarray(level, dtype=float))
    outside = np.maximum(a - d, 0) + np.maximum(d - b, 0)
    return np.asarray(b - a + fine * outside)


def reference_class(
    planned: npt.ArrayLike, actual: npt.ArrayLike, *, confidence_level: float = 0.95
) -> tuple[Factor, float]:
    """Return the typical ratio of actual to planned effort, and its 80th percentile.

    Parameters
    ----------
    planned, actual : array_like, shape (n,)
        Positive costs or times.
    confidence_level : float

    Returns
    -------
    factor : Factor
        Geometric mean of the ratios, t interval of its logarithm; NaN under three.
    p80 : float
        Factor that the next piece of work stays under four times in five: prediction
        by t, for few.

    References
    ----------
    Flyvbjerg, B. (2006). From Nobel prize to project management: getting risks right.
    Project Management Journal 37, 5-15. doi:10.1177/875697280603700302

    Examples
    --------
    >>> factor, p80 = reference_class([10, 10, 10], [10, 20, 40])
    >>> round(factor.estimate, 6), p80 > 2
    (2.0, True)
    """
    ratio = np.log(np.asarray(actual, dtype=float) / np.asarray(planned, dtype=float))
    n = len(ratio)
    if n < LEAST:
        return NONE, float("nan")
    mean, spread = float(ratio.mean()), float(ratio.std(ddof=1))
    half = float(stats.t.isf((1 - confidence_level) / 2, n - 1)) * spread / n**0.5
    ahead = float(stats.t.ppf(0.8, n - 1)) * spread * (1 + 1 / n) ** 0.5
    low, middle, high, p80 = np.exp([mean - half, mean, mean + half, mean + ahead])
    return (
        Factor(n=n, estimate=float(middle), ci_lower=float(low), ci_upper=float(high),
               df=n - 1.0),
        float(p80),
    )  # fmt: skip
