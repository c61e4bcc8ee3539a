"""Maximum (quasi-)likelihood of one index: coefficients and each cluster's pull."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize
from scipy.special import logit

from cxlib.errors import DataError
from cxlib.roi.regressions._curves import log_log, logistic

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Terms = Callable[[Array], tuple[Array, Array, Array]]
LOWEST_POWER, HIGHEST_POWER, WIDEST, MAX_STEPS = 1.05, 1.95, 35.0, 100
_NO_FIT = (
    "no finite coefficients: the score and drivers fit some rows without error "
    "(separation), or are nearly collinear; name fewer drivers, or report the means by "
    "score."
)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One fitted index.

    Attributes
    ----------
    name : str
        What its ratios multiply: 'mean', 'odds of leaving', …
    coef : ndarray, shape (p,)
    pull : ndarray, shape (G, p)
        Each cluster's influence on the coefficients, without a small-sample factor.
    fitted : ndarray, shape (n,)
        Means of the rows fitted.
    r2 : float
        Share of the null deviance that is explained.
    power : float
        Variance power; NaN for 0/1.
    """

    name: str
    coef: Array
    pull: Array
    fitted: Array
    r2: float
    power: float = float("nan")


def log_mean(
    y: Array, design: Array, *, cluster: Ints, groups: int, power: float, name: str
) -> Part:
    """Fit a log-link mean whose variance goes with its power (1 Poisson, 2 Gamma).

    Notes
    -----
    The clusters' pull takes the observed second derivatives (as statsmodels), which
    hold where the mean is not exactly of the form fitted.
    """
    coef, fitted = _means(y, design, power)
    error = (y - fitted) * fitted ** (1 - power)
    weight = fitted ** (2 - power) + (power - 1) * error
    pull = _pull(design, error, weight, cluster, groups)
    null = deviance(y, np.full(len(y), y.mean()), power)
    r2 = 1 - deviance(y, fitted, power) / null if null > 0 else float("nan")
    return Part(name, coef, pull, fitted, r2, power)


def _means(y: Array, design: Array, power: float) -> tuple[Array, Array]:
    """Return coefficients and means, amounts measured by their own mean."""
    scale, unit = _scales(design), float(y.mean())
    if not unit > 0:
        raise DataError(_NO_FIT)
    level = np.log(unit)
    start = np.log((y / unit + 1) / 2)
    shift = np.linalg.lstsq(design / scale, np.ones(len(y)), rcond=None)[0]
    coef, index = _irls(y / unit, design / scale, start, _power_terms(power))
    return (coef + level * shift) / scale, unit * np.exp(index)


def tweedie_power(y: Array, design: Array) -> float:
    """Return the variance power between Poisson and Gamma that the residuals show.

    Notes
    -----
    Solves sum(((y - m)^2 / (phi m^p) - 1) log m) = 0 with phi the Pearson scale at p
    (a regression of squared residuals on the mean), refitting the mean at p until it
    stays; the ends 1.05 and 1.95 are returned where no root lies between.
    """
    power = 1.5
    for _ in range(20):
        fitted = _means(y, design, power)[1]
        again = _power_of(y, fitted)
        if abs(again - power) < 1e-4:
            return again
        power = again
    return power


def _power_of(y: Array, fitted: Array) -> float:
    squares, logs = np.square(y - fitted), np.log(fitted)

    def slope(power: float) -> float:
        share = squares / fitted**power
        return float(((share / share.mean() - 1) * logs).sum())

    low, high = slope(LOWEST_POWER), slope(HIGHEST_POWER)
    if low * high > 0:
        return LOWEST_POWER if abs(low) < abs(high) else HIGHEST_POWER
    return float(optimize.brentq(slope, LOWEST_POWER, HIGHEST_POWER, xtol=1e-6))


def chance(
    y: Array, design: Array, *, cluster: Ints, groups: int, link: str, name: str
) -> Part:
    """Fit a 0/1 outcome by logit or complementary log-log."""
    scale, mean = _scales(design), float(y.mean())
    start = np.full(len(y), _start(mean, link))
    coef, index = _irls(y, design / scale, start, _chance_terms(link))
    fitted = _chance_terms(link)(index)[0]
    if link == "logit":
        error, weight = y - fitted, fitted * (1 - fitted)
    else:
        error, weight = _log_log_terms(y, index)
    pull = _pull(design, error, weight, cluster, groups)
    r2 = 1 - _likelihood(y, fitted) / _likelihood(y, np.full(len(y), mean))
    return Part(name, coef / scale, pull, fitted, r2)


def _start(mean: float, link: str) -> float:
    """Return the index of the overall share."""
    return float(logit(mean) if link == "logit" else np.log(-np.log1p(-mean)))


def _log_log_terms(y: Array, eta: Array) -> tuple[Array, Array]:
    """Return score and observed information of each row, by the index."""
    at = log_log(eta[None])
    p, slope, bend = at.value, at.first[0], at.second[0, 0]
    lasting = np.maximum(1 - p, 1e-300)
    ratio = y / np.maximum(p, 1e-300) - (1 - y) / lasting
    curved = y / np.maximum(p, 1e-300) ** 2 + (1 - y) / lasting**2
    return ratio * slope, curved * slope**2 - ratio * bend


def within_counts(
    y: Array,
    x: Array,
    effects: Array,
    *,
    entity: Ints,
    cluster: Ints,
    groups: int,
) -> Part:
    """Fit a Poisson mean with a level of its own for each customer (conditional).

    Customers without any count carry no information and add nothing.
    """
    z = np.column_stack([x, effects])
    scale = _scales(z)
    z = z / scale
    totals = np.asarray(np.bincount(entity, y), dtype=float)
    coef = np.zeros(z.shape[1])
    for _ in range(100):
        fitted, centred = _shares(z, coef, entity, totals)
        information = (centred * fitted[:, None]).T @ centred
        step = _solved(information, centred.T @ (y - fitted))
        widest = float(np.abs(z @ step).max())
        coef = coef + step * min(1.0, 5.0 / max(widest, 1e-12))
        if widest < 1e-10:
            break
    else:
        raise DataError(_NO_FIT)
    fitted, centred = _shares(z, coef, entity, totals)
    pull = _pull(centred, y - fitted, fitted, cluster, groups) / scale
    level = (totals / np.bincount(entity))[entity]
    null = deviance(y, level, 1)
    r2 = 1 - deviance(y, fitted, 1) / null if null > 0 else float("nan")
    return Part("mean", coef / scale, pull, fitted, r2, 1.0)


def _shares(z: Array, coef: Array, entity: Ints, totals: Array) -> tuple[Array, Array]:
    """Return the fitted counts, and the columns less their fitted means."""
    size = np.exp(np.clip(z @ coef, -300, 300))
    fitted = size * (totals / np.bincount(entity, size))[entity]
    whole = np.maximum(totals, 1e-300)
    means = np.column_stack([np.bincount(entity, fitted * c) / whole for c in z.T])
    return fitted, z - means[entity]


def deviance(y: Array, fitted: Array, power: float) -> float:
    """Return the deviance of means whose variance goes with their power, 1 to 2."""
    some = y > 0
    ratio = np.log(np.where(some, y, 1.0) / np.where(some, fitted, 1.0))
    if power == 1:
        return float(2 * (y * ratio - (y - fitted)).sum())
    if power == 2:
        return float(2 * ((y - fitted) / fitted - ratio).sum())
    up, over = 1 - power, 2 - power
    terms = y**over / (up * over) - y * fitted**up / up + fitted**over / over
    return float(2 * terms.sum())


def group_totals(rows: Array, cluster: Ints, groups: int) -> Array:
    """Sum rows within clusters coded 0.., also those without a row."""
    return np.column_stack(
        [np.bincount(cluster, weights=c, minlength=groups) for c in rows.T]
    )


def _pull(
    design: Array, error: Array, weight: Array, cluster: Ints, groups: int
) -> Array:
    scale = _scales(design)
    scaled = design / scale
    information = (scaled * weight[:, None]).T @ scaled
    sums = group_totals(scaled * error[:, None], cluster, groups)
    return np.asarray(_solved(information, sums.T).T / scale)


def _solved(information: Array, right: Array) -> Array:
    try:
        return np.asarray(np.linalg.solve(information, right))
    except np.linalg.LinAlgError:
        raise DataError(_NO_FIT) from None


def _scales(design: Array) -> Array:
    """Return column sizes that keep a fit well conditioned."""
    spread = np.sqrt(np.square(design).mean(axis=0))
    return np.where(spread > 0, spread, 1.0)


def _irls(y: Array, design: Array, start: Array, terms: Terms) -> tuple[Array, Array]:
    """Return coefficients and index of a generalised linear model.

    `terms` gives the mean, its slope by the index and the variance.
    """
    index, coef = start, np.zeros(design.shape[1])
    with np.errstate(all="ignore"):
        for _ in range(MAX_STEPS):
            mean, slope, variance = terms(index)
            weight = slope**2 / variance
            working = index + (y - mean) / slope
            weighted = design * weight[:, None]
            coef = _solved(weighted.T @ design, weighted.T @ working)
            again = design @ coef
            moved = float(np.abs(again - index).max())
            index = again
            if not moved < WIDEST or np.abs(index).max() > WIDEST:
                break
            if moved < 1e-9:
                return coef, index
    raise DataError(_NO_FIT)


def _power_terms(power: float) -> Terms:
    def terms(index: Array) -> tuple[Array, Array, Array]:
        mean = np.exp(index)
        return mean, mean, mean**power

    return terms


def _chance_terms(link: str) -> Terms:
    curve = logistic if link == "logit" else log_log

    def terms(index: Array) -> tuple[Array, Array, Array]:
        at = curve(index[None])
        return at.value, at.first[0], at.value * (1 - at.value)

    return terms


def _likelihood(y: Array, chance: Array) -> float:
    return float(np.log(np.where(y == 1, chance, 1 - chance)).sum())
