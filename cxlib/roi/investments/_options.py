"""The sets of initiatives that a choice is made between, on the same draws."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
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
    """Return the sets within a budget: all of few initiatives, else those near the best.

    Near are the sets that add, drop or swap one initiative.
    """
    if len(draws.names) <= ALL_SETS:
        sets = [
            one
            for size in range(len(draws.names) + 1)
            for one in combinations(draws.names, size)
            if _affordable(draws, one, budget)
        ]
        return _paid(draws, sets, complete=True)
    start, found = _greedy(draws, budget), None
    for _ in range(3):
        found = _paid(draws, _near(draws, start, budget), complete=False)
        if found.best == start:
            break
        start = found.best
    return found or _paid(draws, [()], complete=True)


def _paid(draws: Draws, sets: list[Names], *, complete: bool) -> Options:
    payoffs = np.column_stack([draws.together(one) for one in sets])
    return Options(sets=tuple(sets), payoffs=payoffs, complete=complete)


def _affordable(draws: Draws, names: Names, budget: float | None) -> bool:
    if budget is None:
        return True
    costs = dict(zip(draws.names, draws.upfront.mean(axis=0).tolist(), strict=True))
    return sum(costs[name] for name in names) <= budget * (1 + 1e-9)


def _greedy(draws: Draws, budget: float | None) -> Names:
    """Return initiatives that pay alone, the best per money first, while it lasts."""
    npv, cost = draws.alone.mean(axis=0), draws.upfront.mean(axis=0)
    order = np.argsort(-npv / np.maximum(cost, 1e-9), kind="stable")
    taken: Names = ()
    for i in order:
        more = _ordered(draws, {*taken, draws.names[i]})
        if npv[i] > 0 and _affordable(draws, more, budget):
            taken = more
    return taken


def _near(draws: Draws, start: Names, budget: float | None) -> list[Names]:
    """Return a set and its neighbours, the most promising first."""
    inside, outside = set(start), [n for n in draws.names if n not in start]
    found = [inside, *(inside - {n} for n in start), *(inside | {n} for n in outside)]
    swaps = [(inside - {i}) | {o} for i in start for o in outside]
    npv = dict(zip(draws.names, draws.alone.mean(axis=0).tolist(), strict=True))
    swaps.sort(key=lambda one: -sum(npv[name] for name in one))
    sets = [_ordered(draws, one) for one in [*found, set(), *swaps]]
    within = [one for one in dict.fromkeys(sets) if _affordable(draws, one, budget)]
    return within[: max(MOST_SETS, len(draws.names) + 2)]


def _ordered(draws: Draws, names: set[str]) -> Names:
    return tuple(name for name in draws.names if name in names)
