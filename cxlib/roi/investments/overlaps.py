"""No customer's value twice: who is credited, and what is taken from whom."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxlib.roi.investments._flows import Overlap

Array = npt.NDArray[np.float64]
Firsts = list[tuple[int, npt.NDArray[np.bool_]]]
Lost = Callable[[int, int, Array], None]


@dataclass(frozen=True, slots=True, eq=False)
class Reached:
    """Initiatives on one driver.

    Attributes
    ----------
    units : list of ndarray, shape (steps, draws or 1)
        What each gives a customer reached.
    rank : list of ndarray, shape (steps, draws or 1)
        By which the strongest is found: units, or money where units differ.
    cells : list of tuple
        Weight of a part of the customers, and the share of it that each reaches,
        shape (draws or 1,), None for one not aimed at it.
    """

    units: list[Array]
    rank: list[Array]
    cells: list[tuple[float, list[Array | None]]]


def credit(
    group: Reached, overlap: Overlap, *, lost: Lost | None = None
) -> list[Array]:
    """Return units x share of customers credited to each initiative of a group.

    Parameters
    ----------
    group : Reached
    overlap : {"independent", "nested", "none"}
    lost : callable, optional
        Told (from, to, units x share) of what an initiative loses to a stronger one.

    Notes
    -----
    A customer is credited to the strongest initiative that reaches it; what each of
    the others would have claimed is lost to that one, so losses add up to what is
    taken out. An initiative that does harm keeps all of it and takes nothing.
    """
    found = [np.zeros((1, 1)) for _ in group.units]
    ahead = _Order(group.rank) if overlap != "none" else _Order([])
    for weight, shares in group.cells:
        inside = {at: share for at, share in enumerate(shares) if share is not None}
        part = _Cell(inside, {at: ahead.of(at, inside) for at in inside}, overlap)
        for at in inside:
            found[at] = found[at] + group.units[at] * (weight * part.left[at])
            if lost is not None:
                for other, first in part.ahead[at]:
                    taken = weight * np.where(first, part.taken(at, other), 0.0)
                    lost(at, other, group.units[at] * taken)
    return found


class _Order:
    """Who ranks before whom, among those that gain."""

    def __init__(self, rank: list[Array]) -> None:
        self.rank = rank
        self.gains = [each > 0 for each in rank]

    def of(self, at: int, inside: Collection[int]) -> Firsts:
        """Return the others of a cell, and where each ranks before one that gains."""
        if not self.rank:
            return []
        own, gains = self.rank[at], self.gains[at]
        return [
            (other, gains & (self.rank[other] >= own if other < at
                             else self.rank[other] > own))
            for other in inside
            if other != at
        ]  # fmt: skip


class _Cell:
    """A part of the customers: the share left to each, and what each takes."""

    def __init__(
        self, shares: dict[int, Array], ahead: dict[int, Firsts], overlap: Overlap
    ) -> None:
        self.shares, self.ahead, self.nested = shares, ahead, overlap == "nested"
        self.before = {at: self._covered(at) for at in shares if self.nested}
        self.left = {at: self._left(at) for at in shares}

    def _left(self, at: int) -> Array:
        """Return the share of customers left to one after those ranked before it."""
        found = self.shares[at]
        if self.nested:
            return np.asarray(np.clip(found - self.before[at], 0, None))
        for other, first in self.ahead[at]:
            found = found * (1 - self.shares[other] * first)
        return found

    def _covered(self, at: int) -> Array:
        found = np.zeros(1)
        for other, first in self.ahead[at]:
            found = np.maximum(found, self.shares[other] * first)
        return found

    def taken(self, at: int, other: int) -> Array:
        """Return the share of one's customers that another, ranked before, takes."""
        own = self.shares[at]
        if not self.nested:
            return own * self.left[other]
        theirs, before = self.shares[other], self.before[other]
        taken = np.minimum(theirs, own) - np.minimum(before, own)
        return np.asarray(np.clip(taken, 0, None))


def capped(total: Array, limit: Array) -> Array:
    """Return the factor that keeps a total within its limit."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(total > limit, limit / total, 1.0))
