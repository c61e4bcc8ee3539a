"""Survey answers with known scores, themes, drivers and response propensities."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxlib import _checks
from cxlib.simulate import _felt, _population, _score, _verbatims
from cxlib.simulate._felt import STATES
from cxlib.simulate._population import Survey

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

ACCOUNT_ANSWERS = np.array([0.70, 0.20, 0.07, 0.03])  # one to four waves
ENGLISH = np.array([0.28, 0.28, 0.28, 0.28, 0.90])  # by region
QUARTER_STARTS = np.array(
    ["2025-01-01", "2025-04-01", "2025-07-01", "2025-10-01", "2026-01-01"],
    dtype="datetime64[s]",
)


def responses(
    n: int,
    *,
    rng: int | np.random.Generator = 0,
    fall: float = 24.0,
    mix_shift: float = 0.15,
    theme_effect: float = 1.0,
    driver_effect: float = 1.0,
    segment_effect: float = 1.0,
    account_sd: float = 0.8,
    blank: float = 0.02,
    hidden: bool = False,
) -> pd.DataFrame:
    """Simulate survey answers of four quarterly waves.

    Use it for samples, tests and calibration; `simulate.truth("responses", {...})`
    gives what the same arguments imply, computed from the probabilities.

    Parameters
    ----------
    n : int
        Answers.
    rng : int or numpy.random.Generator
        Seed or generator.
    fall : float
        NPS points that channel 'app' loses in the last wave; 0 for no change
        (then app customers also complain of the app as often as before).
    mix_shift : float
        Rise of the share of app customers in the last wave, -0.25 to 0.45.
    theme_effect, driver_effect, segment_effect : float
        Factors on the effects on the score of what is told in verbatims, of the
        driver ratings, and of region and plan; 0 for no effect.
    account_sd : float
        Spread, in latent score points, that answers of one account share.
    blank : float
        Share of answers without a score, at random.
    hidden : bool
        Add the columns that no company has: `themes` (true themes joined by '|')
        and `propensity` (probability that the invitation was answered).

    Returns
    -------
    pandas.DataFrame
        respondent_id, responded_at, wave, score, verbatim, language, region,
        channel, plan, ease, speed, staff, price, delivery, weight, account_id,
        in order of time. Blank scores are NaN, blank verbatims missing.

    Notes
    -----
    Latent score = intercept (by wave and channel, solved so that customers' NPS
    in the cell is exactly the one planted) + region + plan + drivers + themes +
    account + noise, rounded and clipped to 0-10. Who answers depends on channel,
    region and plan alone; `weight` is the inverse propensity, mean about 1.

    Examples
    --------
    >>> from cxlib import simulate
    >>> answers = simulate.responses(1000, rng=1)
    >>> answers["wave"].nunique(), answers["score"].between(0, 10).sum() > 950
    (4, np.True_)
    """
    _checks.in_range(n, "n", 0, float("inf"))
    _checks.in_range(mix_shift, "mix_shift", -0.25, 0.45)
    _checks.in_range(blank, "blank", 0, 1)
    survey = Survey(
        fall=fall,
        mix_shift=mix_shift,
        theme_effect=theme_effect,
        driver_effect=driver_effect,
        segment_effect=segment_effect,
        account_sd=account_sd,
        blank=blank,
    )
    frame = _draw(n, survey, _checks.generator(rng))
    return frame if hidden else frame.drop(columns=["themes", "propensity"])


def _draw(n: int, survey: Survey, rng: np.random.Generator) -> pd.DataFrame:
    """Draw who answers, what they felt and what they say."""
    account, wave = _accounts(n, rng)
    at = _times(wave, rng)
    order = np.argsort(at, kind="stable")
    account, wave, at = account[order], wave[order], at[order]
    region, plan, channel = _segments(account, wave, survey, rng)
    first, second = _themes(wave, channel, survey, rng)
    drivers, cell = _drivers(n, rng), (wave, channel, region, plan)
    score = _scores(cell, (first, second), drivers, account, survey, rng)
    language = (rng.random(n) < ENGLISH[region]).astype(np.int64)
    verbatim = _said(score, first, second, language, rng)
    score[rng.random(n) < survey.blank] = np.nan
    propensity = _population.propensity()[channel, region, plan]
    return pd.DataFrame(
        {
            "respondent_id": ids("R", n, 7),
            "responded_at": at,
            "wave": named(_population.WAVES, wave),
            "score": score,
            "verbatim": pd.array(verbatim, dtype="str"),
            "language": named(_verbatims.LANGUAGES, language),
            "region": named(_population.REGIONS, region),
            "channel": named(_population.CHANNELS, channel),
            "plan": named(_population.PLANS, plan),
            **{name: drivers[:, k] for k, name in enumerate(_felt.DRIVER_NAMES)},
            "weight": np.round(_population.RESPONSE_RATE / propensity, 6),
            "account_id": ids("A", n, 7)[account],
            "themes": _theme_names(first, second),
            "propensity": propensity,
        }
    )


def _scores(
    cell: tuple[Integers, Integers, Integers, Integers],
    themes: tuple[Integers, Integers],
    drivers: Integers,
    account: Integers,
    survey: Survey,
    rng: np.random.Generator,
) -> Floats:
    """Draw the score of each answer from what was felt."""
    wave, channel, region, plan = cell
    steps = _felt.theme_steps(survey)
    felt = _population.segment_steps(survey)[region, plan] + steps[themes[0]]
    felt += steps[themes[1]] + drivers @ _felt.driver_steps(survey)
    location = _score.intercepts(survey)[wave, channel] + _population.GRID * felt
    shared = rng.normal(0, survey.account_sd, account.size)[account]
    latent = location + shared + rng.normal(0, _population.NOISE_SD, account.size)
    return np.clip(np.floor(latent + 0.5), 0, 10)


def _accounts(n: int, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Return each answer's account and wave; an account answers once a wave."""
    sizes = 1 + rng.choice(4, size=n, p=ACCOUNT_ANSWERS)
    account = np.repeat(np.arange(n), sizes)[:n]
    first = np.concatenate([[0], np.cumsum(sizes)])[account]
    start = rng.integers(0, 4, size=n)
    return account, (start[account] + np.arange(n) - first) % 4


def _times(wave: Integers, rng: np.random.Generator) -> NDArray[np.datetime64]:
    """Return a time within each answer's quarter, to the second."""
    length = np.diff(QUARTER_STARTS).astype(np.int64)[wave]
    seconds = (rng.random(wave.size) * length).astype("timedelta64[s]")
    at: NDArray[np.datetime64] = QUARTER_STARTS[wave] + seconds
    return at


def _segments(
    account: Integers, wave: Integers, survey: Survey, rng: np.random.Generator
) -> tuple[Integers, Integers, Integers]:
    """Return region and plan, fixed within an account, and channel."""
    share = _population.respondents(survey)
    region = categories(share[0].sum(axis=(0, 2)), account.size, rng)
    plan = categories(share[0].sum(axis=(0, 1)), account.size, rng)
    channel = rows_of(share.sum(axis=(2, 3))[wave], rng)
    return region[account], plan[account], channel


def _themes(
    wave: Integers, channel: Integers, survey: Survey, rng: np.random.Generator
) -> tuple[Integers, Integers]:
    """Return first and second theme state; `len(STATES)` is none."""
    cell = wave * len(_population.CHANNELS) + channel
    pairs = _felt.theme_pairs(survey)
    flat = pairs.reshape(len(_population.WAVES) * len(_population.CHANNELS), -1)
    drawn = np.zeros(cell.size, dtype=np.int64)
    for i, law in enumerate(flat):
        inside = np.flatnonzero(cell == i)
        drawn[inside] = categories(law, inside.size, rng)
    return drawn // (len(STATES) + 1), drawn % (len(STATES) + 1)


def _drivers(n: int, rng: np.random.Generator) -> Integers:
    """Return ratings 1-5 that share a halo, shape (n, 5)."""
    halo = _felt.HALO * rng.normal(size=n)
    spread = np.sqrt(1 - _felt.HALO**2)
    ratings = [
        1 + np.searchsorted(_felt.DRIVER_CUTS, halo + shift + rng.normal(0, spread, n))
        for shift in _felt.DRIVER_SHIFT
    ]
    return np.column_stack(ratings).astype(np.int64)


def _said(
    score: Floats,
    first: Integers,
    second: Integers,
    language: Integers,
    rng: np.random.Generator,
) -> NDArray[np.object_]:
    """Return a verbatim, or nothing, for each answer."""
    group = np.searchsorted([6.5, 8.5], score)
    told = np.flatnonzero(rng.random(score.size) < _felt.COMMENT_RATE[group])
    kind = _verbatims.kinds(first[told], group[told], rng)
    said = np.full(score.size, None, dtype=object)
    said[told] = _verbatims.write(kind, second[told], language[told], rng)
    return said


def _theme_names(first: Integers, second: Integers) -> NDArray[np.object_]:
    """Return the true themes, joined by '|'."""
    names = np.array([state[0] for state in STATES] + [""], dtype=object)
    joined = names[:, None] + np.where(names == "", "", "|") + names[None, :]
    pairs: NDArray[np.object_] = joined[first, second]
    return pairs


def categories(law: Floats, n: int, rng: np.random.Generator) -> Integers:
    """Draw n categories from one law."""
    edges = np.cumsum(law)[:-1] / law.sum()
    return np.searchsorted(edges, rng.random(n), side="right").astype(np.int64)


def rows_of(law: Floats, rng: np.random.Generator) -> Integers:
    """Draw one category a row, each row with its own law."""
    edges = np.cumsum(law, axis=1)[:, :-1] / law.sum(axis=1, keepdims=True)
    below: Integers = (edges <= rng.random(len(law))[:, None]).sum(axis=1)
    return below


def named(names: tuple[str, ...], index: Integers) -> NDArray[np.object_]:
    """Return the names at each index."""
    chosen: NDArray[np.object_] = np.array(names, dtype=object)[index]
    return chosen


def ids(prefix: str, n: int, digits: int, *, after: int = 0) -> NDArray[np.object_]:
    """Return n identifiers prefix0000001 and on, or those after a number."""
    numbers = range(after + 1, after + n + 1)
    return np.array([f"{prefix}{i:0{digits}d}" for i in numbers], dtype=object)
