"""The usual two-way regression of a roll-out, and the weights hidden in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxlib.errors import DataError
from cxlib.estimate.design import Array


@dataclass(frozen=True, slots=True, eq=False)
class TwoWay:
    """Coefficient of a treatment beside unit and period effects.

    Attributes
    ----------
    estimate, std_error : float
        Clustered by unit, without a small-sample factor (CR0).
    weights : ndarray, shape (units, periods)
        Of each treated cell in the coefficient, summing to one; zero elsewhere.
    share_negative : float
        Share of treated cells whose weight is negative.
    sum_negative : float
        Sum of the negative weights.
    """

    estimate: float
    std_error: float
    weights: Array
    share_negative: float
    sum_negative: float


def two_way(y: npt.ArrayLike, treated: npt.ArrayLike) -> TwoWay:
    """Fit the static two-way fixed-effects regression of a roll-out.

    For comparison only: where effects differ between cohorts or grow, the coefficient
    is no average of them.

    Parameters
    ----------
    y : array_like, shape (units, periods)
        NaN where a unit was not seen.
    treated : array_like of bool, shape (units, periods)

    Returns
    -------
    TwoWay

    Raises
    ------
    DataError
        Where the treatment is explained by unit and period effects.

    References
    ----------
    de Chaisemartin, C. and D'Haultfoeuille, X. (2020). Two-way fixed effects estimators
    with heterogeneous treatment effects. American Economic Review 110, 2964-2996.
    doi:10.1257/aer.20181169. Goodman-Bacon, A. (2021). Difference-in-differences with
    variation in treatment timing. Journal of Econometrics 225, 254-277.
    doi:10.1016/j.jeconom.2021.03.014

    Examples
    --------
    >>> y = [[1.0, 1, 4], [2, 2, 5], [1, 1, 2], [2, 2, 3]]
    >>> d = [[0, 0, 1], [0, 0, 1], [0, 0, 0], [0, 0, 0]]
    >>> round(two_way(y, d).estimate, 6)
    2.0
    """
    values, d = np.asarray(y, dtype=float), np.asarray(treated, dtype=float)
    seen = np.isfinite(values)
    own, target = _within(d, seen), _within(np.where(seen, values, 0.0), seen)
    size = float((own**2).sum())
    if size < 1e-9:
        raise DataError("unit and period effects leave nothing of the treatment.")
    found = float((own * target).sum() / size)
    scores = (own * (target - found * own)).sum(axis=1)
    cells = (d > 0) & seen
    weights = np.where(cells, own, 0.0) / own[cells].sum()
    return TwoWay(
        found, float((scores**2).sum() ** 0.5 / size), weights,
        float((weights[cells] < -1e-12).mean()), float(weights[weights < 0].sum()),
    )  # fmt: skip


def _within(values: Array, seen: npt.NDArray[np.bool_]) -> Array:
    """Take unit and period means out, again and again where cells are missing."""
    x = np.where(seen, values, 0.0)
    for _ in range(1000):
        before = x
        for axis in (0, 1):
            n = np.maximum(seen.sum(axis=axis, keepdims=True), 1)
            x = np.where(seen, x - x.sum(axis=axis, keepdims=True) / n, 0.0)
        if float(np.abs(x - before).max(initial=0.0)) < 1e-12:
            break
    return np.asarray(x)
