"""Arithmetic of cash flows: net present value, internal rate, payback."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from cxlib import _checks
from cxlib.errors import ArgumentError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Payoff:
    """What an investment returns.

    Attributes
    ----------
    npv : float
        Benefits less costs, discounted to step 0.
    irr : float
        Rate a step at which the NPV is zero; NaN where no rate or several do.
    payback, discounted_payback : float
        Steps until the cumulative cash is back at zero for the first time, linear
        within a step; NaN if never.
    roi, discounted_roi : float
        Benefits over costs, less one.
    breakeven : float
        Fraction of the benefits that just covers the costs; NaN without benefits.
    """

    npv: float
    irr: float
    payback: float
    discounted_payback: float
    roi: float
    discounted_roi: float
    breakeven: float


def payoff(
    benefits: npt.ArrayLike, costs: npt.ArrayLike, *, discount_rate: float
) -> Payoff:
    """Summarise the benefits and costs of each step (year, month) from step 0.

    Parameters
    ----------
    benefits, costs : array_like, shape (steps + 1,)
        Amounts at the end of each step; step 0 is today. Costs are positive.
    discount_rate : float
        Per step, as a fraction, above -1.

    Returns
    -------
    Payoff

    Examples
    --------
    >>> found = payoff([0, 60, 60], [100, 0, 0], discount_rate=0.1)
    >>> round(found.npv, 2), round(found.irr, 4), round(found.payback, 2)
    (4.13, 0.1307, 1.67)
    """
    gains, spent = np.asarray(benefits, dtype=float), np.asarray(costs, dtype=float)
    if gains.shape != spent.shape or gains.ndim != 1:
        raise ArgumentError(
            f"`benefits` has {gains.size} steps and `costs` {spent.size}; give as many."
        )
    factor = discount_factors(len(gains), discount_rate)
    present, paid = float(gains @ factor), float(spent @ factor)
    cash = gains - spent
    return Payoff(
        npv=present - paid, irr=irr(cash), payback=float(payback(cash)),
        discounted_payback=float(payback(cash * factor)),
        roi=_over(float(gains.sum()), float(spent.sum())) - 1,
        discounted_roi=_over(present, paid) - 1, breakeven=_over(paid, present),
    )  # fmt: skip


def _over(a: float, b: float) -> float:
    return a / b if b else float("nan")


def discount_factors(steps: int, rate: float) -> Array:
    """Return ``(1 + rate) ** -t`` for t = 0 .. steps - 1."""
    _checks.in_range(rate, "discount_rate", -1, float("inf"), ends="()")
    return np.asarray((1 + rate) ** -np.arange(steps, dtype=float))


def npv(cash: npt.ArrayLike, *, discount_rate: float) -> float:
    """Return the net present value of a cash flow from step 0.

    Parameters
    ----------
    cash : array_like, shape (steps + 1,)
        Benefits less costs of each step; step 0 is today.
    discount_rate : float
        Per step, as a fraction, above -1.

    Examples
    --------
    >>> round(npv([-100, 60, 60], discount_rate=0.1), 2)
    4.13
    """
    flow = np.asarray(cash, dtype=float)
    return float(flow @ discount_factors(len(flow), discount_rate))


def irr(cash: npt.ArrayLike) -> float:
    """Return the rate at which the NPV is zero, NaN where it is none or not unique.

    Parameters
    ----------
    cash : array_like, shape (steps + 1,)
        Benefits less costs of each step; step 0 is today.

    Notes
    -----
    Unique where the flow changes sign once; a flow that changes sign more often may
    have several rates, and none is returned.

    Examples
    --------
    >>> round(irr([-100, 60, 60]), 4)
    0.1307
    >>> irr([-100, 10, 10]) < 0, irr([10, 10])
    (True, nan)
    """
    flow = np.trim_zeros(np.asarray(cash, dtype=float))
    signs = np.sign(flow[flow != 0])
    if len(flow) < 2 or int((np.diff(signs) != 0).sum()) != 1:
        return float("nan")
    steps = np.arange(len(flow), dtype=float)

    def value(log_factor: float) -> float:
        weights = np.exp(steps * log_factor - max(0.0, log_factor) * steps[-1])
        return float(flow @ weights)

    low, high = -1.0, 1.0
    while value(low) * value(high) > 0 and high < 500:
        low, high = 2 * low, 2 * high
    if value(low) * value(high) > 0:
        return float("nan")
    root = brentq(value, low, high, xtol=1e-15, rtol=8.9e-16)
    return float(np.expm1(-root))


def payback(cash: npt.ArrayLike) -> Array:
    """Return the steps until cumulative cash is first back at zero, NaN if never.

    Parameters
    ----------
    cash : array_like, shape (..., steps + 1)
        Discount it first for a discounted payback.

    Notes
    -----
    Counted from step 0 to the first step at which the sum is not negative after having
    been so, linear within that step; 0 where the sum never falls below zero.

    Examples
    --------
    >>> payback([[-100, 60, 60], [-100, 10, 10]]).round(2)
    array([1.67,  nan])
    """
    flow = np.asarray(cash, dtype=float)
    total = np.cumsum(flow, axis=-1)
    under = np.maximum.accumulate(total < 0, axis=-1)
    back = under & (total >= 0)
    step = back.argmax(axis=-1)
    taken = np.expand_dims(np.maximum(step, 1), -1)
    before = np.take_along_axis(total, taken - 1, axis=-1)[..., 0]
    gain = np.take_along_axis(flow, taken, axis=-1)[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (step - 1) - before / gain
    never = ~back.any(axis=-1)
    return np.asarray(np.where(never, np.where(under.any(axis=-1), np.nan, 0.0), found))
