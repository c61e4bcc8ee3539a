"""Many weighted logistic regressions on the same texts, solved together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
INTERCEPT = 10.0
_STEPS, _INNER = 12, 40
_TOLERANCE = 1e-3


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

    def times(self, alpha: Floats, code: npt.NDArray[np.intp]) -> Floats:
        """Return scores of all rows; column j of `alpha` belongs to code[j]."""
        scores = self.likeness @ alpha
        scores += INTERCEPT**2 * alpha.sum(axis=0)
        for k in range(self.own.shape[2]):
            mine = self.own[:, code, k]
            scores += mine * (mine * alpha).sum(axis=0)
        return scores


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
    Newton's method in the span of the rows, its steps by conjugate gradients, halved
    where the loss would rise: the same optimum as a logistic regression with C = 1
    on the features themselves, without ever forming them.
    """
    alpha = np.zeros_like(label)
    scores = np.zeros_like(label)
    loss = _loss(scores, alpha, label, weight)
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-scores))
        spread = weight * np.maximum(chance * (1 - chance), 1e-3)
        target = spread * scores - weight * (chance - label)
        step = _solve(shared, spread, target, code, alpha) - alpha
        moved = shared.times(step, code)
        alpha, scores, new = _descend(alpha, scores, step, moved, label, weight, loss)
        if np.all(loss - new <= _TOLERANCE * np.abs(loss)):
            break
        loss = new
    return alpha, scores


def _loss(scores: Floats, alpha: Floats, label: Floats, weight: Floats) -> Floats:
    fit_loss = weight * (np.logaddexp(0, scores) - label * scores)
    total: Floats = (fit_loss + alpha * scores / 2).sum(axis=0)
    return total


def _descend(
    alpha: Floats, scores: Floats, step: Floats, moved: Floats,
    label: Floats, weight: Floats, loss: Floats,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Take each problem's step, halved until its loss does not rise."""
    size = np.ones(alpha.shape[1], dtype=np.float32)
    for _ in range(6):
        tried, seen = alpha + size * step, scores + size * moved
        new = _loss(seen, tried, label, weight)
        worse = new > loss * (1 + 1e-5) + 1e-6
        if not worse.any():
            break
        size[worse] /= 2
    size[worse] = 0
    tried, seen = alpha + size * step, scores + size * moved
    return tried, seen, np.where(worse, loss, new)


def _solve(
    shared: Shared, spread: Floats, target: Floats, code: npt.NDArray[np.intp],
    start: Floats,
) -> Floats:  # fmt: skip
    """Solve (I + DK) a = target as (I + RKR) u = target / R, a = R u, R = sqrt D."""
    root = np.sqrt(spread)
    inverse = np.divide(1, root, out=np.zeros_like(root), where=root > 0)
    goal = target * inverse
    found = start * inverse
    rest = goal - found - root * shared.times(root * found, code)
    way, size = rest.copy(), (rest**2).sum(axis=0)
    enough = 1e-4 * np.maximum((goal**2).sum(axis=0), 1e-12)
    for _ in range(_INNER):
        if np.all(size <= enough):
            break
        ahead = way + root * shared.times(root * way, code)
        length = size / np.maximum((way * ahead).sum(axis=0), 1e-20)
        found += length * way
        rest -= length * ahead
        new = (rest**2).sum(axis=0)
        way = rest + new / np.maximum(size, 1e-20) * way
        size = new
    return root * found
