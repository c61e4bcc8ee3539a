"""Least squares of many payoffs on splines of a few inputs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
KNOTS = (2, 3, 5, 8)
_TEST = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """Payoffs as functions of inputs.

    `basis` is orthonormal, its first column constant; `fitted` has the shape of the
    payoffs. `ratio` is the F ratio of each payoff on `df` degrees of freedom, at a
    size fixed beforehand, so that choosing the size does not inflate it.
    """

    basis: Array
    fitted: Array
    ratio: Array
    df: int


class Bases:
    """Orthonormal bases of inputs (draws, inputs), each made once, when asked for."""

    def __init__(self, inputs: Array) -> None:
        self.moving = inputs[:, np.ptp(inputs, axis=0) > 0]
        self._made: dict[int, Array] = {}

    def of(self, knots: int) -> Array:
        """Return the basis of splines with so many knots."""
        if knots not in self._made:
            self._made[knots] = orthonormal(self.moving, knots)
        return self._made[knots]


def curve(inputs: Array | Bases, payoffs: Array) -> Curve | None:
    """Regress payoffs (draws, choices) on inputs (draws, inputs), or on their bases.

    The number of knots has the smallest generalised cross-validation score, summed
    over the payoffs, each over its variance. None where nothing varies.
    """
    ready = inputs if isinstance(inputs, Bases) else Bases(inputs)
    payoffs = payoffs[:, np.ptp(payoffs, axis=0) > 0]
    if not ready.moving.size or not payoffs.size:
        return None
    total = len(payoffs) * payoffs.var(axis=0)
    bases = [ready.of(knots) for knots in KNOTS]
    weights = [basis.T @ payoffs for basis in bases]
    rests = [total - (one[1:] ** 2).sum(axis=0) for one in weights]
    loose = [1 - basis.shape[1] / len(basis) for basis in bases]
    scores = [
        float((r / total).sum()) / f**2 for r, f in zip(rests, loose, strict=True)
    ]
    at, df = int(np.argmin(scores)), bases[_TEST].shape[1] - 1
    rest = np.maximum(rests[_TEST], 1e-12 * total) / (len(payoffs) - df - 1)
    return Curve(
        basis=bases[at], fitted=np.asarray(bases[at] @ weights[at]),
        ratio=np.asarray((total - rests[_TEST]) / df / rest), df=df,
    )  # fmt: skip


def orthonormal(inputs: Array, knots: int) -> Array:
    """Return a constant, a restricted cubic spline an input, and products of pairs."""
    n = len(inputs)
    scaled = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    columns = [np.ones(n)]
    for x in scaled.T:
        columns += _spline(x, knots)
    columns += [scaled[:, i] * scaled[:, j] for i, j in _pairs(scaled.shape[1])]
    design = np.column_stack(columns)
    design[:, 1:] -= design[:, 1:].mean(axis=0)
    q, r = np.linalg.qr(design)
    size = np.abs(np.diag(r))
    return np.asarray(q[:, size > 1e-7 * size.max()])


def crossed(basis: Array, payoffs: Array, folds: int) -> Array:
    """Fit the payoffs of each fold on the draws outside it."""
    inner, outer = np.eye(basis.shape[1]), basis.T @ payoffs
    fitted = np.empty_like(payoffs)
    for k in range(folds):
        own = basis[k::folds]
        weights = np.linalg.lstsq(
            inner - own.T @ own, outer - own.T @ payoffs[k::folds], rcond=None
        )[0]
        fitted[k::folds] = own @ weights
    return fitted


def _pairs(n: int) -> list[tuple[int, int]]:
    return list(combinations(range(n), 2))


def _spline(x: Array, knots: int) -> list[Array]:
    """Restricted cubic spline through quantiles: linear beyond the outer knots."""
    at = np.unique(np.quantile(x, np.linspace(0.05, 0.95, knots)))
    if knots == 2 or len(at) < 3:
        return [x]
    wide, last, before = at[-1] - at[0], at[-1], at[-2]
    above = [np.maximum((x - knot) / wide, 0) for knot in at]
    cubes = [one * one * one for one in above]
    return [x] + [
        cube
        - cubes[-2] * ((last - knot) / (last - before))
        + cubes[-1] * ((before - knot) / (last - before))
        for knot, cube in zip(at[:-2], cubes, strict=False)
    ]
