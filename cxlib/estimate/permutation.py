"""Permutation test of many ratios at once between two arms, from customers' counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cxlib import _checks
from cxlib.errors import DataError

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
_COMMON, _CELLS, _TIE = 40, 8_000_000, 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """Customers collapsed to the different vectors of counts that they have.

    Attributes
    ----------
    counts : sparse array, shape (p, k)
        How often a customer of each pattern did each thing.
    control, treatment : ndarray of int, shape (p,)
        Customers of each pattern.
    group : ndarray of int, shape (k,)
        Denominator of each column: columns of one group sum to it. Columns of group
        -1, which come last, are per customer.
    """

    counts: Any
    control: Integers
    treatment: Integers
    group: Integers

    @property
    def members(self) -> Any:  # noqa: ANN401
        """Which column belongs to which group, shape (k, groups)."""
        inside = np.flatnonzero(self.group >= 0)
        cells = (np.ones(len(inside)), (inside, self.group[inside]))
        wide = int(self.group.max(initial=0)) + 1
        return sparse.csr_array(cells, shape=(len(self.group), wide))

    @property
    def base(self) -> Any:  # noqa: ANN401
        """Denominator of each column for a customer of each pattern, shape (p, k)."""
        own = (self.counts @ self.members).tocsc()[:, self.group[self.group >= 0]]
        ones = np.ones((own.shape[0], int((self.group < 0).sum())))
        return sparse.hstack([own, sparse.csc_array(ones)]).tocsc()


@dataclass(frozen=True, slots=True, eq=False)
class MaxT:
    """Step-down maximum test; `distance` is Jensen-Shannon, base 2, between the arms.

    Attributes
    ----------
    z : ndarray, shape (k,)
        Treatment's excess over chance in its permutation standard deviations; NaN
        where nobody differs from anybody.
    pvalue_adj : ndarray, shape (k,)
        Familywise over columns.
    pvalue : float
        Of the largest `z` in size.
    distance, distance_by_chance : float
        Of all counts; and its median over the permutations.
    """

    z: Array
    pvalue_adj: Array
    pvalue: float
    distance: float
    distance_by_chance: float


def collapse(
    row: npt.ArrayLike, column: npt.ArrayLike, count: npt.ArrayLike, *,
    treated: npt.ArrayLike, group: npt.ArrayLike,
) -> Patterns:  # fmt: skip
    """Gather customers with equal counts.

    Parameters
    ----------
    row, column : array_like of int
        Customer and thing of each entry, each pair once.
    count : array_like
        Positive whole numbers.
    treated : array_like of bool, shape (n,)
        Arm of each customer; those without an entry are a pattern too.
    group : array_like of int, shape (k,)
        As in `Patterns`.

    Returns
    -------
    Patterns

    Notes
    -----
    Patterns are told apart by a random 64-bit linear hash: two of a million differing
    customers share one with a chance of about 1e-7.

    Examples
    --------
    >>> found = collapse([0, 1, 2], [0, 0, 1], [1, 1, 2],
    ...                  treated=[True, False, False], group=[0, 0])
    >>> sorted(zip(found.control.tolist(), found.treatment.tolist()))
    [(1, 0), (1, 1)]
    """
    arm = np.asarray(treated, dtype=bool)
    of = np.asarray(group, dtype=np.int64)
    entries = (np.asarray(count, dtype=float), (np.asarray(row), np.asarray(column)))
    matrix = sparse.csr_array(entries, shape=(len(arm), len(of)))
    lots = np.random.default_rng(0x5EED).integers(
        0, 2**64, len(of), dtype=np.uint64, endpoint=False
    )
    key = matrix.astype(np.uint64) @ lots
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    n = len(first)
    return Patterns(
        matrix[first], np.bincount(which[~arm], minlength=n),
        np.bincount(which[arm], minlength=n), of,
    )  # fmt: skip


def max_t(
    patterns: Patterns, *, n_resamples: int = 1000, rng: int | np.random.Generator
) -> MaxT:
    """Test whether two arms differ in any ratio of a column to its group's total.

    Parameters
    ----------
    patterns : Patterns
    n_resamples : int
        Permutations of the arms over customers; the smallest p-value is
        1 / (n_resamples + 1).
    rng : int or numpy.random.Generator

    Returns
    -------
    MaxT

    Raises
    ------
    DataError
        With fewer than two customers in an arm, or no column.

    Notes
    -----
    A customer's residual is his count less his group total times the pooled ratio.
    The statistic of a column is the sum of the treated customers' residuals over its
    standard deviation under permutation, which is known exactly; the customer is the
    unit, so busy customers do not count as many. Columns are adjusted by the
    step-down maximum, exact by permutation. Customers with equal counts are drawn
    together: hypergeometric numbers of each common pattern, a shuffle of the rare
    ones.

    References
    ----------
    Westfall, P. H. and Young, S. S. (1993). Resampling-based multiple testing. Wiley.
    Phipson, B. and Smyth, G. K. (2010). Permutation p-values should never be zero.
    SAGMB 9, 39. doi:10.2202/1544-6115.1585

    Examples
    --------
    >>> found = collapse(range(40), [0] * 20 + [1] * 20, [1] * 40, group=[0, 0],
    ...                  treated=[True] * 20 + [False] * 20)
    >>> max_t(found, n_resamples=99, rng=0).pvalue
    0.01
    """
    _checks.in_range(n_resamples, "n_resamples", 1, np.inf, ends="[)")
    sizes = patterns.control + patterns.treatment
    if min(patterns.control.sum(), patterns.treatment.sum()) < 2:
        raise DataError("a permutation test needs two customers in each arm.")
    if not len(patterns.group):
        raise DataError("nothing was done by enough customers to be tested.")
    score, distance = _scorer(patterns, sizes)
    counts = patterns.counts.T.tocsr()
    done = (counts @ patterns.treatment.astype(float))[None, :]
    seen, apart = np.abs(score(done))[0], float(distance(done)[0])
    order = np.argsort(-np.nan_to_num(seen, nan=-1.0), kind="stable")
    beyond, by_chance = np.zeros(len(seen)), []
    generator = _checks.generator(rng)
    for drawn in _draws(sizes, int(patterns.treatment.sum()), n_resamples, generator):
        done = (counts @ drawn.T).T
        found = np.nan_to_num(np.abs(score(done)), nan=0.0)[:, order]
        largest = np.maximum.accumulate(found[:, ::-1], axis=1)[:, ::-1]
        beyond += (largest >= seen[order] * (1 - _TIE)).sum(axis=0)
        by_chance.append(distance(done))
    adjusted = np.empty(len(seen))
    adjusted[order] = np.maximum.accumulate((1 + beyond) / (n_resamples + 1))
    adjusted[np.isnan(seen)] = np.nan
    signed = score((counts @ patterns.treatment.astype(float))[None, :])[0]
    whole = 1.0 if np.isnan(adjusted).all() else float(np.nanmin(adjusted))
    median = float(np.median(np.concatenate(by_chance)))
    return MaxT(signed, adjusted, whole, apart, median)


def _scorer(patterns: Patterns, sizes: Integers) -> tuple[Any, Any]:
    """Return z and Jensen-Shannon distance as functions of the treated's counts."""
    counts, of, weight = patterns.counts, patterns.group, sizes.astype(float)
    members, own, grouped = patterns.members, patterns.base, patterns.group >= 0
    n, n1 = float(sizes.sum()), float(patterns.treatment.sum())
    total = counts.T @ weight
    pooled = total / (own.T @ weight)
    xx, xd, dd = (
        _weighted(part, weight)
        for part in (counts.multiply(counts), counts.multiply(own), own.multiply(own))
    )
    spread = n1 * (n - n1) / (n * (n - 1)) * (xx - 2 * pooled * xd + pooled**2 * dd)
    error = np.sqrt(np.where(spread > _TIE * (1 + xx), spread, np.nan))

    def score(done: Array) -> Array:
        base = np.where(grouped, (done @ members)[:, np.maximum(of, 0)], n1)
        found: Array = (done - base * pooled) / error
        return found

    def distance(done: Array) -> Array:
        p, rest = done[:, grouped], (total - done)[:, grouped]
        p = p / np.maximum(p.sum(axis=1, keepdims=True), 1)
        q = rest / np.maximum(rest.sum(axis=1, keepdims=True), 1)
        return jensen_shannon(p, q)

    return score, distance


def _weighted(matrix: Any, weight: Array) -> Array:  # noqa: ANN401
    """Return the column sums of a sparse matrix with weighted rows."""
    return np.asarray(matrix.T @ weight, dtype=float)


def jensen_shannon(p: Array, q: Array) -> Array:
    """Return the Jensen-Shannon distance (base 2, 0 to 1) of rows of shares.

    Parameters
    ----------
    p, q : ndarray, shape (..., k)

    References
    ----------
    Lin, J. (1991). Divergence measures based on the Shannon entropy. IEEE Trans.
    Information Theory 37, 145-151. doi:10.1109/18.61115

    Examples
    --------
    >>> jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])).item()
    1.0
    """
    middle = (p + q) / 2
    whole = (_entropy(middle) - (_entropy(p) + _entropy(q)) / 2) / np.log(2)
    return np.asarray(np.sqrt(np.maximum(whole, 0.0)))


def _entropy(p: Array) -> Array:
    safe = np.where(p > 0, p, 1.0)
    return np.asarray(-(p * np.log(safe)).sum(axis=-1))


def _draws(
    sizes: Integers, treated: int, n_resamples: int, rng: np.random.Generator
) -> Iterator[Array]:
    """Draw how many of each pattern are treated, shape (chunk, patterns)."""
    common = np.flatnonzero(sizes >= _COMMON)
    rare = np.flatnonzero(sizes < _COMMON)
    people = np.repeat(rare, sizes[rare])
    size = max(1, min(n_resamples, _CELLS // max(1, len(sizes))))
    for start in range(0, n_resamples, size):
        rows = min(size, n_resamples - start)
        drawn = np.zeros((rows, len(sizes)))
        left = int(sizes.sum())
        need = np.full(rows, treated)
        for one in common:
            left -= int(sizes[one])
            took = rng.hypergeometric(int(sizes[one]), left, need)
            drawn[:, one] = took
            need = need - took
        for i in range(rows if len(people) else 0):
            chosen = rng.permutation(people)[: need[i]]
            drawn[i] += np.bincount(chosen, minlength=len(sizes))
        yield drawn
