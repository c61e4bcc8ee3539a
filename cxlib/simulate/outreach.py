"""Everyone who was invited, so that response rates can be estimated."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cxlib import _checks
from cxlib.simulate import _population
from cxlib.simulate.survey import QUARTER_STARTS, ids, named

CELL = ["wave", "channel", "region", "plan"]


def invitations(
    responses: pd.DataFrame, *, rng: int | np.random.Generator = 0
) -> pd.DataFrame:
    """Simulate all invitations behind simulated answers.

    Parameters
    ----------
    responses : pandas.DataFrame
        From `simulate.responses`.
    rng : int or numpy.random.Generator
        Seed or generator.

    Returns
    -------
    pandas.DataFrame
        respondent_id, invited_at, wave, region, channel, plan, in order of time.
        The identifiers of those who answered are the ones in `responses`.

    Notes
    -----
    A cell of wave, channel, region and plan in which r people answered with
    propensity p has a negative binomial number of others with parameters r and p,
    so each cell's response rate estimates the p that made the answers. Invitations
    go out up to six days before the answer, within the wave.

    Examples
    --------
    >>> from cxlib import simulate
    >>> answers = simulate.responses(500, rng=1)
    >>> invited = simulate.invitations(answers, rng=1)
    >>> len(invited) > 1000, invited["respondent_id"].is_unique
    (True, True)
    """
    _checks.columns(responses, ["respondent_id", "responded_at", *CELL], "responses")
    generator = _checks.generator(rng)
    answered = _answered(responses, generator)
    silent = _silent(responses, generator)
    silent["respondent_id"] = ids("R", len(silent), 7, after=len(responses))
    invited = pd.concat([answered, silent], ignore_index=True)
    invited = invited.sort_values("invited_at", kind="stable", ignore_index=True)
    return invited[["respondent_id", "invited_at", "wave", "region", "channel", "plan"]]


def _answered(responses: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the invitations that were answered."""
    frame = responses[["respondent_id", *CELL]].copy()
    start = QUARTER_STARTS[_codes(responses["wave"], _population.WAVES)]
    at = responses["responded_at"].to_numpy().astype("datetime64[s]")
    delay = rng.integers(600, 6 * 86400, len(frame)).astype("timedelta64[s]")
    frame["invited_at"] = np.maximum(at - delay, start)
    return frame


def _silent(responses: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the invitations that nobody answered."""
    names = (
        _population.WAVES,
        _population.CHANNELS,
        _population.REGIONS,
        _population.PLANS,
    )
    codes = [_codes(responses[c], n) for c, n in zip(CELL, names, strict=True)]
    shape = tuple(len(n) for n in names)
    cell = np.ravel_multi_index(codes, shape)
    count = np.bincount(cell, minlength=int(np.prod(shape)))
    rate = np.tile(_population.propensity().ravel(), shape[0])
    others = np.where(count > 0, rng.negative_binomial(np.maximum(count, 1), rate), 0)
    wave, *rest = np.unravel_index(np.repeat(np.arange(count.size), others), shape)
    length = np.diff(QUARTER_STARTS).astype(np.int64)[wave]
    seconds = (rng.random(wave.size) * length).astype("timedelta64[s]")
    frame = {c: named(n, i) for c, n, i in zip(CELL[1:], names[1:], rest, strict=True)}
    return pd.DataFrame(
        {
            "invited_at": QUARTER_STARTS[wave] + seconds,
            "wave": named(names[0], wave),
            **frame,
        }
    )


def _codes(values: pd.Series, names: tuple[str, ...]) -> np.ndarray:
    """Return each value's place among the names."""
    return np.asarray(pd.Categorical(values, categories=names).codes, dtype=np.int64)
