"""The best set under rules: by integer programming, and by trying all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cxlib.roi.choice._program import program, program_averse
from cxlib.roi.choice._rules import Rules
from cxlib.roi.choice._values import Values

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Kind = Literal["mean", "cvar", "p10"]
ALL_UP_TO, TAIL, FORESEEN, TRIED = 12, 0.1, 200, 8
_CHUNK = 4_000_000


@dataclass(frozen=True, slots=True)
class Risk:
    """What is made as large as possible.

    'mean'; 'cvar': mean - aversion x (mean - mean of the worst tenth); or 'p10'.
    """

    kind: Kind
    aversion: float

    def score(self, npv: Array) -> Array:
        """Return the objective of each column of draws."""
        if self.kind == "p10":
            return np.asarray(np.quantile(npv, TAIL, axis=0))
        mean = npv.mean(axis=0)
        if self.kind == "mean":
            return np.asarray(mean)
        return np.asarray(mean - self.aversion * (mean - worst(npv)))


def worst(npv: Array) -> Array:
    """Return the mean of the worst tenth of draws, column by column."""
    k = max(1, round(TAIL * len(npv)))
    return np.asarray(np.partition(npv, k - 1, axis=0)[:k].mean(axis=0))


def all_sets(rules: Rules) -> Bools:
    """Return every allowed set, shape (sets, initiatives)."""
    n = rules.rows.shape[1]
    codes = np.arange(2**n)
    sets = (codes[:, None] >> np.arange(n)[None, :] & 1).astype(bool)
    return np.asarray(sets[rules.allow(sets)])


def scores(values: Values, sets: Bools, risk: Risk) -> Array:
    """Return the objective of each set, in chunks of sets."""
    active = values.active(sets)
    if risk.kind == "mean":
        return np.asarray(active @ values.mean)
    size = max(1, _CHUNK // len(values.amounts))
    parts = [
        risk.score(values.amounts @ active[at : at + size].T)
        for at in range(0, len(sets), size)
    ]
    return np.concatenate(parts)


def best(
    values: Values, rules: Rules, risk: Risk, exact: Callable[[Bools], Array]
) -> tuple[Bools, bool]:
    """Return the best set, and whether it is known to be the best.

    All sets are tried up to 12 initiatives. Above, an integer program (P10 by way of
    the worst tenth) and then single additions, removals and swaps while they help.
    Where a group of overlaps is too large to be worked out in full, candidates are
    valued exactly.
    """
    if rules.rows.shape[1] <= ALL_UP_TO:
        sets = all_sets(rules)
        found = scores(values, sets, risk)
        start = sets[_first(found, sets)]
        return (start, True) if values.whole else (
            improved(values, rules, risk, start, exact), False
        )  # fmt: skip
    if risk.kind == "mean":
        start = program(values, values.mean, rules)
        if values.whole:
            return start, True
    else:
        aversion = risk.aversion if risk.kind == "cvar" else 0.5
        start = program_averse(values, rules, aversion)
    return improved(values, rules, risk, start, exact), False


def _first(found: Array, sets: Bools) -> int:
    """Return the best; among equals the one with the fewest initiatives."""
    top = np.flatnonzero(found >= found.max() - 1e-9 * max(1.0, abs(found.max())))
    return int(top[sets[top].sum(axis=1).argmin()])


def improved(
    values: Values,
    rules: Rules,
    risk: Risk,
    start: Bools,
    exact: Callable[[Bools], Array],
) -> Bools:
    """Add, remove or swap one initiative at a time for as long as it helps."""
    now = start

    def score(sets: Bools) -> Array:
        if values.whole:
            return scores(values, sets, risk)
        return np.array([risk.score(exact(one)[:, None])[0] for one in sets])

    level = score(now[None, :])[0]
    while True:
        sets = _beside(now)
        sets = sets[rules.allow(sets)]
        if not len(sets):
            return now
        likely = np.argsort(-scores(values, sets, risk), kind="stable")[:TRIED]
        found = score(sets[likely])
        if found.max() <= level + 1e-9 * max(1.0, abs(level)):
            return now
        now, level = sets[likely[found.argmax()]], found.max()


def _beside(now: Bools) -> Bools:
    """Return the sets that differ by one initiative, or by a swap of two."""
    flips = np.eye(len(now), dtype=bool)
    inside, outside = np.flatnonzero(now), np.flatnonzero(~now)
    swaps = [flips[i] | flips[j] for i in inside for j in outside]
    return np.asarray(now ^ np.array([*flips, *swaps]))


def foreseen(values: Values, rules: Rules) -> tuple[Array, Bools]:
    """Return, for each draw, the NPV of the set that is best in it, and that set.

    All draws up to 12 initiatives; above, the first 200, one integer program each.
    """
    n = rules.rows.shape[1]
    if n > ALL_UP_TO:
        gains = values.amounts[:FORESEEN]
        sets = np.array([program(values, gain, rules) for gain in gains])
        return np.asarray((values.active(sets) * gains).sum(axis=1)), sets
    sets = all_sets(rules)
    active = values.active(sets).T
    size = max(1, _CHUNK // len(sets))
    at, top = [], []
    for start in range(0, len(values.amounts), size):
        found = values.amounts[start : start + size] @ active
        at.append(found.argmax(axis=1))
        top.append(found.max(axis=1))
    return np.concatenate(top), sets[np.concatenate(at)]
