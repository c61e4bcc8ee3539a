"""What any set of initiatives returns: a sum over groups that overlap within."""

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
WHOLE = 8


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """NPV of every subset of every group; a set's is the sum over its groups.

    `members` are the subsets, none of them empty, and `group` the group of each;
    `amounts` has shape (draws, subsets). `whole` says that nothing overlaps across
    groups: where it does, what is summed is more than the set returns, never less.
    """

    members: tuple[Members, ...]
    group: tuple[int, ...]
    amounts: Array
    whole: bool

    @property
    def mean(self) -> Array:
        """Mean of each subset."""
        return np.asarray(self.amounts.mean(axis=0))

    def active(self, sets: Bools) -> Array:
        """Return which subsets each set is made of, shape (sets, subsets), 0 and 1."""
        found = np.empty((len(sets), len(self.members)))
        inside: dict[int, Members] = {}
        for some, g in zip(self.members, self.group, strict=True):
            if len(some) >= len(inside.get(g, ())):
                inside[g] = some
        for at, (some, g) in enumerate(zip(self.members, self.group, strict=True)):
            rest = [i for i in inside[g] if i not in some]
            found[:, at] = sets[:, list(some)].all(axis=1) & ~sets[:, rest].any(axis=1)
        return found


def read_values(draws: Draws) -> Values:
    """Work out what the subsets of each group return."""
    mean = draws.alone.mean(axis=0)
    groups = [
        part for group in overlapping(draws) for part in _parts(group, mean)
    ]  # fmt: skip
    members: list[Members] = []
    owner: list[int] = []
    for g, group in enumerate(groups):
        for k in range(1, len(group) + 1):
            subsets = list(itertools.combinations(group, k))
            members += subsets
            owner += [g] * len(subsets)
    amounts = np.column_stack([_npv(draws, some) for some in members])
    full = [at for at, some in enumerate(members) if some in groups]
    gap = amounts[:, full].sum(axis=1) - draws.together(draws.names)
    whole = bool(np.abs(gap).max() <= _room(draws))
    return Values(tuple(members), tuple(owner), amounts, whole)


def _npv(draws: Draws, some: Members) -> Array:
    if len(some) == 1:
        return draws.alone[:, some[0]]
    return draws.together([draws.names[i] for i in some])


def _room(draws: Draws) -> float:
    """Return what is lost to rounding, over all draws and initiatives."""
    return 1e-9 * max(float(np.abs(draws.alone).sum(axis=1).max(initial=0.0)), 1e-12)


def _parts(group: Members, mean: Array) -> Iterator[Members]:
    """Cut a group that is too large, the most valuable together."""
    order = sorted(group, key=lambda i: -mean[i])
    for at in range(0, len(order), WHOLE):
        yield tuple(sorted(order[at : at + WHOLE]))


def overlapping(draws: Draws) -> list[Members]:
    """Return the groups of initiatives whose joint NPV is no sum, by halving."""
    known: dict[Members, Array] = {}

    def npv(some: Members) -> Array:
        if some not in known:
            known[some] = _npv(draws, some)
        return known[some]

    n = len(draws.names)
    return _joined(list(_within(tuple(range(n)), npv, _room(draws))), n)


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
    """Return the connected groups, also of one."""
    group = list(range(n))
    for i, j in pairs:
        old, new = max(group[i], group[j]), min(group[i], group[j])
        group = [new if g == old else g for g in group]
    return [tuple(i for i in range(n) if group[i] == g) for g in dict.fromkeys(group)]
