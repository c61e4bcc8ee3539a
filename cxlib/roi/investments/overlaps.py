"""No customer's value twice: who is credited, and what is taken from whom."""

from __future__ import annotations

from collections.abc import Callable
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


def credit(group: Reached, overlap: Overlap, lost: Lost | None = None) -> list[Array]:
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
    for weight, shares in group.cells:
        inside = [at for at, share in enumerate(shares) if share is not None]
        for at in inside:
            ahead = [] if overlap == "none" else _ahead(group, inside, at)
            own = group.units[at] * weight
            left = _left(at, ahead, shares, overlap)
            found[at] = found[at] + own * left
        if lost is not None and overlap != "none":
            _told(group, inside, shares, weight, overlap, lost)
    return found


def _ahead(group: Reached, inside: list[int], at: int) -> Firsts:
    """Return the others of a cell, and where each ranks before one that gains."""
    own, gains = group.rank[at], group.rank[at] > 0
    return [
        (other, gains & (group.rank[other] >= own if other < at
                         else group.rank[other] > own))
        for other in inside
        if other != at
    ]  # fmt: skip


def _left(
    at: int,
    ahead: Firsts,
    shares: list[Array | None],
    overlap: Overlap,
) -> Array:
    """Return the share of customers left to one after those ranked before it."""
    own = np.asarray(shares[at])
    if overlap == "nested":
        before = _covered(ahead, shares)
        return np.asarray(np.clip(own - before, 0, None))
    found = own
    for other, first in ahead:
        found = found * np.where(first, 1 - np.asarray(shares[other]), 1.0)
    return np.asarray(found)


def _covered(ahead: Firsts, shares: list[Array | None]) -> Array:
    found = np.zeros(1)
    for other, first in ahead:
        found = np.maximum(found, np.where(first, np.asarray(shares[other]), 0.0))
    return found


def _told(
    group: Reached,
    inside: list[int],
    shares: list[Array | None],
    weight: float,
    overlap: Overlap,
    lost: Lost,
) -> None:
    """Report what each loses to each that ranks before it."""
    ranks = {at: _ahead(group, inside, at) for at in inside}
    for at in inside:
        own = np.asarray(shares[at])
        for other, first in ranks[at]:
            if overlap == "nested":
                before = _covered(ranks[other], shares)
                theirs = np.asarray(shares[other])
                taken = np.minimum(theirs, own) - np.minimum(before, own)
                taken = np.clip(taken, 0, None)
            else:
                taken = own * _left(other, ranks[other], shares, overlap)
            lost(at, other, group.units[at] * weight * np.where(first, taken, 0.0))


def capped(total: Array, limit: Array) -> Array:
    """Return the factor that keeps a total within its limit."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(total > limit, limit / total, 1.0))
