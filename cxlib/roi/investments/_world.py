"""Every uncertain input of every initiative, drawn: one world a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxlib.roi.investments import _streams
from cxlib.roi.investments._cells import INPUTS
from cxlib.roi.investments._streams import Correlation
from cxlib.roi.investments.distributions import through
from cxlib.roi.investments.initiatives import Plans

Array = npt.NDArray[np.float64]
Rows = slice | npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Inputs by name, each of shape (draws, initiatives), or (1, initiatives) if fixed.

    `n` is the number of draws.
    """

    given: Mapping[str, Array]
    n: int

    def rows(self, rows: Rows) -> World:
        """Return some draws."""
        found = {k: v[rows] if len(v) > 1 else v for k, v in self.given.items()}
        return World(found, len(np.arange(self.n)[rows]))

    def some(self, chosen: Sequence[int]) -> World:
        """Return some initiatives."""
        return World({k: v[:, list(chosen)] for k, v in self.given.items()}, self.n)

    def one(self, name: str, at: int) -> Array:
        """Return one input of one initiative, shape (draws,), or (1,) if fixed."""
        drawn = self.given[name][:, at]
        return drawn[:1] if bool((drawn == drawn[0]).all()) else drawn


def label(name: str, initiative: str) -> str:
    """Return what an input is called."""
    return f"{name.replace('_', ' ')} of {initiative}"


def draw(plans: Plans, *, n: int, start: int, correlation: Correlation) -> World:
    """Draw all inputs; a fixed one is not drawn."""
    effects = _streams.scores(
        plans.name, plans.group, plans.rho, n=n, start=start, correlation=correlation
    )
    return World({name: _one(plans, name, n, start, effects) for name in INPUTS}, n)


def _one(plans: Plans, name: str, n: int, start: int, effects: Array) -> Array:
    base, ranged = plans.base[name], plans.ranged(name)
    if not ranged.any():
        return base[None, :]
    found = np.tile(base, (n, 1))
    for at in np.flatnonzero(ranged):
        what = f"{name} of {plans.name[at]}"
        z = (
            effects[:, at]
            if name == "effect"
            else _streams.stream(start, what).standard_normal(n)
        )
        shape = plans.shape[name][at]
        share = shape == "beta" and name == "reach"
        unit = float(plans.size[at]) if share else 1.0
        centre, low, high = (
            float(each[name][at]) / unit for each in (plans.base, plans.low, plans.high)
        )
        found[:, at] = unit * through(shape, centre, low, high, z)
    return np.clip(found, *_bounds(plans, name))


def _bounds(plans: Plans, name: str) -> tuple[Array | float, Array | float]:
    if name == "effect":
        return -np.inf, np.inf
    if name == "reach":
        return 0.0, plans.size
    return (1e-3, np.inf) if name == "duration" else (0.0, _MOST.get(name, np.inf))


_MOST = {"decay": 0.999}


def central(plans: Plans, changed: Mapping[str, float | Array]) -> World:
    """Return worlds with every input at its centre, or as changed.

    One world, or as many as an input has changed values.
    """
    n = max((np.size(each) for each in changed.values()), default=1)
    found = {}
    for name in INPUTS:
        values = np.tile(plans.base[name], (n, 1))
        for at, initiative in enumerate(plans.name):
            values[:, at] = changed.get(label(name, initiative), values[:, at])
        low, high = _bounds(plans, name)
        found[name] = np.clip(values, low, high)
    return World(found, n)
