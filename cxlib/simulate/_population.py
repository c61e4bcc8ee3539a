"""Who the customers are, who answers, and what a caller may change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

WAVES = ("2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4")
CHANNELS = ("store", "web", "app", "call_centre")
REGIONS = ("North", "Centre", "South", "Islands", "Abroad")
PLANS = ("basic", "plus", "premium")

GRID = 0.05  # every effect on the latent score is a multiple of this
NOISE_SD = 1.3
CHANNEL_NPS = np.array([34.0, 22.0, 26.0, -6.0])
CHANNEL_MIX = np.array([0.30, 0.35, 0.25, 0.10])
MIX_TAKEN_FROM = np.array([-0.6, -0.4, 1.0, 0.0])
REGION_MIX = np.array([0.42, 0.24, 0.22, 0.1185, 0.0015])
PLAN_MIX = np.array([0.50, 0.35, 0.15])
REGION_EFFECT = np.array([0.10, 0.0, -0.20, -0.45, 0.0])
PLAN_EFFECT = np.array([-0.25, 0.05, 0.70])
RESPONSE_RATE = 0.28
CHANNEL_RATE = np.array([1.3, 1.0, 0.9, 0.6])
REGION_RATE = np.array([1.0, 1.0, 0.9, 0.8, 1.0])
PLAN_RATE = np.array([0.75, 1.0, 1.45])


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Parameters of the survey that a caller may change; see `responses`."""

    fall: float = 24.0
    mix_shift: float = 0.15
    theme_effect: float = 1.0
    driver_effect: float = 1.0
    segment_effect: float = 1.0
    account_sd: float = 0.8
    blank: float = 0.02

    @property
    def sd(self) -> float:
        """Standard deviation of the latent score around its location."""
        return float(np.hypot(NOISE_SD, self.account_sd))


def on_grid(effect: Floats, factor: float) -> Integers:
    """Return effects as whole steps of the grid."""
    return np.rint(effect * factor / GRID).astype(np.int64)


def segment_steps(survey: Survey) -> Integers:
    """Return the joint effect of region and plan, shape (5, 3)."""
    effect = REGION_EFFECT[:, None] + PLAN_EFFECT[None, :]
    return on_grid(effect, survey.segment_effect)


def channel_mix(survey: Survey) -> Floats:
    """Return the share of customers by wave and channel, shape (4, 4)."""
    mix = np.tile(CHANNEL_MIX, (len(WAVES), 1))
    mix[-1] += survey.mix_shift * MIX_TAKEN_FROM
    return mix


def propensity() -> Floats:
    """Return the response propensity by channel, region and plan, (4, 5, 3)."""
    rate = CHANNEL_RATE[:, None, None] * REGION_RATE[:, None] * PLAN_RATE
    scaled: Floats = RESPONSE_RATE * rate
    return scaled


def population(survey: Survey) -> Floats:
    """Return customers' shares in each wave, shape (4, 4, 5, 3), sum 1 a wave."""
    segments = REGION_MIX[:, None] * PLAN_MIX
    share: Floats = channel_mix(survey)[:, :, None, None] * segments
    return share


def respondents(survey: Survey) -> Floats:
    """Return respondents' shares in each wave, shape (4, 4, 5, 3), sum 1 a wave."""
    answered = population(survey) * propensity()
    total: Floats = answered.sum(axis=(1, 2, 3), keepdims=True)
    return answered / total
