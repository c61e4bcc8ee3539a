"""What any set of initiatives returns: each alone, less what is counted twice."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxlib.roi.investments.draws import Draws

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Members = tuple[int, ...]
WHOLE = 7


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """NPV of a set as a sum over the terms whose members are all in it.

    `amounts` has shape (draws, terms). The first terms are the initiatives alone; a
    further term is what its members return together beyond all their smaller sets:
    for two on one driver, less what both would claim. `whole` says that every group
    of initiatives that overlap was worked out in full; in larger groups only pairs.
    """

    members: tuple[Members, ...]
    amounts: Array
    whole: bool

    @property
    def mean(self) -> Array:
        """Mean of each term."""
        return np.asarray(self.amounts.mean(axis=0))

    def active(self, sets: Bools) -> Array:
        """Return which terms count in each set, shape (sets, terms), as 0 and 1."""
        found = [sets[:, list(some)].all(axis=1) for some in self.members]
        return np.column_stack(found).astype(float)


def read_values(draws: Draws) -> Values:
    """Work out the terms."""
    n = len(draws.names)
    groups = overlapping(draws)
    terms = [some for group in groups for some in _terms(group)]
    found: dict[Members, Array] = {(i,): draws.alone[:, i] for i in range(n)}
    for some in terms:
        whole = draws.together([draws.names[i] for i in some])
        less = [found[part] for part in _parts(some) if part in found]
        found[some] = whole - np.sum(less, axis=0)
    large = any(len(group) > WHOLE for group in groups)
    return Values(tuple(found), np.column_stack(list(found.values())), not large)


def _terms(group: Members) -> Iterator[Members]:
    size = len(group) if len(group) <= WHOLE else 2
    for k in range(2, size + 1):
        yield from itertools.combinations(group, k)


def _parts(some: Members) -> Iterator[Members]:
    for k in range(1, len(some)):
        yield from itertools.combinations(some, k)


def overlapping(draws: Draws) -> list[Members]:
    """Return the groups of initiatives whose joint NPV is no sum, by halving."""
    known: dict[Members, Array] = {}

    def npv(some: Members) -> Array:
        if some not in known:
            known[some] = (
                draws.alone[:, some[0]]
                if len(some) == 1
                else draws.together([draws.names[i] for i in some])
            )
        return known[some]

    limit = 1e-9 * float(np.abs(draws.alone).max(initial=1.0))
    n = len(draws.names)
    return _joined(list(_within(tuple(range(n)), npv, limit)), n)


def _within(
    some: Members, npv: Callable[[Members], Array], limit: float
) -> Iterator[tuple[int, int]]:
    """Yield the pairs that overlap inside a set."""
    if len(some) > 1:
        left, right = some[: len(some) // 2], some[len(some) // 2 :]
        yield from _within(left, npv, limit)
        yield from _within(right, npv, limit)
        yield from _across(left, right, npv, limit)


def _across(
    left: Members, right: Members, npv: Callable[[Members], Array], limit: float
) -> Iterator[tuple[int, int]]:
    """Yield the pairs that overlap across two sets."""
    gap = npv(tuple(sorted(left + right))) - npv(left) - npv(right)
    if np.abs(gap).max(initial=0.0) <= limit:
        return
    if len(left) == len(right) == 1:
        yield left[0], right[0]
        return
    big, small = (left, right) if len(left) >= len(right) else (right, left)
    half = len(big) // 2
    for part in (big[:half], big[half:]):
        yield from _across(part, small, npv, limit)


def _joined(pairs: list[tuple[int, int]], n: int) -> list[Members]:
    """Return the connected groups of two and more."""
    group = list(range(n))
    for i, j in pairs:
        old, new = max(group[i], group[j]), min(group[i], group[j])
        group = [new if g == old else g for g in group]
    found = (tuple(i for i in range(n) if group[i] == g) for g in dict.fromkeys(group))
    return [some for some in found if len(some) > 1]
