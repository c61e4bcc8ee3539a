"""Cash flows of initiatives over draws, each customer's value credited once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from cxlib.roi.investments.cash import discount_factors, payback
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
    headroom : float
        Score points that a customer can gain at most.
    """

    steps: int
    steps_per_year: int
    discount_rate: float
    overlap: Overlap
    headroom: float

    @property
    def factors(self) -> Array:
        """Discount factors of steps 0 .. steps."""
        rate = (1 + self.discount_rate) ** (1 / self.steps_per_year) - 1
        return discount_factors(self.steps + 1, rate)

    def at_rate(self, rate: float) -> Settings:
        """Return these settings at another discount rate."""
        return replace(self, discount_rate=rate)


@dataclass(frozen=True, slots=True, eq=False)
class Flows:
    """Outcomes over draws.

    `alone` and `credited` are NPVs, shape (draws, initiatives): done alone, and with
    overlap taken out; `cash` the portfolio's cash flow, shape (draws, steps + 1), and
    `payback` years for each initiative alone and, last, the portfolio.
    `mean_cash` is the mean cash flow of each initiative alone and the portfolio.
    """

    alone: Array
    credited: Array
    cash: Array
    payback: Array
    mean_cash: Array


def shapes(plans: Plans, settings: Settings) -> tuple[Array, Array]:
    """Return strength of the effect and whether it runs, shape (initiatives, steps)."""
    each = settings.steps_per_year
    age = (
        np.arange(1, settings.steps + 1)[None, :]
        - np.round(plans.start * each)[:, None]
    )
    length = np.where(np.isnan(plans.duration), np.inf, np.round(plans.duration * each))
    runs = (age >= 1) & (age <= length[:, None])
    ramp = np.maximum(plans.ramp * each, 1e-9)[:, None]
    strength = np.minimum(1.0, age / ramp)
    fade = (1 - plans.decay)[:, None] ** (np.maximum(age - 1, 0) / each)
    return np.where(runs, strength * fade, 0.0), runs.astype(float)


def costs(plans: Plans, settings: Settings, runs: Array) -> Array:
    """Return costs at steps 0 .. steps, shape (initiatives, steps + 1)."""
    found = np.zeros((plans.n, settings.steps + 1))
    found[:, 1:] = runs * (plans.running_cost / settings.steps_per_year)[:, None]
    begin = np.round(plans.start * settings.steps_per_year).astype(int)
    inside = begin <= settings.steps
    found[np.flatnonzero(inside), begin[inside]] += plans.cost[inside]
    return found


def credited_points(points: Array, plans: Plans, settings: Settings) -> Array:
    """Return points x customers credited, shape (initiatives, draws, steps).

    A customer reached by several initiatives on one driver is credited with the
    strongest only; harm is never taken out.
    """
    reach = plans.reach[:, None, None]
    if settings.overlap == "none":
        return np.asarray(points * reach)
    found = np.empty_like(points)
    groups = [d or f"#{i}" for i, d in enumerate(plans.driver)]
    for group in dict.fromkeys(groups):
        own = np.array([i for i, g in enumerate(groups) if g == group])
        found[own] = _strongest(
            points[own], plans.reach[own] / plans.customers, settings
        )
    found *= plans.customers
    total = found.sum(axis=0)
    most = settings.headroom * plans.customers
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(found * np.where(total > most, most / total, 1.0))


def _strongest(points: Array, share: Array, settings: Settings) -> Array:
    """Return points x share reached, strongest first for whom several reach."""
    if len(points) == 1:
        return np.asarray(points * share[0])
    order = np.argsort(-points, axis=0, kind="stable")
    ranked, reached = np.take_along_axis(points, order, axis=0), share[order]
    if settings.overlap == "nested":
        before = np.maximum.accumulate(reached, axis=0)
        before = np.concatenate([np.zeros_like(reached[:1]), before[:-1]])
        left = np.clip(reached - before, 0, None)
    else:
        missed = np.cumprod(1 - reached, axis=0)
        left = reached * np.concatenate([np.ones_like(reached[:1]), missed[:-1]])
    credited = ranked * np.where(ranked > 0, left, reached)
    found = np.empty_like(points)
    np.put_along_axis(found, order, credited, axis=0)
    return found


def spread(held: Array, profile: Array) -> Array:
    """Turn points held at each step into cash at each step: a causal convolution."""
    cash = np.zeros_like(held)
    steps = held.shape[1]
    for lag in np.flatnonzero(np.abs(profile).max(axis=0) > 0):
        cash[:, lag:] += held[:, : steps - lag] * profile[:, [lag]]
    return cash


def present(profile: Array, factors: Array) -> Array:
    """Return today's value of a point held at each step, shape (draws, steps)."""
    steps = profile.shape[1]
    found = np.empty_like(profile)
    for held in range(steps):
        found[:, held] = profile[:, : steps - held] @ factors[held + 1 :]
    return found


def run(plans: Plans, effects: Array, profile: Array, settings: Settings) -> Flows:
    """Evaluate every initiative alone and all together, for each draw."""
    strength, runs = shapes(plans, settings)
    spent, factors = costs(plans, settings, runs), settings.factors
    paid = spent @ factors
    gain = np.minimum(effects, settings.headroom)
    points = gain.T[:, :, None] * strength[:, None, :]
    credited = credited_points(points, plans, settings)
    worth = present(profile, factors)
    together = np.pad(
        spread(credited.sum(axis=0), profile), ((0, 0), (1, 0))
    ) - spent.sum(axis=0)
    alone = np.empty((len(effects), plans.n))
    taken, back = np.empty_like(alone), np.empty((len(effects), plans.n + 1))
    means = np.empty((plans.n + 1, settings.steps + 1))
    for i in range(plans.n):
        held = points[i] * plans.reach[i]
        cash = np.pad(spread(held, profile), ((0, 0), (1, 0))) - spent[i]
        alone[:, i] = (held * worth).sum(axis=1) - paid[i]
        taken[:, i] = (credited[i] * worth).sum(axis=1) - paid[i]
        back[:, i], means[i] = (
            payback(cash) / settings.steps_per_year,
            cash.mean(axis=0),
        )
    back[:, -1], means[-1] = (
        payback(together) / settings.steps_per_year,
        together.mean(axis=0),
    )
    return Flows(alone, taken, together, back, means)
