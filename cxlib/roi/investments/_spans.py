"""Base, low and high of every input, for what varies one at a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cxlib.roi.investments._cells import INPUTS, SCORE
from cxlib.roi.investments._flows import Settings
from cxlib.roi.investments._market import Market
from cxlib.roi.investments._scene import market_of
from cxlib.roi.investments._world import label
from cxlib.roi.investments.initiatives import Plans
from cxlib.roi.investments.simulation import RATE, VALUE

Span = tuple[float, float, float]
ALWAYS = ("effect", "reach", "cost")


def spans(
    plans: Plans, markets: Mapping[str, Market], settings: Settings
) -> dict[str, Span]:
    """Return base, low and high: P10 and P90, or a fifth either way without a range.

    Effects, reach and cost are always in; another input where it has a range, and a
    running cost where there is one.
    """
    found = _of_value(plans, markets)
    for at, initiative in enumerate(plans.name):
        for name in INPUTS:
            if not (name in ALWAYS or _varies(plans, name, at)):
                continue
            base, low, high = (
                float(each[name][at]) for each in (plans.base, plans.low, plans.high)
            )
            fixed = name != "effect" and not low < high
            found[label(name, initiative)] = fifth(base) if fixed else (base, low, high)
    return found | {RATE: fifth(settings.discount_rate)}


def _varies(plans: Plans, name: str, at: int) -> bool:
    charged = name == "running_cost" and plans.base[name][at] > 0
    return bool(charged or plans.ranged(name)[at])


def _of_value(plans: Plans, markets: Mapping[str, Market]) -> dict[str, Span]:
    """Return the span of the value of a point, where one acts on the score."""
    homes = {
        market_of(plans, markets, at)
        for at, acts_on in enumerate(plans.acts_on)
        if acts_on == SCORE
    }
    if not homes:
        return {}
    market = markets["" if "" in homes else sorted(homes)[0]]
    centre, low, high = market.span()
    return {VALUE: (centre, low, high) if low < high else fifth(centre)}


def fifth(value: float) -> Span:
    """Return a value and a fifth either way."""
    return value, 0.8 * value, 1.2 * value


def fifths(plans: Plans, markets: Mapping[str, Market]) -> list[str]:
    """Name what varies by a fifth either way because nobody gave a range."""
    said = []
    for name in ("reach", "cost", "running_cost"):
        used = plans.base[name] > 0
        fixed = used & ~plans.ranged(name)
        if fixed.any():
            what = name.replace("_", " ")
            some = "" if fixed.sum() == used.sum() else f" of {fixed.sum()} initiatives"
            said.append(what + some)
    value = _of_value(plans, markets).get(VALUE)
    if value is not None and np.allclose(value, fifth(value[0])):
        said.append("the value of a point")
    return [*said, "the discount rate"]
