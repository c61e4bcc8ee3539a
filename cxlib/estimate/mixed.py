"""How alike answers of one group are: a random intercept by restricted likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, stats

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate.design import Array

_LARGEST = 1e6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RandomIntercept:
    """A linear model in which each group has a level of its own.

    Attributes
    ----------
    coefficient, std_error : ndarray, shape (p,)
        Intercept first, then the covariates; generalised least squares.
    between, within : float
        Variance of the groups' levels, and of answers inside a group.
    icc, icc_ci_lower, icc_ci_upper : float
        between / (between + within): correlation of two answers of one group; profile
        likelihood interval.
    log_likelihood : float
        Restricted, at its maximum.
    n, k : int
        Answers and groups.
    """

    coefficient: Array
    std_error: Array
    between: float
    within: float
    icc: float
    icc_ci_lower: float
    icc_ci_upper: float
    log_likelihood: float
    n: int
    k: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Products:
    """What the likelihood needs: sums by group, whatever the number of answers.

    `xx`, `xy` and `yy` are cross products; `sizes`, `sx` and `sy` sums by group.
    """

    xx: Array
    xy: Array
    yy: float
    sizes: Array
    sx: Array
    sy: Array


def random_intercept(
    values: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    covariates: npt.ArrayLike | None = None,
    confidence_level: float = 0.95,
) -> RandomIntercept:
    """Fit a random intercept and say what share of the variance lies between groups.

    Parameters
    ----------
    values : array_like, shape (n,)
        Answers, none missing.
    groups : array_like, shape (n,)
        Label of each answer's group; none missing.
    covariates : array_like, shape (n,) or (n, p - 1), optional
        Fixed effects beside the intercept.
    confidence_level : float
        Of the interval of `icc`.

    Returns
    -------
    RandomIntercept

    Raises
    ------
    DataError
        With fewer than two groups, as many groups as answers, covariates that repeat
        one another, or answers that do not vary inside any group.

    Notes
    -----
    REML, profiled to the ratio of the two variances: one maximisation in one variable
    from sums by group. Answers are equally weighted; a normal model, used for scores
    of -1, 0 and 1 as analysis of variance is.

    References
    ----------
    Bates, D. et al. (2015). Fitting linear mixed-effects models using lme4. Journal of
    Statistical Software 67(1). doi:10.18637/jss.v067.i01

    Examples
    --------
    >>> found = random_intercept([1, 2, 1, 5, 6, 6, 9, 9, 8], list("aaabbbccc"))
    >>> round(found.between, 2), round(found.within, 2), round(found.icc, 2)
    (13.48, 0.33, 0.98)
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    data = _products(values, groups, covariates)
    if _fit(data, 0.0)[2] <= 1e-12 * max(data.yy, 1e-300):
        raise DataError("the answers do not vary, so no variance can be split.")

    def lost(log_ratio: float) -> float:
        return -_fit(data, np.exp(log_ratio))[3]

    grid = np.linspace(-14, np.log(_LARGEST), 60)
    start = int(np.argmin([lost(one) for one in grid]))
    ends = grid[max(start - 1, 0)], grid[min(start + 1, len(grid) - 1)]
    best = optimize.minimize_scalar(
        lost, bounds=ends, method="bounded", options={"xatol": 1e-10}
    )
    ratio = float(np.exp(best.x))
    ratio = 0.0 if _fit(data, 0.0)[3] >= -best.fun else ratio
    coefficient, cov, within, top = _fit(data, ratio)
    drop = float(stats.chi2.isf(1 - confidence_level, 1)) / 2
    low, high = (_edge(data, ratio, top - drop, side) for side in (-1, 1))
    return RandomIntercept(
        coefficient=coefficient, std_error=np.sqrt(np.diag(cov)),
        between=ratio * within, within=within, icc=_share(ratio),
        icc_ci_lower=_share(low), icc_ci_upper=_share(high), log_likelihood=top,
        n=int(data.sizes.sum()), k=len(data.sizes),
    )  # fmt: skip


def _products(
    values: npt.ArrayLike, groups: npt.ArrayLike, covariates: npt.ArrayLike | None
) -> _Products:
    y = np.asarray(values, dtype=float)
    codes, names = pd.factorize(np.asarray(groups))
    x = np.ones((len(y), 1))
    if covariates is not None:
        x = np.column_stack([x, np.asarray(covariates, dtype=float)])
    if len(codes) != len(y) or (codes < 0).any() or not np.isfinite(y).all():
        raise ArgumentError("`values` and `groups` must be as long, and none missing.")
    if not 2 <= len(names) < len(y):
        raise DataError(
            f"{len(y):,} answers in {len(names):,} groups: a split of variance needs "
            "at least two groups, and more answers than groups."
        )
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise DataError("the covariates repeat one another: leave some out.")

    def by_group(column: Array) -> Array:
        return np.bincount(codes, weights=column).astype(np.float64)

    return _Products(
        xx=x.T @ x, xy=x.T @ y, yy=float(y @ y), sizes=by_group(np.ones(len(y))),
        sx=np.column_stack([by_group(column) for column in x.T]), sy=by_group(y),
    )  # fmt: skip


def _fit(data: _Products, ratio: float) -> tuple[Array, Array, float, float]:
    """Coefficients, their covariance, variance within, and restricted likelihood."""
    shrink = ratio / (1 + data.sizes * ratio)
    a = data.xx - (data.sx * shrink[:, None]).T @ data.sx
    b = data.xy - data.sx.T @ (shrink * data.sy)
    coefficient = np.linalg.solve(a, b)
    free = float(data.sizes.sum()) - len(b)
    rest = data.yy - float(shrink @ np.square(data.sy)) - float(coefficient @ b)
    within = max(rest, 1e-300) / free
    fit = -0.5 * (
        free * (np.log(2 * np.pi * within) + 1)
        + np.log1p(data.sizes * ratio).sum()
        + np.linalg.slogdet(a)[1]
    )
    return (
        np.asarray(coefficient),
        np.asarray(within * np.linalg.inv(a)),
        within,
        float(fit),
    )


def _share(ratio: float) -> float:
    return ratio / (1 + ratio) if np.isfinite(ratio) else 1.0


def _edge(data: _Products, ratio: float, level: float, side: int) -> float:
    """Ratio at which the likelihood has fallen to `level`, below or above the best."""

    def left(at: float) -> float:
        return _fit(data, at)[3] - level

    if side < 0:
        if left(0.0) >= 0 or ratio == 0:
            return 0.0
        return float(optimize.brentq(left, 0.0, ratio))
    high = max(2 * ratio, 1e-3)
    while left(high) > 0 and high < _LARGEST:
        high *= 2
    return float(optimize.brentq(left, ratio, high)) if left(high) < 0 else np.inf
