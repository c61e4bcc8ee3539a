"""Time courses of initiatives: strength, cost, cash, over draws."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from cxlib.roi.investments._world import World
from cxlib.roi.investments.cash import discount_factors
from cxlib.roi.investments.initiatives import Plans

Array = npt.NDArray[np.float64]
Overlap = Literal["independent", "nested", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What all initiatives share.

    Attributes
    ----------
    steps, steps_per_year : int
    discount_rate : float
        Yearly.
    overlap : {"independent", "nested", "none"}
    """

    steps: int
    steps_per_year: int
    discount_rate: float
    overlap: Overlap

    @classmethod
    def over(
        cls, horizon: float, *, each: int, discount_rate: float, overlap: Overlap
    ) -> Settings:
        """Return the settings of a horizon in years, in `each` steps a year."""
        return cls(
            steps=max(1, round(horizon * each)), steps_per_year=each,
            discount_rate=discount_rate, overlap=overlap,
        )  # fmt: skip

    @property
    def factors(self) -> Array:
        """Discount factors of steps 0 .. steps."""
        rate = (1 + self.discount_rate) ** (1 / self.steps_per_year) - 1
        return discount_factors(self.steps + 1, rate)

    @property
    def horizon(self) -> float:
        """Years."""
        return self.steps / self.steps_per_year

    def at_rate(self, rate: float) -> Settings:
        """Return these settings at another discount rate."""
        return replace(self, discount_rate=rate)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """One initiative over time.

    `strength`, shape (steps, draws or 1), is the share of its effect in force;
    `spent`, shape (steps + 1, draws or 1), its cost; `upfront`, shape (draws or 1,),
    the first cost within the horizon.
    """

    strength: Array
    spent: Array
    upfront: Array


def course(plans: Plans, world: World, at: int, settings: Settings) -> Course:
    """Return the strength and the cost of one initiative.

    A step in which it runs for a part counts for that part; the first cost falls on the
    step nearest to its start.
    """
    each, last = settings.steps_per_year, settings.steps
    begin = (plans.start[at] + world.one("slip", at)) * each
    length = world.one("duration", at) * each
    until = begin + np.where(np.isnan(length), np.inf, length)
    step = np.arange(1, last + 1)[:, None]
    runs = np.clip(np.minimum(step, until) - np.maximum(step - 1, begin), 0, 1)
    age = np.maximum(step - begin, 0)
    grown = np.minimum(1.0, age / np.maximum(world.one("ramp", at) * each, 1e-9))
    decay = world.one("decay", at)
    fade = (1 - decay) ** (np.maximum(age - 1, 0) / each) if decay.any() else 1.0
    running = runs * (world.one("running_cost", at) / each)
    pays = np.round(begin)
    first = np.where(pays <= last, world.one("cost", at), 0.0)
    spent = np.zeros((last + 1, np.broadcast(running[0], first).size))
    spent[1:] = running
    spent += (np.arange(last + 1)[:, None] == pays) * first
    return Course(runs * grown * fade, spent, first)


def spread(held: Array, profile: Array) -> Array:
    """Turn units held at each step into cash at each step: a causal convolution.

    Shapes (steps, draws), (lags, draws or 1) and (steps + 1, draws); nothing comes at
    step 0.
    """
    steps = len(held)
    cash = np.zeros((steps + 1, np.broadcast(held[0], profile[0]).size))
    for lag in range(min(len(profile), steps)):
        if profile[lag].any():
            cash[1 + lag :] += held[: steps - lag] * profile[lag]
    return cash


def present(profile: Array, factors: Array) -> Array:
    """Return today's value of a unit held at each step, shape (steps, draws or 1)."""
    steps, lags = len(factors) - 1, min(len(profile), len(factors) - 1)
    due = np.arange(steps)[:, None] + np.arange(lags)[None, :] + 1
    weights = np.where(due <= steps, factors[np.minimum(due, steps)], 0.0)
    return np.asarray(weights @ profile[:lags])
