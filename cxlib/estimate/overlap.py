"""Whether two groups have counterparts, and the weights that make them alike."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.estimate.aipw import ESTIMANDS, Estimand
from cxlib.estimate.design import Array

Rows = npt.NDArray[np.bool_]


def tilt(propensity: npt.ArrayLike, inside: Rows, *, estimand: Estimand) -> Array:
    """Return the weights that make two groups alike.

    Parameters
    ----------
    propensity : array_like, shape (n,)
        Chance of each row to be in the group, in (0, 1).
    inside : ndarray of bool, shape (n,)
    estimand : {"overlap", "all", "treated"}
        Whom the weighted groups resemble; see `adjusted_gap`.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> tilt([0.5, 0.2], np.array([True, False]), estimand="treated").tolist()
    [1.0, 0.25]
    """
    _checks.one_of(estimand, "estimand", ESTIMANDS)
    e = np.asarray(propensity, dtype=float)
    ways = {
        "overlap": (1 - e, e),
        "all": (1 / e, 1 / (1 - e)),
        "treated": (np.ones_like(e), e / (1 - e)),
    }
    return np.asarray(np.where(inside, *ways[estimand]))


def weighted_gap(values: npt.ArrayLike, inside: Rows, weights: npt.ArrayLike) -> float:
    """Return the difference of two weighted means, weights adding to one in each group.

    Parameters
    ----------
    values : array_like, shape (n,)
    inside : ndarray of bool, shape (n,)
    weights : array_like, shape (n,)
        `tilt` times sampling weights; zero leaves a row out.

    Returns
    -------
    float
        Normalised (Hajek) inverse-propensity estimate.

    Examples
    --------
    >>> weighted_gap([1, 3, 1], np.array([True, False, False]), [1, 1, 3])
    -0.5
    """
    y, w = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    means = [float(w[r] @ y[r] / w[r].sum()) for r in (inside, ~inside)]
    return means[0] - means[1]


def crump(propensity: npt.ArrayLike) -> float:
    """Return the trimming bound that gives the average gap its least variance.

    Parameters
    ----------
    propensity : array_like, shape (n,)
        In (0, 1).

    Returns
    -------
    float
        Rows with a propensity under it, or over 1 less it, are best left out; 0 where
        none is.

    Notes
    -----
    The smallest bound a with ``1 / (a (1 - a)) <= 2 mean(g | g <= 1 / (a (1 - a)))``,
    g being ``1 / (e (1 - e))``.

    References
    ----------
    Crump, R. K., Hotz, V. J., Imbens, G. W. and Mitnik, O. A. (2009). Dealing with
    limited overlap in estimation of average treatment effects. Biometrika 96, 187-199.
    doi:10.1093/biomet/asn055

    Examples
    --------
    >>> crump([0.4, 0.5, 0.6])
    0.0
    """
    e = np.asarray(propensity, dtype=float)
    g = np.sort(1 / (e * (1 - e)))
    running = 2 * np.cumsum(g) / np.arange(1, len(g) + 1)
    if g[-1] <= running[-1]:
        return 0.0
    bound = float(running[g <= running][-1])
    return float(0.5 - np.sqrt(max(0.0, 0.25 - 1 / bound)))


def kept(propensity: npt.ArrayLike, bound: float) -> Rows:
    """Return the rows with a propensity from a bound to 1 less the bound.

    Parameters
    ----------
    propensity : array_like, shape (n,)
    bound : float

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> kept([0.05, 0.1, 0.95], 0.1).tolist()
    [False, True, False]
    """
    e = np.asarray(propensity, dtype=float)
    return np.asarray((e >= bound) & (e <= 1 - bound))


def effective(weights: npt.ArrayLike) -> float:
    """Return Kish's effective number of rows of weights; 0 where there are none.

    Parameters
    ----------
    weights : array_like

    Returns
    -------
    float

    Examples
    --------
    >>> effective([1.0, 1.0, 0.0])
    2.0
    """
    w = np.asarray(weights, dtype=float)
    return float(w.sum() ** 2 / np.square(w).sum()) if w.any() else 0.0


def histogram(
    propensity: npt.ArrayLike, inside: Rows, *, bins: int = 40
) -> pd.DataFrame:
    """Count the rows of both groups by propensity.

    Parameters
    ----------
    propensity : array_like, shape (n,)
    inside : ndarray of bool, shape (n,)
    bins : int
        Of equal width from 0 to 1.

    Returns
    -------
    pandas.DataFrame
        low, high, n_with, n_without.

    Examples
    --------
    >>> histogram([0.2, 0.7], np.array([True, False]), bins=2).iloc[0].tolist()
    [0.0, 0.5, 1.0, 0.0]
    """
    edges = np.linspace(0, 1, bins + 1)
    counts = [
        np.histogram(np.asarray(propensity, dtype=float)[rows], edges)[0]
        for rows in (inside, ~inside)
    ]
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "n_with": counts[0],
            "n_without": counts[1],
        }
    )
