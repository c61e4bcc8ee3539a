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


def curve(inputs: Array, payoffs: Array) -> Curve | None:
    """Regress payoffs (draws, choices) on inputs (draws, inputs).

    The number of knots has the smallest generalised cross-validation score, summed
    over the payoffs, each over its variance. None where nothing varies.
    """
    moving = inputs[:, np.ptp(inputs, axis=0) > 0]
    payoffs = payoffs[:, np.ptp(payoffs, axis=0) > 0]
    if not moving.size or not payoffs.size:
        return None
    sizes = [orthonormal(moving, knots) for knots in KNOTS]
    scores = [_gcv(basis, payoffs) for basis in sizes]
    chosen = sizes[int(np.argmin(scores))]
    ratio, df = _f_ratio(sizes[_TEST], payoffs)
    return Curve(basis=chosen, fitted=_project(chosen, payoffs), ratio=ratio, df=df)


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


def smooth(basis: Array, payoffs: Array, at: Array) -> Array:
    """Fit payoffs on a basis and return the fit at other rows of it."""
    return np.asarray(at @ np.linalg.lstsq(basis, payoffs, rcond=None)[0])


def _pairs(n: int) -> list[tuple[int, int]]:
    return list(combinations(range(n), 2))


def _spline(x: Array, knots: int) -> list[Array]:
    """Restricted cubic spline through quantiles: linear beyond the outer knots."""
    at = np.unique(np.quantile(x, np.linspace(0.05, 0.95, knots)))
    if knots == 2 or len(at) < 3:
        return [x]
    wide, last, before = at[-1] - at[0], at[-1], at[-2]

    def cube(knot: float) -> Array:
        return np.asarray(np.clip((x - knot) / wide, 0, None) ** 3)

    return [x] + [
        cube(knot)
        - cube(before) * (last - knot) / (last - before)
        + cube(last) * (before - knot) / (last - before)
        for knot in at[:-2]
    ]


def _project(basis: Array, payoffs: Array) -> Array:
    return np.asarray(basis @ (basis.T @ payoffs))


def _gcv(basis: Array, payoffs: Array) -> float:
    n, k = basis.shape
    rest = payoffs.var(axis=0) - ((basis[:, 1:].T @ payoffs) ** 2).sum(axis=0) / n
    return float((rest / payoffs.var(axis=0)).sum() / (1 - k / n) ** 2)


def _f_ratio(basis: Array, payoffs: Array) -> tuple[Array, int]:
    n, k = basis.shape
    explained = ((basis[:, 1:].T @ payoffs) ** 2).sum(axis=0)
    rest = np.maximum(n * payoffs.var(axis=0) - explained, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (explained / (k - 1)) / (rest / (n - k))
    return np.nan_to_num(ratio, nan=0.0, posinf=1e12), k - 1
