"""A choice to be made: values, rules and costs, and what any set is worth in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.roi.choice._columns import Ties, read_ties
from cxlib.roi.choice._rules import Rules, check_possible, make_rules
from cxlib.roi.choice._solve import Risk, best
from cxlib.roi.choice._values import Values, read_values
from cxlib.roi.investments.draws import Draws

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Budget = float | Sequence[float] | None


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Everything that a set is judged by; `upfront` is the mean first cost of each."""

    draws: Draws
    values: Values
    rules: Rules
    ties: Ties
    risk: Risk
    upfront: Array

    @property
    def names(self) -> tuple[str, ...]:
        """Initiatives in the order of the draws."""
        return self.draws.names

    def listed(self, chosen: Bools) -> list[str]:
        """Return the names in a set."""
        return [name for name, inside in zip(self.names, chosen, strict=True) if inside]

    def npv(self, chosen: Bools) -> Array:
        """Return the draws of a set's NPV, worked out anew."""
        return self.draws.together(self.listed(chosen))

    def mean(self, chosen: Bools) -> float:
        """Return a set's mean NPV by its terms."""
        return float((self.values.active(chosen[None, :]) @ self.values.mean)[0])

    def best(self, rules: Rules | None = None) -> tuple[Bools, bool]:
        """Return the best set, and whether it is known to be."""
        return best(self.values, rules or self.rules, self.risk, self.npv)

    def over(self, chosen: Bools) -> float:
        """Return the share of draws in which a set's first costs break a budget."""
        n = self.rules.n_budgets
        over = np.zeros(len(self.draws.alone), dtype=bool)
        for row, most in zip(self.rules.rows[:n], self.rules.most, strict=False):
            spent = self.draws.upfront[:, (row != 0) & chosen].sum(axis=1)
            over |= spent > most * (1 + 1e-9)
        return float(over.mean())

    def allowed(self, chosen: Bools) -> bool:
        """Return whether a set keeps every rule."""
        return bool(self.rules.allow(chosen[None, :])[0])


def read_problem(
    draws: Draws, initiatives: pd.DataFrame | None, budget: Budget, risk: Risk
) -> Problem:
    """Check the budget and the columns; raise where no set is allowed."""
    upfront = np.asarray(draws.upfront.mean(axis=0))
    ties = read_ties(initiatives, draws.names)
    limits = read_budget(budget)
    spent, said = upfront[None, :][: len(limits)], ["the budget"]
    if len(limits) > 1:
        spent, said = _by_quarter(draws, upfront, len(limits))
    rules = make_rules(spent, limits, said, ties)
    check_possible(rules, ties, draws.names)
    return Problem(draws, read_values(draws), rules, ties, risk, upfront)


def read_budget(budget: Budget) -> list[float]:
    """Return the budget of each quarter; none without a limit."""
    if budget is None:
        return []
    many = isinstance(budget, Sequence | np.ndarray)
    listed: list[float] = list(budget) if many else [budget]  # type: ignore[arg-type, list-item]
    if not listed:
        raise ArgumentError("`budget` is an empty list; give a number a quarter.")
    for one in listed:
        _checks.in_range(one, "budget", 0, float("inf"))
    return [float(one) for one in listed]


def quarters_of(draws: Draws) -> npt.NDArray[np.int64]:
    """Return the quarter, from 0, in which each initiative starts."""
    return np.floor(draws.plans.start * 4 + 1e-9).astype(int)


def _by_quarter(draws: Draws, upfront: Array, n: int) -> tuple[Array, list[str]]:
    """Put each first cost in the quarter of its start."""
    start = quarters_of(draws)
    late = np.flatnonzero(start >= n)
    if len(late):
        raise DataError(
            f"initiative '{draws.names[late[0]]}' starts in quarter "
            f"{start[late[0]] + 1} and `budget` has {n} quarters; give a budget for "
            "every quarter in which one starts."
        )
    spent = np.where(start[None, :] == np.arange(n)[:, None], upfront, 0.0)
    return spent, [f"the budget of quarter {q + 1}" for q in range(n)]
