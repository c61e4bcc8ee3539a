"""CRV3: every cluster left out once, from the cross products of each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cxlib.errors import DataError
from cxlib.roi.regressions._within import Effects, presence

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MAX_CLUSTERS, MAX_CELLS = 5_000, 3e7


def jackknife(
    columns: Array, scale: Array, coef: Array, *, cluster: Ints, effects: Effects
) -> Array:
    """Return each cluster's scaled change of the coefficients when it is left out.

    Parameters
    ----------
    columns : ndarray, shape (k + 1, n)
        Regressors, then the outcome, as they are.
    scale : ndarray, shape (k + 1,)
        Lengths within customers; `coef` is that of columns so scaled.
    cluster : ndarray of int
    effects : Effects
        Period effects are estimated afresh without the cluster.

    Raises
    ------
    DataError
        With more than 5,000 clusters, where CR1 says the same.
    """
    groups, k = int(cluster.max()) + 1, len(columns) - 1
    width = k + (len(effects.period_inverse) or int(effects.constant))
    if groups > MAX_CLUSTERS or groups * width**2 > MAX_CELLS:
        raise DataError(
            f"the jackknife CRV3 would leave out {groups:,} clusters one by one; it is "
            f"for few of them (at most {MAX_CLUSTERS:,}): use `cov_type` 'CR1', which "
            "says the same with so many."
        )
    left = effects.means_out(columns) / np.where(scale > 0, scale, 1.0)[:, None]
    own = crosses(left, cluster, groups, effects)
    others = own.sum(axis=0) - own
    at = np.r_[np.arange(k), np.arange(k + 1, own.shape[1])]
    bread = np.linalg.pinv(others[:, at[:, None], at], rcond=1e-12, hermitian=True)
    changed = np.einsum("gij,gj->gi", bread, others[:, at, k])[:, :k]
    return np.asarray((changed - coef) * ((groups - 1) / groups) ** 0.5)


def crosses(left: Array, cluster: Ints, groups: int, effects: Effects) -> Array:
    """Return each cluster's cross products of columns, outcome and period dummies."""
    time = np.zeros_like(cluster) if effects.constant else effects.time
    periods, m = (int(time.max()) + 1 if len(time) else 0), len(left)
    found = np.empty((groups, m + periods, m + periods))
    for i in range(m):
        for j in range(i, m):
            cross = np.bincount(cluster, left[i] * left[j], groups)
            found[:, i, j] = found[:, j, i] = cross
    if not periods:
        return found
    cell, shape = cluster * periods + time, (groups, periods)
    weight = 1 / np.sqrt(np.bincount(time))
    for i in range(m):
        sums = np.bincount(cell, left[i], groups * periods).reshape(shape) * weight
        found[:, i, m:] = found[:, m:, i] = sums
    counts = np.bincount(cell, minlength=groups * periods).reshape(shape)
    seen = np.zeros((groups, periods, periods))
    seen[:, np.arange(periods), np.arange(periods)] = counts
    if not effects.constant:
        seen -= _shared(cluster, groups, effects)
    found[:, m:, m:] = seen * np.outer(weight, weight)
    return found


def _shared(cluster: Ints, groups: int, effects: Effects) -> Array:
    """Return what customers' means take from each cluster's period dummies."""
    rows = presence(effects.time, effects.starts, effects.counts)
    of = cluster[effects.starts]
    order = np.argsort(of, kind="stable")
    ends, rows = np.searchsorted(of[order], np.arange(groups + 1)), rows[order]
    parts = (rows[ends[g] : ends[g + 1]] for g in range(groups))
    return np.stack([(part.T @ part).toarray() for part in parts])
