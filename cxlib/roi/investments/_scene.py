"""Initiatives in some draws: alone and together, in money."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxlib.roi.investments import _flows
from cxlib.roi.investments._cells import RETAINED, SCORE, SERVING
from cxlib.roi.investments._flows import Course, Settings
from cxlib.roi.investments._market import Market, Price
from cxlib.roi.investments._world import World
from cxlib.roi.investments.initiatives import Plans
from cxlib.roi.investments.overlaps import Reached, capped, credit

Array = npt.NDArray[np.float64]
Key = tuple[str, str]
CAPS = {
    SCORE: "the best score seen",
    RETAINED: "customers there are to keep",
    SERVING: "cost there is to save",
}


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Everything about a chunk of draws that sets of initiatives share.

    `units` of shape (steps, draws or 1) are what each initiative gives a customer
    reached; `worth` today's value of a unit held at each step, by market and kind.
    """

    plans: Plans
    world: World
    settings: Settings
    markets: Mapping[str, Market]
    prices: Mapping[Key, Price]
    worth: Mapping[Key, Array]
    courses: list[Course]
    units: list[Array]
    n: int

    def key(self, at: int) -> Key:
        """Return the market and kind that price an initiative."""
        return market_of(self.plans, self.markets, at), self.plans.acts_on[at]

    def reach(self, at: int) -> Array:
        """Return the customers reached, shape (draws or 1,)."""
        return self.world.one("reach", at)

    def paid(self, at: int) -> Array:
        """Return the discounted cost, shape (draws or 1,)."""
        return np.asarray(self.settings.factors @ self.courses[at].spent)

    def gain(self, at: int, credited: Array) -> Array:
        """Return today's value of units x customers, shape (draws,)."""
        found = (credited * self.worth[self.key(at)]).sum(axis=0)
        return np.broadcast_to(found, (self.n,))

    def cash(self, key: Key, credited: Array) -> Array:
        """Return the cash of units x customers, shape (steps + 1, draws)."""
        found = _flows.spread(credited, self.prices[key].profile)
        return np.broadcast_to(found, (len(found), self.n))


def market_of(plans: Plans, markets: Mapping[str, Market], at: int) -> str:
    """Return the segment that prices an initiative: its own, or all customers."""
    return plans.segment[at] if plans.segment[at] in markets else ""


def scene(
    plans: Plans, world: World, markets: Mapping[str, Market], settings: Settings
) -> Scene:
    """Set the scene of a chunk of draws."""
    each, steps = settings.steps_per_year, settings.steps
    keys = [(market_of(plans, markets, at), plans.acts_on[at]) for at in range(plans.n)]
    prices = {k: markets[k[0]].price(k[1], each, steps) for k in dict.fromkeys(keys)}
    worth = {k: _flows.present(p.profile, settings.factors) for k, p in prices.items()}
    courses = [_flows.course(plans, world, at, settings) for at in range(plans.n)]
    units = [
        _units(
            world.one("effect", at), courses[at].strength, key, prices, markets, each
        )
        for at, key in enumerate(keys)
    ]
    return Scene(
        plans, world, settings, markets, prices, worth, courses, units, world.n
    )


def _units(
    effect: Array,
    strength: Array,
    key: Key,
    prices: Mapping[Key, Price],
    markets: Mapping[str, Market],
    each: int,
) -> Array:
    """Return what a customer gains at each step; gains are positive."""
    market, kind = key
    if kind == RETAINED:
        stay = markets[market].stay(each)
        risen = np.clip(stay**each + effect * strength, 0, 1)
        return np.asarray(risen ** (1 / each) - stay)
    gain = -effect if kind == SERVING else effect
    return np.asarray(np.minimum(gain, prices[key].limit) * strength)


Told = Callable[[int, int | str, Array], None]


def together(
    found: Scene, chosen: Sequence[int], told: Told | None = None
) -> dict[int, Array]:
    """Return units x customers credited to each of a set, shape (steps, draws or 1).

    `told` hears (initiative, initiative or cap it loses to, units x customers).
    """
    credited: dict[int, Array] = {}
    for members in groups(found.plans, chosen):
        credited |= grouped(found, members, told)
    for kind in CAPS:
        _cap(found, kind, credited, told)
    return credited


def groups(plans: Plans, chosen: Sequence[int]) -> list[list[int]]:
    """Return the initiatives that may reach the same customers for the same thing."""
    parts: dict[str, list[int]] = {}
    for at in chosen:
        parts.setdefault(plans.driver[at] or f"#{at}", []).append(at)
    return list(parts.values())


def grouped(
    found: Scene, members: list[int], told: Told | None = None
) -> dict[int, Array]:
    """Return units x customers credited to initiatives of one driver, before caps."""
    base = found.plans.customers
    if len(members) == 1 or found.settings.overlap == "none":
        return {at: found.units[at] * found.reach(at) for at in members}
    keys = {found.key(at) for at in members}
    units = [found.units[at] for at in members]
    rank = units
    if len(keys) > 1:
        rank = [found.units[at] * found.worth[found.key(at)] for at in members]

    def lost(one: int, other: int, amount: Array) -> None:
        if told is not None:
            told(members[one], members[other], amount * base)

    group = Reached(units, rank, _cells(found, members))
    shares = credit(group, found.settings.overlap, lost=lost if told else None)
    return {at: each * base for at, each in zip(members, shares, strict=True)}


def _cells(found: Scene, members: list[int]) -> list[tuple[float, list[Array | None]]]:
    """Split the customers by the segments that a group aims at."""
    plans = found.plans
    homes = [market_of(plans, found.markets, at) for at in members]
    cells, rest = [], 1.0
    for home in dict.fromkeys(homes):
        if home:
            weight = found.markets[home].customers / plans.customers
            rest -= weight
            cells.append((weight, home))
    shares = [found.reach(at) / plans.size[at] for at in members]
    return [
        (weight, [s if h in {"", home} else None
                  for s, h in zip(shares, homes, strict=True)])
        for weight, home in [*cells, (max(rest, 0.0), "")]
    ]  # fmt: skip


def _cap(
    found: Scene, kind: str, credited: dict[int, Array], told: Told | None
) -> None:
    """Keep what all initiatives of a kind give within what there is to gain."""
    members = [at for at in credited if found.plans.acts_on[at] == kind]
    if not members:
        return
    total = np.asarray(sum(credited[at] for at in members))
    factor = capped(total, limit_of(found, kind))
    if np.all(factor == 1):
        return
    for at in members:
        if told is not None:
            told(at, CAPS[kind], credited[at] * (1 - factor))
        credited[at] = credited[at] * factor


def limit_of(found: Scene, kind: str) -> Array:
    """Return the most that all customers can gain, shape (draws or 1,)."""
    if ("", kind) in found.prices:
        return np.asarray(found.prices["", kind].limit * found.plans.customers)
    parts = [
        price.limit * found.markets[market].customers
        for (market, acts_on), price in found.prices.items()
        if acts_on == kind
    ]
    return np.asarray(sum(parts))
