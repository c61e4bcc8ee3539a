"""Split an end-to-end gap over the steps of a funnel so that it sums exactly."""

from __future__ import annotations

from math import factorial

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def contributions(control: npt.ArrayLike, treatment: npt.ArrayLike) -> Array:
    """Return each step's share of ``prod(treatment) - prod(control)``.

    Parameters
    ----------
    control, treatment : array_like, shape (k,)
        Conditional rates of the steps.

    Returns
    -------
    ndarray, shape (k,)
        Shapley values: the change of the product when a step's rate is swapped,
        averaged over every order of swapping. They sum to the gap.

    References
    ----------
    Shapley, L. S. (1953). A value for n-person games. Annals of Mathematics Studies
    28, 307-317. doi:10.1515/9781400881970-018

    Examples
    --------
    >>> parts = contributions([0.5, 0.4], [0.6, 0.5])
    >>> parts.round(3).tolist(), round(float(parts.sum()), 6)
    ([0.045, 0.055], 0.1)
    """
    a, b = np.asarray(control, dtype=float), np.asarray(treatment, dtype=float)
    k = len(a)
    weight = [factorial(s) * factorial(k - 1 - s) / factorial(k) for s in range(k)]
    found = np.empty(k)
    for i in range(k):
        swapped = np.ones(1)
        for j in range(k):
            if j != i:
                swapped = np.convolve(swapped, [a[j], b[j]])
        found[i] = (b[i] - a[i]) * float(swapped @ weight)
    return found


def split(
    reached_control: npt.ArrayLike, reached_treatment: npt.ArrayLike
) -> tuple[Array, Array]:
    """Return each step's contribution to the gap and its standard error.

    Parameters
    ----------
    reached_control, reached_treatment : array_like, shape (k + 1,)
        Users exposed, then users who reached each step.

    Notes
    -----
    Delta method on the conditional rates, which are uncorrelated. A step that nobody
    could reach in one arm takes the other arm's rate and contributes nothing.
    """
    x = [np.asarray(n, dtype=float) for n in (reached_control, reached_treatment)]
    rates = np.stack([_rates(n) for n in x])
    undefined = np.isnan(rates)
    rates = np.where(undefined, rates[::-1], rates)
    rates = np.nan_to_num(rates)
    base = np.stack([n[:-1] for n in x])
    variance = np.where(undefined, 0.0, rates * (1 - rates) / np.maximum(base, 1))
    parts = contributions(rates[0], rates[1])
    total = np.zeros(len(parts))
    for arm in (0, 1):
        for j in range(len(parts)):
            high, low = rates.copy(), rates.copy()
            high[arm, j], low[arm, j] = 1.0, 0.0
            slope = contributions(high[0], high[1]) - contributions(low[0], low[1])
            total += slope**2 * variance[arm, j]
    return parts, np.sqrt(total)


def _rates(n: Array) -> Array:
    rates = np.full(len(n) - 1, np.nan)
    np.divide(n[1:], n[:-1], out=rates, where=n[:-1] > 0)
    return rates
