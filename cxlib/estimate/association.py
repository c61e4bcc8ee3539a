"""Which column goes with an answer: permutation tests and the best two-way split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib.errors import ArgumentError
from cxlib.estimate.design import Array

Codes = npt.NDArray[np.intp]
_EXHAUSTIVE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """Test that a grouping has nothing to do with the answers.

    `statistic` is a quadratic form, chi-square with `df` under independence.
    """

    statistic: float
    df: int
    pvalue: float


def association(
    groups: npt.ArrayLike,
    values: npt.ArrayLike,
    *,
    nominal: bool = False,
    weights: npt.ArrayLike | None = None,
) -> Association:
    """Test independence of a grouping and answers by the permutation distribution.

    Parameters
    ----------
    groups : array_like of int, shape (n,)
        Codes 0..k-1, each present.
    values : array_like, shape (n,)
        Answers. As numbers the test asks whether means differ; `nominal`, whether the
        shares of any distinct value do.
    nominal : bool
    weights : array_like, shape (n,), optional
        Frequency weights: how many answers a row stands for.

    Returns
    -------
    Association

    Notes
    -----
    Expectation and covariance of the group sums over all permutations are exact, the
    tail is the chi-square approximation; for nominal values the statistic is
    (n - 1) / n times Pearson's. This is the test of conditional-inference trees.

    References
    ----------
    Strasser, H. and Weber, C. (1999). On the asymptotic theory of permutation
    statistics. Mathematical Methods of Statistics 8, 220-250. Hothorn, T., Hornik, K.
    and Zeileis, A. (2006). Unbiased recursive partitioning. JCGS 15, 651-674.
    doi:10.1198/106186006X133933

    Examples
    --------
    >>> test = association([0, 0, 0, 1, 1, 1], [1, 0, 1, 0, 0, -1])
    >>> round(test.statistic, 3), test.df, round(test.pvalue, 3)
    (2.647, 1, 0.104)
    """
    codes, y = np.asarray(groups, dtype=np.intp), np.asarray(values, dtype=float)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    if len(codes) != len(y) or len(w) != len(y):
        raise ArgumentError(
            f"`groups` has {len(codes):,} rows for {len(y):,} values and {len(w):,} "
            "weights."
        )
    size, total = np.bincount(codes, weights=w), float(w.sum())
    kinds = np.unique(y)[1:, None] == y if nominal else y[None]
    sums = np.stack(
        [np.bincount(codes, weights=w * h, minlength=len(size)) for h in kinds * 1.0]
    )
    centre = (kinds @ w) / total
    off = sums - centre[:, None] * size
    spread = (kinds * w) @ kinds.T / total - np.outer(centre, centre)
    df = (len(size) - 1) * len(kinds)
    if df == 0 or np.linalg.matrix_rank(spread) < len(kinds):
        return Association(statistic=0.0, df=df, pvalue=1.0)
    between = (off / size) @ off.T
    statistic = float((total - 1) / total * np.trace(np.linalg.solve(spread, between)))
    return Association(
        statistic=statistic, df=df, pvalue=float(stats.chi2.sf(statistic, df))
    )


def sidak(pvalues: npt.ArrayLike) -> Array:
    """Return p-values for the best of m tests: 1 - (1 - p)^m, as ctree's "Bonferroni".

    Examples
    --------
    >>> sidak([0.01, 0.5]).round(4).tolist()
    [0.0199, 0.75]
    """
    p = np.asarray(pvalues, dtype=float)
    with np.errstate(divide="ignore"):
        return np.asarray(-np.expm1(len(p) * np.log1p(-p)))


def best_split(
    groups: npt.ArrayLike,
    values: npt.ArrayLike,
    *,
    nominal: bool = False,
    ordered: bool = False,
    min_leaf: float = 1,
    weights: npt.ArrayLike | None = None,
) -> Codes | None:
    """Split groups in two so that the answers of the sides differ most surely.

    Parameters
    ----------
    groups, values, nominal, weights
        As in `association`, whose statistic is made as large as possible.
    ordered : bool
        Keep neighbours together (age bands); otherwise any groups may join.
    min_leaf : float
        Smallest number of rows of a side.

    Returns
    -------
    ndarray of int or None
        Codes of the side with the lower mean; None where no side is large enough.

    Notes
    -----
    With numeric answers the best of all two-way splits keeps the order of the group
    means, so k - 1 are tried and none is missed. Nominal answers: all splits up to 8
    groups, beyond that those in the order of the means.

    References
    ----------
    Fisher, W. D. (1958). On grouping for maximum homogeneity. JASA 53, 789-798.
    doi:10.1080/01621459.1958.10501479

    Examples
    --------
    >>> best_split([0, 0, 1, 1, 2, 2], [1, 1, 0, 0, 1, 1]).tolist()
    [1]
    """
    codes, y = np.asarray(groups, dtype=np.intp), np.asarray(values, dtype=float)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    rows = np.bincount(codes)
    means = np.bincount(codes, weights=w * y) / np.bincount(codes, weights=w)
    order = np.arange(len(rows)) if ordered else np.argsort(means, kind="stable")
    exhaustive = nominal and not ordered and len(rows) <= _EXHAUSTIVE
    best: tuple[float, Codes | None] = (0.0, None)
    for side in _all_sides(len(rows)) if exhaustive else _in_order(order):
        inside = np.isin(codes, side)
        if min(inside.sum(), len(y) - inside.sum()) < min_leaf:
            continue
        found = association(inside, y, nominal=nominal, weights=w).statistic
        if found > best[0]:
            best = (found, side)
    if best[1] is None:
        return None
    side = best[1]
    inside = np.isin(codes, side)
    low = np.average(y[inside], weights=w[inside])
    if low > np.average(y[~inside], weights=w[~inside]):
        side = np.setdiff1d(np.arange(len(rows)), side)
    return np.sort(side)


def _in_order(order: Codes) -> list[Codes]:
    return [order[:cut] for cut in range(1, len(order))]


def _all_sides(k: int) -> list[Codes]:
    """Every way to put k groups into two sides; the last group stays outside."""
    return [
        np.flatnonzero([bits >> j & 1 for j in range(k)])
        for bits in range(1, 2 ** (k - 1))
    ]
