"""Sums over users of their moves, from events in order: a pure function of arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
SUMS = ("users", "x", "xx", "xd", "always", "parts")


def sums(ends: Ints, codes: Ints, arms: Ints, *, n_codes: int, n_arms: int) -> Ints:
    """Return sums of moves x and departures d of each user, by arm, from and to.

    Parameters
    ----------
    ends : ndarray of int, shape (n_users + 1,)
        Where each user's events begin, and where the last one's stop.
    codes : ndarray of int, shape (n_events,)
        The touchpoint; `n_codes` is no touchpoint but the end of a journey.
    arms : ndarray of int, shape (n_users,)
        Negative where a user does not count.

    Returns
    -------
    ndarray, shape (6, n_arms, n_codes, n_codes + 1)
        Users, and sums of x, x squared, x d, [x = d], x / d; the last target is the
        end. Sums over targets of x d and x / d are those of d squared and of users.

    Examples
    --------
    >>> found = sums(
    ...     np.array([0, 3]), np.array([0, 1, 0]), np.array([0]), n_codes=2, n_arms=1
    ... )
    >>> found[1, 0].tolist(), found[3, 0].tolist()
    ([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]], [[0.0, 2.0, 2.0], [1.0, 0.0, 0.0]])
    """
    owner = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    to = np.append(codes[1:], n_codes)
    full = ends[1:][np.diff(ends) > 0]
    to[full - 1] = n_codes
    width = n_codes + 1
    move = (owner * n_codes + codes) * width + to
    move = move[(codes < n_codes) & (arms[owner] >= 0)]
    small = len(arms) * n_codes * width < np.iinfo(np.int32).max
    move = np.sort(move.astype(np.int32) if small else move).astype(np.int64)
    key, x = _runs(move)
    _, sizes, d = _grouped(key // width, x)
    d = np.repeat(d, sizes)
    place = arms[key // (n_codes * width)] * n_codes * width + key % (n_codes * width)
    values = (np.ones(len(x)), x, x * x, x * d, x == d, x / d)
    shape = (n_arms, n_codes, width)
    return np.stack(
        [np.bincount(place, v, np.prod(shape)).reshape(shape) for v in values]
    )


def _runs(values: Ints) -> tuple[Ints, Ints]:
    """Return the distinct values of a sorted array and how often each occurs."""
    first = np.flatnonzero(np.diff(values, prepend=-1))
    return values[first], np.diff(first, append=len(values))


def _grouped(keys: Ints, x: Ints) -> tuple[Ints, Ints, Ints]:
    """Return sorted keys once each, their sizes and the sums of x."""
    kept, sizes = _runs(keys)
    edges = np.concatenate([[0], np.cumsum(x)])[np.append(0, np.cumsum(sizes))]
    return kept, sizes, np.diff(edges)
