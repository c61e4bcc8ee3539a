"""Many weighted logistic regressions on the same texts, solved together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Which = npt.NDArray[np.intp] | npt.NDArray[np.bool_]
INTERCEPT = 10.0
_STEPS, _INNER = 12, 40
# Of the loss, what a step must gain to be followed by another; of what is left to
# solve, what a step may leave.
_TOLERANCE, _REST = 3e-4, 0.3
# Columns are taken out once a fifth is done: taking out each at once costs more.
_CROWDED = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What all problems share: likeness of the rows, and each code's own columns.

    Attributes
    ----------
    likeness : ndarray, shape (rows, rows)
        Inner products of the features that all codes share.
    own : ndarray, shape (rows, codes, columns)
        Features that only one code has.
    """

    likeness: Floats
    own: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Problems:
    """Regressions still to be solved: one column each in every array but `likeness`.

    `own` has one array a feature, so that a column is near its neighbours in memory.
    """

    likeness: Floats
    own: tuple[Floats, ...]
    label: Floats
    weight: Floats

    def only(self, columns: Which) -> _Problems:
        """Return some of the problems."""
        own = tuple(mine[:, columns] for mine in self.own)
        some = self.label[:, columns], self.weight[:, columns]
        return _Problems(self.likeness, own, *some)

    def times(self, alpha: Floats) -> Floats:
        """Return scores of all rows from coefficients on the rows."""
        scores = self.likeness @ alpha
        scores += INTERCEPT**2 * alpha.sum(axis=0)
        for mine in self.own:
            scores += mine * (mine * alpha).sum(axis=0)
        return scores

    def loss(self, scores: Floats, alpha: Floats) -> Floats:
        """Return weighted log loss plus half the squared norm of each problem."""
        fit_loss = np.logaddexp(0, scores) - self.label * scores
        total: Floats = (self.weight * fit_loss + alpha * scores / 2).sum(axis=0)
        return total

    def improved(
        self, alpha: Floats, scores: Floats, loss: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Return coefficients, scores and loss after one of Newton's steps."""
        chance = 1 / (1 + np.exp(-scores))
        spread = self.weight * np.maximum(chance * (1 - chance), 1e-3)
        target = spread * scores - self.weight * (chance - self.label)
        step = _solve(self, spread, target, alpha) - alpha
        moved = self.times(step)
        size = np.ones(alpha.shape[1], dtype=np.float32)
        for _ in range(6):
            tried, seen = alpha + size * step, scores + size * moved
            new = self.loss(seen, tried)
            worse = new > loss * (1 + 1e-5) + 1e-6
            if not worse.any():
                break
            size[worse] /= 2
        size[worse] = 0
        tried, seen = alpha + size * step, scores + size * moved
        return tried, seen, np.where(worse, loss, new)


def fit(
    shared: Shared, label: Floats, weight: Floats, code: npt.NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Minimise log loss plus half the squared norm; one column a problem.

    Parameters
    ----------
    shared : Shared
    label : ndarray, shape (rows, problems)
        In [0, 1]; between the two where coders differ.
    weight : ndarray, shape (rows, problems)
        Zero where a row is held out.
    code : ndarray of int, shape (problems,)
        Which code's own columns a problem uses.

    Returns
    -------
    alpha, scores : ndarray, shape (rows, problems)
        Coefficients on the rows, and log odds of all rows, held out ones too.

    Notes
    -----
    Newton's method in the span of the rows, its steps by conjugate gradients as far
    as the step is worth (Dembo, Eisenstat and Steihaug 1982, doi:10.1137/0719025),
    halved where the loss would rise: the same optimum as a logistic regression with
    C = 1 on the features themselves, without ever forming them. A problem that no
    longer gains is left as it is.
    """
    own = tuple(np.moveaxis(shared.own[:, code], 2, 0).copy())
    problems = _Problems(shared.likeness, own, label, weight)
    alpha, scores = np.zeros_like(label), np.zeros_like(label)
    loss = problems.loss(scores, alpha)
    live = np.arange(len(code))
    for _ in range(_STEPS):
        now = alpha[:, live], scores[:, live], loss[live]
        alpha[:, live], scores[:, live], new = problems.only(live).improved(*now)
        gains = loss[live] - new > _TOLERANCE * np.abs(loss[live])
        loss[live] = new
        live = live[gains]
        if not len(live):
            break
    return alpha, scores


def _solve(
    problems: _Problems, spread: Floats, target: Floats, start: Floats
) -> Floats:
    """Solve (I + DK) a = target as (I + RKR) u = target / R, a = R u, R = sqrt D."""
    root = np.sqrt(spread)
    inverse = np.divide(1, root, out=np.zeros_like(root), where=root > 0)
    found: Floats = start * inverse
    rest: Floats = target * inverse - found - root * problems.times(root * found)
    way, size = rest.copy(), (rest**2).sum(axis=0)
    enough = _REST**2 * np.maximum(size, 1e-12)
    places, whole = np.arange(len(size)), root
    solved: Floats = found.copy()
    for _ in range(_INNER):
        left = size > enough
        if not left.any():
            break
        if left.mean() < _CROWDED:
            solved[:, places] = found
            places, problems = places[left], problems.only(left)
            found, rest, way = found[:, left], rest[:, left], way[:, left]
            root, size, enough = root[:, left], size[left], enough[left]
        ahead = way + root * problems.times(root * way)
        length = size / np.maximum((way * ahead).sum(axis=0), 1e-20)
        found = found + length * way
        rest = rest - length * ahead
        new = (rest**2).sum(axis=0)
        way = rest + new / np.maximum(size, 1e-20) * way
        size = new
    solved[:, places] = found
    return whole * solved
