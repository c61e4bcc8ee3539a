"""Means in order: a joint test, a fit that never turns back, and a band for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from cxlib import _checks

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wald:
    """A joint test of q restrictions: F with its two degrees of freedom."""

    statistic: float
    df: float
    df_resid: float
    pvalue: float


def wald(estimate: npt.ArrayLike, covariance: npt.ArrayLike, *, df: float) -> Wald:
    """Test that several estimates are all zero.

    Parameters
    ----------
    estimate : array_like, shape (q,)
    covariance : array_like, shape (q, q)
        Itself estimated with `df` degrees of freedom (clusters less one).
    df : float

    Returns
    -------
    Wald
        Blank where the covariance has not full rank or df < q.

    Notes
    -----
    Hotelling's T2: with W = e' V^-1 e, W (df - q + 1) / (q df) is compared with
    F(q, df - q + 1). With many clusters that is W / q against F(q, inf); with few it is
    stricter than F(q, df), which finds too much.

    References
    ----------
    Pustejovsky, J. E. and Tipton, E. (2018). Small-sample methods for cluster-robust
    variance estimation and hypothesis testing in fixed effects models. Journal of
    Business and Economic Statistics 36, 672-683. doi:10.1080/07350015.2016.1247004

    Examples
    --------
    >>> found = wald([2.0, 0.0], [[1.0, 0.0], [0.0, 1.0]], df=100)
    >>> round(found.statistic, 2), found.df_resid
    (1.98, 99.0)
    """
    e = np.atleast_1d(np.asarray(estimate, dtype=float))
    v = np.atleast_2d(np.asarray(covariance, dtype=float))
    q, resid = len(e), float(df) - len(e) + 1
    if resid < 1 or not q or not _sound(v):
        nan = float("nan")
        return Wald(statistic=nan, df=float(q), df_resid=resid, pvalue=nan)
    f = float(e @ np.linalg.solve(v, e)) * resid / (q * df)
    return Wald(
        statistic=f, df=float(q), df_resid=resid, pvalue=float(stats.f.sf(f, q, resid))
    )


def _sound(covariance: Array) -> bool:
    size = np.sqrt(np.diag(covariance))
    if not np.isfinite(covariance).all() or not (size > 0).all():
        return False
    return bool(np.linalg.eigvalsh(covariance / np.outer(size, size))[0] > 1e-10)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Monotone:
    """Ordered means that only rise, or only fall.

    Attributes
    ----------
    fit, lower, upper : ndarray, shape (L,)
        The nearest monotone means, and a band that holds all of them at once.
    statistic, pvalue : float
        Distance of the free means from the monotone ones, and its test.
    n_pooled : int
        Neighbours that the fit makes equal.
    """

    fit: Array
    lower: Array
    upper: Array
    statistic: float
    pvalue: float
    n_pooled: int


def monotone(
    estimate: npt.ArrayLike,
    covariance: npt.ArrayLike,
    *,
    df: float = float("inf"),
    increasing: bool = True,
    confidence_level: float = 0.95,
    n_draws: int = 1000,
    rng: int | np.random.Generator = 0,
) -> Monotone:
    """Project ordered estimates on monotone ones and test whether they may be.

    Use it for levels in a given order whose joint covariance is known. The order is
    not tested against flatness: a flat line is monotone.

    Parameters
    ----------
    estimate : array_like, shape (L,)
        At least two, in the order of the levels; a constant may be missing (their
        differences are used).
    covariance : array_like, shape (L, L)
    df : float
        Behind the covariance (clusters less one).
    increasing : bool
    confidence_level : float
        Of the whole band.
    n_draws : int
        Draws for the weights of the test and the width of the band.
    rng : int or numpy.random.Generator

    Returns
    -------
    Monotone
        Blank where the errors of the differences are zero or repeat each other.

    Notes
    -----
    The fit minimises (e - m)' V^-1 (e - m) over monotone m; its minimum is the
    statistic. Under the hardest monotone truth (flat) it is a mixture of chi-squares
    whose weights are the chances that k neighbours are pooled, drawn from the
    covariance; each chi-square becomes Hotelling's for an estimated covariance. The
    band is the simultaneous t band, narrowed by what monotone means cannot do: its
    lower edge is the highest lower end so far, its upper edge the lowest still to come.

    References
    ----------
    Kudo, A. (1963). A multivariate analogue of the one-sided test. Biometrika 50,
    403-418. doi:10.1093/biomet/50.3-4.403. Silvapulle, M. J. and Sen, P. K. (2005).
    Constrained Statistical Inference. Wiley. doi:10.1002/9781118165614

    Examples
    --------
    >>> found = monotone([1.0, 3.0, 2.0], np.eye(3))
    >>> found.fit.round(6).tolist(), found.n_pooled
    ([1.0, 2.5, 2.5], 1)
    """
    sign = 1.0 if increasing else -1.0
    e = sign * np.asarray(estimate, dtype=float)
    v = np.asarray(covariance, dtype=float)
    generator = _checks.generator(rng)
    between = np.diff(np.diff(v, axis=0), axis=1)
    if not _sound(between):
        nan, blank = float("nan"), np.full(len(e), np.nan)
        return Monotone(fit=blank, lower=blank, upper=blank, statistic=nan, pvalue=nan,
                        n_pooled=0)  # fmt: skip
    root = np.linalg.cholesky(between)
    steps = np.diff(e)
    nearest, distance = _project(root, steps)
    back = np.linalg.solve(root.T, np.linalg.solve(root, nearest - steps))
    fit = e + np.diff(v, axis=1) @ back
    lower, upper = _band(e, v, df, confidence_level, n_draws, generator)
    lower = np.minimum(np.maximum.accumulate(lower), fit)
    upper = np.maximum(np.minimum.accumulate(upper[::-1])[::-1], fit)
    ends = (lower, upper) if increasing else (-upper, -lower)
    return Monotone(
        fit=sign * fit, lower=ends[0], upper=ends[1], statistic=distance,
        pvalue=_chance(root, distance, df, n_draws, generator),
        n_pooled=int((nearest == 0).sum()),
    )  # fmt: skip


def _project(root: Array, steps: Array) -> tuple[Array, float]:
    """Return the nearest steps that are not negative, and their squared distance."""
    inverse = np.linalg.inv(root)
    found, distance = optimize.nnls(inverse, inverse @ steps)
    return np.asarray(found), float(distance**2)


def _chance(
    root: Array, distance: float, df: float, n_draws: int, rng: np.random.Generator
) -> float:
    """Return the chance of a distance as large where all means are equal."""
    if distance < 1e-12:
        return 1.0
    inverse, k = np.linalg.inv(root), len(root)
    pooled = np.array(
        [
            (optimize.nnls(inverse, drawn)[0] == 0).sum()
            for drawn in rng.normal(size=(n_draws, k))
        ]
    )
    weights = np.bincount(pooled, minlength=k + 1) / n_draws
    return float(sum(w * _tail(distance, q, df) for q, w in enumerate(weights) if q))


def _tail(distance: float, q: int, df: float) -> float:
    """Return the chance that Hotelling's T2 of q means exceeds the distance."""
    if np.isinf(df):
        return float(stats.chi2.sf(distance, q))
    resid = df - q + 1
    return float(stats.f.sf(distance * resid / (q * df), q, resid)) if resid > 0 else 1


def _band(
    e: Array, v: Array, df: float, level: float, n_draws: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return the two edges of a band that holds all means at once."""
    size = np.sqrt(np.diag(v))
    values, vectors = np.linalg.eigh(v / np.outer(size, size))
    draws = (
        rng.normal(size=(10 * n_draws, len(e)))
        @ (vectors * np.sqrt(np.clip(values, 0, None))).T
    )
    if np.isfinite(df):
        draws *= np.sqrt(df / rng.chisquare(df, size=(len(draws), 1)))
    reach = float(np.quantile(np.abs(draws).max(axis=1), level)) * size
    return e - reach, e + reach
