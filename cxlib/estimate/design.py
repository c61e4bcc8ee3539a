"""The survey design and the one linearised standard error everything uses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.errors import ArgumentError, DataError

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Labels = npt.ArrayLike | None


@dataclass(frozen=True, eq=False)
class Design:
    """Weights, strata and clusters of n rows.

    Attributes
    ----------
    weights : ndarray, shape (n,)
        Positive up to scale; ones when none were given.
    strata, cluster : ndarray of int, shape (n,)
        Codes 0..; one stratum, and every row its own cluster, when none were given.
    fpc : ndarray, shape (n,), or None
        Population size of the row's stratum (clusters where clustered).
    weighted, clustered, stratified : bool
        What was given.
    """

    weights: Array
    strata: Places
    cluster: Places
    fpc: Array | None
    weighted: bool
    clustered: bool
    stratified: bool

    @property
    def simple(self) -> bool:
        """Whether rows are one equally weighted independent sample."""
        return not (self.weighted or self.clustered or self.stratified)

    @property
    def kish(self) -> float:
        """Kish's effective n from the weights alone: (sum w)^2 / sum w^2."""
        return float(self.weights.sum() ** 2 / np.square(self.weights).sum())

    @property
    def n_clusters(self) -> int:
        """Number of clusters (rows when not clustered), counted within strata."""
        return len(self.groups[0]) if self.clustered else len(self.strata)

    @property
    def units(self) -> npt.NDArray[np.int64]:
        """One whole number a row that names its cluster within its stratum."""
        width = int(self.cluster.max(initial=0)) + 1
        return self.strata.astype(np.int64) * width + self.cluster

    @cached_property
    def groups(self) -> tuple[Places, Places, Places]:
        """First row and stratum of each cluster in its stratum; each row's cluster."""
        _, first, of_row = np.unique(self.units, return_index=True, return_inverse=True)
        return first, pd.factorize(self.strata[first], sort=True)[0], of_row

    @property
    def population(self) -> float:
        """Rows in the population where an fpc tells; infinite where it does not.

        The fpc of a clustered design counts clusters: its weights, if they add up to
        more than the rows, then count the rows.
        """
        if self.fpc is None:
            return np.inf
        if self.clustered:
            total = float(self.weights.sum())
            return total if total > len(self.weights) else np.inf
        _, first = np.unique(self.strata, return_index=True)
        return float(self.fpc[first].sum())

    def at(self, rows: npt.NDArray[np.bool_]) -> Design:
        """Return the design of some rows only (blank answers dropped, say)."""
        return Design(
            self.weights[rows], self.strata[rows], self.cluster[rows],
            None if self.fpc is None else self.fpc[rows],
            self.weighted, self.clustered, self.stratified,
        )  # fmt: skip


def design(
    n: int,
    *,
    weights: npt.ArrayLike | None = None,
    strata: Labels = None,
    cluster: Labels = None,
    fpc: npt.ArrayLike | None = None,
) -> Design:
    """Check the parts of a survey design and code its labels.

    Parameters
    ----------
    n : int
        Number of rows; every part given must have as many.
    weights : array_like of float, optional
        Positive sampling weights; scale does not matter.
    strata, cluster : array_like, optional
        Stratum and cluster (customer, account) labels. A blank cluster label makes
        that row a cluster of its own.
    fpc : array_like of float, optional
        Population size of the row's stratum: finite-population correction.

    Returns
    -------
    Design

    Raises
    ------
    DataError
        For a weight that is blank, zero or negative, or a blank stratum.
    """
    w = np.ones(n) if weights is None else _numbers(weights, n, "weights")
    bad = int((~(w > 0) | ~np.isfinite(w)).sum())
    if bad:
        raise DataError(
            f"{bad:,} of {n:,} weights are blank, zero or negative; a weight must be "
            "positive: mend the weights, or drop those rows in the source."
        )
    rows = np.arange(n)
    s = (
        _codes(strata, n, "strata")
        if strata is not None
        else np.zeros(n, dtype=np.intp)
    )
    c = _codes(cluster, n, "cluster") if cluster is not None else rows
    if (s < 0).any():
        raise DataError(
            f"{int((s < 0).sum()):,} rows have no stratum; give every row one."
        )
    c = np.where(c < 0, n + rows, c)
    population = None if fpc is None else _numbers(fpc, n, "fpc")
    return Design(
        w,
        s,
        c,
        population,
        weights is not None,
        cluster is not None,
        strata is not None,
    )


def _numbers(values: npt.ArrayLike, n: int, name: str) -> Array:
    """Return one float a row."""
    numbers = np.asarray(values, dtype=float)
    if numbers.shape != (n,):
        raise ArgumentError(f"`{name}` has {numbers.size:,} values for {n:,} rows.")
    return numbers


def _codes(labels: Labels, n: int, name: str) -> Places:
    """Code labels 0.. in order of appearance, -1 where blank."""
    codes = pd.factorize(pd.Series(labels))[0]
    if len(codes) != n:
        raise ArgumentError(f"`{name}` has {len(codes):,} labels for {n:,} rows.")
    return codes


def design_se(influence: npt.ArrayLike, plan: Design) -> tuple[float, float]:
    """Return the linearised standard error of an estimate and its degrees of freedom.

    Parameters
    ----------
    influence : array_like, shape (n,)
        Influence of each row: estimate minus truth is close to their sum. For a
        weighted mean, ``w * (y - mean) / w.sum()``. Rows outside a domain carry zero
        and stay in, so that domain estimates keep the design.
    plan : Design
        The design of the same n rows.

    Returns
    -------
    std_error, df : float
        df is clusters minus strata.

    Raises
    ------
    DataError
        If a stratum has one cluster only (its variance cannot be estimated), or more
        rows (clusters) than its population.

    Notes
    -----
    With-replacement variance between clusters within strata,
    ``sum_h (1 - f_h) n_h / (n_h - 1) sum_c (u_hc - mean_h)^2``. With weights of one,
    no strata and no clusters this is ``sd / sqrt(n)`` for a mean.

    References
    ----------
    Binder, D. A. (1983). On the variances of asymptotically normal estimators from
    complex surveys. International Statistical Review 51, 279-292.
    doi:10.2307/1402588

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array([1.0, 2.0, 4.0, 9.0])
    >>> se, df = design_se((y - y.mean()) / 4, design(4))
    >>> round(se, 6), df
    (1.779513, 3.0)
    """
    u = _numbers(influence, len(plan.weights), "influence")
    totals, strata, fpc = _cluster_totals(u, plan)
    n_h = np.bincount(strata)
    if (n_h == 1).any():
        raise DataError(_lonely(int((n_h == 1).sum()), len(n_h)))
    mean_h = np.bincount(strata, weights=totals) / n_h
    spread = np.square(totals - mean_h[strata])
    population = np.zeros(len(n_h))
    population[strata] = fpc
    if not (population >= n_h).all() or (population[strata] != fpc).any():
        raise DataError(
            "the population size (fpc) must be one number a stratum, and no smaller "
            "than the sample in it."
        )
    factor = (1 - n_h / population) * n_h / (n_h - 1)
    variance = float((factor * np.bincount(strata, weights=spread)).sum())
    return variance**0.5, float(n_h.sum() - len(n_h))


def _lonely(lonely: int, strata: int) -> str:
    if strata == 1:
        return "one answer (or cluster) has no standard error; at least two are needed."
    return (
        f"{lonely} of {strata} strata have one cluster (or row) only: their variance "
        "cannot be estimated; merge small strata."
    )


def _cluster_totals(u: Array, plan: Design) -> tuple[Array, Places, Array]:
    """Sum influences within clusters; return totals, their strata and their fpc."""
    if not (plan.clustered or plan.stratified):
        fpc = np.full(len(u), np.inf) if plan.fpc is None else plan.fpc
        return u, np.zeros(len(u), dtype=np.intp), fpc
    first, strata, of_row = plan.groups
    fpc = np.full(len(first), np.inf) if plan.fpc is None else plan.fpc[first]
    totals = np.bincount(of_row, weights=u).astype(np.float64)
    return totals, strata, np.asarray(fpc, dtype=np.float64)
