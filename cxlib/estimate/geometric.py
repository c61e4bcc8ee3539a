"""Ratio of geometric means from a comparison of means of logarithms."""

from __future__ import annotations

import math
from dataclasses import replace

from scipy import stats

from cxlib.estimate.moments import ArmDifference, Pair, arm_difference


def geometric(logs: Pair, *, confidence_level: float = 0.95) -> ArmDifference:
    """Return geometric means of two arms from the means of their logarithms.

    Parameters
    ----------
    logs : Pair
        Means of natural logarithms and their variances.
    confidence_level : float

    Returns
    -------
    ArmDifference
        `rel_effect_size` is the ratio of geometric means minus one, its interval and
        the test those of the logarithms; the difference has a delta interval.

    Notes
    -----
    Test and relative interval always agree; the absolute interval is approximate and
    may disagree with them near the limit.

    References
    ----------
    Sauro, J. and Lewis, J. R. (2010). Average task times in usability tests: what to
    report? CHI 2010. doi:10.1145/1753326.1753679

    Examples
    --------
    >>> logs = Pair(control=0.0, treatment=math.log(2), control_var=0.01,
    ...             treatment_var=0.01, df=100)
    >>> found = geometric(logs)
    >>> round(found.effect_size, 6), round(found.rel_effect_size, 6)
    (1.0, 1.0)
    """
    found = arm_difference(logs, confidence_level=confidence_level)
    a, b = math.exp(logs.control), math.exp(logs.treatment)
    std_error = math.hypot(a * logs.control_var**0.5, b * logs.treatment_var**0.5)
    half = float(stats.t.isf((1 - confidence_level) / 2, logs.df)) * (
        std_error or float("nan")
    )
    return replace(
        found, control=a, treatment=b, effect_size=b - a, std_error=std_error,
        effect_size_ci_lower=b - a - half, effect_size_ci_upper=b - a + half,
        rel_effect_size=math.expm1(found.effect_size),
        rel_effect_size_ci_lower=math.expm1(found.effect_size_ci_lower),
        rel_effect_size_ci_upper=math.expm1(found.effect_size_ci_upper),
    )  # fmt: skip
