"""What is left of an effect that was picked because it was large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.estimate.design import Array

_STEPS = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corrected:
    """Effects corrected for having been selected; arrays of shape (k,)."""

    estimate: Array
    ci_lower: Array
    ci_upper: Array


def after_selection(
    effects: npt.ArrayLike,
    std_errors: npt.ArrayLike,
    *,
    cutoffs: npt.ArrayLike,
    confidence_level: float = 0.95,
) -> Corrected:
    """Estimate effects that are looked at only because they exceeded a cutoff.

    Parameters
    ----------
    effects, std_errors : array_like, shape (k,)
        Measured gains, a gain being positive, and their positive standard errors.
    cutoffs : array_like, shape (k,)
        What each had to exceed to be looked at, such as 1.96 standard errors, or the
        runner-up; ``-inf`` for none.
    confidence_level : float
        Of the interval, among the effects that exceed their cutoff.

    Returns
    -------
    Corrected
        As likely too high as too low, unlike the measured effect. The estimate may be
        negative where the effect only just exceeded its cutoff.

    Raises
    ------
    ArgumentError
        For an effect that does not exceed its cutoff.

    Notes
    -----
    Estimate: median-unbiased in the normal distribution truncated at the cutoff.
    Interval: equal-tailed in it. Both in the hybrid form, which supposes that the truth
    lies in the plain interval of error rate (1 - confidence_level) / 100 and counts
    that rate in: they never leave that interval, where the purely conditional ones may
    run away without end.

    References
    ----------
    Zhong, H. and Prentice, R. L. (2008). Bias-reduced estimators and confidence
    intervals for odds ratios in genome-wide association studies. Biostatistics 9,
    621-634. doi:10.1093/biostatistics/kxn001. Andrews, I., Kitagawa, T. and
    McCloskey, A. (2024). Inference on winners. Quarterly Journal of Economics 139,
    305-358. doi:10.1093/qje/qjad043

    Examples
    --------
    >>> found = after_selection([2.5, 6.0], [1.0, 1.0], cutoffs=[1.96, 1.96])
    >>> found.estimate.round(2).tolist()
    [1.54, 6.0]
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    x, se, c = (np.asarray(a, dtype=float) for a in (effects, std_errors, cutoffs))
    if not (se > 0).all():
        raise ArgumentError("`std_errors` must be positive.")
    if not (x > c).all():
        raise ArgumentError("`effects` must exceed their `cutoffs`.")
    alpha = 1 - confidence_level
    beta = alpha / 100
    reach = float(special.ndtri(1 - beta / 2))
    tail = (alpha - beta) / (1 - beta) / 2
    z, cut = x / se, c / se
    middle, lower, upper = (
        se * _solve(z, cut, reach, p) for p in (0.5, 1 - tail, tail)
    )
    return Corrected(estimate=middle, ci_lower=lower, ci_upper=upper)


def _solve(z: Array, cut: Array, reach: float, p: float) -> Array:
    """Mean under which a truncated normal stays below z with probability p."""
    low, high = z - reach, z + reach
    for _ in range(_STEPS):
        middle = (low + high) / 2
        above = _below(z, cut, middle, reach) > p
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray((low + high) / 2)


def _below(z: Array, cut: Array, mean: Array, reach: float) -> Array:
    """Chance to stay below z, for a normal cut at `cut` and at mean ± reach."""
    start = special.ndtr(np.maximum(cut - mean, -reach))
    end = float(special.ndtr(reach))
    inside = special.ndtr(z - mean) - start
    return np.asarray(np.clip(inside / np.maximum(end - start, 1e-300), 0, 1))
