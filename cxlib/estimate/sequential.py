"""Intervals and p-values that hold at every look, not at one planned look only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import gammaln

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.estimate.moments import ArmDifference

Alternative = Literal["two-sided", "greater", "less"]
ALTERNATIVES = ("two-sided", "greater", "less")
TUNING_N = 5000
_FARTHEST = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Anytime:
    """Interval and p-value of a confidence sequence at one of its looks."""

    ci_lower: float
    ci_upper: float
    pvalue: float


def sequence_quantile(
    n: float,
    *,
    tuning_n: float = TUNING_N,
    confidence_level: float = 0.95,
    alternative: Alternative = "two-sided",
) -> float:
    """Return how many standard errors wide an anytime-valid interval is on each side.

    Parameters
    ----------
    n : float
        Units behind the estimate, both arms together.
    tuning_n : float
        Units at which the sequence is tightest; fixed before the first look.
    confidence_level : float
    alternative : {"two-sided", "greater", "less"}

    Returns
    -------
    float
        The multiplier that takes the place of 1.96.

    Notes
    -----
    Two-sided: ``sqrt(2 (m + 1) / m log(sqrt(m + 1) / alpha))`` with m = n rho^2
    (eq. 9); rho by eq. 161, so that the sequence is tightest at `tuning_n`. One-sided:
    ``log(1 + sqrt(m + 1) / (2 alpha))`` in place of the logarithm, and rho at 2 alpha.

    References
    ----------
    Waudby-Smith, I., Arbour, D., Sinha, R., Kennedy, E. H. and Ramdas, A. (2024).
    Time-uniform central limit theory and asymptotic confidence sequences. Annals of
    Statistics 52, 2613-2640. doi:10.1214/24-AOS2408 (arXiv 2103.06476v7)

    Examples
    --------
    >>> [round(sequence_quantile(n), 2) for n in (500, 5000, 50000)]
    [3.86, 3.04, 3.24]
    """
    m = _mixture(n, tuning_n, confidence_level, alternative)
    alpha = 1 - confidence_level
    root = (m + 1) ** 0.5
    two = alternative == "two-sided"
    bound = np.log(root / alpha) if two else np.log1p(root / (2 * alpha))
    return float((2 * (m + 1) / m * bound) ** 0.5)


def _mixture(
    n: float, tuning_n: float, confidence_level: float, alternative: str
) -> float:
    """Return n rho^2, the share of the mixture's variance that the data bring."""
    _checks.one_of(alternative, "alternative", ALTERNATIVES)
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    _checks.in_range(tuning_n, "tuning_n", 0, np.inf, ends="()")
    _checks.in_range(n, "n", 0, np.inf, ends="()")
    alpha = (1 - confidence_level) * (1 if alternative == "two-sided" else 2)
    spent = -2 * np.log(alpha) if alpha < 1 else 0.0
    return float(n * max(spent + np.log1p(spent), 1e-6) / tuning_n)


def sequence_pvalue(
    z: float,
    n: float,
    *,
    tuning_n: float = TUNING_N,
    confidence_level: float = 0.95,
    alternative: Alternative = "two-sided",
) -> float:
    """Return the anytime-valid p-value of an estimate `z` standard errors from zero.

    Parameters
    ----------
    z : float
    n, tuning_n, confidence_level, alternative
        As in `sequence_quantile`; the level only tunes the sequence.

    Returns
    -------
    float
        Under `1 - confidence_level` exactly where the interval excludes zero.

    Examples
    --------
    >>> round(sequence_pvalue(3.04, 5000), 2), sequence_pvalue(0.5, 5000)
    (0.05, 1.0)
    """
    m = _mixture(n, tuning_n, confidence_level, alternative)
    if not np.isfinite(z):
        return float("nan")
    grown = m / (m + 1) * z**2 / 2
    if alternative == "two-sided":
        return float(min(1.0, (m + 1) ** 0.5 * np.exp(-grown)))
    towards = z if alternative == "greater" else -z
    odds = np.expm1(min(grown, 700.0))
    if towards <= 0 or 2 * odds <= (m + 1) ** 0.5:
        return 1.0
    return float((m + 1) ** 0.5 / (2 * odds))


def confidence_sequence(
    estimate: float,
    std_error: float,
    *,
    n: float,
    tuning_n: float = TUNING_N,
    confidence_level: float = 0.95,
    alternative: Alternative = "two-sided",
) -> Anytime:
    """Return an interval and a p-value that hold however often one looks.

    Use it for any estimate that is a mean or behaves like one (differences, ratios,
    adjusted means). Not for a handful of units: it rests on the central limit theorem.

    Parameters
    ----------
    estimate, std_error : float
    n, tuning_n, confidence_level, alternative
        As in `sequence_quantile`. "greater" gives a lower bound only.

    Returns
    -------
    Anytime

    Examples
    --------
    >>> found = confidence_sequence(0.50386, 0.03386, n=6461)
    >>> round(found.ci_lower, 4), round(found.ci_upper, 4)
    (0.401, 0.6067)
    """
    kept = {
        "tuning_n": tuning_n, "confidence_level": confidence_level,
        "alternative": alternative,
    }  # fmt: skip
    half = sequence_quantile(n, **kept) * (std_error or float("nan"))  # type: ignore[arg-type]
    return Anytime(
        ci_lower=-np.inf if alternative == "less" else estimate - half,
        ci_upper=np.inf if alternative == "greater" else estimate + half,
        pvalue=sequence_pvalue(estimate / (std_error or float("nan")), n, **kept),  # type: ignore[arg-type]
    )


def anytime(
    estimator: Callable[[float], ArmDifference],
    n: float,
    *,
    tuning_n: float = TUNING_N,
    confidence_level: float = 0.95,
) -> ArmDifference:
    """Make any comparison of two arms hold at every look.

    Parameters
    ----------
    estimator : callable
        Gives the comparison at a confidence level.
    n, tuning_n, confidence_level
        As in `sequence_quantile`.

    Returns
    -------
    ArmDifference
        Intervals and p-value are anytime-valid; the rest is the estimator's.

    Notes
    -----
    The estimator is asked for the level whose normal quantile is the sequence's, so
    every interval keeps its own form (Student's for means, Newcombe's for shares,
    Fieller's for relative effects) and agrees with `confidence_sequence` as n grows;
    the p-value goes the same way back. Below about a seventieth of `tuning_n` that
    level cannot be told from 1: the interval is stretched instead, and the relative
    one is NaN.

    Examples
    --------
    >>> from cxlib.estimate.counts import compare_shares
    >>> def shares(level):
    ...     return compare_shares(85, 573, 126, 554, confidence_level=level)
    >>> found = anytime(shares, 1127)
    >>> round(found.effect_size_ci_lower, 3), round(found.effect_size_ci_upper, 3)
    (0.002, 0.156)
    """
    q = sequence_quantile(n, tuning_n=tuning_n, confidence_level=confidence_level)
    found = estimator(float(1 - 2 * stats.norm.sf(min(q, _FARTHEST))))
    z = float(stats.norm.isf(found.pvalue / 2))
    z = _FARTHEST * 5 if np.isposinf(z) else z
    pvalue = sequence_pvalue(
        z, n, tuning_n=tuning_n, confidence_level=confidence_level
    )  # fmt: skip
    if q <= _FARTHEST:
        return replace(found, pvalue=pvalue)
    far, gap, nan = q / _FARTHEST, found.effect_size, float("nan")
    return replace(
        found, pvalue=pvalue,
        effect_size_ci_lower=gap - far * (gap - found.effect_size_ci_lower),
        effect_size_ci_upper=gap + far * (found.effect_size_ci_upper - gap),
        rel_effect_size_ci_lower=nan, rel_effect_size_ci_upper=nan,
    )  # fmt: skip


def count_evidence(
    looks: npt.ArrayLike, expected: npt.ArrayLike, *, concentration: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Weigh counts against planned shares at every look.

    Parameters
    ----------
    looks : array_like, shape (looks, k)
        New units in each class since the look before, in order of time.
    expected : array_like, shape (k,)
        Planned ratios of any total.
    concentration : array_like, scalar or shape (k,)
        Of the Dirichlet prior under the alternative; a scalar is spread over the
        classes as planned. The larger, the smaller the imbalance it looks for.

    Returns
    -------
    log_bayes_factor : ndarray, shape (looks,)
        Against the plan, after each look.
    pvalue : ndarray, shape (looks,)
        Smallest ``1 / Bayes factor`` so far, at most 1: valid at every look.

    Notes
    -----
    Dirichlet-multinomial against multinomial. Under the plan the Bayes factor is a
    martingale that starts at 1, so it ever exceeds 1 / alpha with probability alpha
    at most.

    References
    ----------
    Lindon, M. and Malek, A. (2022). Anytime-valid inference for multinomial count
    data. NeurIPS 35. arXiv 2011.03567

    Examples
    --------
    >>> log_bf, p = count_evidence([[20, 17, 9]], [4, 4, 2], concentration=[1, 1, 1])
    >>> round(float(log_bf[0]), 4), float(p[0])
    (-2.9506, 1.0)
    """
    counts = np.cumsum(np.atleast_2d(np.asarray(looks, dtype=float)), axis=0)
    share = np.asarray(expected, dtype=float)
    share = share / share.sum()
    prior = np.asarray(concentration, dtype=float)
    prior = share * prior if prior.ndim == 0 else prior
    if counts.shape[1] != share.size or prior.shape != share.shape:
        raise ArgumentError(
            f"`looks` has {counts.shape[1]} classes, `expected` {share.size}, "
            f"`concentration` {prior.size}; give one each for every class."
        )
    if not ((share > 0).all() and (prior > 0).all()):
        raise ArgumentError("`expected` and `concentration` must be positive.")
    n = counts.sum(axis=1)
    mixed = gammaln(prior.sum()) - gammaln(n + prior.sum())
    mixed = mixed + (gammaln(counts + prior) - gammaln(prior)).sum(axis=1)
    log_bf = mixed - counts @ np.log(share)
    return log_bf, np.minimum.accumulate(np.exp(-np.maximum(log_bf, 0.0)))
