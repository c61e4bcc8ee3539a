"""How far each user got, from events in order: pure functions of arrays."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Order = Literal["eventual", "any", "strict"]


def depths(
    ends: Ints, codes: Ints, times: Ints, *, n_steps: int, order: Order,
    window: int | None,
) -> Ints:  # fmt: skip
    """Return the number of steps each user reached in the best attempt.

    Parameters
    ----------
    ends : ndarray of int, shape (n_users + 1,)
        Where each user's events begin, and where the last one's stop.
    codes, times : ndarray of int, shape (n_events,)
        Position of the step (others: `n_steps` or more) and time; each user's events
        sorted by time, then by code.
    window : int, optional
        Longest time from the attempt's start to a step, in units of `times`.

    Examples
    --------
    >>> ends, codes = np.array([0, 3, 5]), np.array([0, 2, 1, 1, 0])
    >>> at = np.array([0, 1, 2, 0, 1])
    >>> for order in ("eventual", "strict", "any"):
    ...     depths(ends, codes, at, n_steps=2, order=order, window=None).tolist()
    [2, 1]
    [1, 1]
    [2, 2]
    """
    owner = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    start = np.arange(len(codes)) if order == "any" else np.flatnonzero(codes == 0)
    if window is None and order != "strict":
        start = start[np.diff(owner[start], prepend=-1) > 0]
    last = ends[1:][owner[start]]
    here, alive = start, np.ones(len(start), dtype=bool)
    reached = np.zeros(len(start), dtype=np.int64)
    for step in range(n_steps):
        if step or order == "any":
            after = start if order == "any" else here + 1
            found = after if order == "strict" else _next(codes, step, after)
            alive = alive & (found < last)
            here = np.where(alive, found, 0)
            alive &= codes[here] == step if len(codes) else alive
        if window is not None and len(codes):
            alive &= times[here] - times[start] <= window
        reached += alive
    best = np.zeros(len(ends) - 1, dtype=np.int64)
    np.maximum.at(best, owner[start], reached)
    return best


def _next(codes: Ints, step: int, after: Ints) -> Ints:
    """Return the first place at or after each given one that holds the step."""
    places = np.append(np.flatnonzero(codes == step), len(codes))
    return places[np.searchsorted(places[:-1], after)]
