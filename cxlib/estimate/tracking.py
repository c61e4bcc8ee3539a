"""Whether a series of wave scores is steady: limits, extra spread, a change point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib import _checks
from cxlib.estimate.design import Array

_RANGE = 2 / np.pi**0.5


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Centre line, half width of each wave's limits, and how they were made.

    `std_error` is that of each wave less the centre, `spread` the factor for
    variation beyond sampling error (sigma_z), `multiplier` how many of their
    product the limits lie from the centre.
    """

    centre: float
    half: Array
    std_error: Array
    spread: float
    multiplier: float


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """The most likely single change point.

    `at` is the place of the first wave of the new level. `estimate`, `std_error`
    and `statistic` are those of each split (after less before), `critical` the
    value that the largest of them passes by chance in 1 - `level` of steady series,
    `inside` the splits that the interval of the date holds.
    """

    at: int
    estimate: Array
    std_error: Array
    statistic: Array
    critical: float
    pvalue: float
    inside: npt.NDArray[np.bool_]
    spread: float


def extra_spread(z: npt.ArrayLike) -> Array:
    """Return Laney's sigma_z, at least 1, from moving ranges.

    Parameters
    ----------
    z : array_like, shape (..., k)
        Wave scores less their centre, each over its sampling error.

    Returns
    -------
    ndarray, shape (...)
        Mean absolute step from wave to wave over 1.128.

    References
    ----------
    Laney, D. B. (2002). Improved control charts for attributes. Quality Engineering
    14, 531-537. doi:10.1081/QEN-120003555

    Examples
    --------
    >>> extra_spread([0.0, 2.0, 0.0, 2.0]).round(3).item()
    1.772
    """
    return np.asarray(np.maximum(1.0, _moving_range(np.asarray(z, dtype=float))))


def _moving_range(z: Array) -> Array:
    return np.asarray(np.abs(np.diff(z, axis=-1)).mean(axis=-1) / _RANGE)


def _ranges(x: Array, se: Array, weights: Array, *, dispersed: bool) -> Array:
    """Spread of each row of series; ones where it is not to be estimated."""
    if not dispersed:
        return np.ones(x.shape[:-1])
    return _moving_range((x - (x @ weights)[..., None]) / se)


def _noise(
    cov: Array, df: float, n: int, rng: int | np.random.Generator
) -> Array:  # fmt: skip
    """Steady series around zero: normal, or t where the covariance has few clusters."""
    draw = _checks.generator(rng)
    value, vector = np.linalg.eigh(cov)
    root = vector * np.sqrt(np.maximum(value, 0))
    noise = draw.standard_normal((n, len(cov))) @ root.T
    if np.isfinite(df):
        noise /= np.sqrt(draw.chisquare(df, n) / df)[:, None]
    return np.asarray(noise)


def control_limits(
    scores: npt.ArrayLike,
    cov: Array,
    *,
    weights: Array,
    dispersed: bool,
    false_alarm_rate: float = 0.0027,
    df: float = np.inf,
    n_draws: int = 20_000,
    rng: int | np.random.Generator = 0,
) -> Limits:
    """Return control limits around the common level of a series.

    Parameters
    ----------
    scores : array_like, shape (k,)
    cov : ndarray, shape (k, k)
        Sampling covariance of the scores if all waves had one level.
    weights : ndarray, shape (k,)
        Weights of the centre, summing to 1.
    dispersed : bool
        Whether to widen the limits by the spread beyond sampling error.
    false_alarm_rate : float
        Chance that a wave of a steady series falls outside.
    df : float
        Degrees of freedom of the covariance.
    n_draws : int
        Simulated series, where the spread is estimated.
    rng : int or numpy.random.Generator

    Returns
    -------
    Limits

    Notes
    -----
    A wave is part of the centre it is compared with: the standard error is that of
    the wave less the centre, as in the analysis of means. The multiplier is the normal
    (t) quantile; where the spread is estimated from the same waves, the quantile of
    simulated steady series over their own spread, which does not depend on its true
    size. A spread estimated below 1 counts as 1: the rate is then below the declared.

    References
    ----------
    Laney, D. B. (2002). Improved control charts for attributes. Quality Engineering
    14, 531-537. doi:10.1081/QEN-120003555. Nelson, P. R., Wludyka, P. S. and
    Copeland, K. A. F. (2005). The Analysis of Means. SIAM.
    doi:10.1137/1.9780898718362

    Examples
    --------
    >>> found = control_limits([50.0, 60.0, 40.0, 50.0], np.diag([25.0] * 4),
    ...     weights=np.full(4, 0.25), dispersed=False)
    >>> found.centre, found.half.round(2).tolist()
    (50.0, [12.99, 12.99, 12.99, 12.99])
    """
    _checks.in_range(false_alarm_rate, "false_alarm_rate", 0, 1, ends="()")
    x, se = np.asarray(scores, dtype=float), np.sqrt(np.diag(cov))
    less = np.eye(len(x)) - weights[None, :]
    own = np.sqrt(np.diag(less @ cov @ less.T))
    spread = max(1.0, float(_ranges(x, se, weights, dispersed=dispersed)))
    multiplier = float(stats.t.isf(false_alarm_rate / 2, df))
    if dispersed:
        noise = _noise(cov, df, n_draws, rng)
        ratio = np.abs(noise @ less.T) / own
        ratio /= _ranges(noise, se, weights, dispersed=True)[:, None]
        multiplier = float(np.quantile(ratio, 1 - false_alarm_rate))
    return Limits(
        float(weights @ x), multiplier * spread * own, own, spread, multiplier
    )


def change_step(
    scores: npt.ArrayLike,
    cov: Array,
    *,
    weights: Array,
    dispersed: bool,
    confidence_level: float = 0.95,
    df: float = np.inf,
    n_draws: int = 4000,
    rng: int | np.random.Generator = 0,
) -> Step:
    """Find the split of a series whose two sides differ most, and test it.

    Parameters
    ----------
    scores, cov, weights, dispersed, df
        As in `control_limits`.
    confidence_level : float
        1 less the false-alarm rate; also of the intervals.
    n_draws : int
        Simulated series.
    rng : int or numpy.random.Generator

    Returns
    -------
    Step

    Notes
    -----
    Parametric bootstrap: steady series with the same covariance (and spread) give the
    distribution of the largest statistic over all splits, hence the p-value and one
    critical value whose intervals hold for all splits at once, so that choosing the
    split from the data is paid for. The date's interval holds each split at which a
    change is not rejected: the largest squared statistic less its own, against series
    simulated with the step there.

    References
    ----------
    Hawkins, D. M. (1977). Testing a sequence of observations for a shift in location.
    JASA 72, 180-186. doi:10.1080/01621459.1977.10479935

    Examples
    --------
    >>> found = change_step([50.0, 52.0, 49.0, 30.0, 31.0], np.diag([16.0] * 5),
    ...     weights=np.full(5, 0.2), dispersed=False)
    >>> found.at, round(float(found.estimate[found.at - 1]), 1), found.pvalue < 0.01
    (3, -19.8, True)
    """
    x, se = np.asarray(scores, dtype=float), np.sqrt(np.diag(cov))
    sides = _sides(weights)
    gaps = sides[:, 1] - sides[:, 0]
    own = np.sqrt(np.einsum("ij,jk,ik->i", gaps, cov, gaps))
    spread = max(1.0, float(_ranges(x, se, weights, dispersed=dispersed)))
    noise = spread * _noise(cov, df, n_draws, rng)

    def statistic(series: Array) -> Array:
        scale = _ranges(series, se, weights, dispersed=dispersed)[..., None]
        return np.asarray(np.abs(series @ gaps.T) / own / scale)

    seen, chance = np.abs(gaps @ x) / own / spread, statistic(noise).max(axis=1)
    inside = []
    for j, after in enumerate(np.arange(1, len(x))):
        level = np.where(np.arange(len(x)) < after, *(sides[j] @ x))
        drawn = np.square(statistic(noise + level))
        behind = drawn.max(axis=1) - drawn[:, j]
        far = np.square(seen).max() - seen[j] ** 2
        inside.append(bool((behind >= far).mean() > 1 - confidence_level))
    return Step(
        int(seen.argmax()) + 1, gaps @ x, own * spread, seen,
        float(np.quantile(chance, confidence_level)),
        float((1 + (chance >= seen.max()).sum()) / (1 + n_draws)),
        np.array(inside), spread,
    )  # fmt: skip


def _sides(weights: Array) -> Array:
    """Weights of the means before and after each split, shape (k - 1, 2, k)."""
    k = len(weights)
    before = np.tril(np.ones((k - 1, k)))
    both = np.stack([before, 1 - before], axis=1) * weights
    return np.asarray(both / both.sum(axis=2, keepdims=True))
