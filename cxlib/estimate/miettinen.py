"""Miettinen and Nurminen's score interval of a difference of two shares."""

from __future__ import annotations

import math

from scipy import stats
from scipy.optimize import brentq

from cxlib import _checks
from cxlib.errors import ArgumentError


def miettinen_nurminen(
    treatment: tuple[float, float],
    control: tuple[float, float],
    *,
    confidence_level: float = 0.95,
) -> tuple[float, float]:
    """Return the score interval of treatment's share minus control's.

    Use it where shares are near 0 or 1 or arms are small and a regulator or a reviewer
    asks for a score interval; Newcombe's is as good for most purposes.

    Parameters
    ----------
    treatment, control : tuple of float
        Successes and trials of each arm.
    confidence_level : float

    Returns
    -------
    ci_lower, ci_upper : float
        In [-1, 1].

    Raises
    ------
    ArgumentError
        For successes outside 0 to trials, or no trial.

    Notes
    -----
    Keeps every difference that the test with the variance estimated under that
    difference, times N / (N - 1), does not reject.

    References
    ----------
    Miettinen, O. and Nurminen, M. (1985). Comparative analysis of two rates.
    Statistics in Medicine 4, 213-226. doi:10.1002/sim.4780040211

    Examples
    --------
    >>> [round(end, 7) for end in miettinen_nurminen((7, 34), (1, 34))]
    [0.0270416, 0.3452912]
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    (x1, n1), (x0, n0) = treatment, control
    for x, n in (treatment, control):
        if not 0 <= x <= n or n <= 0:
            raise ArgumentError(f"{x:g} of {n:g} is no share; use 0 <= x <= n, n > 0.")
    gap = x1 / n1 - x0 / n0
    z = float(stats.norm.isf((1 - confidence_level) / 2))

    def excess(d: float, side: float) -> float:
        p0 = _restricted(x1, n1, x0, n0, d)
        p1 = min(max(p0 + d, 0.0), 1.0)
        variance = p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0
        variance *= (n1 + n0) / (n1 + n0 - 1)
        return float((gap - d) - side * z * max(variance, 0.0) ** 0.5)

    near, off, lower, upper = 1 - 1e-12, 1e-9, -1.0, 1.0
    if gap > off - near and excess(-near, 1) > 0:
        lower = float(brentq(excess, -near, gap - off, args=(1,), xtol=1e-13))
    if gap < near - off and excess(near, -1) < 0:
        upper = float(brentq(excess, gap + off, near, args=(-1,), xtol=1e-13))
    return lower, upper


def _restricted(x1: float, n1: float, x0: float, n0: float, d: float) -> float:
    """Most likely share of control if treatment's is higher by d: a cubic's root."""
    n = n1 + n0
    a2 = (n1 + 2 * n0) * d - n - x0 - x1
    a1 = (n0 * d - n - 2 * x0) * d + x0 + x1
    a0 = x0 * d * (1 - d)
    shift = a2 / (3 * n)
    q = shift**3 - a2 * a1 / (6 * n**2) + a0 / (2 * n)
    root = max(shift**2 - a1 / (3 * n), 0.0) ** 0.5
    p = math.copysign(root, q)
    angle = math.acos(min(1.0, max(-1.0, q / p**3))) if p else math.pi / 2
    share = 2 * p * math.cos((math.pi + angle) / 3) - shift
    return min(max(share, 0.0, -d), 1.0, 1 - d)
