"""Which sets of initiatives are allowed, and what stands in the way of any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cxlib.errors import DataError
from cxlib.roi import _words
from cxlib.roi.choice._columns import Ties

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """Linear rules of a set x: `rows @ x <= most`, and bounds for each initiative.

    The first rows are the budgets, of which there are `n_budgets`; `said` words every
    row.
    """

    rows: Array
    most: Array
    said: tuple[str, ...]
    must: Bools
    never: Bools
    n_budgets: int

    def allow(self, sets: Bools) -> Bools:
        """Return which sets keep every rule."""
        used = sets.astype(float) @ self.rows.T
        room = 1e-9 * np.maximum(1.0, np.abs(self.most))
        kept = (used <= self.most + room).all(axis=1)
        kept &= (sets | ~self.must).all(axis=1) & ~(sets & self.never).any(axis=1)
        return np.asarray(kept)

    def scaled(self, factor: float) -> Rules:
        """Return the rules with every budget times a factor."""
        most = self.most.copy()
        most[: self.n_budgets] *= factor
        return replace(self, most=most)


def make_rules(
    costs: Array, budgets: Sequence[float], said: Sequence[str], ties: Ties
) -> Rules:
    """Write the rules; `costs` has shape (budgets, initiatives)."""
    n = costs.shape[1]
    rows, most = [*costs], list(budgets)
    for i, j in ties.needs:
        rows.append(_row(n, {i: 1.0, j: -1.0}))
        most.append(0.0)
    for i, j in ties.excludes:
        rows.append(_row(n, {i: 1.0, j: 1.0}))
        most.append(1.0)
    must, never = (np.isin(np.arange(n), some) for some in (ties.must, ties.never))
    return Rules(
        np.array(rows).reshape(-1, n), np.array(most, dtype=float), tuple(said),
        must, never, len(budgets),
    )  # fmt: skip


def _row(n: int, entries: dict[int, float]) -> Array:
    found = np.zeros(n)
    for at, value in entries.items():
        found[at] = value
    return found


def required(ties: Ties) -> set[int]:
    """Return the initiatives that must be done, with all that they need."""
    found = set(ties.must)
    while True:
        more = {j for i, j in ties.needs if i in found} - found
        if not more:
            return found
        found |= more


def check_possible(rules: Rules, ties: Ties, names: Sequence[str]) -> None:
    """Raise DataError where no set is allowed: the musts break another rule."""
    inside = sorted(required(ties))
    if not inside:
        return
    listed = _words.listed([names[i] for i in inside])
    for i in inside:
        if i in ties.never:
            raise DataError(
                f"no set is allowed: {listed} must be done or is needed for it, and "
                f"{names[i]} is marked never. Change one of the two."
            )
    for i, j in ties.excludes:
        if i in inside and j in inside:
            raise DataError(
                f"no set is allowed: {names[i]} and {names[j]} exclude each other and "
                "both must be done or are needed for it. Let one of them go."
            )
    least = np.isin(np.arange(len(names)), inside)
    used = rules.rows[: rules.n_budgets] @ least
    for said, spent, most in zip(rules.said, used, rules.most, strict=False):
        if spent > most * (1 + 1e-9):
            raise DataError(
                f"no set is allowed: {listed} must be done and cost {spent:,.0f}, "
                f"above {said} of {most:,.0f}. Raise it, or mark fewer with `must`."
            )
