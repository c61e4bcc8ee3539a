"""Repeat purchases of customers who may have gone unnoticed: the BG/NBD model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from cxlib.errors import DataError
from cxlib.estimate.delta import hessian

Array = npt.NDArray[np.float64]
_APART, _WORST = 1e-6, 1e300


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """Purchase histories, one customer an element, all shape (n,).

    Attributes
    ----------
    frequency : ndarray
        Repeat purchases: purchases less the first.
    recency : ndarray
        Time from the first purchase to the last, 0 without a repeat.
    age : ndarray
        Time from the first purchase to the end of the data.
    """

    frequency: Array
    recency: Array
    age: Array

    def __post_init__(self) -> None:
        x, last, age = self.frequency, self.recency, self.age
        sound = (x >= 0) & (last >= 0) & (last <= age + 1e-9) & np.isfinite(age)
        if not len(x) or not sound.all() or not np.array_equal(x > 0, last > 0):
            raise DataError(
                "a purchase history needs a count of repeats of 0 or more, and the "
                "last purchase between the first (where there is no repeat) and the "
                f"end of the data; {int((~sound).sum()):,} of {len(x):,} do not."
            )


@dataclass(frozen=True, slots=True, eq=False)
class BgNbd:
    """A fitted model.

    Attributes
    ----------
    logs : ndarray, shape (4,)
        Logarithms of r, alpha, a, b.
    covariance : ndarray, shape (4, 4)
        Of the logarithms.
    log_likelihood : float
    n : int
    """

    logs: Array
    covariance: Array
    log_likelihood: float
    n: int

    @property
    def values(self) -> tuple[float, float, float, float]:
        """Return r, alpha, a and b."""
        r, alpha, a, b = np.exp(self.logs).tolist()
        return r, alpha, a, b


def fit(histories: Purchases) -> BgNbd:
    """Estimate by maximum likelihood.

    Parameters
    ----------
    histories : Purchases

    Returns
    -------
    BgNbd

    Raises
    ------
    DataError
        Where nobody bought again, or the likelihood has no maximum.

    Notes
    -----
    While active a customer buys at rate lambda ~ Gamma(r, alpha); after each repeat
    they leave with chance p ~ Beta(a, b); lambda and p are independent. Errors from the
    numerical Hessian.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005). "Counting your customers" the
    easy way: an alternative to the Pareto/NBD model. Marketing Science 24, 275-284.
    doi:10.1287/mksc.1040.0098

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found = fit(draw(3000, np.log([0.5, 5.0, 0.8, 2.5]), age=40.0, rng=rng))
    >>> bool(abs(np.log(found.values[0] / 0.5)) < 0.25)
    True
    """
    if not (histories.frequency > 0).any():
        raise DataError("no customer bought again: there are no repeats to learn from.")

    def loss(logs: Array) -> float:
        with np.errstate(all="ignore"):
            total = float(_log_likelihood(logs, histories).sum())
        return -total if np.isfinite(total) else _WORST

    scale = float(np.median(histories.age))
    start = np.log([0.5, max(scale / 4, 1e-3), 1.0, 2.0])
    bounds = [(-12.0, 12.0)] * 4
    found = optimize.minimize(loss, start, method="L-BFGS-B", bounds=bounds)
    found = optimize.minimize(
        loss, found.x, method="Nelder-Mead",
        options={"xatol": 1e-6, "fatol": 1e-8, "maxiter": 4000},
    )  # fmt: skip
    return BgNbd(
        np.asarray(found.x), _inverse(hessian(loss, found.x)), -float(found.fun),
        len(histories.age),
    )  # fmt: skip


def _inverse(information: Array) -> Array:
    values = np.linalg.eigvalsh(information)
    if not np.isfinite(values).all() or values[0] <= 1e-8 * values[-1]:
        raise DataError(
            "the likelihood has no clear maximum: these histories do not say how "
            "customers buy and leave. More customers, or longer histories, may."
        )
    return np.asarray(np.linalg.inv(information))


def _log_likelihood(logs: Array, histories: Purchases) -> Array:
    r, alpha, a, b = np.exp(logs)
    x, last, age = histories.frequency, histories.recency, histories.age
    shared = (
        special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha)
        + special.betaln(a, b + x) - special.betaln(a, b)
    )  # fmt: skip
    stayed = -(r + x) * np.log(alpha + age)
    gone = np.log(a) - np.log(b + np.maximum(x, 1) - 1)
    gone = np.where(x > 0, gone - (r + x) * np.log(alpha + last), -np.inf)
    return np.asarray(shared + np.logaddexp(stayed, gone))


def active(logs: Array, histories: Purchases) -> Array:
    """Return the probability that each customer is still active, shape (n,).

    Examples
    --------
    >>> histories = Purchases(np.array([2.0]), np.array([30.43]), np.array([38.86]))
    >>> active(np.log([0.243, 4.414, 0.793, 2.426]), histories).round(3).tolist()
    [0.727]
    """
    r, alpha, a, b = np.exp(logs)
    x, last, age = histories.frequency, histories.recency, histories.age
    odds = a / (b + np.maximum(x, 1) - 1) * ((alpha + age) / (alpha + last)) ** (r + x)
    return np.where(x > 0, 1 / (1 + odds), 1.0)


def expected(logs: Array, histories: Purchases, time: float) -> Array:
    """Return repeat purchases expected of each customer in the time ahead, shape (n,).

    Examples
    --------
    >>> histories = Purchases(np.array([2.0]), np.array([30.43]), np.array([38.86]))
    >>> expected(np.log([0.243, 4.414, 0.793, 2.426]), histories, 39).round(3).tolist()
    [1.226]
    """
    r, alpha, a, b = np.exp(logs)
    a = a if abs(a - 1) > _APART else 1 + _APART
    x, age = histories.frequency, histories.age
    ahead = time / (alpha + age + time)
    series = special.hyp2f1(r + x, b + x, a + b + x - 1, ahead)
    rest = ((alpha + age) / (alpha + age + time)) ** (r + x)
    start = (a + b + x - 1) / (a - 1)
    return np.asarray(start * (1 - rest * series) * active(logs, histories))


def simulate_ahead(
    logs: Array, histories: Purchases, time: float, *, rng: np.random.Generator
) -> Array:
    """Draw repeat purchases of each customer in the time ahead, shape (n,).

    Examples
    --------
    >>> histories = Purchases(np.zeros(3), np.zeros(3), np.full(3, 9.0))
    >>> rng = np.random.default_rng(1)
    >>> bool((simulate_ahead(np.zeros(4), histories, 5.0, rng=rng) >= 0).all())
    True
    """
    r, alpha, a, b = np.exp(logs)
    x = histories.frequency
    here = rng.random(len(x)) < active(logs, histories)
    rate = rng.gamma(r + x) / (alpha + histories.age)
    leaves = np.maximum(rng.beta(a, b + x), 1e-9)
    bought = np.minimum(rng.poisson(rate * time), rng.geometric(leaves))
    return np.where(here, bought, 0).astype(float)


def draw(
    n: int, logs: npt.ArrayLike, *, age: float, rng: np.random.Generator
) -> Purchases:
    """Draw histories of n customers from the model, all followed for the same time.

    Examples
    --------
    >>> draw(3, np.zeros(4), age=10.0, rng=np.random.default_rng(1)).age.tolist()
    [10.0, 10.0, 10.0]
    """
    r, alpha, a, b = np.exp(np.asarray(logs, dtype=float))
    rate, leaves = rng.gamma(r, size=n) / alpha, np.maximum(rng.beta(a, b, n), 1e-9)
    most = rng.geometric(leaves)
    count, last, time = np.zeros(n), np.zeros(n), np.zeros(n)
    going = np.ones(n, dtype=bool)
    while going.any():
        time[going] += rng.exponential(1 / np.maximum(rate[going], 1e-12))
        going &= time <= age
        count[going] += 1
        last[going] = time[going]
        going &= count < most
    return Purchases(count, last, np.full(n, float(age)))
