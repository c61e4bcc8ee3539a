"""Money a purchase of customers with few purchases: the gamma-gamma model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from cxlib.errors import DataError
from cxlib.estimate.delta import hessian

Array = npt.NDArray[np.float64]
_WORST = 1e300


@dataclass(frozen=True, slots=True, eq=False)
class GammaGamma:
    """A fitted model: logarithms of p, q and gamma, with their covariance."""

    logs: Array
    covariance: Array
    n: int

    @property
    def values(self) -> tuple[float, float, float]:
        """Return p, q and gamma."""
        p, q, gamma = np.exp(self.logs).tolist()
        return p, q, gamma


def fit(count: npt.ArrayLike, mean: npt.ArrayLike) -> GammaGamma:
    """Estimate by maximum likelihood.

    Parameters
    ----------
    count, mean : array_like, shape (n,)
        Purchases of each customer and their mean amount, both positive.

    Returns
    -------
    GammaGamma

    Raises
    ------
    DataError
        For amounts that are not positive, or a likelihood without a maximum.

    Notes
    -----
    Amounts of a customer are Gamma(p, nu) around a lasting mean, nu ~ Gamma(q, gamma),
    whatever how often they buy.

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2013). The gamma-gamma model of monetary value.
    http://www.brucehardie.com/notes/025/

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> count, nu = rng.integers(1, 6, 4000), rng.gamma(4.0, size=4000) / 15
    >>> found = fit(count, rng.gamma(6.0 * count) / nu / count)
    >>> bool(abs(found.values[1] - 4) < 0.6)
    True
    """
    x, z = np.asarray(count, dtype=float), np.asarray(mean, dtype=float)
    if len(x) < 3 or not ((x > 0) & (z > 0) & np.isfinite(z)).all():
        raise DataError(
            "amounts must be positive, of 3 customers at the least; leave out refunds "
            "and free orders, or sum them with their purchase."
        )

    def loss(logs: Array) -> float:
        with np.errstate(all="ignore"):
            total = float(_log_likelihood(logs, x, z).sum())
        return -total if np.isfinite(total) else _WORST

    start = np.log([2.0, 3.0, max(float(z.mean()), 1e-6)])
    found = optimize.minimize(
        loss, start, method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-8, "maxiter": 6000},
    )  # fmt: skip
    information = hessian(loss, found.x)
    values = np.linalg.eigvalsh(information)
    if not np.isfinite(values).all() or values[0] <= 1e-8 * values[-1]:
        raise DataError(
            "amounts do not tell customers apart: the gamma-gamma model has no maximum."
        )
    if found.x[1] <= 0:
        raise DataError(
            "a few customers spend so much that the mean amount has no end (q of the "
            "gamma-gamma model is 1 or less)."
        )
    return GammaGamma(
        np.asarray(found.x), np.asarray(np.linalg.inv(information)), len(x)
    )


def _log_likelihood(logs: Array, x: Array, z: Array) -> Array:
    p, q, gamma = np.exp(logs)
    return np.asarray(
        special.gammaln(p * x + q) - special.gammaln(p * x) - special.gammaln(q)
        + q * np.log(gamma) + (p * x - 1) * np.log(z) + p * x * np.log(x)
        - (p * x + q) * np.log(gamma + x * z)
    )  # fmt: skip


def expected_amount(logs: Array, count: npt.ArrayLike, mean: npt.ArrayLike) -> Array:
    """Return the mean amount expected of each customer, shape (n,).

    Between their own mean and everybody's; everybody's where there is no purchase.

    Examples
    --------
    >>> expected_amount(np.log([6.25, 3.74, 15.44]), [0, 1], [0, 100]).round(1).tolist()
    [35.2, 80.3]
    """
    p, q, gamma = np.exp(logs)
    x, z = np.asarray(count, dtype=float), np.asarray(mean, dtype=float)
    return np.asarray(p * (gamma + x * z) / (p * x + q - 1))
