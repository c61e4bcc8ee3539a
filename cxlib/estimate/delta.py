"""Errors of functions of estimates: numerical derivatives and the delta method."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def jacobian(
    function: Callable[[Array], npt.ArrayLike],
    at: npt.ArrayLike,
    *,
    steps: npt.ArrayLike,
) -> Array:
    """Differentiate a smooth function by central differences.

    Parameters
    ----------
    function : callable
        Of an array of shape (k,); returns a number or an array of shape (m,).
    at : array_like, shape (k,)
    steps : array_like, shape (k,)
        Half the distance of the two ends; a step of 0 gives a derivative of 0.

    Returns
    -------
    ndarray, shape (m, k)

    Examples
    --------
    >>> found = jacobian(lambda x: x[0] * x[1], [2.0, 3.0], steps=[1e-4, 1e-4])
    >>> found.round(6).tolist()
    [[3.0, 2.0]]
    """
    point, widths = np.asarray(at, dtype=float), np.asarray(steps, dtype=float)
    rows = len(np.atleast_1d(function(point)))
    found = np.zeros((rows, len(point)))
    for j in np.flatnonzero(widths > 0):
        move = np.zeros(len(point))
        move[j] = widths[j]
        high, low = (np.atleast_1d(function(point + s * move)) for s in (1, -1))
        found[:, j] = (high - low) / (2 * widths[j])
    return found


def hessian(function: Callable[[Array], float], at: npt.ArrayLike) -> Array:
    """Return second derivatives by central differences, for parameters near one.

    Parameters
    ----------
    function : callable
        Of an array of shape (k,).
    at : array_like, shape (k,)
        Parameters whose natural step is about one, logarithms say.

    Returns
    -------
    ndarray, shape (k, k)

    Examples
    --------
    >>> hessian(lambda x: x[0] ** 2 * x[1], [2.0, 3.0]).round(3).tolist()
    [[6.0, 4.0], [4.0, 0.0]]
    """
    point = np.asarray(at, dtype=float)
    k = len(point)
    steps = 1e-3 * np.maximum(1.0, np.abs(point))
    found, moves = np.empty((k, k)), np.diag(steps)
    for i in range(k):
        for j in range(i + 1):
            ends = [
                function(point + a * moves[i] + b * moves[j])
                for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))
            ]
            cross = ends[0] - ends[1] - ends[2] + ends[3]
            found[i, j] = found[j, i] = cross / (4 * steps[i] * steps[j])
    return found
