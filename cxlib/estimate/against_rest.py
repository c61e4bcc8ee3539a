"""Each of many groups against all others, from counts alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.estimate.cells import Cells, Levels, from_levels, gaps
from cxlib.estimate.design import Array


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
    The interval and test of `cells.gaps`, for all groups of all surveys in one array
    operation; no interval where a group or its rest has under two answers.
    P-values are raw: give a survey's to `adjust`.

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
    cells, rest = (_nets(part, confidence_level) for part in (own, others))
    found = gaps(rest, cells) | {"effect_size": cells.estimate - rest.estimate}
    names = (
        "effect_size", "std_error", "ci_lower", "ci_upper", "statistic", "pvalue",
    )  # fmt: skip
    shape = own.shape[:-1]
    return AgainstRest(
        estimate=cells.estimate.reshape(shape), rest=rest.estimate.reshape(shape),
        **{name: found[name].reshape(shape) for name in names},
    )  # fmt: skip


def _nets(counts: Array, level: float) -> Cells:
    """Net scores of all groups of all surveys in a row."""
    n = counts.reshape(-1, 3).T
    each = Levels(values=np.array([-1.0, 0.0, 1.0]), n=n, weight=n, weight2=n)
    return from_levels(
        each, "net", total=float(n.sum()), weighted=False, confidence_level=level
    )
