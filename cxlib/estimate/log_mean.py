"""Means of positive outcomes by log link: counts and costs, clustered errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cxlib.errors import DataError

Array = npt.NDArray[np.float64]
_STEPS, _TOLERANCE = 60, 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class LogMean:
    """Coefficients of log E(y | x) and each cluster's pull on them.

    Attributes
    ----------
    coef : ndarray, shape (k,)
    influence : ndarray, shape (G, k)
        Scaled by the CR1 factor: its cross product is the covariance.
    n : int
    """

    coef: Array
    influence: Array
    n: int

    @property
    def std_error(self) -> Array:
        """Clustered errors of the coefficients."""
        return np.asarray(np.sqrt(np.square(self.influence).sum(axis=0)))

    @property
    def df(self) -> float:
        """Clusters less one."""
        return float(len(self.influence) - 1)


def fit(
    y: npt.ArrayLike,
    x: npt.ArrayLike,
    *,
    cluster: npt.ArrayLike,
    family: Literal["poisson", "gamma"],
) -> LogMean:
    """Regress an outcome of 0 or more on columns, its mean on the log scale.

    Parameters
    ----------
    y : array_like, shape (n,)
        Counts or amounts, not negative.
    x : array_like, shape (n, k)
        With a column of ones where a constant is wanted.
    cluster : array_like of int, shape (n,)
        Codes 0.. without holes.
    family : {"poisson", "gamma"}
        Whether the variance rises with the mean or with its square; the mean is
        estimated consistently either way, the errors do not rest on it.

    Returns
    -------
    LogMean

    Raises
    ------
    DataError
        Where the coefficients do not settle: a level whose outcomes are all 0, or
        columns that determine each other.

    References
    ----------
    Gourieroux, C., Monfort, A. and Trognon, A. (1984). Pseudo maximum likelihood
    methods: applications to Poisson models. Econometrica 52, 701-720.
    doi:10.2307/1913472

    Examples
    --------
    >>> x = np.column_stack([np.ones(4), [0, 0, 1, 1]])
    >>> found = fit([1.0, 3.0, 2.0, 6.0], x, cluster=[0, 1, 2, 3], family="gamma")
    >>> np.exp(found.coef).round(6).tolist()
    [2.0, 2.0]
    """
    outcome, design = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    codes = np.asarray(cluster, dtype=np.int64)
    groups, (n, k) = int(codes.max()) + 1, design.shape
    if not (outcome >= 0).all() or not outcome.any() or groups < 2 or n <= k:
        raise DataError(
            "a log mean needs outcomes of 0 or more that are not all 0, two clusters "
            "and more rows than columns."
        )
    power = 1 if family == "poisson" else 2
    coef = _solve(outcome, design, power)
    mean = np.exp(design @ coef)
    pulls = design * ((outcome - mean) * mean ** (1 - power))[:, None]
    sums = np.column_stack([np.bincount(codes, column, groups) for column in pulls.T])
    factor = groups / (groups - 1) * (n - 1) / (n - k)
    seen = mean if power == 1 else outcome / mean
    bread = np.linalg.inv((design * seen[:, None]).T @ design)
    return LogMean(coef, sums @ bread * factor**0.5, n)


def _information(design: Array, mean: Array, power: int) -> Array:
    return np.asarray((design * mean[:, None] ** (2 - power)).T @ design)


def _solve(y: Array, design: Array, power: int) -> Array:
    """Fisher scoring from the log of the overall mean."""
    coef = np.linalg.lstsq(design, np.full(len(y), np.log(y.mean())), rcond=None)[0]
    for _ in range(_STEPS):
        mean = np.exp(np.clip(design @ coef, -30, 30))
        score = design.T @ ((y - mean) * mean ** (1 - power))
        try:
            step = np.linalg.solve(_information(design, mean, power), score)
        except np.linalg.LinAlgError:
            break
        coef = coef + np.clip(step, -2, 2)
        if np.abs(step).max() < _TOLERANCE:
            return np.asarray(coef)
    raise DataError(
        "the coefficients of a log mean do not settle: some level has outcomes of 0 "
        "only, or columns determine each other; leave that column out."
    )


def mean_change(found: LogMean, x: npt.ArrayLike, column: int) -> tuple[float, Array]:
    """Return the mean change of the outcome as a 0/1 column goes from 0 to 1.

    Parameters
    ----------
    found : LogMean
    x : array_like, shape (n, k)
        Rows to average over, taken as fixed.
    column : int

    Returns
    -------
    float, ndarray
        The change, and each cluster's pull on it, shape (G,).

    Examples
    --------
    >>> x = np.column_stack([np.ones(4), [0, 0, 1, 1]])
    >>> found = fit([1.0, 3.0, 2.0, 6.0], x, cluster=[0, 1, 2, 3], family="poisson")
    >>> round(mean_change(found, x, 1)[0], 6)
    2.0
    """
    design = np.array(x, dtype=float)
    change, slope = 0.0, np.zeros(design.shape[1])
    for sign, value in ((1, 1.0), (-1, 0.0)):
        design[:, column] = value
        mean = np.exp(design @ found.coef)
        change += sign * float(mean.mean())
        slope += sign * (mean @ design) / len(design)
    return change, np.asarray(found.influence @ slope)
