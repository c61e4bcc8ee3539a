"""Shapley (LMG) decomposition of R-squared over all subsets of predictors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cxlib.errors import ArgumentError
from cxlib.estimate.design import Array

MAX_PREDICTORS = 15
_TINY = 1e-10
_BLOCK = 1 << 20


def subset_r2(correlation: npt.ArrayLike) -> Array:
    """Return R-squared of the last variable on every subset of the others.

    Parameters
    ----------
    correlation : array_like, shape (..., p + 1, p + 1)
        Correlation (or covariance) matrices: p predictors, then the outcome.

    Returns
    -------
    ndarray, shape (..., 2 ** p)
        Subset number ``sum(2 ** (p - 1 - j))`` over its predictors j; 0 is empty.

    Raises
    ------
    ArgumentError
        For more than 15 predictors: the subsets double with each.

    Notes
    -----
    One pass over the predictors: each splits all tables so far into "left out" (drop
    its row) and "taken in" (sweep it out), so each subset costs a few operations and
    nothing is solved twice. A predictor that others determine adds nothing.

    Examples
    --------
    >>> subset_r2([[1, 0, 0.6], [0, 1, 0.5], [0.6, 0.5, 1]]).round(2)
    array([0.  , 0.25, 0.36, 0.61])
    """
    table = np.asarray(correlation, dtype=float)
    p = table.shape[-1] - 1
    if p > MAX_PREDICTORS:
        raise ArgumentError(f"{p} predictors; at most {MAX_PREDICTORS} are decomposed.")
    total = table[..., -1, -1]
    scale = np.sqrt(np.diagonal(table, axis1=-2, axis2=-1))
    table = table / (scale[..., :, None] * scale[..., None, :])
    table = table[..., None, :, :]
    for _ in range(p):
        pivot = table[..., :1, :1]
        row = table[..., :1, 1:]
        usable = pivot > _TINY
        swept = np.where(usable, row / np.where(usable, pivot, 1.0), 0.0)
        rest = table[..., 1:, 1:]
        both = np.stack([rest, rest - np.swapaxes(row, -1, -2) * swept], axis=-3)
        table = both.reshape(*rest.shape[:-3], -1, *rest.shape[-2:])
    explained = 1.0 - table[..., 0, 0]
    return np.asarray(np.where(np.expand_dims(total, -1) > 0, explained, np.nan))


def shapley_r2(correlation: npt.ArrayLike) -> Array:
    """Return each predictor's Shapley (LMG) part of R-squared.

    Parameters
    ----------
    correlation : array_like, shape (..., p + 1, p + 1)
        Correlation matrices: p predictors, at most 15, then the outcome.

    Returns
    -------
    ndarray, shape (..., p)
        Never negative, sums to R-squared: the increase in R-squared when the
        predictor is added, averaged over all orders of adding.

    References
    ----------
    Lindeman, R. H., Merenda, P. F. and Gold, R. Z. (1980). Introduction to Bivariate
    and Multivariate Analysis. Scott, Foresman. Groemping, U. (2007). Estimators of
    relative importance in linear regression based on variance decomposition. The
    American Statistician 61, 139-147. doi:10.1198/000313007X188252

    Examples
    --------
    >>> shapley_r2([[1, 0, 0.6], [0, 1, 0.5], [0.6, 0.5, 1]]).round(2)
    array([0.36, 0.25])
    """
    tables = np.asarray(correlation, dtype=float)
    p = tables.shape[-1] - 1
    weights = _weights(p)
    flat = tables.reshape(-1, p + 1, p + 1)
    step = max(1, _BLOCK >> (p + 2))
    parts = [
        subset_r2(flat[start : start + step]) @ weights
        for start in range(0, len(flat), step)
    ]
    return np.concatenate(parts).reshape(*tables.shape[:-2], p)


def _weights(p: int) -> Array:
    """Weight of each subset in each predictor's Shapley value, (2**p, p)."""
    member = (np.arange(2**p)[:, None] >> np.arange(p)[::-1]) & 1
    size = member.sum(axis=1)
    by_size = np.ones(p)
    for m in range(1, p):
        by_size[m] = by_size[m - 1] * m / (p - m)
    by_size /= p
    taken = by_size[np.clip(size - 1, 0, p - 1)]
    left = by_size[np.clip(size, 0, p - 1)]
    return np.asarray(np.where(member == 1, taken[:, None], -left[:, None]))
