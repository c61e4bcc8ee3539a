"""The score cut into levels and categories that the rows can carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxlib import scales
from cxlib.errors import ArgumentError
from cxlib.roi.regressions._solve import Ints

Array = npt.NDArray[np.float64]
MIN_ROWS, MIN_CUSTOMERS, MIN_EVENTS = 30, 10, 5
MOST_LEVELS = 11
NPS_NAMES = ("detractor", "passive", "promoter")
OTHER_NAMES = ("low score", "middle score", "high score")


@dataclass(frozen=True, slots=True, kw_only=True)
class Categories:
    """Two cuts of a scale: the last low score and the last middle one.

    `names` are what the three categories are called, `rule` the cuts in words, and
    `declared` is false where the scale was read off the scores.
    """

    low_to: float
    middle_to: float
    names: tuple[str, str, str]
    rule: str
    declared: bool

    def codes(self, score: Array) -> Ints:
        """Return 0, 1 or 2 a score."""
        return np.searchsorted([self.low_to, self.middle_to], score, side="left")


def categories_of(
    score: Array, scale: str, categories: Sequence[float]
) -> Categories | str:
    """Return the categories of a score, or why it has none."""
    if len(categories):
        return _cut(categories)
    declared = scale != "auto"
    name = scale if declared else _guess(score)
    if not name:
        return (
            "the scores are no survey scale (whole numbers from 0 to 10, 1 to 7 or "
            "1 to 5); name `scale` or give two `categories` cuts"
        )
    kind = scales.get(name)
    if kind.kind == "net":
        low, middle = kind.bottom_to, float(np.ceil(kind.top_from)) - 1
    elif kind.kind == "share":
        low, middle = kind.low + kind.high - kind.top_from, kind.top_from - 1
    else:
        third = (kind.high - kind.low) / 3
        low, middle = kind.low + third, kind.low + 2 * third
        if kind.integer:
            low, middle = float(np.floor(low)), float(np.ceil(middle)) - 1
    nps = kind.kind == "net"
    return Categories(
        low_to=low, middle_to=middle, names=NPS_NAMES if nps else OTHER_NAMES,
        declared=declared, rule=_rule(low, middle),
    )  # fmt: skip


def _cut(categories: Sequence[float]) -> Categories:
    cuts = [float(cut) for cut in categories]
    if len(cuts) != 2 or not cuts[0] < cuts[1]:
        raise ArgumentError(
            f"`categories` is {list(categories)!r}; give two rising cuts, the last low "
            "and the last middle score: [6, 8] for detractors, passives and promoters."
        )
    nps = cuts == [6.0, 8.0]
    return Categories(
        low_to=cuts[0], middle_to=cuts[1], names=NPS_NAMES if nps else OTHER_NAMES,
        rule=_rule(*cuts), declared=True,
    )  # fmt: skip


def _rule(low: float, middle: float) -> str:
    return f"up to {low:g}, up to {middle:g}, above"


def _guess(score: Array) -> str:
    """Return the scale that whole-number scores fill, else nothing."""
    low, high = float(score.min()), float(score.max())
    if (score % 1 != 0).any() or low < 0 or high > 10 or high < 4:
        return ""
    if high > 7:
        return "nps"
    if low < 1:
        return ""
    return "csat" if high <= 5 else "ces"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bands:
    """Rows by level of the score, in order.

    Attributes
    ----------
    codes : ndarray of int, shape (n,)
    names : tuple of str
        '6', or '0 to 4' where levels were merged.
    at : ndarray, shape (L,)
        Mean score of each.
    n, n_customers : ndarray of int, shape (L,)
    merged, thin : bool
        Whether levels too thin to stand alone were put together; whether even the two
        that are left are.
    """

    codes: Ints
    names: tuple[str, ...]
    at: Array
    n: Ints
    n_customers: Ints
    merged: bool
    thin: bool


def bands(
    score: Array, entity: Ints, *, movers: bool, events: Array | None, most: int
) -> Bands:
    """Cut the score into levels, each with enough rows, customers and events.

    Parameters
    ----------
    score : ndarray, shape (n,)
    entity : ndarray of int
    movers : bool
        Whether only customers seen at another level as well count.
    events : ndarray or None
        The 0/1 outcome, of which each level needs both.
    most : int
        Levels that the clusters can carry.
    """
    values = np.unique(score)
    if len(values) <= MOST_LEVELS:
        codes = np.searchsorted(values, score)
    else:
        edges = np.unique(np.quantile(score, np.arange(1, 10) / 10))
        codes = np.searchsorted(edges, score, side="left")
        codes = np.unique(codes, return_inverse=True)[1]
    start = int(codes.max()) + 1
    while (k := int(codes.max()) + 1) > 2:
        support = _support(codes, entity, movers=movers, events=events)
        if support.min() >= 1 and k <= most:
            break
        weak = int(support.argmin())
        sides = [at for at in (weak - 1, weak + 1) if 0 <= at < k]
        other = min(sides, key=lambda at: support[at])
        codes = codes - (codes > min(weak, other))
    support = _support(codes, entity, movers=movers, events=events)
    thin = k < 2 or bool(support.min() < 1)
    return _named(score, entity, codes, merged=k < start, thin=thin)


def _support(codes: Ints, entity: Ints, *, movers: bool, events: Array | None) -> Array:
    """Return how many times over each level has what it needs."""
    k = int(codes.max()) + 1
    found = [
        np.bincount(codes, minlength=k) / MIN_ROWS,
        _customers(codes, entity, movers=movers) / MIN_CUSTOMERS,
    ]
    if events is not None:
        found += [
            np.bincount(codes, y, minlength=k) / MIN_EVENTS
            for y in (events, 1 - events)
        ]
    return np.asarray(np.min(found, axis=0))


def _customers(codes: Ints, entity: Ints, *, movers: bool) -> Ints:
    """Return the customers seen at each level, or those seen elsewhere too."""
    k = int(codes.max()) + 1
    pairs = np.unique(entity * k + codes)
    who, level = pairs // k, pairs % k
    if movers:
        level = level[np.bincount(who)[who] > 1]
    return np.bincount(level, minlength=k)


def _named(
    score: Array, entity: Ints, codes: Ints, *, merged: bool, thin: bool
) -> Bands:
    parts = [score[codes == code] for code in range(int(codes.max()) + 1)]
    names = [
        f"{p.min():g}" if p.min() == p.max() else f"{p.min():g} to {p.max():g}"
        for p in parts
    ]
    return Bands(
        codes=codes, names=tuple(names), at=np.array([p.mean() for p in parts]),
        n=np.bincount(codes), n_customers=_customers(codes, entity, movers=False),
        merged=merged, thin=thin,
    )  # fmt: skip


def lacking(codes: Ints, entity: Ints, *, movers: bool, events: Array | None) -> str:
    """Return what a category lacks to stand alone: 'customers', 'events' or nothing."""
    if len(np.unique(codes)) < 3:
        return "customers"
    if _support(codes, entity, movers=movers, events=None).min() < 1:
        return "customers"
    whole = _support(codes, entity, movers=movers, events=events).min() >= 1
    return "" if whole else "events"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moves:
    """Crossings of each of the two cuts by customers from one used row to the next.

    Attributes
    ----------
    up, down : ndarray of int, shape (2,)
        Customers who crossed at least once.
    total : ndarray, shape (n, 2)
        Crossings so far, either way.
    """

    up: Ints
    down: Ints
    total: Array


def moves(codes: Ints, entity: Ints) -> Moves:
    """Count the crossings of both cuts; rows are sorted by customer and period."""
    same = np.r_[False, entity[1:] == entity[:-1]]
    up, down, total = [], [], []
    for cut in (1, 2):
        above = (codes >= cut).astype(int)
        change = np.where(same, np.diff(above, prepend=above[:1]), 0)
        up.append(len(np.unique(entity[change > 0])))
        down.append(len(np.unique(entity[change < 0])))
        total.append(np.cumsum(np.abs(change)))
    return Moves(
        up=np.array(up), down=np.array(down),
        total=np.column_stack(total).astype(float),
    )  # fmt: skip
