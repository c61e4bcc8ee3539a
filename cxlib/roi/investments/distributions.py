"""Distributions through a central value, a P10 and a P90, drawn from normal scores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

Array = npt.NDArray[np.float64]
P90 = 1.2815515655446004
SHAPES = ("normal2", "lognormal", "triangular", "pert", "uniform", "beta")


def through(shape: str, centre: float, low: float, high: float, z: Array) -> Array:
    """Turn standard normal scores into draws of a distribution.

    Parameters
    ----------
    shape : {"normal2", "lognormal", "triangular", "pert", "uniform", "beta"}
        normal2: two half normals, the centre as median. lognormal: the same of the
        logarithm. triangular, pert: the centre as mode. uniform, beta: the P10 and P90
        alone decide, and the centre is not used.
    centre, low, high : float
        Central value, P10, P90; ``low <= centre <= high``.
    z : ndarray, shape (draws,)
        Standard normal scores, so that a Gaussian copula carries over.

    Returns
    -------
    ndarray, shape (draws,)

    Notes
    -----
    P10 and P90 are met exactly by every shape; without a spread between them every
    draw is the centre.

    References
    ----------
    Wallis, K. F. (2014). The two-piece normal, binormal, or double Gaussian
    distribution. Statistical Science 29, 106-112. doi:10.1214/13-STS417

    Examples
    --------
    >>> z = np.array([-P90, 0.0, P90])
    >>> through("lognormal", 2.0, 1.0, 4.0, z).round(3).tolist()
    [1.0, 2.0, 4.0]
    >>> through("triangular", 2.0, 1.0, 4.0, z)[[0, 2]].round(3).tolist()
    [1.0, 4.0]
    """
    if not low < high:
        return np.full(len(z), centre)
    if shape == "lognormal":
        logs = [float(np.log(each)) for each in (centre, low, high)]
        return np.asarray(np.exp(_two_piece(logs[0], logs[1], logs[2], z)))
    if shape == "normal2":
        return _two_piece(centre, low, high, z)
    share = special.ndtr(z)
    if shape == "uniform":
        return np.asarray(low + (share - 0.1) / 0.8 * (high - low))
    if shape == "beta":
        a, b = _beta(low, high)
        return np.asarray(special.betaincinv(a, b, share))
    unit = _triangle if shape == "triangular" else _pert
    at = _mode(unit, (centre - low) / (high - low))
    ends = unit(at, np.array([0.1, 0.9]))
    width = (high - low) / (ends[1] - ends[0])
    return np.asarray(low + width * (unit(at, share) - ends[0]))


def _two_piece(centre: float, low: float, high: float, z: Array) -> Array:
    side = np.where(z < 0, centre - low, high - centre) / P90
    return np.asarray(centre + side * z)


def _triangle(mode: float, share: Array) -> Array:
    """Quantiles of the triangle on 0 to 1."""
    rising = np.sqrt(share * mode)
    return np.where(share < mode, rising, 1 - np.sqrt((1 - share) * (1 - mode)))


def _pert(mode: float, share: Array) -> Array:
    """Quantiles of the beta distribution with weight four on its mode."""
    return np.asarray(special.betaincinv(1 + 4 * mode, 5 - 4 * mode, share))


def _mode(unit: Callable[[float, Array], Array], wanted: float) -> float:
    """Find the mode that lies at the wanted share of the way from P10 to P90."""

    def gap(mode: float) -> float:
        low, high = unit(mode, np.array([0.1, 0.9]))
        return float((mode - low) / (high - low)) - wanted

    return float(optimize.brentq(gap, 0.0, 1.0, xtol=1e-12))


def _beta(low: float, high: float) -> tuple[float, float]:
    """Find the beta distribution with this P10 and P90."""
    mean, spread = (low + high) / 2, (high - low) / (2 * P90)
    weight = max(mean * (1 - mean) / spread**2 - 1, 0.5)

    def gap(logs: Array) -> Array:
        ends = stats.beta.cdf([low, high], *np.exp(np.clip(logs, -8, 14)))
        return np.asarray(ends - np.array([0.1, 0.9]))

    start = np.log([weight * mean, weight * (1 - mean)])
    found = optimize.least_squares(gap, start, xtol=1e-13, ftol=1e-13, gtol=1e-13)
    a, b = np.exp(np.clip(found.x, -8, 14)).tolist()
    return float(a), float(b)
