"""Several coefficients at once: a joint test, and bands that hold for all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib import _checks
from cxlib.errors import ArgumentError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """A Wald test that several coefficients are zero."""

    statistic: float
    df: tuple[float, float]
    pvalue: float


def wald(coef: npt.ArrayLike, covariance: npt.ArrayLike, *, df: float) -> Joint:
    """Test that all coefficients are zero.

    Parameters
    ----------
    coef : array_like, shape (k,)
    covariance : array_like, shape (k, k)
    df : float
        Of the denominator; clusters less one for clustered errors.

    Returns
    -------
    Joint

    Notes
    -----
    ``F = b' V^-1 b / k`` against F(k, df); with one coefficient the t test. Where V
    has rank below k (fewer clusters than coefficients) the test has that rank.

    Examples
    --------
    >>> wald([2.0, 0.0], [[1.0, 0.0], [0.0, 1.0]], df=30).statistic
    2.0
    """
    b, v = np.atleast_1d(np.asarray(coef, dtype=float)), np.atleast_2d(covariance)
    rank = int(np.linalg.matrix_rank(v, hermitian=True))
    if not rank:
        nan = float("nan")
        return Joint(statistic=nan, df=(0.0, df), pvalue=nan)
    statistic = float(b @ np.linalg.pinv(v, hermitian=True) @ b) / rank
    return Joint(
        statistic=statistic, df=(float(rank), df),
        pvalue=float(stats.f.sf(statistic, rank, df)),
    )  # fmt: skip


def sup_t(
    covariance: npt.ArrayLike,
    *,
    df: float = float("inf"),
    confidence_level: float = 0.95,
    n_draws: int = 20_000,
    rng: int | np.random.Generator = 0,
) -> float:
    """Return how many standard errors a band needs to hold all coefficients at once.

    Parameters
    ----------
    covariance : array_like, shape (k, k)
    df : float
        Degrees of freedom of t.
    confidence_level : float
    n_draws : int
        Draws of the largest absolute t; its quantile is off by about one hundredth.
    rng : int or numpy.random.Generator

    Returns
    -------
    float
        Between the t quantile of one coefficient and Bonferroni's.

    References
    ----------
    Montiel Olea, J. L. and Plagborg-Moller, M. (2019). Simultaneous confidence bands:
    theory, implementation, and an application to SVARs. Journal of Applied
    Econometrics 34, 1-17. doi:10.1002/jae.2656

    Examples
    --------
    >>> round(sup_t([[4.0]]), 2), round(sup_t([[1.0, 0.5], [0.5, 1.0]]), 1)
    (1.96, 2.2)
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    v = np.atleast_2d(np.asarray(covariance, dtype=float))
    if v.shape[0] != v.shape[1]:
        raise ArgumentError(f"`covariance` is {v.shape[0]} by {v.shape[1]}; square it.")
    alpha = 1 - confidence_level
    single = float(stats.t.isf(alpha / 2, df))
    error = np.sqrt(np.diag(v))
    kept = error > 0
    if kept.sum() < 2:
        return single
    values, vectors = np.linalg.eigh(
        v[np.ix_(kept, kept)] / np.outer(error[kept], error[kept])
    )
    generator = _checks.generator(rng)
    normal = generator.normal(size=(n_draws, len(values)))
    z = normal @ (vectors * np.sqrt(np.maximum(values, 0))).T
    scale = np.sqrt(generator.chisquare(df, n_draws) / df) if np.isfinite(df) else 1.0
    largest = np.abs(z).max(axis=1) / scale
    bonferroni = float(stats.t.isf(alpha / 2 / len(values), df))
    return min(max(float(np.quantile(largest, confidence_level)), single), bonferroni)
