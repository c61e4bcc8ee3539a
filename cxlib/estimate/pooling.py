"""Partial pooling of many small groups: shrunken estimates, spread and ranks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.estimate.design import Array

_COARSE, _FINE, _STEPS = 240, 61, 30
_NEGLIGIBLE = 1e-7
_DRAW_CHUNK = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pooled:
    """Posterior of k group means under a normal model.

    Attributes
    ----------
    estimate, std_error, ci_lower, ci_upper : ndarray, shape (k,)
        Posterior mean, standard deviation and equal-tailed interval of each group.
    weight : ndarray, shape (k,)
        What a group's own answers count for; the rest comes from the others.
    mean, mean_se : float
        Of the groups' true means.
    tau, tau_ci_lower, tau_ci_upper : float
        Posterior median and interval of the standard deviation between true means.
    tau_grid, tau_mass : ndarray, shape (g,)
        Grid of that standard deviation and its posterior probabilities.
    """

    estimate: Array
    std_error: Array
    ci_lower: Array
    ci_upper: Array
    weight: Array
    mean: float
    mean_se: float
    tau: float
    tau_ci_lower: float
    tau_ci_upper: float
    tau_grid: Array
    tau_mass: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ranks:
    """How surely k groups can be ranked, the highest first.

    `p_best`, `p_top` and `p_bottom` are the probabilities of rank 1 and of the top and
    bottom quarter; `lower` and `upper` end the interval of the rank.
    """

    p_best: Array
    p_top: Array
    p_bottom: Array
    lower: Array
    upper: Array


def pool(
    estimates: npt.ArrayLike,
    variances: npt.ArrayLike,
    *,
    scale: float,
    tau: float | None = None,
    min_groups: int = 3,
    confidence_level: float = 0.95,
) -> Pooled:
    """Shrink group estimates towards their mean by as much as they are uncertain.

    Parameters
    ----------
    estimates, variances : array_like, shape (k,)
        Independent estimates and their positive sampling variances.
    scale : float
        Scale of the half-Cauchy prior of tau, in the estimates' unit: half of it lies
        below. ``inf`` is a flat prior (with four groups or more).
    tau : float, optional
        A known standard deviation between groups, in place of the prior.
    min_groups : int
        Fewest groups that are pooled. With a finite `scale` 2 can be, though then
        the prior decides much.
    confidence_level : float

    Returns
    -------
    Pooled

    Raises
    ------
    ArgumentError
        With fewer groups than `min_groups`, or a variance that is not positive.

    Notes
    -----
    ``y_i ~ N(theta_i, v_i)``, ``theta_i ~ N(mu, tau^2)``, mu flat and integrated out,
    tau integrated on a grid. Plugging one tau in would treat it as known and give
    intervals that are too short. Intervals are quantiles of the mixture over the grid.

    References
    ----------
    Gelman, A. (2006). Prior distributions for variance parameters in hierarchical
    models. Bayesian Analysis 1, 515-534. doi:10.1214/06-BA117A

    Examples
    --------
    >>> effects, se = [28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18]
    >>> found = pool(effects, np.square(se), scale=float("inf"))
    >>> found.estimate.round(0)[:3].tolist(), round(found.mean)
    ([11.0, 8.0, 6.0], 8)
    """
    y, v = np.asarray(estimates, dtype=float), np.asarray(variances, dtype=float)
    _check(y, v, scale, confidence_level, min_groups)
    tail = (1 - confidence_level) / 2
    grid = _grid(y, v, scale) if tau is None else np.array([float(tau)])
    mass = _mass(y, v, grid, scale)
    centre, spread = _around(y, v, grid)
    own = 1 - v[:, None] / (v[:, None] + grid**2)
    means = centre + own * (y[:, None] - centre)
    sd = np.sqrt(own * v[:, None] + (1 - own) ** 2 * spread)
    mean = means @ mass
    mu = float(centre @ mass)
    taus = [_quantile(grid, mass, p) for p in (0.5, tail, 1 - tail)]
    return Pooled(
        estimate=mean, std_error=np.sqrt((sd**2 + (means - mean[:, None]) ** 2) @ mass),
        ci_lower=_mixture(means, sd, mass, tail),
        ci_upper=_mixture(means, sd, mass, 1 - tail), weight=own @ mass, mean=mu,
        mean_se=float(np.sqrt((spread + (centre - mu) ** 2) @ mass)), tau=taus[0],
        tau_ci_lower=taus[1], tau_ci_upper=taus[2], tau_grid=grid, tau_mass=mass,
    )  # fmt: skip


def vague_scale(variances: npt.ArrayLike) -> float:
    """Return a scale for tau where nothing else is known about it.

    Twice the typical standard error, the root of the harmonic mean of the variances:
    half of the prior lies where the groups differ by less than that. With eight groups
    95 % intervals then cover 92 to 99 %, whatever tau.

    Examples
    --------
    >>> round(vague_scale([1.0, 4.0, 4.0]), 3)
    2.828
    """
    v = np.asarray(variances, dtype=float)
    return 2 * float(np.sqrt(len(v) / (1 / v).sum()))


def total(
    estimates: npt.ArrayLike,
    variances: npt.ArrayLike,
    *,
    found: Pooled,
    rows: npt.ArrayLike,
    confidence_level: float = 0.95,
) -> tuple[float, float, float]:
    """Return the sum of some groups' true means with its interval.

    Parameters
    ----------
    estimates, variances : array_like, shape (k,)
        As given to `pool`.
    found : Pooled
        What `pool` returned for them.
    rows : array_like of bool, shape (k,)
        Groups in the sum.
    confidence_level : float

    Returns
    -------
    tuple of float
        Estimate, lower and upper end.

    Notes
    -----
    The groups share mu and tau, so their posteriors are dependent: the ends of their
    intervals do not add up, these do.

    Examples
    --------
    >>> y, v = [0.0, 0.1, 0.9, 0.2], [0.01] * 4
    >>> ends = total(y, v, found=pool(y, v, scale=0.5), rows=[False, False, True, True])
    >>> [round(end, 2) for end in ends]
    [1.07, 0.79, 1.35]
    """
    kept = np.asarray(rows, dtype=bool)
    y, v = (np.asarray(x, dtype=float) for x in (estimates, variances))
    centre, spread = _around(y, v, found.tau_grid)
    own = 1 - v[kept, None] / (v[kept, None] + found.tau_grid**2)
    means = (centre + own * (y[kept, None] - centre)).sum(axis=0)
    shared = (1 - own).sum(axis=0) ** 2 * spread
    sd = np.sqrt((own * v[kept, None]).sum(axis=0) + shared)
    tail = (1 - confidence_level) / 2
    low, high = (
        float(_mixture(means[None, :], sd[None, :], found.tau_mass, p)[0])
        for p in (tail, 1 - tail)
    )
    return float(means @ found.tau_mass), low, high


def ranks(
    estimates: npt.ArrayLike,
    variances: npt.ArrayLike,
    found: Pooled,
    *,
    n_draws: int = 2000,
    confidence_level: float = 0.95,
    rng: int | np.random.Generator = 0,
) -> Ranks:
    """Draw all groups together from their posterior and rank each draw.

    Parameters
    ----------
    estimates, variances : array_like, shape (k,)
        As given to `pool`.
    found : Pooled
        What `pool` returned for them.
    n_draws : int
        At least 100.
    confidence_level : float
    rng : int or numpy.random.Generator

    Returns
    -------
    Ranks
        The quarter holds k / 4 groups, rounded, and at least one.

    References
    ----------
    Goldstein, H. and Spiegelhalter, D. J. (1996). League tables and their limitations.
    JRSS A 159, 385-443. doi:10.2307/2983325

    Examples
    --------
    >>> y, v = [0.0, 0.1, 0.9, 0.2], [0.01] * 4
    >>> ranks(y, v, pool(y, v, scale=0.5)).p_best.round(1).tolist()
    [0.0, 0.0, 1.0, 0.0]
    """
    _checks.in_range(n_draws, "n_draws", 100, 1_000_000)
    y, v = np.asarray(estimates, dtype=float), np.asarray(variances, dtype=float)
    k, generator = len(y), _checks.generator(rng)
    at = generator.choice(len(found.tau_grid), n_draws, p=found.tau_mass)
    chunk = max(1, _DRAW_CHUNK // k)
    places = np.concatenate(
        [
            _places(y, v, found.tau_grid[at[i : i + chunk]], generator)
            for i in range(0, n_draws, chunk)
        ]
    )
    quarter = max(1, round(k / 4))
    tail = (1 - confidence_level) / 2
    low, high = round(tail * (n_draws - 1)), round((1 - tail) * (n_draws - 1))
    ordered = np.sort(np.ascontiguousarray(places.T), axis=1)
    return Ranks(
        p_best=(places == 0).mean(axis=0), p_top=(places < quarter).mean(axis=0),
        p_bottom=(places >= k - quarter).mean(axis=0),
        lower=ordered[:, low] + 1.0, upper=ordered[:, high] + 1.0,
    )  # fmt: skip


def _places(
    y: Array, v: Array, tau: Array, generator: np.random.Generator
) -> npt.NDArray[np.int32]:
    """Rank (0 is the highest) of each group in each draw."""
    distinct, which = np.unique(tau, return_inverse=True)
    centre, spread = _around(y, v, distinct)
    mu = generator.normal(centre[which], np.sqrt(spread[which]))[:, None]
    own = tau[:, None] ** 2 / (v + tau[:, None] ** 2)
    theta = mu + own * (y - mu)
    theta += np.sqrt(own * v) * generator.standard_normal(theta.shape)
    order = np.argsort(-theta.astype(np.float32), axis=1)
    places = np.empty(order.shape, dtype=np.int32)
    index = np.arange(order.shape[1], dtype=np.int32)
    np.put_along_axis(places, order, index[None, :], axis=1)
    return places


def _check(y: Array, v: Array, scale: float, level: float, least: int) -> None:
    _checks.in_range(level, "confidence_level", 0, 1, ends="()")
    _checks.in_range(scale, "scale", 0, np.inf, ends="(]")
    if len(y) < least or len(y) != len(v):
        raise ArgumentError(
            f"`estimates` has {len(y)} values and `variances` {len(v)}; pooling needs "
            f"as many of both, at least {least}."
        )
    if not ((v > 0) & np.isfinite(v) & np.isfinite(y)).all():
        raise ArgumentError("`variances` must be positive, and both must be finite.")


def _around(y: Array, v: Array, grid: Array) -> tuple[Array, Array]:
    """Mean of the groups and its variance at each tau, shapes (g,)."""
    w = 1 / (v[:, None] + grid**2)
    total = w.sum(axis=0)
    return (y @ w) / total, 1 / total


def _log_posterior(y: Array, v: Array, grid: Array, scale: float) -> Array:
    """Log density of tau up to a constant, mu integrated out."""
    w = 1 / (v[:, None] + grid**2)
    total = w.sum(axis=0)
    mu = (y @ w) / total
    squares = (y**2) @ w - total * mu**2
    prior = -np.log1p((grid / scale) ** 2)
    return np.asarray(
        prior - 0.5 * np.log(total) + 0.5 * np.log(w).sum(axis=0) - 0.5 * squares
    )


def _grid(y: Array, v: Array, scale: float) -> Array:
    """Evenly spaced taus over all that the posterior does not rule out."""
    y = y - y.mean()
    noise = float(np.sqrt(1 / (1 / v).sum()))
    most = 20 * (float(y.std()) + noise)
    coarse = np.concatenate([[0.0], np.geomspace(noise / 50, most, _COARSE)])
    log = _log_posterior(y, v, coarse, scale)
    inside = np.flatnonzero(log > log.max() + np.log(_NEGLIGIBLE))
    first, last = max(inside[0] - 1, 0), min(inside[-1] + 1, _COARSE)
    step = (coarse[last] - coarse[first]) / _FINE
    return np.asarray(coarse[first] + step * (np.arange(_FINE) + 0.5))


def _mass(y: Array, v: Array, grid: Array, scale: float) -> Array:
    log = _log_posterior(y - y.mean(), v, grid, scale)
    mass = np.exp(log - log.max())
    return np.asarray(mass / mass.sum())


def _quantile(grid: Array, mass: Array, p: float) -> float:
    """Quantile of cells of equal width around the grid's points."""
    if len(grid) == 1:
        return float(grid[0])
    half = (grid[1] - grid[0]) / 2
    edges = np.concatenate([grid - half, [grid[-1] + half]])
    return float(np.interp(p, np.concatenate([[0.0], np.cumsum(mass)]), edges))


def _mixture(means: Array, sd: Array, mass: Array, p: float) -> Array:
    """Quantile of a mixture of normals a row, by bisection; shapes (k, g)."""
    kept = mass > mass.max() * 1e-5
    means, sd, mass = means[:, kept], sd[:, kept], mass[kept] / mass[kept].sum()
    reach = special.ndtri(p) * sd + means
    low, high = reach.min(axis=1), reach.max(axis=1)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        below = special.ndtr((middle[:, None] - means) / sd) @ mass < p
        low, high = np.where(below, middle, low), np.where(below, high, middle)
        if float((high - low).max()) < 1e-6 * float(sd.max()):
            break
    return np.asarray((low + high) / 2)
