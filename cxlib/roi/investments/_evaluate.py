"""Every initiative alone and all together, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxlib.roi.investments import _scene
from cxlib.roi.investments._flows import Settings
from cxlib.roi.investments._market import Market
from cxlib.roi.investments._scene import Scene
from cxlib.roi.investments._world import Rows, World
from cxlib.roi.investments.cash import payback
from cxlib.roi.investments.initiatives import Plans

Array = npt.NDArray[np.float64]
Ledger = dict[tuple[int, int | str], float]
CELLS = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Flows:
    """Outcomes over draws.

    `npv`, shape (draws, initiatives + 1), are NPVs done alone, and of the portfolio;
    `alone` those of each; `credited` those with overlap taken out; `paid` the
    discounted and `upfront` the first cost. `total` is the portfolio's cumulative
    discounted cash, shape (draws, steps + 1); `payback` years for each initiative alone
    and, last, the portfolio; `mean_cash` the mean cash flow of each, and of the
    portfolio; `ledger` the money each loses to another.
    """

    npv: Array
    credited: Array
    paid: Array
    upfront: Array
    total: Array
    payback: Array
    mean_cash: Array
    ledger: Ledger

    @property
    def alone(self) -> Array:
        """NPV of each done alone, shape (draws, initiatives)."""
        return self.npv[:, :-1]


def chunks(n: int, plans: Plans, settings: Settings) -> Iterator[slice]:
    """Cut the draws so that a chunk's arrays stay small."""
    size = max(200, CELLS // (settings.steps * max(plans.n, 1)))
    return (slice(at, min(at + size, n)) for at in range(0, n, size))


def cut(
    plans: Plans,
    world: World,
    markets: Mapping[str, Market],
    settings: Settings,
    rows: Rows,
) -> Scene:
    """Set the scene of some draws."""
    some = {name: market.rows(rows) for name, market in markets.items()}
    return _scene.scene(plans, world.rows(rows), some, settings)


def evaluate(
    plans: Plans, world: World, markets: Mapping[str, Market], settings: Settings
) -> Flows:
    """Evaluate all draws."""
    n, steps = world.n, settings.steps
    credited, paid, first = (np.empty((n, plans.n)) for _ in range(3))
    npv, total, back = (np.empty((n, k)) for k in (plans.n + 1, steps + 1, plans.n + 1))
    cash, ledger = np.zeros((plans.n + 1, steps + 1)), Ledger()
    for rows in chunks(n, plans, settings):
        scene = cut(plans, world, markets, settings, rows)
        for at in range(plans.n):
            paid[rows, at] = scene.paid(at)
            first[rows, at] = scene.courses[at].upfront
            flow = _alone(scene, at)
            npv[rows, at] = flow.T @ settings.factors
            back[rows, at] = _years(flow, settings)
            cash[at] += flow.sum(axis=1)
        flow = _all(scene, credited[rows], paid[rows], ledger)
        npv[rows, -1] = credited[rows].sum(axis=1)
        total[rows] = np.cumsum(flow.T * settings.factors, axis=1)
        back[rows, -1] = _years(flow, settings)
        cash[-1] += flow.sum(axis=1)
    means = {pair: amount / n for pair, amount in ledger.items()}
    return Flows(npv, credited, paid, first, total, back, cash / n, means)


def mean_npv(
    plans: Plans, world: World, markets: Mapping[str, Market], settings: Settings
) -> float:
    """Return the mean NPV of all together, and nothing else."""
    total = 0.0
    for rows in chunks(world.n, plans, settings):
        scene = cut(plans, world, markets, settings, rows)
        for at, units in _scene.together(scene, range(plans.n)).items():
            total += float((scene.gain(at, units) - scene.paid(at)).sum())
    return total / world.n


def _alone(scene: Scene, at: int) -> Array:
    """Return the cash of one initiative done alone, shape (steps + 1, draws)."""
    earned = scene.cash(scene.key(at), scene.units[at] * scene.reach(at))
    return np.asarray(earned - scene.courses[at].spent)


def _all(scene: Scene, credited: Array, paid: Array, ledger: Ledger) -> Array:
    """Fill the credited NPVs and the ledger; return the portfolio's cash."""

    def told(one: int, other: int | str, amount: Array) -> None:
        money = float(scene.gain(one, amount).sum())
        ledger[one, other] = ledger.get((one, other), 0.0) + money

    found = _scene.together(scene, range(scene.plans.n), told)
    for at, units in found.items():
        credited[:, at] = scene.gain(at, units) - paid[:, at]
    return portfolio_cash(scene, found)


def portfolio_cash(scene: Scene, credited: Mapping[int, Array]) -> Array:
    """Return the cash of units x customers credited, costs paid, (steps + 1, draws)."""
    held: dict[tuple[str, str], Array] = {}
    for at, units in credited.items():
        held[scene.key(at)] = held.get(scene.key(at), 0.0) + units
    earned = sum(scene.cash(key, units) for key, units in held.items())
    return np.asarray(earned - sum(course.spent for course in scene.courses))


def _years(flow: Array, settings: Settings) -> Array:
    return payback(np.ascontiguousarray(flow.T)) / settings.steps_per_year
