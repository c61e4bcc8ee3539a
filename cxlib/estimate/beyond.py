"""Evidence that a true value lies beyond a limit, from a published interval."""

from __future__ import annotations

import math

from scipy import stats

from cxlib._checks import in_range


def beyond(
    estimate: float,
    end: float,
    *,
    limit: float,
    confidence_level: float,
    n: int | None = None,
    share: bool = False,
    other_end: float = math.nan,
) -> float:
    """Return the one-sided p-value of "the true value has not crossed the limit".

    Use it where only the estimate and its interval are known. Where the rows are at
    hand, test those.

    Parameters
    ----------
    estimate : float
        Beyond the limit, in the unit of the interval.
    end : float
        The end of the interval on the limit's side.
    limit : float
        The limit.
    confidence_level : float
        Of the two-sided interval, in (0, 1).
    n : int, optional
        Units of observation.
    share : bool
        Whether the unit is a share between 0 and 1.
    other_end : float, optional
        The other end: tells a curve that is even on the log scale.

    Returns
    -------
    float
        Probability, in [0, 0.5], of an estimate this far beyond the limit where the
        true value stands exactly at it; NaN where the interval has no width there.

    Notes
    -----
    At the interval's own end the p-value is `(1 - confidence_level) / 2`, whatever
    the method that made the interval: the test and the interval cannot disagree.
    Further out or in, the half-width of the limit's side is stretched by normal
    quantiles and by those of Student's t with n - 1 degrees of freedom, and the
    larger p-value is taken. Shares are stretched on the logit scale (an estimate of
    none or all counts as half a unit); positive values whose interval is more even
    on the log scale, on that.

    Examples
    --------
    >>> round(beyond(15.0, 20.0, limit=20.0, confidence_level=0.95), 3)
    0.025
    >>> round(beyond(15.0, 20.0, limit=22.0, confidence_level=0.95), 4)
    0.003
    """
    in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    scaled = _scaled(estimate, end, limit, n if share else None, share, other_end)
    at, edge, line = scaled
    if not all(map(math.isfinite, scaled)) or edge == at or (edge > at) != (line > at):
        return math.nan
    ratio, tail = (line - at) / (edge - at), (1 + confidence_level) / 2
    found = [float(stats.norm.sf(ratio * stats.norm.ppf(tail)))]
    if n is not None and n > 1:
        found.append(float(stats.t.sf(ratio * stats.t.ppf(tail, n - 1), n - 1)))
    return max(found)


def _scaled(
    estimate: float,
    end: float,
    limit: float,
    n: int | None,
    share: bool,  # noqa: FBT001
    other_end: float,
) -> tuple[float, float, float]:
    """Return estimate, end and limit on the scale where the curve is most even."""
    values = (estimate, end, limit)
    if share and all(0 <= value <= 1 for value in values) and 0 < limit < 1:
        least = 0.5 / n if n else 1e-9
        inside = (min(max(value, least), 1 - least) for value in values)
        at, edge, line = (math.log(value / (1 - value)) for value in inside)
        return at, edge, line
    low = min(*values, other_end) if math.isfinite(other_end) else 0.0
    if low > 0 and _more_even_in_logs(estimate, end, other_end):
        at, edge, line = (math.log(value) for value in values)
        return at, edge, line
    return values


def _more_even_in_logs(estimate: float, end: float, other_end: float) -> bool:
    """Whether the two half-widths differ less on the log scale."""
    if (end - estimate) * (estimate - other_end) <= 0:
        return False
    plain = abs(math.log((end - estimate) / (estimate - other_end)))
    logs = abs(math.log(end / estimate)), abs(math.log(estimate / other_end))
    return abs(math.log(logs[0] / logs[1])) < plain
