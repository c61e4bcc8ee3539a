"""What customers felt: the themes they tell of and their driver ratings."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from cxlib.simulate._population import (
    CHANNELS,
    WAVES,
    Floats,
    Integers,
    Survey,
    on_grid,
)

DRIVER_NAMES = ("ease", "speed", "staff", "price", "delivery")
DRIVER_EFFECT = np.array([0.45, 0.30, 0.50, 0.10, 0.65])
DRIVER_SHIFT = np.array([0.25, 0.0, 0.45, -0.5, -0.1])
DRIVER_CUTS = np.array([-1.7, -1.0, -0.15, 0.9])
HALO = 0.55
COMMENT_RATE = np.array([0.70, 0.50, 0.60])  # detractor, passive, promoter
SECOND_THEME = 0.25
NO_THEME = 0.24

# theme, polarity, share of first mentions, latent score points, by-channel factor
STATES: tuple[tuple[str, str, float, float, tuple[float, ...]], ...] = (
    ("delivery", "-", 0.130, -2.00, (0.3, 1.4, 1.2, 1.0)),
    ("delivery", "+", 0.050, 0.60, (0.3, 1.4, 1.2, 0.5)),
    ("damage", "-", 0.045, -1.80, (0.6, 1.3, 1.0, 1.2)),
    ("returns", "-", 0.055, -1.40, (0.8, 1.2, 0.9, 1.5)),
    ("returns", "+", 0.020, 0.50, (1.0, 1.0, 1.0, 0.5)),
    ("staff", "+", 0.090, 1.20, (2.4, 0.3, 0.3, 0.8)),
    ("staff", "-", 0.035, -1.60, (2.2, 0.3, 0.3, 1.0)),
    ("support", "-", 0.055, -1.50, (0.3, 0.8, 0.8, 4.0)),
    ("support", "+", 0.025, 0.80, (0.3, 0.8, 0.8, 3.0)),
    ("price", "-", 0.080, -0.80, (1.0, 1.0, 1.0, 0.7)),
    ("price", "+", 0.045, 0.60, (1.0, 1.1, 1.0, 0.5)),
    ("quality", "+", 0.090, 1.00, (1.2, 1.0, 0.9, 0.5)),
    ("quality", "-", 0.045, -1.20, (1.0, 1.0, 0.9, 1.0)),
    ("app", "-", 0.025, -1.20, (0.1, 0.2, 3.0, 0.4)),
    ("app", "+", 0.025, 0.60, (0.1, 0.2, 3.0, 0.2)),
    ("checkout", "-", 0.035, -1.00, (0.1, 1.5, 1.3, 0.6)),
    ("loyalty", "-", 0.005, -0.70, (1.0, 1.0, 1.0, 1.0)),
)
LOYALTY_LAST_WAVE = 14.0  # factor on the theme that the codebook does not list
APP_FAULT_LAST_WAVE = 3.0  # factor on app faults among app customers, with the fall
THEMES = tuple(dict.fromkeys(state[0] for state in STATES))
_THEME_OF = np.array([THEMES.index(state[0]) for state in STATES])


def driver_steps(survey: Survey) -> Integers:
    """Return each driver's effect on the latent score, in grid steps a point."""
    return on_grid(DRIVER_EFFECT, survey.driver_effect)


def theme_steps(survey: Survey) -> Integers:
    """Return the effect of each theme state and, last, of no theme."""
    effect = np.array([state[3] for state in STATES] + [0.0])
    return on_grid(effect, survey.theme_effect)


def _first_theme(survey: Survey) -> Floats:
    """Return P(first theme state) by wave and channel, (4, 4, states + none)."""
    share = np.array([state[2] for state in STATES])
    factor = np.array([state[4] for state in STATES]).T
    weight = np.tile(share * factor, (len(WAVES), 1, 1))
    names = [state[0] + state[1] for state in STATES]
    weight[-1, :, names.index("loyalty-")] *= LOYALTY_LAST_WAVE
    if survey.fall:
        weight[-1, CHANNELS.index("app"), names.index("app-")] *= APP_FAULT_LAST_WAVE
    weight *= (1 - NO_THEME) / weight.sum(axis=2, keepdims=True)
    none = np.full((*weight.shape[:2], 1), NO_THEME)
    return np.concatenate([weight, none], axis=2)


def _second_theme(survey: Survey) -> Floats:
    """Return the law of the theme drawn second; it is dropped if it repeats."""
    first = _first_theme(survey)
    drawn = SECOND_THEME * first[:, :, :-1] / (1 - NO_THEME)
    none = np.full((*first.shape[:2], 1), 1 - SECOND_THEME)
    return np.concatenate([drawn, none], axis=2)


def theme_pairs(survey: Survey) -> Floats:
    """Return P(first, second) by wave and channel, (4, 4, states + 1, states + 1)."""
    first, second = _first_theme(survey), _second_theme(survey)
    pairs = first[:, :, :, None] * second[:, :, None, :]
    repeats = np.zeros(pairs.shape[2:], dtype=bool)
    repeats[:-1, :-1] = _THEME_OF[:, None] == _THEME_OF[None, :]
    repeats[-1, :-1] = True
    kept = np.where(repeats, 0.0, pairs)
    kept[:, :, :, -1] += np.where(repeats, pairs, 0.0).sum(axis=3)
    return kept


def mentions() -> NDArray[np.bool_]:
    """Return which pairs of states hold each theme, (themes, states+1, states+1)."""
    has = np.zeros((len(THEMES), len(STATES) + 1), dtype=bool)
    has[_THEME_OF, np.arange(len(STATES))] = True
    held: NDArray[np.bool_] = has[:, :, None] | has[:, None, :]
    return held


@lru_cache(maxsize=1)
def driver_combinations() -> tuple[Integers, Floats]:
    """Return all 5^5 answers to the driver questions and their probabilities."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    weights = weights / weights.sum()
    spread = np.sqrt(1 - HALO**2)
    mean = DRIVER_SHIFT[:, None, None] + HALO * nodes[None, :, None]
    below = ndtr((DRIVER_CUTS - mean) / spread)
    ends = np.ones((*below.shape[:2], 1))
    rating = np.diff(np.concatenate([0 * ends, below, ends], axis=2), axis=2)
    joint = np.einsum("h,ha,hb,hc,hd,he->abcde", weights, *rating, optimize=True)
    answers = np.indices(joint.shape).reshape(len(DRIVER_NAMES), -1).T + 1
    return answers, joint.ravel()
