"""Means as curves of linear indices, and what a point more does to their average.

A model with m linear indices (one, or two in a two-part model) on one design says the
mean outcome of a row is f(eta_1, …, eta_m). From f and its derivatives follow the
average marginal effects and how they move with the coefficients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """Value (n,), gradient (m, n) and second derivatives (m, m, n) of a curve."""

    value: Array
    first: Array
    second: Array


Curve = Callable[[Array], Point]


@dataclass(frozen=True, slots=True, eq=False)
class Averages:
    """Average marginal effects of the first columns of a design.

    Attributes
    ----------
    effects : ndarray, shape (k,)
    jacobian : ndarray, shape (k, m * p)
        Their derivative by the coefficients, index after index.
    by_row : ndarray, shape (n, k)
        What is averaged.
    """

    effects: Array
    jacobian: Array
    by_row: Array


def exponential(eta: Array) -> Point:
    """Return the mean of a log link."""
    m = np.exp(eta[0])
    return Point(m, m[None], m[None, None])


def logistic(eta: Array) -> Point:
    """Return the chance of a logit."""
    p = expit(eta[0])
    slope = p * (1 - p)
    return Point(p, slope[None], (slope * (1 - 2 * p))[None, None])


def log_log(eta: Array) -> Point:
    """Return the chance of a complementary log-log model."""
    m = np.exp(np.minimum(eta[0], 500.0))
    kept = np.exp(-m)
    slope = m * kept
    return Point(-np.expm1(-m), slope[None], (slope * (1 - m))[None, None])


def two_part(eta: Array) -> Point:
    """Return the chance of any amount times the amount where there is one."""
    p, m = expit(eta[0]), np.exp(eta[1])
    value = p * m
    slope = value * (1 - p)
    first = np.stack([slope, value])
    second = np.stack([[slope * (1 - 2 * p), slope], [slope, value]])
    return Point(value, first, second)


def complement(curve: Curve) -> Curve:
    """Return one less the curve."""

    def found(eta: Array) -> Point:
        at = curve(eta)
        return Point(1 - at.value, -at.first, -at.second)

    return found


def raised(curve: Curve, power: float) -> Curve:
    """Return the curve to a power: the chance of lasting that many periods."""

    def found(eta: Array) -> Point:
        at = curve(eta)
        base = np.maximum(at.value, 1e-300)
        slope = power * base ** (power - 1)
        bend = power * (power - 1) * base ** (power - 2)
        cross = at.first[:, None] * at.first[None]
        return Point(base**power, slope * at.first, bend * cross + slope * at.second)

    return found


def indices(design: Array, params: Sequence[Array]) -> Array:
    """Return the linear indices, one row an index."""
    return np.stack([design @ one for one in params])


def average(
    design: Array, params: Sequence[Array], curve: Curve, *, binary: Flags
) -> Averages:
    """Average the effect of each leading column over the rows.

    The effect of a 0/1 column is its change from 0 to 1, of any other the derivative.
    """
    at = curve(indices(design, params))
    n, k, m, p = len(design), len(binary), len(params), design.shape[1]
    slopes = np.stack([one[:k] for one in params])
    by_row = np.einsum("mn,mk->nk", at.first, slopes)
    bends = np.einsum("abn,np->abp", at.second, design) / n
    jacobian = np.einsum("bk,abp->kap", slopes, bends)
    jacobian[np.arange(k), :, np.arange(k)] += at.first.mean(axis=1)
    for j in np.flatnonzero(binary):
        by_row[:, j], jacobian[j] = _switched(design, params, curve, int(j))
    return Averages(by_row.mean(axis=0), jacobian.reshape(k, m * p), by_row)


def level(design: Array, params: Sequence[Array], curve: Curve) -> Averages:
    """Average the curve itself over the rows."""
    at = curve(indices(design, params))
    jacobian = (at.first @ design / len(design)).reshape(1, -1)
    return Averages(at.value.mean(keepdims=True), jacobian, at.value[:, None])


def _switched(
    design: Array, params: Sequence[Array], curve: Curve, j: int
) -> tuple[Array, Array]:
    change, jacobian = np.zeros(len(design)), np.zeros((len(params), design.shape[1]))
    for value, sign in ((1.0, 1.0), (0.0, -1.0)):
        at = design.copy()
        at[:, j] = value
        found = curve(indices(at, params))
        change += sign * found.value
        jacobian += sign * (found.first @ at) / len(at)
    return change, jacobian
