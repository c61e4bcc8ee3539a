"""Difference in differences of one sample, and its leads and lags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib.errors import DataError
from cxlib.estimate.covariance import design_cov
from cxlib.estimate.design import Array, Design, design_se

Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class DoubleDifference:
    """Change of one group less that of another.

    `means` are of the others before and after, then of the group before and after;
    `influence` has one value a row.
    """

    estimate: float
    std_error: float
    df: float
    means: tuple[float, float, float, float]
    influence: Array


def double_difference(
    values: npt.ArrayLike,
    group: Rows,
    after: Rows,
    *,
    plan: Design,
    rows: Rows | None = None,
) -> DoubleDifference:
    """Return the change of a group less the change of the others.

    Parameters
    ----------
    values : array_like, shape (n,)
    group, after : ndarray of bool, shape (n,)
        Rows of the group; rows after the change.
    plan : Design
        Weights, strata and clusters of the n rows.
    rows : ndarray of bool, optional
        Rows that take part; the others stay in the design.

    Returns
    -------
    DoubleDifference

    Raises
    ------
    DataError
        If one of the four cells is empty.

    Notes
    -----
    Four weighted means; the standard error from their influence values through the
    design, between clusters where there are some, so that a unit seen in both periods
    counts as one. df is clusters less two.

    References
    ----------
    Bertrand, M., Duflo, E. and Mullainathan, S. (2004). How much should we trust
    differences-in-differences estimates? QJE 119, 249-275.
    doi:10.1162/003355304772839588

    Examples
    --------
    >>> from cxlib.estimate import design
    >>> y = [1.0, 2, 2, 3, 1, 2, 5, 6]
    >>> after = np.tile([False, False, True, True], 2)
    >>> group = np.repeat([False, True], 4)
    >>> double_difference(y, group, after, plan=design(8)).estimate
    3.0
    """
    y = np.asarray(values, dtype=float)
    part = np.ones(len(y), dtype=bool) if rows is None else rows
    influence, means = np.zeros(len(y)), []
    for inside, later, sign in (
        (False, False, 1), (False, True, -1), (True, False, -1), (True, True, 1),
    ):  # fmt: skip
        cell = part & (group == inside) & (after == later)
        w = np.where(cell, plan.weights, 0.0)
        if not w.any():
            raise DataError(
                f"the {'group' if inside else 'other rows'} have no row "
                f"{'after' if later else 'before'} the change."
            )
        mean = float(w @ y / w.sum())
        means.append(mean)
        influence += sign * w * (y - mean) / w.sum()
    std_error, df = design_se(influence, plan)
    found = means[3] - means[2] - (means[1] - means[0])
    a, b, c, d = means
    return DoubleDifference(found, std_error, max(1.0, df - 1), (a, b, c, d), influence)


def jointly_zero(
    estimates: npt.ArrayLike, influence: npt.ArrayLike, plan: Design
) -> float:
    """Return the p-value of the hypothesis that several estimates are all zero.

    Parameters
    ----------
    estimates : array_like, shape (k,)
    influence : array_like, shape (n, k)
        Of every row on each.
    plan : Design

    Returns
    -------
    float
        Wald test as an F with k and clusters less strata less k + 1 degrees of freedom;
        NaN where their covariance cannot be inverted.

    Examples
    --------
    >>> from cxlib.estimate import design
    >>> u = np.random.default_rng(0).normal(size=(50, 2)) / 50
    >>> jointly_zero([0.0, 0.0], u, design(50))
    1.0
    """
    b, u = np.asarray(estimates, dtype=float), np.asarray(influence, dtype=float)
    covariance, df = design_cov(u, plan)
    k = len(b)
    error = df - k + 1
    if error < 1 or np.linalg.matrix_rank(covariance) < k:
        return float("nan")
    wald = float(b @ np.linalg.solve(covariance, b))
    return float(stats.f.sf(wald * error / (k * df), k, error))
