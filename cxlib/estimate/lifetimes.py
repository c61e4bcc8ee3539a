"""Discounted money of a lifetime, from periods at risk counted by age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxlib.errors import DataError
from cxlib.estimate.delta import jacobian

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ages:
    """Periods of units by age, each row one unit in one period.

    Attributes
    ----------
    age : ndarray of int, shape (rows,)
        Whole periods since the clock started, from 0.
    event : ndarray, shape (rows,)
        1 where the unit left at the end of the period, 0 where it stayed; NaN where
        that is not known.
    money : ndarray, shape (rows,)
        Of the period; NaN where not known.
    unit : ndarray of int, shape (rows,)
        Codes 0.. of what is independent, customers say.
    """

    age: npt.NDArray[np.int64]
    event: Array
    money: Array
    unit: npt.NDArray[np.int64]

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(np.unique(self.unit))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lifetime:
    """Discounted money up to each horizon.

    Attributes
    ----------
    estimate, std_error, beyond : ndarray, shape (h,)
        `beyond` is the part of the estimate from ages that nobody was followed to.
    survival, hazard, money : ndarray, shape (steps,)
        Share there at the start of each age, share of those who leave at its end,
        money of those there.
    first, seen : int
        Youngest age with enough units; ages followed from there on.
    leaving, average : float
        Share leaving a period and money a period over all rows, as if age did not
        matter.
    n_events, n_units : int
    """

    estimate: Array
    std_error: Array
    beyond: Array
    survival: Array
    hazard: Array
    money: Array
    first: int
    seen: int
    leaving: float
    average: float
    n_events: int
    n_units: int


def lifetime(
    ages: Ages,
    *,
    discount: npt.ArrayLike,
    horizons: npt.ArrayLike,
    tail: int,
    min_units: int = 10,
) -> Lifetime:
    """Sum discounted money over the ages a unit is expected to reach.

    Parameters
    ----------
    ages : Ages
    discount : array_like, shape (steps,)
        Factor on the money of each age, counted from the first with enough units.
    horizons : array_like of int, shape (h,)
        Ages summed, at most `steps`.
    tail : int
        Ages whose average leaving and money are taken to last beyond those followed.
    min_units : int
        Units an age needs, at the least, to be used on its own.

    Returns
    -------
    Lifetime

    Raises
    ------
    DataError
        Where no age has `min_units` units, or fewer than two units are there.

    Notes
    -----
    ``sum_a S(a) m(a) v(a)`` with ``S(a) = prod_{j<a} (1 - h(j))``: h and m are the
    share leaving and the mean money among units at risk at each age, so units seen only
    from some age on (left truncation) and units still there (right censoring) count
    where they were seen. Money of those alive at an age multiplies the share alive at
    that age, so leaving and money may be related. Error: delta method on the sums by
    age, their contributions summed within units.

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2010). Customer-base valuation in a contractual
    setting: the perils of ignoring heterogeneity. Marketing Science 29, 85-93.
    doi:10.1287/mksc.1080.0482

    Examples
    --------
    >>> rows = Ages(np.tile([0, 1], 20), np.tile([0.0, 1.0], 20), np.full(40, 5.0),
    ...     np.repeat(np.arange(20), 2))
    >>> lifetime(rows, discount=np.ones(3), horizons=[3], tail=1).estimate.tolist()
    [10.0]
    """
    factor, ends = np.asarray(discount, dtype=float), np.asarray(horizons, dtype=int)
    known = np.isfinite(ages.event)
    counts = np.bincount(ages.age[known])
    first, seen = _supported(counts, min_units, len(factor))
    place = np.clip(ages.age - first, -1, seen)
    late = ages.age >= first + max(seen - tail, 0)
    kept = place >= 0
    sums = _sums(ages, place, kept, late, seen)
    plan = _Plan(seen, factor, ends)
    if not sums.reshape(4, seen + 1)[2].all():
        raise DataError("at some age nobody's money is known.")
    estimate = plan.value(sums)
    slopes = jacobian(plan.value, sums, steps=1e-5 * np.maximum(np.abs(sums), 1e-3))
    pulls = _contributions(ages, place, kept, late, slopes, seen)
    groups = len(np.unique(ages.unit[kept]))
    if groups < 2:
        raise DataError("a lifetime needs at least two units.")
    survival, hazard, money = plan.course(sums)
    path = np.cumsum(survival * money * factor)
    inside = path[np.minimum(ends, seen) - 1]
    event, paid = ages.event[known], ages.money[np.isfinite(ages.money)]
    return Lifetime(
        estimate=estimate, beyond=np.where(ends > seen, estimate - inside, 0.0),
        std_error=np.sqrt(groups / (groups - 1) * np.square(pulls).sum(axis=0)),
        survival=survival, hazard=hazard, money=money, first=first, seen=seen,
        leaving=float(event.mean()), average=float(paid.mean()),
        n_events=int(event.sum()), n_units=ages.n_units,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """From the sums by age to the value at each horizon.

    The sums are four blocks of `seen` + 1: at risk, events, rows paid, money; the last
    of each block is that of the tail.
    """

    seen: int
    factor: Array
    ends: npt.NDArray[np.int64]

    def course(self, sums: Array) -> tuple[Array, Array, Array]:
        risk, events, paid, money = sums.reshape(4, self.seen + 1)
        at = np.minimum(np.arange(len(self.factor)), self.seen)
        hazard, mean = (events / risk)[at], (money / paid)[at]
        alive = np.concatenate([[1.0], np.cumprod(1 - hazard)[:-1]])
        return alive, hazard, mean

    def value(self, sums: Array) -> Array:
        alive, _, mean = self.course(sums)
        return np.asarray(np.cumsum(alive * mean * self.factor)[self.ends - 1])


def _supported(
    counts: npt.NDArray[np.int64], least: int, steps: int
) -> tuple[int, int]:
    """Return the first age with enough units and how many ages follow it unbroken."""
    enough = counts >= least
    if not enough.any():
        raise DataError(
            f"no age has {least} units; the most at one age is {int(counts.max()):,}."
        )
    first = int(np.argmax(enough))
    after = np.flatnonzero(~enough[first:])
    run = int(after[0]) if len(after) else len(enough) - first
    return first, min(run, steps)


def _sums(
    ages: Ages,
    place: npt.NDArray[np.int64],
    kept: npt.NDArray[np.bool_],
    late: npt.NDArray[np.bool_],
    seen: int,
) -> Array:
    """Sum rows by age, the tail last in each of the four blocks."""
    blocks = []
    for values in _columns(ages):
        use = kept & (place < seen)
        by_age = np.bincount(place[use], values[use], seen)
        blocks.append(np.append(by_age, values[kept & late].sum()))
    return np.concatenate(blocks)


def _columns(ages: Ages) -> tuple[Array, Array, Array, Array]:
    known, paid = np.isfinite(ages.event), np.isfinite(ages.money)
    return (
        known.astype(float), np.where(known, ages.event, 0.0),
        paid.astype(float), np.where(paid, ages.money, 0.0),
    )  # fmt: skip


def _contributions(
    ages: Ages,
    place: npt.NDArray[np.int64],
    kept: npt.NDArray[np.bool_],
    late: npt.NDArray[np.bool_],
    slopes: Array,
    seen: int,
) -> Array:
    """Return each unit's pull on the value, shape (units, h)."""
    units, pulls = int(ages.unit.max()) + 1, []
    for slope in slopes:
        row = np.zeros(len(place))
        for block, values in zip(
            slope.reshape(4, seen + 1), _columns(ages), strict=True
        ):
            use = kept & (place < seen)
            row[use] += block[place[use]] * values[use]
            row[kept & late] += block[seen] * values[kept & late]
        pulls.append(np.bincount(ages.unit, row, units))
    return np.column_stack(pulls)
