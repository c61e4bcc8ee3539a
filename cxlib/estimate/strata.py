"""Two randomised arms, post-stratified: the pooled mix of strata for both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cxlib.errors import DataError
from cxlib.estimate.moments import Moments, Pair

Array = npt.NDArray[np.float64]


def stratified_means(control: Sequence[Moments], treatment: Sequence[Moments]) -> Pair:
    """Return both arms' means of the first column in the mix of all units.

    Parameters
    ----------
    control, treatment : sequence of Moments
        One a stratum, in the same order.

    Returns
    -------
    Pair

    Notes
    -----
    The effect is the sum over strata of the stratum's share of all units times the
    difference within it; each arm's variance the sum of share squared times variance
    over n, with Satterthwaite's df. It is the interacted regression on strata. The
    strata's sizes are taken as given, so it is the effect among these units.

    References
    ----------
    Miratrix, L. W., Sekhon, J. S. and Yu, B. (2013). Adjusting treatment effect
    estimates by post-stratification in randomized experiments. JRSS B 75, 369-396.
    doi:10.1111/j.1467-9868.2012.01048.x

    Examples
    --------
    >>> low, high = Moments.of([1, 2, 3]), Moments.of([7, 8, 9])
    >>> pair = stratified_means([low, high], [high, high])
    >>> pair.treatment - pair.control
    3.0
    """
    shares = _shares(control, treatment)
    gradient = np.array([1.0])
    arms = [_arm(arm, shares, gradient) for arm in (control, treatment)]
    return _pair(arms[0], arms[1])


def stratified_ratios(control: Sequence[Moments], treatment: Sequence[Moments]) -> Pair:
    """Return both arms' ratio of stratified means, first column over second.

    Examples
    --------
    >>> one = Moments.of([[1, 2], [0, 1], [2, 3]])
    >>> stratified_ratios([one, one], [one, one]).control
    0.5
    """
    shares = _shares(control, treatment)
    arms = []
    for arm in (control, treatment):
        top, bottom = np.average([cell.mean[:2] for cell in arm], 0, weights=shares)
        if bottom == 0:
            raise DataError("the denominator of a ratio metric is zero in one arm.")
        value = float(top / bottom)
        _, parts, freedom = _arm(arm, shares, np.array([1.0, -value]) / bottom)
        arms.append((value, parts, freedom))
    return _pair(arms[0], arms[1])


def stratified_residuals(
    control: Sequence[Moments], treatment: Sequence[Moments]
) -> tuple[list[Moments], list[Moments]]:
    """Moments of the first column after its regression on the second within strata.

    Notes
    -----
    One slope from the cross products within all strata; adjusted means keep the
    overall level.
    """
    products = np.zeros((2, 2))
    for a, b in zip(control, treatment, strict=True):
        shift = (b.mean - a.mean)[:2]
        products += (a.n - 1) * a.cov[:2, :2] + (b.n - 1) * b.cov[:2, :2]
        products += a.n * b.n / (a.n + b.n) * np.outer(shift, shift)
    theta = products[0, 1] / products[1, 1] if products[1, 1] > 0 else 0.0
    cells = [*control, *treatment]
    level = np.average([c.mean[1] for c in cells], weights=[c.n for c in cells])
    moved = [_residual(cell, float(theta), float(level)) for cell in cells]
    return moved[: len(control)], moved[len(control) :]


def _residual(cell: Moments, theta: float, level: float) -> Moments:
    mean = cell.mean[0] - theta * (cell.mean[1] - level)
    variance = np.array([1.0, -theta]) @ cell.cov[:2, :2] @ np.array([1.0, -theta])
    return Moments(cell.n, np.array([mean]), np.array([[max(variance, 0.0)]]))


def _shares(control: Sequence[Moments], treatment: Sequence[Moments]) -> Array:
    """Share of all units in each stratum."""
    n = np.array([a.n + b.n for a, b in zip(control, treatment, strict=True)])
    return np.asarray(n / n.sum(), dtype=float)


def _arm(
    cells: Sequence[Moments], shares: Array, gradient: Array
) -> tuple[float, Array, Array]:
    """Value, variance by stratum and df by stratum of one arm."""
    k = len(gradient)
    value = sum(
        w * gradient @ cell.mean[:k] for w, cell in zip(shares, cells, strict=True)
    )
    parts = [
        w**2 * max(gradient @ cell.cov[:k, :k] @ gradient, 0.0) / cell.n
        for w, cell in zip(shares, cells, strict=True)
    ]
    return float(value), np.array(parts), np.array([cell.n - 1.0 for cell in cells])


def _pair(
    control: tuple[float, Array, Array], treatment: tuple[float, Array, Array]
) -> Pair:
    parts = np.concatenate([control[1], treatment[1]])
    freedom = np.concatenate([control[2], treatment[2]])
    spread = float((parts**2 / freedom).sum())
    df = parts.sum() ** 2 / spread if spread else freedom.sum()
    return Pair(
        control=control[0], treatment=treatment[0],
        control_var=float(control[1].sum()), treatment_var=float(treatment[1].sum()),
        df=float(df),
    )  # fmt: skip
