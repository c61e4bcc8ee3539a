"""Averages of group-time effects with their errors, bands and placebo test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib import _checks
from cxlib.estimate.covariance import design_cov
from cxlib.estimate.design import Array, Design, design
from cxlib.estimate.did import jointly_zero
from cxlib.estimate.group_time import GroupTime

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Averages:
    """Weighted means of group-time effects: estimate, std_error and df of each."""

    estimate: Array
    std_error: Array
    df: Array
    influence: Array


def sampling(
    cohort: npt.ArrayLike, cluster: npt.ArrayLike | None = None
) -> tuple[Design, bool]:
    """Return the design of the units, and whether cohorts are its strata.

    Parameters
    ----------
    cohort : array_like, shape (units,)
        First treated period, infinite for never.
    cluster : array_like, optional
        Labels of what holds several units together; each unit where not given.

    Returns
    -------
    design : Design
    nested : bool
        Cohorts are strata where no cluster lies in two of them and each has two
        clusters; a cohort of one is put to the largest.

    Examples
    --------
    >>> sampling([1, 1, np.inf, np.inf])[1]
    True
    """
    first = np.asarray(cohort, dtype=float)
    _, strata = np.unique(first, return_inverse=True)
    unit = np.arange(len(first)) if cluster is None else np.asarray(cluster)
    _, code = np.unique(unit, return_inverse=True)
    pairs = np.unique(np.column_stack([code, strata]), axis=0)
    nested = len(pairs) == code.max() + 1
    if not nested:
        return design(len(first), cluster=code), False
    size = np.bincount(pairs[:, 1])
    lonely = size[strata] < 2
    strata = np.where(lonely, int(size.argmax()), strata)
    return design(len(first), strata=strata, cluster=code), True


def average(effects: GroupTime, cells: npt.ArrayLike, plan: Design) -> Averages:
    """Average group-time effects over sets of cells, each as heavy as its units.

    Parameters
    ----------
    effects : GroupTime
    cells : array_like of bool, shape (k, cells)
        One row an average.
    plan : Design
        From `sampling`.

    Returns
    -------
    Averages

    Notes
    -----
    Cohorts and their sizes are taken as they are. Variance between clusters within
    cohorts; df by Satterthwaite's rule from the cohorts' own, so that five treated
    units count as five however many untreated there are.

    References
    ----------
    Callaway, B. and Sant'Anna, P. H. C. (2021). Journal of Econometrics 225, 200-230.
    doi:10.1016/j.jeconom.2020.12.001. Satterthwaite, F. E. (1946). Biometrics Bulletin
    2, 110-114. doi:10.2307/3002019

    Examples
    --------
    >>> from cxlib.estimate.group_time import group_time
    >>> y = [[1.0, 4, 5], [2, 6, 7], [1, 2, 2], [2, 2, 3]]
    >>> found = group_time(y, [1, 1, np.inf, np.inf])
    >>> plan, _ = sampling([1, 1, np.inf, np.inf])
    >>> average(found, [[True, True]], plan).estimate.tolist()
    [3.25]
    """
    weights = np.atleast_2d(np.asarray(cells, dtype=float)) * effects.n_treated
    weights = weights / weights.sum(axis=1, keepdims=True)
    influence = effects.influence @ weights.T
    spread = np.sqrt(np.clip(np.diag(design_cov(influence, plan)[0]), 0, None))
    return Averages(
        weights @ effects.att, spread, _satterthwaite(influence, plan), influence
    )


def combined(found: Averages, mix: npt.ArrayLike, plan: Design) -> Averages:
    """Return weighted sums of averages.

    Parameters
    ----------
    found : Averages
    mix : array_like, shape (averages, sums)
    plan : Design

    Returns
    -------
    Averages

    Examples
    --------
    >>> u = np.random.default_rng(1).normal(size=(60, 2)) / 60
    >>> plan, _ = sampling(np.repeat([1.0, np.inf], 30))
    >>> two = Averages(np.array([3.0, 1.0]), np.ones(2), np.full(2, 58.0), u)
    >>> combined(two, [[1.0], [-2.0]], plan).estimate.tolist()
    [1.0]
    """
    weights = np.asarray(mix, dtype=float)
    influence = found.influence @ weights
    spread = np.sqrt(np.clip(np.diag(design_cov(influence, plan)[0]), 0, None))
    df = _satterthwaite(influence, plan)
    return Averages(found.estimate @ weights, spread, df, influence)


def band(
    averages: Averages,
    plan: Design,
    *,
    confidence_level: float = 0.95,
    n_resamples: int = 1999,
    rng: int | np.random.Generator = 0,
) -> float:
    """Return the half-width, in standard errors, that covers all averages at once.

    Parameters
    ----------
    averages : Averages
    plan : Design
    confidence_level : float
    n_resamples : int
        Draws of the multiplier bootstrap.
    rng : int or numpy.random.Generator

    Returns
    -------
    float
        Never less than for one average.

    Notes
    -----
    Clusters' influence, centred in their cohort, times random signs; quantile of the
    largest statistic, stretched as Student's quantile is against the normal one.

    References
    ----------
    Callaway, B. and Sant'Anna, P. H. C. (2021), algorithm 1.

    Examples
    --------
    >>> u = np.random.default_rng(1).normal(size=(60, 3)) / 60
    >>> plan, _ = sampling(np.repeat([1.0, np.inf], 30))
    >>> error = np.sqrt(np.diag(design_cov(u, plan)[0]))
    >>> some = Averages(np.zeros(3), error, np.full(3, 58.0), u)
    >>> 2.2 < band(some, plan) < 2.7
    True
    """
    tail, df = (1 - confidence_level) / 2, float(averages.df.min())
    single = float(stats.t.isf(tail, df))
    totals = _totals(averages.influence, plan)[0]
    use = averages.std_error > 0
    if use.sum() < 2:
        return single
    signs = _checks.generator(rng).choice([-1.0, 1.0], size=(n_resamples, len(totals)))
    drawn = np.abs(signs @ (totals[:, use] / averages.std_error[use])).max(axis=1)
    wide = float(np.quantile(drawn, confidence_level))
    return max(single, wide * single / float(stats.norm.isf(tail)))


def together(averages: Averages, plan: Design) -> tuple[float, float, str]:
    """Test that all averages are zero; return statistic, p-value and the test's name.

    Parameters
    ----------
    averages : Averages
        Of the periods before the treatment.
    plan : Design

    Returns
    -------
    statistic, pvalue : float
    name : str
        Wald's test as an F where clusters are three times the averages; else the
        smallest p-value times their number.

    Examples
    --------
    >>> u = np.random.default_rng(1).normal(size=(60, 2)) / 60
    >>> plan, _ = sampling(np.repeat([1.0, np.inf], 30))
    >>> one = Averages(np.zeros(2), np.full(2, 0.1), np.full(2, 58.0), u)
    >>> together(one, plan)[1]
    1.0
    """
    b, error, k = averages.estimate, averages.std_error, len(averages.estimate)
    if k == 0 or not (error > 0).all():
        return float("nan"), float("nan"), "none"
    t = np.abs(b / error)
    if float(averages.df.min()) >= 3 * k:
        found = jointly_zero(b, averages.influence, plan)
        if np.isfinite(found):
            return float(t.max()), found, "joint Wald test"
    smallest = float((2 * stats.t.sf(t, averages.df)).min())
    return float(t.max()), min(1.0, k * smallest), "Bonferroni over the periods"


def _totals(influence: Array, plan: Design) -> tuple[Array, Ints]:
    """Centred, scaled sums of influence by cluster, and the cluster's stratum."""
    _, first, code = np.unique(plan.units, return_index=True, return_inverse=True)
    sums = np.column_stack([np.bincount(code, weights=u) for u in influence.T])
    stratum = np.asarray(plan.strata[first], dtype=np.int64)
    size = np.bincount(stratum)
    for h in np.unique(stratum):
        inside = stratum == h
        sums[inside] -= sums[inside].mean(axis=0)
    n = size[stratum].astype(float)
    return sums * np.sqrt(n / (n - 1))[:, None], stratum


def _satterthwaite(influence: Array, plan: Design) -> Array:
    totals, stratum = _totals(influence, plan)
    parts = np.array(
        [(totals[stratum == h] ** 2).sum(axis=0) for h in np.unique(stratum)]
    )
    free = np.array([(stratum == h).sum() - 1.0 for h in np.unique(stratum)])
    below = (parts**2 / free[:, None]).sum(axis=0)
    whole = parts.sum(axis=0) ** 2
    out = np.full(len(whole), free.sum())
    return np.asarray(np.divide(whole, below, out=out, where=below > 0))
