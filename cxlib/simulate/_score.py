"""The law of the score: from what is felt to 0-10, and the planted NPS."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from cxlib.simulate._felt import (
    driver_combinations,
    driver_steps,
    theme_pairs,
    theme_steps,
)
from cxlib.simulate._population import (
    CHANNEL_NPS,
    CHANNELS,
    GRID,
    PLAN_MIX,
    REGION_MIX,
    WAVES,
    Floats,
    Integers,
    Survey,
    segment_steps,
)


def score_law(location: Floats, sd: float) -> Floats:
    """Return P(score = 0..10) at each latent location, one more axis at the end."""
    cuts = np.arange(10) + 0.5
    below = ndtr((cuts - location[..., None]) / sd)
    edges = [np.zeros((*location.shape, 1)), below, np.ones((*location.shape, 1))]
    law: Floats = np.diff(np.concatenate(edges, axis=-1), axis=-1)
    return law


def nps_of(law: Floats) -> Floats:
    """Return the NPS, in points, of a law of scores along the last axis."""
    net = law[..., 9:].sum(axis=-1) - law[..., :7].sum(axis=-1)
    points: Floats = 100 * net / law.sum(axis=-1)
    return points


def histogram(steps: Integers, share: Floats) -> tuple[int, Floats]:
    """Return the first grid step and the mass on it and on each step after."""
    low = int(steps.min())
    mass = np.bincount((steps - low).ravel(), weights=share.ravel())
    return low, mass.astype(np.float64)


def locations(law: tuple[int, Floats]) -> Floats:
    """Return the latent effect of each grid step of a law."""
    low, share = law
    return np.asarray((low + np.arange(len(share))) * GRID, dtype=np.float64)


def driver_law(survey: Survey) -> tuple[int, Floats]:
    """Return the law of the drivers' joint effect: first grid step, probabilities."""
    answers, share = driver_combinations()
    return histogram(answers @ driver_steps(survey), share)


def felt_law(survey: Survey, wave: int, channel: int) -> tuple[int, Floats]:
    """Return the law of drivers plus themes in one wave and channel."""
    steps = theme_steps(survey)
    pairs = theme_pairs(survey)[wave, channel]
    low, themes = histogram(steps[:, None] + steps[None, :], pairs)
    base, drivers = driver_law(survey)
    return base + low, np.convolve(drivers, themes)


@lru_cache(maxsize=64)
def intercepts(survey: Survey) -> Floats:
    """Solve the latent intercept that gives each wave and channel its NPS, (4, 4)."""
    target = np.tile(CHANNEL_NPS, (len(WAVES), 1))
    target[-1, CHANNELS.index("app")] -= survey.fall
    low, high = np.full(target.shape, -30.0), np.full(target.shape, 30.0)
    laws = [[_located(survey, w, c) for c in range(4)] for w in range(4)]
    while np.max(high - low) > 1e-10:
        middle = (low + high) / 2
        found = np.array(
            [
                [_nps_at(laws[w][c], middle[w, c], survey.sd) for c in range(4)]
                for w in range(4)
            ]
        )
        low = np.where(found < target, middle, low)
        high = np.where(found < target, high, middle)
    solved: Floats = (low + high) / 2
    return solved


def _located(survey: Survey, wave: int, channel: int) -> tuple[Floats, Floats]:
    """Return latent effects and customers' shares, all segments together."""
    base, felt = felt_law(survey, wave, channel)
    shares = REGION_MIX[:, None] * PLAN_MIX
    low, segments = histogram(segment_steps(survey), shares)
    law = (base + low, np.convolve(felt, segments))
    return locations(law), law[1]


def _nps_at(law: tuple[Floats, Floats], intercept: float, sd: float) -> float:
    """Return the NPS of a law of latent effects around an intercept."""
    effect, share = law
    detractor = ndtr((6.5 - intercept - effect) / sd)
    promoter = ndtr((intercept + effect - 8.5) / sd)
    return 100 * float(share @ (promoter - detractor))
