"""Proportional hazards: coefficients, each row's pull, the baseline, its checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib.errors import DataError

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Ties = Literal["efron", "breslow"]
MAX_STEPS, MAX_EVENTS_COMPARED = 60, 3000


@dataclass(frozen=True, slots=True, eq=False)
class Spells:
    """Rows at risk over (entry, exit], with what happened at the end.

    Attributes
    ----------
    entry, exit : ndarray, shape (n,)
    event : ndarray of bool, shape (n,)
    x : ndarray, shape (n, k)
    ties : {"efron", "breslow"}
    """

    entry: Array
    exit: Array
    event: npt.NDArray[np.bool_]
    x: Array
    ties: Ties = "efron"


@dataclass(frozen=True, slots=True, eq=False)
class Cox:
    """A fitted proportional-hazards model.

    Attributes
    ----------
    coef : ndarray, shape (k,)
    covariance : ndarray, shape (k, k)
        Inverse information.
    scores : ndarray, shape (n, k)
        Score residuals; their product with `covariance` is each row's pull.
    log_likelihood : float
    times, increments : ndarray, shape (T,)
        Event times, and the baseline's jumps there (at x = 0).
    """

    coef: Array
    covariance: Array
    scores: Array
    log_likelihood: float
    times: Array
    increments: Array


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Risk-set sums, one line an event in the order of time (ties one by one)."""

    at: Ints
    times: Array
    share: Array
    s0: Array
    mean: Array
    size: Array


def cox(spells: Spells) -> Cox:
    """Fit by Newton steps on the partial likelihood.

    Parameters
    ----------
    spells : Spells
        A row is at risk at t where entry < t <= exit: who enters at t is not yet.

    Raises
    ------
    DataError
        Without events, or where no finite coefficients exist.

    Notes
    -----
    Efron: the l-th of d tied events (from 0) sees the risk set less l/d of the tied.
    Score residuals follow the same ties, as R's survival does and statsmodels does
    not.

    References
    ----------
    Therneau, T. M. and Grambsch, P. M. (2000). Modeling Survival Data. Springer.
    doi:10.1007/978-1-4757-3294-8

    Examples
    --------
    >>> spells = Spells(np.zeros(4), np.array([1.0, 2, 3, 4]),
    ...     np.array([True, True, True, False]), np.array([[1.0], [0], [1], [0]]))
    >>> float(cox(spells).coef[0].round(4))
    0.9406
    """
    if not spells.event.any():
        raise DataError("no row ends with the event: there is no hazard to model.")
    centre, scale = spells.x.mean(axis=0), spells.x.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    scaled = Spells(
        spells.entry, spells.exit, spells.event, (spells.x - centre) / scale,
        spells.ties,
    )  # fmt: skip
    coef = _newton(scaled)
    sums = _sums(scaled, coef)
    scores, information = _scores(scaled, sums), _information(scaled, sums)
    jumps = np.bincount(sums.at, 1 / sums.s0, len(sums.times))
    return Cox(
        coef=coef / scale,
        covariance=np.linalg.inv(information) / np.outer(scale, scale),
        scores=scores * scale,
        log_likelihood=_log_likelihood(scaled, coef, sums),
        times=sums.times, increments=jumps * np.exp(-float(centre @ (coef / scale))),
    )  # fmt: skip


def _newton(spells: Spells) -> Array:
    coef = np.zeros(spells.x.shape[1])
    best = -np.inf
    step = np.zeros_like(coef)
    for _ in range(MAX_STEPS):
        sums = _sums(spells, coef)
        value = _log_likelihood(spells, coef, sums)
        if value < best - 1e-9 * abs(best):
            step = step / 2
            coef = coef - step
            continue
        best = value
        gradient = _scores(spells, sums).sum(axis=0)
        try:
            step = np.linalg.solve(_information(spells, sums), gradient)
        except np.linalg.LinAlgError:
            break
        coef = coef + step
        if np.abs(coef).max() > 30:
            break
        if np.abs(step).max() < 1e-10:
            return coef
    raise DataError(
        "no finite hazard ratio: the score and drivers decide who leaves without error "
        "for some rows (separation) or are collinear; drop the driver that does so."
    )


def _sums(spells: Spells, coef: Array) -> _Sums:
    size = np.exp(spells.x @ coef)
    times, at = np.unique(spells.exit[spells.event], return_inverse=True)
    tied = np.bincount(at)
    own = size[spells.event][:, None] * np.column_stack(
        [np.ones(len(at)), spells.x[spells.event]]
    )
    ended = np.column_stack([np.bincount(at, c, len(times)) for c in own.T])
    risk = _at_risk(spells, size, times)
    order = np.repeat(np.arange(len(times)), tied)
    first = np.repeat(np.cumsum(tied) - tied, tied)
    share = (np.arange(len(order)) - first) / tied[order]
    if spells.ties == "breslow":
        share = np.zeros_like(share)
    left = risk[order] - share[:, None] * ended[order]
    return _Sums(order, times, share, left[:, 0], left[:, 1:] / left[:, :1], size)


def _at_risk(spells: Spells, size: Array, times: Array) -> Array:
    """Return sums of size and size * x over the rows at risk at each time."""
    values = size[:, None] * np.column_stack([np.ones(len(size)), spells.x])
    found = np.zeros((len(times), values.shape[1]))
    for moments, sign in ((spells.exit, 1.0), (spells.entry, -1.0)):
        order = np.argsort(moments, kind="stable")
        above = np.cumsum(values[order][::-1], axis=0)[::-1]
        above = np.vstack([above, np.zeros(values.shape[1])])
        found += sign * above[np.searchsorted(moments[order], times, side="left")]
    return found


def _log_likelihood(spells: Spells, coef: Array, sums: _Sums) -> float:
    return float((spells.x[spells.event] @ coef).sum() - np.log(sums.s0).sum())


def exposures(spells: Spells, sums: _Sums, per_event: Array) -> Array:
    """Sum columns given per event over each row's time at risk.

    A row that ends with one of d tied events carries 1 - l/d of the l-th of them.
    """
    n_times = len(sums.times)
    jumps = np.column_stack([np.bincount(sums.at, c, n_times) for c in per_event.T])
    shared = per_event * sums.share[:, None]
    less = np.column_stack([np.bincount(sums.at, c, n_times) for c in shared.T])
    total = np.vstack([np.zeros(jumps.shape[1]), np.cumsum(jumps, axis=0)])
    last = np.searchsorted(sums.times, spells.exit, side="right")
    begun = np.searchsorted(sums.times, spells.entry, side="right")
    found = total[last] - total[begun]
    found[spells.event] -= less[last[spells.event] - 1]
    return np.asarray(found)


def _mean_of_ties(spells: Spells, sums: _Sums, per_event: Array) -> Array:
    """Return, for rows that end with the event, the mean over their ties."""
    n_times = len(sums.times)
    tied = np.bincount(sums.at, minlength=n_times)
    means = np.column_stack(
        [np.bincount(sums.at, c, n_times) / tied for c in per_event.T]
    )
    found = np.zeros((len(spells.exit), per_event.shape[1]))
    found[spells.event] = means[np.searchsorted(sums.times, spells.exit[spells.event])]
    return found


def _scores(spells: Spells, sums: _Sums) -> Array:
    per_event = np.column_stack([1 / sums.s0, sums.mean / sums.s0[:, None]])
    exposed = exposures(spells, sums, per_event)
    around = spells.x * exposed[:, :1] - exposed[:, 1:]
    seen = np.where(spells.event[:, None], spells.x, 0.0)
    own = seen - _mean_of_ties(spells, sums, sums.mean)
    return np.asarray(own - sums.size[:, None] * around)


def _information(spells: Spells, sums: _Sums) -> Array:
    weight = sums.size * exposures(spells, sums, (1 / sums.s0)[:, None])[:, 0]
    return np.asarray(
        (spells.x * weight[:, None]).T @ spells.x - sums.mean.T @ sums.mean
    )


def baseline(spells: Spells, found: Cox, until: float) -> tuple[float, Array]:
    """Return the cumulative baseline hazard up to a time, and each row's pull on it.

    Parameters
    ----------
    spells : Spells
    found : Cox
    until : float

    Returns
    -------
    float
        At x = 0, with the ties of the fit.
    ndarray, shape (n,)
        The rows' influence, that through the coefficients included.
    """
    sums = _sums(spells, found.coef)
    inside = sums.times[sums.at] <= until
    jump = np.where(inside, 1 / sums.s0, 0.0)
    by_coef = -(jump[:, None] * sums.mean).sum(axis=0)
    own = _mean_of_ties(spells, sums, jump[:, None])[:, 0]
    exposed = exposures(spells, sums, (jump / sums.s0)[:, None])[:, 0]
    direct = own - sums.size * exposed
    return float(jump.sum()), direct + found.scores @ found.covariance @ by_coef


def proportional(spells: Spells, found: Cox) -> tuple[Array, Array]:
    """Test that log hazard ratios do not move with the Kaplan-Meier scale of time.

    Returns
    -------
    chi2, pvalue : ndarray, shape (k + 1,)
        One a column, then all of them together.

    Notes
    -----
    The exact score test for a term x g(t), as `cox.zph` of R's survival 3 and later;
    not the correlation of scaled Schoenfeld residuals of 1994, from which it may
    differ by a few per cent.

    References
    ----------
    Grambsch, P. M. and Therneau, T. M. (1994). Biometrika 81, 515-526.
    doi:10.1093/biomet/81.3.515
    """
    sums, k = _sums(spells, found.coef), spells.x.shape[1]
    g = _kaplan_meier_before(spells, sums.times)[sums.at]
    g = g - g.mean()
    order = np.argsort(spells.exit[spells.event], kind="stable")
    residual = spells.x[spells.event][order] - _tie_means(sums)
    gradient = (residual * g[:, None]).sum(axis=0)
    first, second = _weighted(spells, sums, g), _weighted(spells, sums, g**2)
    information = _information(spells, sums)
    adjusted = second - first @ np.linalg.solve(information, first)
    chi2 = np.empty(k + 1)
    for j in range(k):
        chi2[j] = gradient[j] ** 2 / adjusted[j, j]
    chi2[k] = float(gradient @ np.linalg.solve(adjusted, gradient))
    return chi2, stats.chi2.sf(chi2, np.r_[np.ones(k), k])


def _tie_means(sums: _Sums) -> Array:
    tied = np.bincount(sums.at)
    means = np.column_stack([np.bincount(sums.at, c) / tied for c in sums.mean.T])
    return np.asarray(means[sums.at])


def _weighted(spells: Spells, sums: _Sums, g: Array) -> Array:
    """Return the information with each event's part times g."""
    weight = sums.size * exposures(spells, sums, (g / sums.s0)[:, None])[:, 0]
    inside = (spells.x * weight[:, None]).T @ spells.x
    return np.asarray(inside - (sums.mean * g[:, None]).T @ sums.mean)


def _kaplan_meier_before(spells: Spells, times: Array) -> Array:
    """Return one less the Kaplan-Meier survival just before each event time."""
    risk = _at_risk(
        Spells(spells.entry, spells.exit, spells.event, np.empty((len(spells.x), 0))),
        np.ones(len(spells.x)), times,
    )[:, 0]  # fmt: skip
    events = np.bincount(np.searchsorted(times, spells.exit[spells.event]))
    lasting = np.cumprod(1 - events / risk)
    return np.asarray(1 - np.r_[1.0, lasting[:-1]])


def concordance(spells: Spells, coef: Array) -> float:
    """Return how often who leaves first had the higher hazard (Harrell's C).

    Ties in the hazard count one half. Above 3,000 events every so many-th is
    compared.
    """
    hazard = np.round(spells.x @ coef, 9)
    events = np.flatnonzero(spells.event)
    events = events[:: max(1, -(-len(events) // MAX_EVENTS_COMPARED))]
    right = pairs = 0.0
    for at in np.array_split(events, max(1, len(events) // 100)):
        ends = spells.exit[at][:, None]
        later = (spells.exit > ends) | ((spells.exit == ends) & ~spells.event)
        compared = later & (spells.entry < ends)
        apart = hazard[at][:, None] - hazard
        right += ((apart > 0) & compared).sum() + ((apart == 0) & compared).sum() / 2
        pairs += compared.sum()
    return float(right / pairs) if pairs else float("nan")
