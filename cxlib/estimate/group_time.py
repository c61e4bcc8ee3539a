"""Effects of a staggered roll-out, by the cohort that got it and by period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cxlib.errors import DataError
from cxlib.estimate.design import Array
from cxlib.estimate.propensity import fit_propensity

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]
Control = Literal["not_yet", "never"]
Method = Literal["dr", "regression"]
Base = Literal["varying", "universal"]


@dataclass(frozen=True, slots=True, eq=False)
class GroupTime:
    """One difference in differences for each cohort and period.

    Attributes
    ----------
    cohort, period : ndarray of int, shape (k,)
        First treated period of the cohort, and the period; as columns of y.
    att : ndarray, shape (k,)
        Mean difference of the cohort in the period from what it would have been.
    n_treated, n_control : ndarray of int, shape (k,)
    influence : ndarray, shape (units, k)
        att less its truth is close to the sum of a column.
    left_out : tuple of (cohort, period, reason)
        Cells that have no answer.
    """

    cohort: Ints
    period: Ints
    att: Array
    n_treated: Ints
    n_control: Ints
    influence: Array
    left_out: tuple[tuple[int, int, str], ...]

    @property
    def event(self) -> Ints:
        """Periods since the cohort's first."""
        return self.period - self.cohort


def group_time(
    y: npt.ArrayLike,
    first: npt.ArrayLike,
    *,
    control: Control = "not_yet",
    anticipation: int = 0,
    base: Base = "varying",
    leads: int | None = None,
    covariates: npt.ArrayLike | None = None,
    method: Method = "dr",
) -> GroupTime:
    """Return the average effect on the treated of every cohort in every period.

    Parameters
    ----------
    y : array_like, shape (units, periods)
        NaN where a unit was not seen.
    first : array_like, shape (units,)
        Column of y in which a unit is first treated; infinite for never.
    control : {"not_yet", "never"}
        Who stands for the cohort without the treatment: units not treated yet (the
        never treated among them), or the never treated only.
    anticipation : int
        Periods before the first in which the treatment may work already.
    base : {"varying", "universal"}
        Before the treatment, a period is held against the one before it, or against
        the last one before the treatment.
    leads : int, optional
        Periods before the treatment that are looked at; all where not given.
    covariates : array_like, shape (units, periods, p), optional
        Taken as they were in the base period.
    method : {"dr", "regression"}
        With covariates: doubly robust, or outcome regression alone.

    Returns
    -------
    GroupTime
        A cell has units seen in both periods only, two treated and two controls at
        least.

    References
    ----------
    Callaway, B. and Sant'Anna, P. H. C. (2021). Difference-in-differences with multiple
    time periods. Journal of Econometrics 225, 200-230.
    doi:10.1016/j.jeconom.2020.12.001. Sant'Anna, P. H. C. and Zhao, J. (2020). Doubly
    robust difference-in-differences estimators. Journal of Econometrics 219, 101-122.
    doi:10.1016/j.jeconom.2020.06.003

    Examples
    --------
    >>> y = [[1.0, 1, 4], [2, 2, 5], [1, 1, 2], [2, 2, 3]]
    >>> found = group_time(y, [2, 2, np.inf, np.inf])
    >>> found.period.tolist(), found.att.tolist()
    ([1, 2], [0.0, 2.0])
    """
    values, starts = np.asarray(y, dtype=float), np.asarray(first, dtype=float)
    x = None if covariates is None else np.asarray(covariates, dtype=float)
    found, left = [], []
    for g, t, b in _cells(values.shape[1], starts, anticipation, base, leads):
        own, other = _arms(values, starts, (g, t, b), control, anticipation)
        if min(own.sum(), other.sum()) < 2:
            left.append((g, t, _few(int(own.sum()), int(other.sum()))))
            continue
        try:
            cell = _cell(values[:, t] - values[:, b], own, other,
                         None if x is None else x[:, b], method)  # fmt: skip
        except DataError as why:
            left.append((g, t, str(why)))
            continue
        found.append((g, t, cell[0], int(own.sum()), int(other.sum()), cell[1]))
    columns = list(zip(*found, strict=True)) if found else [()] * 6
    ints = [np.array(columns[i], dtype=np.int64) for i in (0, 1, 3, 4)]
    influence = np.column_stack(columns[5]) if found else np.empty((len(values), 0))
    return GroupTime(
        ints[0], ints[1], np.array(columns[2], dtype=float), ints[2], ints[3],
        influence, tuple(left),
    )  # fmt: skip


def _cells(
    periods: int, first: Array, anticipation: int, base: Base, leads: int | None
) -> list[tuple[int, int, int]]:
    """Every cohort, period and base period that can be compared."""
    found = []
    for g in np.unique(first[np.isfinite(first)]).astype(int).tolist():
        last = g - 1 - anticipation
        if last < 0:
            continue
        early = 0 if leads is None else max(0, last + 1 - leads)
        for t in range(early, periods):
            b = last if t > last or base == "universal" else t - 1
            if b >= 0 and b != t:
                found.append((g, t, b))
    return found


def _arms(
    y: Array, first: Array, cell: tuple[int, int, int], control: Control, ahead: int
) -> tuple[Rows, Rows]:
    """Units of the cohort and of its controls that were seen in both periods."""
    g, t, b = cell
    seen = np.isfinite(y[:, t]) & np.isfinite(y[:, b])
    other = np.isinf(first)
    if control == "not_yet":
        other = (first > max(t, b) + ahead) & (first != g)
    return np.asarray(seen & (first == g)), np.asarray(seen & other)


def _few(own: int, other: int) -> str:
    if own < 2:
        return f"{own} treated unit" + ("s" if own != 1 else "")
    return f"{other or 'no'} untreated unit{'' if other == 1 else 's'} left"


def _cell(
    change: Array, own: Rows, other: Rows, x: Array | None, method: Method
) -> tuple[float, Array]:
    """The effect in one cell and every unit's influence on it."""
    out = np.zeros(len(change))
    rows = own | other
    d = own[rows].astype(float)
    dy = change[rows]
    if x is None:
        means = dy[d == 0].mean(), dy[d == 1].mean()
        part = np.where(d == 1, (dy - means[1]) / d.sum(), 0.0)
        part -= np.where(d == 0, (dy - means[0]) / (1 - d).sum(), 0.0)
        found = float(means[1] - means[0])
    else:
        found, part = _adjusted(dy, d, x[rows], method)
    out[rows] = part
    return found, out


def _adjusted(dy: Array, d: Array, x: Array, method: Method) -> tuple[float, Array]:
    """Sant'Anna and Zhao's estimator with its whole influence function."""
    z = np.column_stack([np.ones(len(dy)), x[:, np.ptp(x, axis=0) > 0]])
    n, k = z.shape
    if not np.isfinite(z).all():
        raise DataError("a covariate is blank in the base period")
    if d.sum() <= k or (1 - d).sum() <= k + 1:
        raise DataError(f"too few units for {k - 1} covariates")
    gram = (z * (1 - d)[:, None]).T @ z / n
    if np.linalg.matrix_rank(gram) < k:
        raise DataError("the covariates do not vary among the untreated")
    beta = np.linalg.solve(gram, z.T @ ((1 - d) * dy) / n)
    rest = dy - z @ beta
    slopes = ((1 - d) * rest)[:, None] * z @ np.linalg.inv(gram)
    share = float(d.mean())
    if method == "regression":
        found = float((d * rest).sum() / d.sum())
        part = d * (rest - found) - slopes @ (d[:, None] * z).mean(axis=0)
        return found, part / share / n
    model = fit_propensity(z, d == 1)
    p = model.probability
    w = (1 - d) * p / (1 - p)
    own, other = (float((v * rest).sum() / v.sum()) for v in (d, w))
    treated = d * (rest - own) - slopes @ (d[:, None] * z).mean(axis=0)
    lean = (w * (rest - other))[:, None] * z
    control = w * (rest - other) + n * model.influence() @ lean.mean(axis=0)
    control = control - slopes @ (w[:, None] * z).mean(axis=0)
    return own - other, (treated / share - control / w.mean()) / n
