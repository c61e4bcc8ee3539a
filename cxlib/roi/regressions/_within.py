"""Customer and period effects taken out of columns without a matrix of dummies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
SINGULAR = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effects:
    """What a model takes out of every column.

    Attributes
    ----------
    counts, starts : ndarray of int
        Rows of each customer, and where they begin; empty without customer effects.
    time : ndarray of int
        Period of each row, coded without holes; empty without period effects.
    period_inverse : ndarray, shape (T, T)
        Generalised inverse of the cross product of the period dummies, customer
        means taken out.
    n_periods : int
        Period effects estimated beside the customers' (their rank).
    n_customers : int
        Customers among the rows, whether they have effects or not.
    """

    counts: Ints
    starts: Ints
    time: Ints
    period_inverse: Array
    n_periods: int
    n_customers: int

    @property
    def absorbed(self) -> int:
        """Customer means taken out."""
        return len(self.starts)

    @property
    def constant(self) -> bool:
        """Whether the mean of all rows is what is taken out."""
        return not self.absorbed

    def means_out(self, columns: Array) -> Array:
        """Subtract customers' means (or the mean) from columns of shape (k, n)."""
        return self._each(columns, periods=False)

    def out(self, columns: Array) -> Array:
        """Return what the effects leave of columns of shape (k, n)."""
        return self._each(columns, periods=self.n_periods > 0)

    def _each(self, columns: Array, *, periods: bool) -> Array:
        left = np.empty_like(columns)
        for i, column in enumerate(columns):
            left[i] = column - self._means(column)
            if periods:
                sums = np.bincount(self.time, left[i])
                fitted = (sums @ self.period_inverse)[self.time]
                left[i] -= fitted - self._means(fitted)
        return left

    def _means(self, column: Array) -> Array:
        if self.constant:
            return np.asarray(column.mean())
        means = np.add.reduceat(column, self.starts) / self.counts
        return np.repeat(means, self.counts)


def effects(entity: Ints, time: Ints, *, customers: bool, periods: bool) -> Effects:
    """Prepare the effects of rows sorted by customer, coded 0.. without holes."""
    none = np.empty(0, dtype=np.int64)
    starts = np.r_[0, np.flatnonzero(np.diff(entity)) + 1]
    counts = np.diff(np.r_[starts, len(entity)])
    codes, inverse, rank = none, np.empty((0, 0)), 0
    if periods:
        codes = compact(time)
        inverse, rank = _period_inverse(codes, starts, counts, customers=customers)
    return Effects(
        counts=counts if customers else none, starts=starts if customers else none,
        time=codes, period_inverse=inverse, n_periods=rank, n_customers=len(starts),
    )  # fmt: skip


def compact(codes: Ints) -> Ints:
    """Renumber whole numbers 0.. so that none is missing."""
    seen = np.bincount(codes) > 0
    return np.asarray((np.cumsum(seen) - 1)[codes])


def presence(time: Ints, starts: Ints, counts: Ints) -> sparse.csr_array:
    """Return customers by periods: 1 / sqrt(rows of the customer) where seen."""
    scale = np.repeat(1 / np.sqrt(counts), counts)
    ends = np.r_[starts, len(time)]
    return sparse.csr_array((scale, time, ends), (len(starts), int(time.max()) + 1))


def _period_inverse(
    time: Ints, starts: Ints, counts: Ints, *, customers: bool
) -> tuple[Array, int]:
    rows = np.bincount(time).astype(float)
    if customers:
        seen = presence(time, starts, counts)
        shared = (seen.T @ seen).toarray()
    else:
        shared = np.outer(rows, rows) / len(time)
    scale = 1 / np.sqrt(rows)
    values, vectors = np.linalg.eigh((np.diag(rows) - shared) * np.outer(scale, scale))
    kept = values > SINGULAR
    inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    return inverse * np.outer(scale, scale), int(kept.sum())
