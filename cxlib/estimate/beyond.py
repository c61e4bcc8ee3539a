"""Evidence that a true value lies beyond a limit, from a published interval."""

from __future__ import annotations

import math

from scipy import optimize, stats

from cxlib._checks import in_range

_LEAST, _MOST = 1e-3, 1e12


def beyond(
    estimate: float,
    ends: tuple[float, float],
    *,
    limit: float,
    confidence_level: float,
    n: int | None = None,
    share: bool = False,
    step: float = 0.0,
) -> float:
    """Return the one-sided p-value of "the true value has not crossed the limit".

    Use it where only the estimate and its interval are known. Where the rows are at
    hand, test those.

    Parameters
    ----------
    estimate : float
        Beyond the limit, in the unit of the interval.
    ends : tuple of float
        Lower and upper end of the two-sided interval.
    limit : float
        An estimate below it is evidence of a true value below it, one above of one
        above.
    confidence_level : float
        Of the interval, in (0, 1).
    n : int, optional
        Units of observation.
    share : bool
        Whether the unit is a share of such units, between 0 and 1.
    step : float
        By how much one answer more or less moves the estimate (NPS: 100 / n): half of
        it is taken off the distance to the limit.

    Returns
    -------
    float
        Upper bound of the probability, in [0, 1], of an estimate this far beyond the
        limit where the true value stands exactly at it; 1 where the estimate is not
        beyond; NaN where a number is missing or the interval has no width on the
        limit's side.

    Notes
    -----
    The distance to the limit is measured in half-widths of the interval: that of the
    limit's side, or half the interval's width where that is more. Half-widths are
    stretched to other levels by normal quantiles and by those of Student's t with
    n - 1 degrees of freedom; the larger p-value is taken. Positive values whose
    interval is more even on the log scale are measured on that. A share has the
    exact binomial tail (Clopper and Pearson 1934) of as many units as give Wilson's
    interval the width of this one, `n` at most, where that is the larger p-value.
    So the test never claims more than the interval does, and with other levels than
    the interval's own it errs towards no alert.

    References
    ----------
    Clopper, C. J. and Pearson, E. S. (1934). The use of confidence or fiducial limits
    illustrated in the case of the binomial. Biometrika 26, 404-413.
    doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> round(beyond(15.0, (10.0, 20.0), limit=20.0, confidence_level=0.95), 3)
    0.025
    >>> round(beyond(0.3, (0.22, 0.4), limit=0.2, confidence_level=0.95, share=True), 3)
    0.013
    """
    in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    if not all(map(math.isfinite, (estimate, *ends, limit))):
        return math.nan
    gap = max(abs(limit - estimate) - step / 2, 0.0)
    if gap == 0:
        return 1.0
    near = estimate + math.copysign(gap, limit - estimate)
    at, edge, line = _scaled(estimate, ends, near)
    if edge == at or (edge > at) != (line > at):
        return math.nan
    ratio, tail = (line - at) / (edge - at), (1 + confidence_level) / 2
    found = [float(stats.norm.sf(ratio * stats.norm.ppf(tail)))]
    if n is not None and n > 1:
        found.append(float(stats.t.sf(ratio * stats.t.ppf(tail, n - 1), n - 1)))
    if share and all(0 <= value <= 1 for value in (estimate, *ends, limit)):
        found.append(_binomial(estimate, ends, limit, tail, n))
    return max(found)


def _scaled(
    estimate: float, ends: tuple[float, float], limit: float
) -> tuple[float, float, float]:
    """Return estimate, end and limit on the scale where the interval is more even."""
    values = (estimate, *ends, limit)
    if min(values) > 0 and ends[0] < estimate < ends[1]:
        plain = abs(math.log((ends[1] - estimate) / (estimate - ends[0])))
        high, low = math.log(ends[1] / estimate), math.log(estimate / ends[0])
        if abs(math.log(high / low)) < plain:
            estimate, *both, limit = (math.log(value) for value in values)
            ends = (both[0], both[1])
    up = limit > estimate
    side = ends[1] - estimate if up else estimate - ends[0]
    half = max(side, (ends[1] - ends[0]) / 2) if side > 0 else side
    return estimate, estimate + half if up else estimate - half, limit


def _binomial(
    share: float, ends: tuple[float, float], limit: float, tail: float, n: int | None
) -> float:
    """Return the exact tail of as many units as the interval is worth."""
    units = min(_units(share, ends[1] - ends[0], tail), n or math.inf)
    hits = share * units
    if share < limit:
        return float(stats.beta.sf(limit, hits + 1, max(units - hits, 1e-9)))
    return float(stats.beta.cdf(limit, max(hits, 1e-9), units - hits + 1))


def _units(share: float, width: float, tail: float) -> float:
    """Return the sample size with which Wilson's interval has this width."""
    z2 = float(stats.norm.ppf(tail)) ** 2

    def gap(log_n: float) -> float:
        n = math.exp(log_n)
        half = math.sqrt(z2 * share * (1 - share) / n + z2**2 / (4 * n * n))
        return 2 * half / (1 + z2 / n) - width

    low, high = math.log(_LEAST), math.log(_MOST)
    if gap(low) <= 0 or gap(high) >= 0:
        return _LEAST if gap(low) <= 0 else _MOST
    return math.exp(float(optimize.brentq(gap, low, high)))
