"""Maximum (quasi-)likelihood of one index: coefficients and each cluster's pull."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import statsmodels.api as sm
from scipy import optimize
from statsmodels.tools.sm_exceptions import PerfectSeparationError

from cxlib.errors import DataError
from cxlib.roi.regressions._curves import log_log

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LOWEST_POWER, HIGHEST_POWER = 1.05, 1.95
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
    scale = _scales(design)
    found = _fitted(y, design / scale, _family(power))
    fitted = np.asarray(found.mu, dtype=float)
    error = (y - fitted) * fitted ** (1 - power)
    weight = fitted ** (2 - power) + (power - 1) * error
    coef = np.asarray(found.params) / scale
    pull = _pull(design, error, weight, cluster, groups)
    return Part(name, coef, pull, fitted, _explained(found), power)


def tweedie_power(y: Array, design: Array) -> float:
    """Return the variance power between Poisson and Gamma that the residuals show.

    Notes
    -----
    Solves sum(((y - m)^2 / (phi m^p) - 1) log m) = 0 with phi the Pearson scale at p
    (a regression of squared residuals on the mean), refitting the mean at p until it
    stays; the ends 1.05 and 1.95 are returned where no root lies between.
    """
    power = 1.5
    scaled = design / _scales(design)
    for _ in range(20):
        fitted = np.asarray(_fitted(y, scaled, _family(power)).mu, dtype=float)
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
    scale = _scales(design)
    links = {"logit": sm.families.links.Logit, "cloglog": sm.families.links.CLogLog}
    found = _fitted(y, design / scale, sm.families.Binomial(link=links[link]()))
    params = np.asarray(found.params)
    if np.abs(params).max() > 30:
        raise DataError(_NO_FIT)
    fitted = np.clip(np.asarray(found.mu, dtype=float), 1e-300, 1 - 1e-16)
    if link == "logit":
        error, weight = y - fitted, fitted * (1 - fitted)
    else:
        error, weight = _log_log_terms(y, np.asarray(design / scale @ params))
    coef, pull = params / scale, _pull(design, error, weight, cluster, groups)
    return Part(name, coef, pull, fitted, _explained(found))


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
    null = _poisson_deviance(y, level)
    r2 = 1 - _poisson_deviance(y, fitted) / null if null > 0 else float("nan")
    return Part("mean", coef / scale, pull, fitted, r2, 1.0)


def _shares(z: Array, coef: Array, entity: Ints, totals: Array) -> tuple[Array, Array]:
    """Return the fitted counts, and the columns less their fitted means."""
    size = np.exp(np.clip(z @ coef, -300, 300))
    fitted = size * (totals / np.bincount(entity, size))[entity]
    whole = np.maximum(totals, 1e-300)
    means = np.column_stack([np.bincount(entity, fitted * c) / whole for c in z.T])
    return fitted, z - means[entity]


def _poisson_deviance(y: Array, fitted: Array) -> float:
    some = y > 0
    logs = y[some] * np.log(y[some] / fitted[some])
    return float(2 * (logs.sum() - (y - fitted).sum()))


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


def _family(power: float) -> sm.families.Family:
    link = sm.families.links.Log()
    known: dict[float, Callable[..., sm.families.Family]] = {
        1.0: sm.families.Poisson, 2.0: sm.families.Gamma,
    }  # fmt: skip
    if power in known:
        return known[power](link=link)
    return sm.families.Tweedie(link=link, var_power=power, eql=True)


def _fitted(
    y: Array, design: Array, family: sm.families.Family
) -> sm.genmod.generalized_linear_model.GLMResults:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found = sm.GLM(y, design, family=family).fit(maxiter=200, tol=1e-12)
        except (np.linalg.LinAlgError, PerfectSeparationError, ValueError):
            raise DataError(_NO_FIT) from None
    if not np.isfinite(found.params).all() or not found.converged:
        raise DataError(_NO_FIT)
    return found


def _explained(found: sm.genmod.generalized_linear_model.GLMResults) -> float:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        null = float(found.null_deviance)
    return 1 - float(found.deviance) / null if null > 0 else float("nan")
