"""Bounds on an effect when not everybody answered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats
from scipy.optimize import brentq

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Lowest and highest effect (treatment minus control) that the answers allow.

    Attributes
    ----------
    lower, upper : float
        Ends of the set of effects; equal where the effect is known up to noise.
    lower_se, upper_se : float
    ci_lower, ci_upper : float
        Covers the effect, not the whole set, at the confidence level.
    trimmed : float
        Share of answers left out: of treatment's where positive, of control's where
        negative.
    """

    lower: float
    upper: float
    lower_se: float
    upper_se: float
    ci_lower: float
    ci_upper: float
    trimmed: float = 0.0


def lee_bounds(
    control: npt.ArrayLike,
    treatment: npt.ArrayLike,
    *,
    values: npt.ArrayLike,
    prior: npt.ArrayLike = 0.0,
    confidence_level: float = 0.95,
) -> Bounds:
    """Bound the effect on those who would answer in either arm.

    Parameters
    ----------
    control, treatment : array_like, shape (k + 1,) or (clusters, k + 1)
        Assigned units by answer, in the order of `values`; those without an answer
        last. One row a cluster where clusters were assigned.
    values : array_like, shape (k,)
        The answers, ascending.
    prior : array_like, shape (k,)
        Answers added to each arm for the standard errors alone, so that a unanimous
        sample keeps a width; without clusters only.
    confidence_level : float
        Above 0.5.

    Returns
    -------
    Bounds

    Raises
    ------
    DataError
        Where an arm has no answer.

    Notes
    -----
    Assumes that assignment moves answering in one direction only (monotonicity): then
    the arm that answers more holds everybody who would answer anyway plus some who
    answer only there, and the bounds leave out its highest or lowest answers until
    both arms answer equally often. Ties at the cut are left out by a fraction, as a
    discrete answer needs. Standard errors: delta method on the multinomial counts, the
    cut included, which is Lee's formula; between clusters where there are several
    rows. Interval: `imbens_manski`. At equal rates both bounds are the plain
    difference.

    References
    ----------
    Lee, D. S. (2009). Training, wages, and sample selection: estimating sharp bounds
    on treatment effects. Review of Economic Studies 76, 1071-1102.
    doi:10.1111/j.1467-937X.2009.00536.x

    Examples
    --------
    >>> found = lee_bounds([3, 1, 6], [2, 4, 4], values=[0, 1])
    >>> round(found.lower, 3), round(found.upper, 3), round(found.trimmed, 3)
    (0.25, 0.75, 0.333)
    """
    answers = _values(values)
    arms = [_counts(arm, len(answers)) for arm in (control, treatment)]
    rates = [_rate(arm) for arm in arms]
    fewer = 0 if rates[0] <= rates[1] else 1
    sign = 1 if fewer == 0 else -1
    ends = [
        _trimmed(arms[fewer], arms[1 - fewer], answers, side, prior) for side in (1, -1)
    ]
    (low, low_se), (high, high_se) = ends[::sign]
    low, high = sign * low, sign * high
    more, less = rates[1 - fewer], rates[fewer]
    return _bounds(
        (low, max(low, high)), (low_se, high_se), arms, confidence_level,
        trimmed=sign * (1 - less / more),
    )  # fmt: skip


def worst_case(
    control: npt.ArrayLike,
    treatment: npt.ArrayLike,
    *,
    values: npt.ArrayLike,
    low: float,
    high: float,
    confidence_level: float = 0.95,
) -> Bounds:
    """Bound the effect on all assigned units, whatever the silent would have said.

    Parameters
    ----------
    control, treatment, values, confidence_level
        As in `lee_bounds`.
    low, high : float
        Ends of the scale: every silent unit is put at either end.

    Returns
    -------
    Bounds

    Notes
    -----
    Assumes nothing but the ends of the scale. The width is the share of silent units
    of both arms times the scale, so under half answering it never tells the sign. It
    speaks of all units, `lee_bounds` of fewer: neither set need lie in the other.

    References
    ----------
    Horowitz, J. L. and Manski, C. F. (2000). Nonparametric analysis of randomized
    experiments with missing covariate and outcome data. Journal of the American
    Statistical Association 95, 77-84. doi:10.1080/01621459.2000.10473902

    Examples
    --------
    >>> found = worst_case([2, 2, 6], [2, 4, 4], values=[0, 1], low=0, high=1)
    >>> round(found.lower, 3), round(found.upper, 3)
    (-0.4, 0.6)
    """
    answers = _values(values)
    if not (low <= answers[0] and answers[-1] <= high):
        raise ArgumentError(
            f"`values` run from {answers[0]:g} to {answers[-1]:g}; they must lie in "
            f"[{low:g}, {high:g}], the scale's ends."
        )
    arms = [_counts(arm, len(answers)) for arm in (control, treatment)]
    at = {end: np.append(answers, end) for end in (low, high)}
    ends, errors = [], []
    for silent in ((high, low), (low, high)):
        parts = [at[end] for end in silent]
        means = [_mean(arm, part) for arm, part in zip(arms, parts, strict=True)]
        ends.append(means[1] - means[0])
        errors.append(_hypot(arms, parts))
    return _bounds(
        (ends[0], ends[1]), (errors[0], errors[1]), arms, confidence_level
    )  # fmt: skip


def imbens_manski(
    lower: float,
    upper: float,
    *,
    lower_se: float,
    upper_se: float,
    df: float = np.inf,
    confidence_level: float = 0.95,
) -> tuple[float, float]:
    """Return an interval that covers a number known only to lie between two bounds.

    Parameters
    ----------
    lower, upper : float
        Estimated bounds, lower <= upper in every sample.
    lower_se, upper_se : float
    df : float
        Of the standard errors.
    confidence_level : float
        Above 0.5.

    Returns
    -------
    ci_lower, ci_upper : float
        NaN where both standard errors are zero.

    Notes
    -----
    Between bounds that are far apart only one end can miss, so the multiplier falls
    from 1.96 (equal bounds) to 1.645 at 95 %. Bounds that never cross meet Stoye's
    (2009) condition for uniform coverage.

    References
    ----------
    Imbens, G. W. and Manski, C. F. (2004). Confidence intervals for partially
    identified parameters. Econometrica 72, 1845-1857.
    doi:10.1111/j.1468-0262.2004.00481.x.
    Stoye, J. (2009). More on confidence intervals for partially identified parameters.
    Econometrica 77, 1299-1315. doi:10.3982/ECTA7347

    Examples
    --------
    >>> [round(x, 3) for x in imbens_manski(0, 0, lower_se=1, upper_se=1)]
    [-1.96, 1.96]
    >>> [round(x, 3) for x in imbens_manski(0, 9, lower_se=1, upper_se=1)]
    [-1.645, 10.645]
    """
    _checks.in_range(confidence_level, "confidence_level", 0.5, 1, ends="()")
    spread = max(lower_se, upper_se)
    if not spread > 0:
        return float("nan"), float("nan")
    apart = (upper - lower) / spread
    most = float(stats.t.isf((1 - confidence_level) / 2, df))

    def below(c: float) -> float:
        return float(special.ndtr(c) if np.isinf(df) else special.stdtr(df, c))

    def excess(c: float) -> float:
        return below(c + apart) - below(-c) - confidence_level

    c = most if excess(most) <= 0 else float(brentq(excess, 0, most))
    return lower - c * lower_se, upper + c * upper_se


def _trimmed(
    few: Floats, many: Floats, values: Floats, side: int, prior: npt.ArrayLike
) -> tuple[float, float]:
    """Mean of the answers kept of `many` minus that of `few`, and its error.

    Side 1 keeps the lowest answers of `many`, side -1 the highest.
    """
    added = np.zeros(len(values)) + np.asarray(prior, dtype=float)
    order = np.append(np.arange(len(values))[::side], len(values))
    v = side * values[::side]
    gap = _kept(few[:, order], many[:, order], v)[0]
    smooth = [np.append(added, 0)[order] + arm[:, order] for arm in (few, many)]
    if len(few) > 1 or len(many) > 1:
        smooth = [few[:, order], many[:, order]]
    error = _hypot(smooth, _kept(smooth[0], smooth[1], v)[1])
    return side * gap, error


def _kept(
    few: Floats, many: Floats, values: Floats
) -> tuple[float, tuple[Floats, Floats]]:
    """Trim the top of `many` to the rate of `few`: difference and influences."""
    share, mass = (arm.sum(axis=0) / arm.sum() for arm in (few, many))
    keep = share[:-1].sum()
    reached = np.cumsum(mass[:-1])
    taken = np.clip(keep - (reached - mass[:-1]), 0, mass[:-1])
    edge = values[min(int(np.searchsorted(reached, keep - 1e-12)), len(values) - 1)]
    mean = float(taken @ values / taken.sum())
    own = float(share[:-1] @ values / keep)
    of_many = np.append(np.minimum(values - edge, 0) / keep, 0)
    of_few = np.append(((edge - mean) - (values - own)) / keep, 0)
    return mean - own, (of_few, of_many)


def _hypot(arms: list[Floats], influence: tuple[Floats, ...] | list[Floats]) -> float:
    """Standard error of a difference of two arms from its influence by answer."""
    return float(np.sqrt(sum(map(_variance, arms, influence))))


def _variance(arm: Floats, influence: Floats) -> float:
    """Variance of a mean of influences: between units, or between clusters."""
    n = float(arm.sum())
    centred = influence - _mean(arm, influence)
    if len(arm) == 1:
        return float(arm[0] @ centred**2 / (n * (n - 1)))
    g = len(arm)
    return float(((arm @ centred) ** 2).sum() / n**2 * g / (g - 1))


def _mean(arm: Floats, influence: Floats) -> float:
    return float(arm.sum(axis=0) @ influence / arm.sum())


def _bounds(
    ends: tuple[float, float], errors: tuple[float, float], arms: list[Floats],
    confidence_level: float, *, trimmed: float = 0.0,
) -> Bounds:  # fmt: skip
    clusters = min(len(arm) for arm in arms)
    low, high = imbens_manski(
        *ends, lower_se=errors[0], upper_se=errors[1],
        df=clusters - 1 if clusters > 1 else np.inf, confidence_level=confidence_level,
    )  # fmt: skip
    return Bounds(
        lower=ends[0], upper=ends[1], lower_se=errors[0], upper_se=errors[1],
        ci_lower=low, ci_upper=high, trimmed=float(trimmed),
    )  # fmt: skip


def _rate(arm: Floats) -> float:
    """Share of an arm that answered."""
    rate = float(arm[:, :-1].sum() / arm.sum()) if arm.sum() else 0.0
    if rate == 0:
        raise DataError("an arm has no answer; bounds need answers in both arms.")
    return rate


def _values(values: npt.ArrayLike) -> Floats:
    found = np.asarray(values, dtype=float)
    if found.ndim != 1 or not len(found) or (np.diff(found) <= 0).any():
        raise ArgumentError(f"`values` is {values!r}; give distinct answers ascending.")
    return found


def _counts(counts: npt.ArrayLike, k: int) -> Floats:
    found = np.atleast_2d(np.asarray(counts, dtype=float))
    if found.ndim != 2 or found.shape[1] != k + 1 or not (found >= 0).all():
        raise ArgumentError(
            f"an arm has counts of shape {found.shape}; give {k + 1} counts, one an "
            "answer and last the units without one, none below zero."
        )
    return found
