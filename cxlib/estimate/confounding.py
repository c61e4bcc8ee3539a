"""How strong an unmeasured cause would have to be: the formulas alone."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from cxlib import _checks


def e_value(risk_ratio: float) -> float:
    """Return the E-value of a risk ratio.

    Parameters
    ----------
    risk_ratio : float
        Positive; for an interval, its end nearest to 1.

    Returns
    -------
    float
        At least 1: the risk ratio that an unmeasured cause must have with both the
        exposure and the outcome, beyond what is adjusted for, to explain it all.

    References
    ----------
    VanderWeele, T. J. and Ding, P. (2017). Sensitivity analysis in observational
    research: introducing the E-value. Annals of Internal Medicine 167, 268-274.
    doi:10.7326/M16-2607

    Examples
    --------
    >>> round(e_value(3.9), 6), round(e_value(0.8), 6)
    (7.263034, 1.809017)
    """
    _checks.in_range(risk_ratio, "risk_ratio", 0, np.inf, ends="()")
    ratio = max(risk_ratio, 1 / risk_ratio)
    return ratio + math.sqrt(ratio * (ratio - 1))


def e_value_of_gap(gap: float, spread: float) -> float:
    """Return the E-value of a difference of means.

    Parameters
    ----------
    gap, spread : float
        The difference and the outcome's standard deviation, in one unit.

    Returns
    -------
    float

    Notes
    -----
    The gap in standard deviations d stands for the risk ratio ``exp(0.91 d)``, the
    approximation of VanderWeele and Ding (2017).

    Examples
    --------
    >>> round(e_value_of_gap(0.5, 1.0), 3)
    2.529
    """
    _checks.in_range(spread, "spread", 0, np.inf, ends="()")
    return e_value(math.exp(0.91 * abs(gap) / spread))


def robustness_value(
    statistic: float, dof: float, *, q: float = 1, confidence_level: float | None = None
) -> float:
    """Return the robustness value of a coefficient.

    Parameters
    ----------
    statistic : float
        The coefficient over its standard error.
    dof : float
        Residual degrees of freedom, above 1.
    q : float
        Fraction of the estimate to be explained away; 1 brings it to zero.
    confidence_level : float, optional
        Given, the value is that which brings the interval to that point.

    Returns
    -------
    float
        Share of the remaining variance of both exposure and outcome that an
        unmeasured cause must explain; 0 where the interval is there already.

    References
    ----------
    Cinelli, C. and Hazlett, C. (2020). Making sense of sensitivity: extending omitted
    variable bias. JRSS B 82, 39-67. doi:10.1111/rssb.12348

    Examples
    --------
    >>> t = 0.09731582 / 0.02325654
    >>> round(robustness_value(t, 783), 3)
    0.139
    >>> round(robustness_value(t, 783, confidence_level=0.95), 3)
    0.076
    """
    f = q * abs(statistic) / dof**0.5
    if confidence_level is None:
        return _robustness(f)
    tail = (1 - confidence_level) / 2
    critical = float(stats.t.isf(tail, dof - 1)) / (dof - 1) ** 0.5
    reduced = f - critical
    if reduced <= 0:
        return 0.0
    if f > 1 / critical:
        return float((f**2 - critical**2) / (1 + f**2))
    return _robustness(reduced)


def as_strong(
    estimate: float,
    std_error: float,
    *,
    dof: float,
    exposure_r2: float,
    outcome_r2: float,
    times: float = 1,
) -> tuple[float, float]:
    """Return what a hidden cause as strong as a measured one could leave.

    Parameters
    ----------
    estimate, std_error : float
        A coefficient, and its standard error above 0.
    dof : float
        Residual degrees of freedom, above 1.
    exposure_r2, outcome_r2 : float
        Partial R2 of the measured cause with the exposure given the other covariates,
        and with the outcome given these and the exposure; in [0, 1).
    times : float
        How many times as strong.

    Returns
    -------
    estimate, std_error : float
        After the largest bias towards zero that it could stand for; NaN where it
        would explain all of the exposure.

    References
    ----------
    Cinelli, C. and Hazlett, C. (2020). JRSS B 82, 39-67, section 4.4.
    doi:10.1111/rssb.12348

    Examples
    --------
    >>> left = as_strong(0.09731582, 0.02325654, dof=783, exposure_r2=0.0090769,
    ...     outcome_r2=0.10903)
    >>> round(left[0], 4)
    0.0752
    """
    _checks.in_range(std_error, "std_error", 0, np.inf, ends="()")
    known = times * exposure_r2
    with_exposure = known / (1 - exposure_r2)
    if known >= 1 or with_exposure >= 1:
        return float("nan"), float("nan")
    shared = known * exposure_r2 / ((1 - known) * (1 - exposure_r2))
    left = ((times**0.5 + shared**0.5) / (1 - shared) ** 0.5) ** 2
    with_outcome = min(1.0, left * outcome_r2 / (1 - outcome_r2))
    bias = std_error * (dof * with_outcome * with_exposure / (1 - with_exposure)) ** 0.5
    error = (
        std_error * ((1 - with_outcome) / (1 - with_exposure) * dof / (dof - 1)) ** 0.5
    )
    return math.copysign(1.0, estimate) * (abs(estimate) - bias), error


def _robustness(f: float) -> float:
    return float(((f**4 + 4 * f**2) ** 0.5 - f**2) / 2)
