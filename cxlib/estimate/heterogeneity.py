"""Test whether several estimates differ more than chance explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib.errors import ArgumentError


@dataclass(frozen=True, slots=True, kw_only=True)
class Heterogeneity:
    """Test that k estimates share one true value.

    `statistic` is Cochran's Q, chi-square with `df` = k - 1 if they do; `i2` is the
    share of the spread that chance does not explain.
    """

    statistic: float
    df: int
    pvalue: float
    i2: float


def heterogeneity(
    estimates: npt.ArrayLike, covariance: npt.ArrayLike, *, df_error: float = np.inf
) -> Heterogeneity:
    """Test whether estimates differ at all, before asking which does.

    Parameters
    ----------
    estimates : array_like, shape (k,)
    covariance : array_like, shape (k, k) or (k,)
        Covariance matrix, or variances of independent estimates.
    df_error : float
        Degrees of freedom of the covariance; finite with few clusters, and then
        Q / (k - 1) is referred to F.

    Returns
    -------
    Heterogeneity

    Raises
    ------
    ArgumentError
        With fewer than two estimates.

    Notes
    -----
    With independent estimates this is Cochran's Q; with a full matrix it is the
    generalised form ``(y - m)' V^-1 (y - m)`` around the generalised mean.

    References
    ----------
    Cochran, W. G. (1954). The combination of estimates from different experiments.
    Biometrics 10, 101-129. doi:10.2307/3001666. Higgins, J. P. T. and Thompson,
    S. G. (2002). Quantifying heterogeneity in a meta-analysis. Statistics in Medicine
    21, 1539-1558. doi:10.1002/sim.1186

    Examples
    --------
    >>> found = heterogeneity([0.36, 0.05, 0.39], [0.0054, 0.0068, 0.0061])
    >>> round(found.statistic, 3), found.df, round(found.pvalue, 4)
    (10.946, 2, 0.0042)
    """
    y = np.asarray(estimates, dtype=float)
    v = np.asarray(covariance, dtype=float)
    v = np.diag(v) if v.ndim == 1 else v
    if len(y) < 2:
        raise ArgumentError(
            f"`estimates` has {len(y)} values; at least 2 are compared."
        )
    inverse = np.linalg.pinv(v, hermitian=True)
    one = np.ones(len(y))
    mean = float(one @ inverse @ y / (one @ inverse @ one))
    q = float((y - mean) @ inverse @ (y - mean))
    df = len(y) - 1
    tail = (
        stats.chi2.sf(q, df) if np.isinf(df_error) else stats.f.sf(q / df, df, df_error)
    )
    return Heterogeneity(
        statistic=q, df=df, pvalue=float(tail),
        i2=max(0.0, (q - df) / q) if q > 0 else 0.0,
    )  # fmt: skip
