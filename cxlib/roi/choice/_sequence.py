"""In what order one team works through jobs, and what waiting costs in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Pair = tuple[int, int]
EXACT_UP_TO = 14


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """What each job's wait costs: curves over common weeks, linear between them.

    `curves` has shape (jobs, weeks); beyond the last week the cost stays as it is.
    """

    weeks: Array
    curves: Array
    effort: Array

    def cost(self, job: int, wait: Array) -> Array:
        """Return what it costs that a job is begun after a wait, in weeks."""
        return np.asarray(np.interp(wait, self.weeks, self.curves[job]))

    def total(self, order: Sequence[int]) -> float:
        """Return what waiting costs in all, each job after those before it."""
        waits = np.concatenate([[0.0], np.cumsum(self.effort[list(order)])[:-1]])
        lost = [self.cost(job, wait) for job, wait in zip(order, waits, strict=True)]
        return float(np.sum(lost))


def by_priority(priority: Array, needs: Sequence[Pair]) -> list[int]:
    """Return the order of the largest priority first, what a job needs before it.

    >>> by_priority(np.array([3.0, 2.0, 1.0]), [(0, 2)])
    [1, 2, 0]
    """
    left, order = list(range(len(priority))), []
    while left:
        free = [i for i in left if not any(a == i and b in left for a, b in needs)]
        job = max(free, key=lambda i: (priority[i], -i))
        order.append(job)
        left.remove(job)
    return order


def best_order(
    waiting: Waiting, start: list[int], needs: Sequence[Pair]
) -> tuple[list[int], bool]:
    """Return the order in which waiting costs least, and whether that is proven."""
    if len(start) <= EXACT_UP_TO:
        return _exact(waiting, needs), True
    return _improved(waiting, start, needs), False


def _exact(waiting: Waiting, needs: Sequence[Pair]) -> list[int]:
    """Solve over sets of jobs done: what a set took does not depend on its order."""
    n = len(waiting.effort)
    codes = np.arange(2**n)
    inside = (codes[:, None] >> np.arange(n)[None, :] & 1).astype(bool)
    wait = inside @ waiting.effort
    cost = np.stack([waiting.cost(job, wait) for job in range(n)], axis=1)
    first = np.zeros((2**n, n), dtype=bool)
    for a, b in needs:
        first[:, a] |= ~inside[:, b]
    step = np.where(inside | first, np.inf, cost)
    least, last = np.full(2**n, np.inf), np.zeros(2**n, dtype=int)
    least[0] = 0.0
    powers = 1 << np.arange(n)
    for code in range(1, 2**n):
        jobs = np.flatnonzero(inside[code])
        before = code - powers[jobs]
        options = least[before] + step[before, jobs]
        at = int(options.argmin())
        least[code], last[code] = options[at], jobs[at]
    order, code = [], 2**n - 1
    while code:
        order.append(int(last[code]))
        code -= int(powers[last[code]])
    return order[::-1]


def _improved(waiting: Waiting, start: list[int], needs: Sequence[Pair]) -> list[int]:
    """Move one job at a time to where it saves most, until none does."""
    now, level = start, waiting.total(start)
    while True:
        options = [
            moved for at in range(len(now)) for to in range(len(now)) if at != to
            for moved in [_moved(now, at, to)] if _kept(moved, needs)
        ]  # fmt: skip
        totals = [waiting.total(order) for order in options]
        if not totals or min(totals) >= level - 1e-9 * max(1.0, abs(level)):
            return now
        level = min(totals)
        now = options[totals.index(level)]


def _moved(order: list[int], at: int, to: int) -> list[int]:
    found = order[:at] + order[at + 1 :]
    return [*found[:to], order[at], *found[to:]]


def _kept(order: list[int], needs: Sequence[Pair]) -> bool:
    place = {job: at for at, job in enumerate(order)}
    return all(place[b] < place[a] for a, b in needs)
