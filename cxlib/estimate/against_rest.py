"""Each of many groups against all others, from counts alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.estimate.design import Array
from cxlib.estimate.point import ADDED


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AgainstRest:
    """Net scores of groups and of the rest of each; arrays of shape (..., k).

    Attributes
    ----------
    estimate, rest, effect_size : ndarray
        Net score of the group, of all others, and their difference.
    std_error, ci_lower, ci_upper : ndarray
        Of the difference, adjusted Wald.
    statistic, pvalue : ndarray
    """

    estimate: Array
    rest: Array
    effect_size: Array
    std_error: Array
    ci_lower: Array
    ci_upper: Array
    statistic: Array
    pvalue: Array


def against_rest(
    counts: npt.ArrayLike, *, confidence_level: float = 0.95
) -> AgainstRest:
    """Compare the net score of every group with that of all other groups.

    Parameters
    ----------
    counts : array_like, shape (..., k, 3)
        Detractors, passives and promoters of k groups; leading dimensions are
        separate surveys (waves, simulations).
    confidence_level : float

    Returns
    -------
    AgainstRest
        In [-2, 2].

    Notes
    -----
    The same interval and test as `compare_nets`, for all groups of all surveys in one
    array operation. P-values are raw: give a survey's to `adjust`.

    Examples
    --------
    >>> found = against_rest([[30, 40, 30], [20, 35, 45], [10, 10, 10]])
    >>> found.effect_size.round(3).tolist()
    [-0.192, 0.25, -0.125]
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    own = np.asarray(counts, dtype=float)
    if own.ndim < 2 or own.shape[-1] != 3 or own.shape[-2] < 2:
        raise ArgumentError(
            f"`counts` has shape {own.shape}; it must be (..., groups, 3) with at "
            "least two groups."
        )
    others = own.sum(axis=-2, keepdims=True) - own
    (net, centre, spread), (rest, rest_centre, rest_spread) = _net(own), _net(others)
    std_error = np.hypot(spread, rest_spread)
    gap = centre - rest_centre
    half = float(stats.norm.isf((1 - confidence_level) / 2)) * std_error
    return AgainstRest(
        estimate=net, rest=rest, effect_size=net - rest, std_error=std_error,
        ci_lower=gap - half, ci_upper=gap + half, statistic=gap / std_error,
        pvalue=2 * stats.norm.sf(np.abs(gap / std_error)),
    )  # fmt: skip


def _net(counts: Array) -> tuple[Array, Array, Array]:
    """Net score (NaN without answers), adjusted-Wald centre and standard error."""
    n = counts.sum(axis=-1)
    gap = counts[..., 2] - counts[..., 0]
    net = np.divide(gap, n, out=np.full_like(n, np.nan), where=n > 0)
    size = n + ADDED.sum()
    centre = gap / size
    outer = (counts[..., 2] + counts[..., 0] + ADDED[0] + ADDED[2]) / size
    return net, centre, np.sqrt((outer - centre**2) / size)
