"""Covariance of several estimates under one survey design."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cxlib.estimate.design import Array, Design, design_se


def domain_influence(
    values: npt.ArrayLike, domain: npt.NDArray[np.bool_], plan: Design
) -> Array:
    """Return the influence of each row on the weighted mean inside a domain.

    Parameters
    ----------
    values : array_like, shape (n,)
    domain : ndarray of bool, shape (n,)
    plan : Design

    Returns
    -------
    ndarray, shape (n,)
        Rows outside the domain carry zero and keep their place in the design.

    Examples
    --------
    >>> from cxlib.estimate import design
    >>> domain_influence([1.0, 3.0, 9.0], np.array([True, True, False]), design(3))
    array([-0.5,  0.5,  0. ])
    """
    weight = np.where(domain, plan.weights, 0.0)
    y = np.where(domain, np.asarray(values, dtype=float), 0.0)
    mean = float((weight * y).sum() / weight.sum())
    return np.asarray(np.where(domain, weight * (y - mean) / weight.sum(), 0.0))


def design_cov(influence: npt.ArrayLike, plan: Design) -> tuple[Array, float]:
    """Return the linearised covariance matrix of k estimates and its df.

    Parameters
    ----------
    influence : array_like, shape (n, k)
        One column of influence values an estimate; see `design_se`.
    plan : Design
        The design of the same n rows.

    Returns
    -------
    covariance : ndarray, shape (k, k)
        Its diagonal is the square of `design_se` of each column.
    df : float
        Clusters minus strata.

    Notes
    -----
    Estimates of disjoint segments are uncorrelated in a simple random sample, and
    correlated as soon as one cluster (a customer, an account) has rows in both.

    References
    ----------
    Binder, D. A. (1983). On the variances of asymptotically normal estimators from
    complex surveys. International Statistical Review 51, 279-292.
    doi:10.2307/1402588

    Examples
    --------
    >>> from cxlib.estimate import design
    >>> y = np.array([1.0, 2.0, 4.0, 9.0])
    >>> u = np.column_stack([(y - y.mean()) / 4, (y - y.mean()) / 2])
    >>> covariance, df = design_cov(u, design(4))
    >>> round(float(covariance[0, 0] ** 0.5), 6), df
    (1.779513, 3.0)
    """
    u = np.asarray(influence, dtype=float)
    df = design_se(u[:, 0], plan)[1]
    unit, first = _units(plan, len(u))
    totals = np.column_stack([np.bincount(unit, weights=column) for column in u.T])
    strata = plan.strata[first]
    covariance = np.zeros((u.shape[1], u.shape[1]))
    for stratum in np.unique(strata):
        inside = strata == stratum
        spread = totals[inside] - totals[inside].mean(axis=0)
        n_h = int(inside.sum())
        sampled = 0.0 if plan.fpc is None else n_h / plan.fpc[first][inside][0]
        covariance += (1 - sampled) * n_h / (n_h - 1) * spread.T @ spread
    return covariance, df


def _units(plan: Design, n: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return each row's cluster within its stratum, and each cluster's first row."""
    if not plan.clustered:
        return np.arange(n), np.arange(n)
    _, first, inverse = np.unique(plan.units, return_index=True, return_inverse=True)
    return inverse, first
