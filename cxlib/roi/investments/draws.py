"""The draws of a simulation, for what is decided from them: one world a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.roi.investments import _evaluate, _scene
from cxlib.roi.investments._flows import Settings
from cxlib.roi.investments._market import Market
from cxlib.roi.investments._scene import Scene
from cxlib.roi.investments._world import World
from cxlib.roi.investments.initiatives import Plans

Array = npt.NDArray[np.float64]
Part = tuple[Array, dict[str, Array]]
KEPT = 200_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draws:
    """What every initiative returns in every draw; row i is the same world throughout.

    Attributes
    ----------
    names : tuple of str
        Initiatives, in the order of the file.
    alone : ndarray, shape (draws, initiatives)
        NPV of each done alone.
    cost : ndarray, shape (draws, initiatives)
        Its discounted cost, first and running.
    upfront : ndarray, shape (draws, initiatives)
        Its first cost, not discounted; zero where it starts after the horizon.
    inputs : dict of str to ndarray, shape (draws,)
        Every uncertain input ("effect of X", "value of a point"); fixed ones are not
        in it.
    currency : str
    horizon : float
        Years.
    """

    names: tuple[str, ...]
    alone: Array
    cost: Array
    upfront: Array
    inputs: dict[str, Array]
    currency: str
    horizon: float
    plans: Plans = field(repr=False)
    world: World = field(repr=False)
    markets: Mapping[str, Market] = field(repr=False)
    settings: Settings = field(repr=False)
    _parts: dict[tuple[int, ...], Part] = field(default_factory=dict, repr=False)

    def together(self, names: Sequence[str]) -> Array:
        """Return the NPV of a set done together, overlap taken out, shape (draws,).

        Of no initiative it is zero; the order of the names does not matter. What
        initiatives on one driver give is remembered, so that many sets are quick.
        """
        chosen = self._places(names)
        found = np.zeros(len(self.alone))
        peaks: dict[str, Array] = {}
        for members in _scene.groups(self.plans, chosen):
            gain, most = self._part(tuple(members))
            found += gain - self.cost[:, members].sum(axis=1)
            for kind, peak in most.items():
                peaks[kind] = peaks.get(kind, 0.0) + peak
        over = np.zeros(len(found), dtype=bool)
        for kind, peak in peaks.items():
            over |= peak > self._limit(kind)
        if over.any():
            found[over] = self._exactly(chosen, np.flatnonzero(over))
        return found

    def cash(
        self, names: Sequence[str], starts: Mapping[str, float] | None = None
    ) -> Array:
        """Return the cash of a set done together, not discounted, overlap taken out.

        Shape (draws, steps + 1): step 0 is the first start in the file; what runs in a
        step falls on its end, a first cost on the step nearest to its start. `starts`
        gives years after the first start for those that begin at another time.
        """
        plans, world = self._begun(names, starts or {})
        found = np.zeros((world.n, self.settings.steps + 1))
        for rows in _evaluate.chunks(world.n, plans, self.settings) if plans.n else ():
            scene = _evaluate.cut(plans, world, self.markets, self.settings, rows)
            credited = _scene.together(scene, range(plans.n))
            found[rows] = _evaluate.portfolio_cash(scene, credited).T
        return found

    def by_quarter(
        self, names: Sequence[str], starts: Mapping[str, float] | None = None
    ) -> Array:
        """Return `cash` by quarter, shape (draws, quarters); none in yearly steps.

        A first cost counts in the quarter that begins with it.
        """
        each = self.settings.steps_per_year // 4
        if not each:
            return np.zeros((self.world.n, 0))
        cash, last = self.cash(names, starts), self.settings.steps
        edges = np.arange(0, last, each)
        found = np.add.reduceat(cash[:, 1:], edges, axis=1)
        found[:, 0] += cash[:, 0]
        plans, world = self._begun(names, starts or {})
        for at in range(plans.n):
            begin = np.round((plans.start[at] + world.one("slip", at)) * 4 * each)
            for q in range(1, len(edges)):
                due = np.where(begin == edges[q], world.one("cost", at), 0.0)
                found[:, q - 1] += due
                found[:, q] -= due
        return found

    def _begun(
        self, names: Sequence[str], starts: Mapping[str, float]
    ) -> tuple[Plans, World]:
        """Return the plans of a set, begun when they are, and its worlds."""
        chosen, late = self._places(names), self._places(list(starts))
        start = self.plans.start.copy()
        start[late] = [starts[self.names[at]] for at in late]
        plans = replace(self.plans, start=start).some(chosen)
        return plans, self.world.some(chosen)

    def delayed(self, weeks: float) -> Array:
        """Return the NPV of each alone if it started `weeks` later.

        Shape (draws, initiatives). The horizon ends when it ended before; a delay
        between two steps is interpolated.
        """
        _checks.in_range(weeks, "weeks", 0, float("inf"), ends="[)")
        steps = weeks * 7 / 365.25 * self.settings.steps_per_year
        low = int(np.floor(steps))
        share = steps - low
        found = self._later(low) * (1 - share)
        return found + share * self._later(low + 1) if share else found

    def _later(self, steps: int) -> Array:
        if not steps:
            return self.alone
        years = self.plans.start + steps / self.settings.steps_per_year
        late, found = replace(self.plans, start=years), np.empty_like(self.alone)
        for rows in _evaluate.chunks(self.world.n, late, self.settings):
            scene = _evaluate.cut(late, self.world, self.markets, self.settings, rows)
            for at in range(late.n):
                held = scene.units[at] * scene.reach(at)
                found[rows, at] = scene.gain(at, held) - scene.paid(at)
        return found

    def _part(self, members: tuple[int, ...]) -> Part:
        """Return the gain of initiatives on one driver, and their peak by kind."""
        if members in self._parts:
            return self._parts[members]
        gain, most = np.empty(self.world.n), dict[str, Array]()
        kinds = {self.plans.acts_on[at] for at in members} & set(_scene.CAPS)
        for rows, scene in self._scenes(members):
            credited = _scene.grouped(scene, list(range(len(members))))
            gain[rows] = sum(scene.gain(at, held) for at, held in credited.items())
            for kind in kinds:
                held = sum(
                    np.maximum(each, 0)
                    for at, each in credited.items()
                    if scene.plans.acts_on[at] == kind
                )
                most.setdefault(kind, np.empty(self.world.n))[rows] = np.max(
                    held, axis=0
                )
        if (len(self._parts) + 1) * gain.nbytes * 2 < KEPT:
            self._parts[members] = gain, most
        return gain, most

    def _scenes(self, members: Sequence[int]) -> Iterator[tuple[slice, Scene]]:
        plans, world = self.plans.some(members), self.world.some(members)
        for rows in _evaluate.chunks(world.n, plans, self.settings):
            yield rows, _evaluate.cut(plans, world, self.markets, self.settings, rows)

    def _limit(self, kind: str) -> Array:
        """Return the smallest limit of a kind in any market, shape (draws or 1,)."""
        each = self.settings.steps_per_year
        homes = {
            _scene.market_of(self.plans, self.markets, at)
            for at, acts_on in enumerate(self.plans.acts_on)
            if acts_on == kind
        }
        limits = [
            market.limit(kind, each) * market.customers
            for name, market in self.markets.items()
            if name in homes
        ]
        return np.asarray(np.minimum.reduce(np.broadcast_arrays(*limits)))

    def _exactly(self, chosen: list[int], rows: npt.NDArray[np.intp]) -> Array:
        """Evaluate a set with all caps, in some draws."""
        plans, world = self.plans.some(chosen), self.world.some(chosen)
        found = np.empty(len(rows))
        for part in _evaluate.chunks(len(rows), plans, self.settings):
            at = rows[part]
            scene = _evaluate.cut(plans, world, self.markets, self.settings, at)
            credited = _scene.together(scene, range(len(chosen)))
            found[part] = sum(scene.gain(i, held) for i, held in credited.items())
            found[part] -= self.cost[np.ix_(at, np.array(chosen))].sum(axis=1)
        return found

    def _places(self, names: Sequence[str]) -> list[int]:
        if isinstance(names, str):
            raise ArgumentError(f"`names` is '{names}'; give a sequence of names.")
        known = {name: at for at, name in enumerate(self.names)}
        for name in names:
            if name not in known:
                raise ArgumentError(
                    f"`names` has '{name}'; {_checks.did_you_mean(name, self.names)}"
                )
        return sorted({known[name] for name in names})
