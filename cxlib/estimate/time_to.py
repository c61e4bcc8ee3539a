"""Time to an event with censoring: survival, restricted mean, quantile, log-rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib.errors import DataError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """Ends of follow-up of one arm, counted by distinct time.

    Attributes
    ----------
    time : ndarray, shape (k,)
        Ascending, not negative.
    events, leaving : ndarray, shape (k,)
        Units with the event at that time; units whose follow-up ends there, with the
        event or without.
    """

    time: Array
    events: Array
    leaving: Array

    @classmethod
    def of(cls, time: npt.ArrayLike, event: npt.ArrayLike) -> Times:
        """Count the durations and 0/1 flags of single units."""
        values = np.asarray(time, dtype=float)
        at, place = np.unique(values, return_inverse=True)
        flags = np.asarray(event, dtype=float)
        counts = [np.bincount(place, w) for w in (flags, np.ones(len(place)))]
        happened, leaving = (np.asarray(found, dtype=float) for found in counts)
        return cls(at, happened, leaving)

    def __post_init__(self) -> None:
        if not len(self.time) or self.leaving.sum() < 2:
            raise DataError("an arm has fewer than two durations.")
        if self.time[0] < 0 or not np.isfinite(self.time).all():
            raise DataError("durations must be finite and not negative.")

    @property
    def at_risk(self) -> Array:
        """Units still followed just before each time, shape (k,)."""
        gone = np.concatenate([[0.0], np.cumsum(self.leaving)[:-1]])
        return np.asarray(self.leaving.sum() - gone, dtype=float)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Survival:
    """Kaplan-Meier curve at the times where events happened, all shape (k,).

    `hazard_var` is Greenwood's sum, the variance of the logarithm of `survival`.
    """

    time: Array
    at_risk: Array
    events: Array
    survival: Array
    hazard_var: Array
    last: float

    def at(self, when: npt.ArrayLike) -> Array:
        """Share still without the event after each time."""
        place = np.searchsorted(self.time, np.asarray(when, dtype=float), side="right")
        return np.concatenate([[1.0], self.survival])[place]

    def band(self, confidence_level: float = 0.95) -> tuple[Array, Array]:
        """Pointwise interval on the logarithm of survival, as R's survfit."""
        z = stats.norm.isf((1 - confidence_level) / 2)
        half = z * np.sqrt(self.hazard_var)
        with np.errstate(invalid="ignore"):
            low, high = self.survival * np.exp(-half), self.survival * np.exp(half)
        known = self.survival > 0
        return np.where(known, low, np.nan), np.where(
            known, np.minimum(high, 1.0), np.nan
        )


def kaplan_meier(arm: Times) -> Survival:
    """Estimate the share still without the event over time.

    References
    ----------
    Kaplan, E. L. and Meier, P. (1958). Nonparametric estimation from incomplete
    observations. JASA 53, 457-481. doi:10.1080/01621459.1958.10501452

    Examples
    --------
    >>> kaplan_meier(Times.of([1, 2, 3, 4], [1, 0, 1, 1])).survival.tolist()
    [0.75, 0.375, 0.0]
    """
    kept = arm.events > 0
    n, d = arm.at_risk[kept], arm.events[kept]
    with np.errstate(divide="ignore"):
        greenwood = np.cumsum(d / (n * (n - d)))
    return Survival(
        time=arm.time[kept], at_risk=n, events=d,
        survival=np.asarray(np.cumprod(1 - d / n), dtype=float),
        hazard_var=greenwood, last=float(arm.time[-1]),
    )  # fmt: skip


def restricted_mean(curve: Survival, horizon: float) -> tuple[float, float]:
    """Return the mean time without the event up to the horizon, and its variance.

    Raises
    ------
    DataError
        Where follow-up ends before the horizon with units still without the event.

    References
    ----------
    Royston, P. and Parmar, M. K. B. (2013). Restricted mean survival time. BMC Medical
    Research Methodology 13, 152. doi:10.1186/1471-2288-13-152

    Examples
    --------
    >>> mean, variance = restricted_mean(kaplan_meier(Times.of([1, 3], [1, 1])), 2)
    >>> mean, variance
    (1.5, 0.125)
    """
    if curve.last < horizon and curve.at(curve.last) > 0:
        raise DataError(
            f"the horizon is {horizon:g}, but nobody was followed beyond "
            f"{curve.last:g}; set a horizon of {curve.last:g} or less."
        )
    kept = curve.time < horizon
    edges = np.concatenate([[0.0], curve.time[kept], [horizon]])
    areas = np.diff(edges) * np.concatenate([[1.0], curve.survival[kept]])
    ahead = areas[::-1].cumsum()[::-1][1:]
    n, d = curve.at_risk[kept], curve.events[kept]
    room = n * (n - d)
    parts = np.divide(ahead**2 * d, room, out=np.zeros(len(d)), where=room > 0)
    return float(areas.sum()), float(parts.sum())


def quantile(
    curve: Survival, q: float = 0.5, *, confidence_level: float = 0.95
) -> tuple[float, float, float]:
    """Return the time by which a share q had the event, with its interval.

    Returns
    -------
    estimate, ci_lower, ci_upper : float
        NaN where the curve, or its band, stays above 1 - q.

    Notes
    -----
    Where the curve runs at 1 - q exactly, the middle of that step, as R. The interval
    holds the times at which the band on the logarithm of survival holds 1 - q.

    References
    ----------
    Brookmeyer, R. and Crowley, J. (1982). A confidence interval for the median survival
    time. Biometrics 38, 29-41. doi:10.2307/2530286

    Examples
    --------
    >>> quantile(kaplan_meier(Times.of([1, 2, 3, 4, 5], [1, 1, 1, 1, 1])))[0]
    3.0
    """
    low, high = curve.band(confidence_level)
    gone = curve.survival <= 0
    bands = (curve.survival, np.where(gone, 0.0, low), np.where(gone, 0.0, high))
    found = [_crossing(curve.time, band, 1 - q) for band in bands]
    return found[0], found[1], found[2]


def _crossing(time: Array, share: Array, level: float) -> float:
    """First time at which a falling step function is at the level or below."""
    at = np.flatnonzero(share < level + 1e-12)
    if not at.size:
        return float("nan")
    first = int(at[0])
    if abs(share[first] - level) < 1e-12 and first + 1 < len(time):
        return float(time[first] + time[first + 1]) / 2
    return float(time[first])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LogRank:
    """Log-rank test; `observed` and `expected` events by arm, shape (arms,)."""

    statistic: float
    df: int
    pvalue: float
    observed: Array
    expected: Array


def log_rank(strata: Sequence[Sequence[Times]]) -> LogRank:
    """Test whether all arms have the event at the same rate.

    Parameters
    ----------
    strata : sequence of sequence of Times
        The arms, in the same order, of each stratum; one stratum for the plain test.

    Returns
    -------
    LogRank

    Notes
    -----
    Hypergeometric variance, summed over strata. It has its power against hazards in
    one proportion at all times; crossing curves may differ and pass.

    References
    ----------
    Mantel, N. (1966). Evaluation of survival data and two new rank order statistics
    arising in its consideration. Cancer Chemotherapy Reports 50, 163-170.

    Examples
    --------
    >>> a = Times.of([1, 2, 3, 4], [1, 1, 1, 1])
    >>> round(log_rank([[a, Times.of([5, 6, 7, 8], [1, 1, 1, 1])]]).pvalue, 4)
    0.0067
    """
    k = len(strata[0])
    observed, expected, cov = np.zeros(k), np.zeros(k), np.zeros((k, k))
    for arms in strata:
        happened, awaited, spread = _stratum(arms)
        observed += happened
        expected += awaited
        cov += spread
    gap = (observed - expected)[1:]
    if not cov[1:, 1:].any():
        raise DataError("no event happened while two arms were followed.")
    statistic = float(gap @ np.linalg.pinv(cov[1:, 1:]) @ gap)
    return LogRank(
        statistic=statistic, df=k - 1, pvalue=float(stats.chi2.sf(statistic, k - 1)),
        observed=observed, expected=expected,
    )  # fmt: skip


def _stratum(arms: Sequence[Times]) -> tuple[Array, Array, Array]:
    """Observed and expected events of each arm, and their covariance."""
    times = np.unique(np.concatenate([arm.time[arm.events > 0] for arm in arms]))
    risk = np.array([_followed(arm, times) for arm in arms])
    events = np.array([_happened(arm, times) for arm in arms])
    n, d = risk.sum(axis=0), events.sum(axis=0)
    share = risk / n
    scale = d * (n - d) / np.maximum(n - 1, 1)
    cov = np.diag((scale * share).sum(axis=1)) - (scale * share) @ share.T
    return events.sum(axis=1), (d * share).sum(axis=1), cov


def _followed(arm: Times, times: Array) -> Array:
    """Units still followed just before each time."""
    risk = np.append(arm.at_risk, 0.0)
    return np.asarray(risk[np.searchsorted(arm.time, times, side="left")])


def _happened(arm: Times, times: Array) -> Array:
    """Events at each time."""
    found = np.zeros(len(times))
    kept = arm.events > 0
    found[np.searchsorted(times, arm.time[kept])] = arm.events[kept]
    return found
