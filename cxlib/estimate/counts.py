"""Estimates and comparisons of shares and net scores from counts alone."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib import _checks
from cxlib.errors import DataError
from cxlib.estimate.compare import difference
from cxlib.estimate.miettinen import miettinen_nurminen
from cxlib.estimate.moments import ArmDifference, Moments, welch
from cxlib.estimate.point import Estimate, adjusted_wald, wilson

Interval = Literal["newcombe", "miettinen_nurminen"]
INTERVALS = ("newcombe", "miettinen_nurminen")


def share_from_counts(
    x: float, n: float, *, confidence_level: float = 0.95
) -> Estimate:
    """Estimate a share from `x` of `n`, with Wilson's interval.

    Examples
    --------
    >>> e = share_from_counts(3, 10)
    >>> e.estimate, round(e.ci_lower, 4), round(e.ci_upper, 4)
    (0.3, 0.1078, 0.6032)
    """
    _enough(n)
    p = float(x / n)
    std_error = float((p * (1 - p) / (n - 1)) ** 0.5)
    lower, upper = wilson(p, n, confidence_level=confidence_level)
    return Estimate(
        kind="share", n=int(n), estimate=p, std_error=std_error, ci_lower=lower,
        ci_upper=upper, df=float(n - 1), n_eff=float(n), deff=1.0, centre=p,
        centre_se=std_error, confidence_level=confidence_level,
    )  # fmt: skip


def net_from_counts(
    counts: npt.ArrayLike, *, confidence_level: float = 0.95
) -> Estimate:
    """Estimate a net score in [-1, 1] from detractors, passives and promoters.

    Examples
    --------
    >>> e = net_from_counts([9, 11, 20])
    >>> round(e.estimate, 3), round(e.ci_lower, 3), round(e.ci_upper, 3)
    (0.275, 0.016, 0.496)
    """
    detractors, passives, promoters = np.asarray(counts, dtype=float)
    n = float(detractors + passives + promoters)
    _enough(n)
    net = float((promoters - detractors) / n)
    spread = float((promoters + detractors) / n - net**2)
    centre, centre_se = adjusted_wald([detractors / n, passives / n, promoters / n], n)
    half = float(stats.norm.isf((1 - confidence_level) / 2)) * centre_se
    return Estimate(
        kind="net", n=int(n), estimate=net, std_error=(max(spread, 0) / (n - 1)) ** 0.5,
        ci_lower=max(-1.0, min(centre - half, net)),
        ci_upper=min(1.0, max(centre + half, net)), df=n - 1,
        n_eff=n, deff=1.0, centre=centre, centre_se=centre_se,
        confidence_level=confidence_level,
    )  # fmt: skip


def _enough(n: float) -> None:
    if n < 2:
        raise DataError(f"{n:.0f} units in an arm; at least two are needed.")


def compare_shares(
    x0: float, n0: float, x1: float, n1: float, *, confidence_level: float = 0.95,
    interval: Interval = "newcombe",
) -> ArmDifference:  # fmt: skip
    """Compare two shares from counts, treatment (x1 of n1) minus control (x0 of n0).

    Returns
    -------
    ArmDifference
        Newcombe's (or Miettinen and Nurminen's) interval, Fieller's relative interval
        (NaN where control is not clearly positive) and the score test: z on the pooled
        variance, which is Pearson's chi-square without continuity correction.

    Notes
    -----
    The test pools the variance under no difference, the interval does not, so close
    to the limit one may exclude zero and the other not. Both arms at 0 or 100 %:
    p = 1 and the interval still has width.

    References
    ----------
    Newcombe, R. G. (1998). Interval estimation for the difference between independent
    proportions. Statistics in Medicine 17, 873-890.
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I

    Examples
    --------
    >>> d = compare_shares(85, 573, 126, 554)
    >>> round(d.effect_size, 4), round(d.statistic, 3)
    (0.0791, 3.403)
    """
    _checks.one_of(interval, "interval", INTERVALS)
    a = share_from_counts(x0, n0, confidence_level=confidence_level)
    b = share_from_counts(x1, n1, confidence_level=confidence_level)
    gap = difference(a, b)
    lower, upper = gap.ci_lower, gap.ci_upper
    if interval == "miettinen_nurminen":
        lower, upper = miettinen_nurminen(
            (x1, n1), (x0, n0), confidence_level=confidence_level
        )
    pooled = (x0 + x1) / (n0 + n1)
    spread = float((pooled * (1 - pooled) * (1 / n0 + 1 / n1)) ** 0.5)
    effect = b.estimate - a.estimate
    statistic = effect / spread if spread else 0.0
    rel = welch(_moments(a), _moments(b), confidence_level=confidence_level)
    return ArmDifference(
        control=a.estimate, treatment=b.estimate, effect_size=effect,
        std_error=float(np.hypot(a.std_error, b.std_error)),
        effect_size_ci_lower=lower, effect_size_ci_upper=upper,
        rel_effect_size=rel.rel_effect_size,
        rel_effect_size_ci_lower=rel.rel_effect_size_ci_lower,
        rel_effect_size_ci_upper=rel.rel_effect_size_ci_upper,
        statistic=statistic, df=float("inf"),
        pvalue=float(2 * stats.norm.sf(abs(statistic))),
    )  # fmt: skip


def _moments(share: Estimate) -> Moments:
    """Moments of a 0/1 column."""
    variance = share.std_error**2 * share.n
    return Moments(share.n, np.array([share.estimate]), np.array([[variance]]))


def compare_nets(
    control: npt.ArrayLike, treatment: npt.ArrayLike, *, confidence_level: float = 0.95
) -> ArmDifference:
    """Compare two net scores from [detractors, passives, promoters].

    Returns
    -------
    ArmDifference
        In [-2, 2]; interval and test from the two adjusted-Wald centres. Relative
        fields are NaN: a ratio of scores that may be negative means nothing.

    Examples
    --------
    >>> d = compare_nets([30, 40, 30], [20, 35, 45])
    >>> round(d.effect_size_ci_lower, 4), round(d.effect_size_ci_upper, 4)
    (0.0326, 0.4528)
    """
    a = net_from_counts(control, confidence_level=confidence_level)
    b = net_from_counts(treatment, confidence_level=confidence_level)
    gap = difference(a, b)
    nan = float("nan")
    return ArmDifference(
        control=a.estimate, treatment=b.estimate, effect_size=gap.estimate,
        std_error=gap.std_error, effect_size_ci_lower=gap.ci_lower,
        effect_size_ci_upper=gap.ci_upper, rel_effect_size=nan,
        rel_effect_size_ci_lower=nan, rel_effect_size_ci_upper=nan,
        statistic=gap.statistic, df=gap.df, pvalue=gap.pvalue,
    )  # fmt: skip


def chi_square(
    observed: npt.ArrayLike, expected: npt.ArrayLike
) -> tuple[float, int, float]:
    """Test counts against expected shares: statistic, df, p-value.

    Parameters
    ----------
    observed, expected : array_like, shape (k,)
        Counts, and positive ratios of any total.

    Examples
    --------
    >>> chi2, df, p = chi_square([821588, 815482], [1, 1])
    >>> round(chi2, 4), df, f"{p:.1e}"
    (22.7744, 1, '1.8e-06')
    """
    counts = np.asarray(observed, dtype=float)
    share = np.asarray(expected, dtype=float)
    planned = counts.sum() * share / share.sum()
    statistic = float((np.square(counts - planned) / planned).sum())
    return statistic, len(counts) - 1, float(stats.chi2.sf(statistic, len(counts) - 1))
