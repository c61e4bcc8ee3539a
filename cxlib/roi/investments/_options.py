"""The sets of initiatives that a choice is made between, on the same draws."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from cxlib.roi.investments.draws import Draws

Array = npt.NDArray[np.float64]
ALL_SETS, MOST_SETS = 6, 64
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Options:
    """Sets of initiatives and what each pays, shape (draws, sets).

    `complete` says whether every set that the budget allows is among them.
    """

    sets: tuple[Names, ...]
    payoffs: Array
    complete: bool

    @property
    def best(self) -> Names:
        """The set best on average."""
        return self.sets[int(self.payoffs.mean(axis=0).argmax())]

    def holding(self, name: str) -> Array:
        """Return 1 for the sets that hold an initiative, else 0."""
        return np.array([float(name in one) for one in self.sets])


def options(draws: Draws, budget: float | None) -> Options:
    """Return the sets within a budget: all of few, else those near the best.

    Near are the sets that add, drop or swap one initiative.
    """
    purse = _Purse(draws, budget)
    if len(draws.names) <= ALL_SETS:
        sizes = range(len(draws.names) + 1)
        sets = [one for k in sizes for one in combinations(draws.names, k)]
        return purse.paid([one for one in sets if purse.holds(one)], complete=True)
    start = _greedy(purse)
    for _ in range(3):
        found = purse.paid(_near(purse, start), complete=False)
        if found.best == start:
            break
        start = found.best
    return found


class _Purse:
    """What sets cost and pay."""

    def __init__(self, draws: Draws, budget: float | None) -> None:
        self.draws, self.budget = draws, budget
        self.names = draws.names
        self.npv = dict(zip(self.names, draws.alone.mean(axis=0).tolist(), strict=True))
        self.cost = dict(
            zip(self.names, draws.upfront.mean(axis=0).tolist(), strict=True)
        )

    def holds(self, names: Names) -> bool:
        """Whether the first costs of a set are within the budget."""
        limit = float("inf") if self.budget is None else self.budget * (1 + 1e-9)
        return bool(sum(self.cost[name] for name in names) <= limit)

    def ordered(self, names: set[str]) -> Names:
        """Return a set in the order of the file."""
        return tuple(name for name in self.names if name in names)

    def paid(self, sets: list[Names], *, complete: bool) -> Options:
        """Return what sets pay in each draw."""
        payoffs = np.column_stack([self.draws.together(one) for one in sets])
        return Options(sets=tuple(sets), payoffs=payoffs, complete=complete)


def _greedy(purse: _Purse) -> Names:
    """Return initiatives that pay alone, the best per money first, while it lasts."""
    taken: Names = ()
    for name in sorted(
        purse.names, key=lambda one: -purse.npv[one] / max(purse.cost[one], 1e-9)
    ):
        more = purse.ordered({*taken, name})
        if purse.npv[name] > 0 and purse.holds(more):
            taken = more
    return taken


def _near(purse: _Purse, start: Names) -> list[Names]:
    """Return a set and its neighbours, the most promising swaps first."""
    inside, outside = set(start), [n for n in purse.names if n not in start]
    found = [inside, *(inside - {n} for n in start), *(inside | {n} for n in outside)]
    swaps = [(inside - {i}) | {o} for i in start for o in outside]
    swaps.sort(key=lambda one: -sum(purse.npv[name] for name in one))
    sets = dict.fromkeys(purse.ordered(one) for one in [*found, set(), *swaps])
    within = [one for one in sets if purse.holds(one)]
    return within[: max(MOST_SETS, len(purse.names) + 2)]
