"""What the survey's probabilities imply: scores, changes, themes and drivers."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from cxlib.simulate import _felt, _population, _score
from cxlib.simulate._felt import DRIVER_NAMES, THEMES
from cxlib.simulate._population import CHANNELS, WAVES, Survey
from cxlib.simulate._verbatims import NOISE_SHARE

Floats = NDArray[np.float64]
Numbers = dict[str, float]

MARGINS = {"wave": 0, "channel": 1, "region": 2, "plan": 3}
NAMES = {
    "wave": WAVES,
    "channel": CHANNELS,
    "region": _population.REGIONS,
    "plan": _population.PLANS,
}
COMMENT = np.repeat(_felt.COMMENT_RATE, [7, 2, 2])  # by score 0..10


def cell_laws(survey: Survey) -> Floats:
    """Return P(score) by wave, channel, region and plan, shape (4, 4, 5, 3, 11)."""
    segments = _population.segment_steps(survey) * _population.GRID
    start = _score.intercepts(survey)
    laws = np.empty((*start.shape, *segments.shape, 11))
    for w, c in np.ndindex(start.shape):
        felt = _score.felt_law(survey, w, c)
        at = start[w, c] + segments[:, :, None] + _score.locations(felt)
        laws[w, c] = np.einsum("x,rpxs->rps", felt[1], _score.score_law(at, survey.sd))
    return laws


def shares(survey: Survey, *, weighted: bool) -> Floats:
    """Return cells' shares of all answers, as they come or weighted, sum 1."""
    answered = _population.respondents(survey)
    held = answered / _population.propensity() if weighted else answered
    total: Floats = held / held.sum()
    return total


def nps(survey: Survey, *, weighted: bool) -> dict[str, float | Numbers]:
    """Return the true NPS overall, by each column and by wave and channel."""
    laws, share = cell_laws(survey), shares(survey, weighted=weighted)
    mass = laws * share[..., None]
    found: dict[str, float | Numbers] = {"overall": _nps(mass.sum(axis=(0, 1, 2, 3)))}
    for name, axis in MARGINS.items():
        others = tuple(a for a in range(4) if a != axis)
        found[name] = labelled(NAMES[name], _score.nps_of(mass.sum(axis=others)))
    cells = _score.nps_of(mass.sum(axis=(2, 3)))
    keys = tuple(f"{w} {c}" for w in WAVES for c in CHANNELS)
    found["wave and channel"] = labelled(keys, cells.ravel())
    return found


def change(survey: Survey, *, weighted: bool) -> dict[str, float | Numbers]:
    """Split the last change of the NPS into channel mix and rate (Kitagawa)."""
    share = shares(survey, weighted=weighted)
    mass = (cell_laws(survey) * share[..., None]).sum(axis=(2, 3))
    score = _score.nps_of(mass)[-2:]
    mix = share.sum(axis=(2, 3))[-2:]
    mix = mix / mix.sum(axis=1, keepdims=True)
    centre = (mix * score).sum() / 2
    by_rate = mix.mean(axis=0) * (score[1] - score[0])
    by_mix = (mix[1] - mix[0]) * (score.mean(axis=0) - centre)
    return {
        "total": float((mix * score).sum(axis=1) @ [-1, 1]),
        "rate": float(by_rate.sum()),
        "mix": float(by_mix.sum()),
        "rate by channel": labelled(CHANNELS, by_rate),
        "mix by channel": labelled(CHANNELS, by_mix),
    }


def labelled(names: tuple[str, ...], values: Floats) -> Numbers:
    """Return names and values as a dict of floats."""
    return dict(zip(names, values.tolist(), strict=True))


def _nps(law: Floats) -> float:
    """Return one NPS."""
    return float(_score.nps_of(law))


def told(survey: Survey) -> tuple[Floats, Floats, float]:
    """Return what is said with which score, among all answers.

    Returns
    -------
    tuple
        Mass of verbatims that hold each theme, (themes, waves, channels, 11), of
        all verbatims, (waves, channels, 11), and of those that say nothing.
    """
    share = shares(survey, weighted=False).sum(axis=(2, 3))
    held, pairs = _felt.mentions(), _felt.theme_pairs(survey)
    start = _score.intercepts(survey)
    mentioned = np.empty((len(THEMES), *share.shape, 11))
    everyone = np.empty((*share.shape, 11))
    silent = 0.0
    for w, c in np.ndindex(share.shape):
        masks = [*held, np.ones_like(held[0]), ~held.any(axis=0)]
        laws = [
            _said(survey, np.where(mask, pairs[w, c], 0.0), float(start[w, c]))
            for mask in masks
        ]
        mentioned[:, w, c] = np.array(laws[:-2]) * share[w, c]
        everyone[w, c] = laws[-2] * share[w, c]
        silent += NOISE_SHARE * float(laws[-1].sum()) * float(share[w, c])
    return mentioned, everyone, silent


def _said(survey: Survey, pairs: Floats, start: float) -> Floats:
    """Return the mass of verbatims by score for a (part of a) law of themes."""
    steps = _felt.theme_steps(survey)
    themes = _score.histogram(steps[:, None] + steps[None, :], pairs)
    law = _joined(themes, _score.driver_law(survey), _segment_law(survey))
    scores = _score.score_law(start + _score.locations(law), survey.sd)
    mass: Floats = (law[1] @ scores) * COMMENT
    return mass


def _segment_law(survey: Survey) -> tuple[int, Floats]:
    """Return the law of region's and plan's effect among respondents."""
    share = _population.respondents(survey)[0].sum(axis=0)
    return _score.histogram(_population.segment_steps(survey), share)


def _joined(*laws: tuple[int, Floats]) -> tuple[int, Floats]:
    """Return the law of the sum of independent effects."""
    low, share = laws[0]
    for other_low, other in laws[1:]:
        low, share = low + other_low, np.convolve(share, other)
    return low, share


def themes(survey: Survey) -> dict[str, dict[str, float | Numbers]]:
    """Return prevalence and score of each theme among those who comment."""
    mentioned, everyone, silent = told(survey)
    total = everyone.sum()
    overall = _nps(everyone.sum(axis=(0, 1)))
    by_wave = mentioned.sum(axis=(2, 3)) / everyone.sum(axis=(1, 2))
    by_channel = mentioned.sum(axis=(1, 3)) / everyone.sum(axis=(0, 2))
    found: dict[str, dict[str, float | Numbers]] = {}
    for t, name in enumerate(THEMES):
        with_it = mentioned[t].sum(axis=(0, 1))
        without = everyone.sum(axis=(0, 1)) - with_it
        found[name] = {
            "prevalence": float(with_it.sum() / total),
            "prevalence without empty answers": float(with_it.sum() / (total - silent)),
            "nps mentioned": _nps(with_it),
            "nps not mentioned": _nps(without),
            "gap": _nps(with_it) - _nps(without),
            "impact": overall - _nps(without),
            "prevalence by wave": labelled(WAVES, by_wave[t]),
            "prevalence by channel": labelled(CHANNELS, by_channel[t]),
        }
    return found


def verbatims(survey: Survey) -> Numbers:
    """Return who comments: their share, their score, and how much says nothing."""
    _, everyone, silent = told(survey)
    return {
        "share of answers": float(everyone.sum()),
        "nps of those who comment": _nps(everyone.sum(axis=(0, 1))),
        "share that says nothing": silent / float(everyone.sum()),
    }


def drivers(survey: Survey) -> dict[str, Numbers | float]:
    """Return each driver's true effect, linear slope and LMG share."""
    answers, share = _felt.driver_combinations()
    expected, second = _score_moments(survey, answers @ _felt.driver_steps(survey))
    centred = answers - share @ answers
    spread = (centred * share[:, None]).T @ centred
    with_score = (centred * share[:, None]).T @ expected
    variance = float(share @ second - (share @ expected) ** 2)
    slope = np.asarray(np.linalg.solve(spread, with_score), dtype=float)
    importance = _lmg(spread, with_score, variance)
    effect = np.asarray(_felt.driver_steps(survey) * _population.GRID, dtype=float)
    return {
        "latent effect of one point": labelled(DRIVER_NAMES, effect),
        "linear slope": labelled(DRIVER_NAMES, slope),
        "lmg share": labelled(DRIVER_NAMES, importance / max(importance.sum(), 1e-12)),
        "r squared": float(importance.sum()),
        "mean": labelled(DRIVER_NAMES, share @ answers),
    }


def _score_moments(survey: Survey, steps: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return E[score] and E[score squared] given the drivers' joint effect."""
    values, place = np.unique(steps, return_inverse=True)
    share = shares(survey, weighted=False).sum(axis=(2, 3))
    pairs, start = _felt.theme_pairs(survey), _score.intercepts(survey)
    own = _felt.theme_steps(survey)
    law_of = np.zeros((values.size, 11))
    for w, c in np.ndindex(share.shape):
        said = _score.histogram(own[:, None] + own[None, :], pairs[w, c])
        rest = _joined(said, _segment_law(survey))
        at = start[w, c] + _score.locations(rest) + values[:, None] * _population.GRID
        scores = _score.score_law(at, survey.sd)
        law_of += share[w, c] * np.einsum("x,vxs->vs", rest[1], scores)
    score = np.arange(11)
    return (law_of @ score)[place], (law_of @ score**2)[place]


def _lmg(spread: Floats, with_score: Floats, variance: float) -> Floats:
    """Return the R squared that each driver adds, averaged over all orders."""
    k = len(with_score)
    explained = {
        chosen: _r_squared(spread, with_score, list(chosen)) / variance
        for size in range(k + 1)
        for chosen in itertools.combinations(range(k), size)
    }
    share = np.zeros(k)
    for chosen, value in explained.items():
        weight = 1 / (k * math.comb(k - 1, len(chosen)) if len(chosen) < k else 1)
        for j in set(range(k)) - set(chosen):
            share[j] += weight * (explained[tuple(sorted((*chosen, j)))] - value)
    return share


def _r_squared(spread: Floats, with_score: Floats, chosen: list[int]) -> float:
    """Return the variance of the score that the chosen drivers explain."""
    if not chosen:
        return 0.0
    part = with_score[chosen]
    return float(part @ np.linalg.solve(spread[np.ix_(chosen, chosen)], part))


def response_rate(survey: Survey) -> dict[str, float | Numbers]:
    """Return the true response rate overall and by channel, region and plan."""
    rate, share = _population.propensity(), _population.population(survey)
    answered = _population.respondents(survey)
    invited = answered / rate
    found: dict[str, float | Numbers] = {"overall": float(4 / invited.sum())}
    for name in ("channel", "region", "plan"):
        axes = tuple(a for a in range(4) if a != MARGINS[name])
        found[name] = labelled(
            NAMES[name], answered.sum(axis=axes) / invited.sum(axis=axes)
        )
    found["wave"] = labelled(WAVES, (share * rate).sum(axis=(1, 2, 3)))
    return found
