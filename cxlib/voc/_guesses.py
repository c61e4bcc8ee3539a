"""What the codebook alone says of a verbatim: labels before anybody coded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
_HIT, _LEAST_SPREAD, _RARE, _NO_HIT = 0.9, 0.3, 0.02, 2.0


def guesses(own: Floats, *, alike: bool) -> Floats:
    """Return how likely each row has each code, shape (rows, codes).

    A phrase that fired makes it .9 at least. Where texts have a meaning, likeness to
    the code's texts is weighed by two normal distributions of one spread: that of rows
    where a phrase fired, and that of the others.

    Parameters
    ----------
    own : ndarray, shape (rows, codes, 2)
        Likeness on the scale of mean 0 and spread 1; whether a phrase fired (above 0).
    alike : bool
        Whether likeness says anything (there is an encoder).
    """
    fired = own[..., 1] > 0
    if not alike:
        return (fired * _HIT).astype(np.float32)
    likeness = own[..., 0].astype(float)
    n = np.maximum(fired.sum(axis=0), 1)
    others = np.maximum((~fired).sum(axis=0), 1)
    there = np.where(fired.any(axis=0), (likeness * fired).sum(axis=0) / n, _NO_HIT)
    elsewhere = (likeness * ~fired).sum(axis=0) / others
    away = np.where(fired, likeness - there, likeness - elsewhere) ** 2
    spread = np.maximum(np.sqrt(away.mean(axis=0)), _LEAST_SPREAD)
    prior = np.clip(fired.mean(axis=0), _RARE, 1 - _RARE)
    odds = np.log(prior / (1 - prior))
    odds = odds + (there - elsewhere) / spread**2 * (likeness - (there + elsewhere) / 2)
    chance = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    found = np.where(fired, np.maximum(chance, _HIT), chance)
    return np.asarray(found, dtype=np.float32)
