"""Multinomial logit: predictors may move every answer freely, whatever its order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxlib.errors import DataError
from cxlib.estimate.covariance import design_cov
from cxlib.estimate.design import Array, Design, design

_STEPS, _GAIN, _NEVER, MOST_PARAMETERS = 60, 1e-9, 1e-8, 400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MultinomialFit:
    """Log odds of every answer against the lowest, linear in the predictors.

    Attributes
    ----------
    coefficients : ndarray, shape (levels - 1, p + 1)
        The constant first.
    std_errors : ndarray, shape (levels - 1, p + 1)
    loglik : float
        Weighted log-likelihood.
    """

    coefficients: Array
    std_errors: Array
    loglik: float

    def shares(self, x: npt.ArrayLike) -> Array:
        """Return the model's share of every level for one row of predictors."""
        row = np.concatenate([[1.0], np.asarray(x, dtype=float)])
        return np.asarray(_shares(row[None, :], self.coefficients)[0])


def fit_multinomial(
    x: npt.ArrayLike, level: npt.ArrayLike, *, plan: Design
) -> MultinomialFit:
    """Fit a multinomial logit by (pseudo-)maximum likelihood.

    Parameters
    ----------
    x : array_like, shape (n, p)
        Predictors without a constant.
    level : array_like of int, shape (n,)
        Answers coded 0..k-1, each present.
    plan : Design
        Weights, strata and clusters. Any of them gives sandwich standard errors.

    Returns
    -------
    MultinomialFit

    Raises
    ------
    DataError
        Where the maximum is at infinity (an answer that some group never gave), or for
        more than 400 parameters.

    References
    ----------
    Agresti, A. (2013). Categorical Data Analysis, 3rd ed. Wiley, ch. 8.

    Examples
    --------
    >>> from cxlib.estimate import design
    >>> x = [[0], [0], [0], [0], [1], [1], [1], [1]]
    >>> fit = fit_multinomial(x, [0, 0, 1, 2, 0, 1, 2, 2], plan=design(8))
    >>> fit.shares([1]).round(3).tolist()
    [0.25, 0.25, 0.5]
    """
    y = np.asarray(level, dtype=np.intp)
    rows = np.column_stack([np.ones(len(y)), np.asarray(x, dtype=float)])
    k, q = int(y.max()), rows.shape[1]
    if k * q > MOST_PARAMETERS:
        raise DataError(
            f"{k * q} parameters; the multinomial model takes {MOST_PARAMETERS}."
        )
    picked = np.eye(k + 1)[y][:, 1:]
    b, value = _climb(rows, picked, plan.weights)
    error, information = _parts(b, rows, picked, plan.weights)[1:]
    if _shares(rows, b).min() < _NEVER:
        raise DataError("the multinomial model has no finite maximum.")
    cov = np.linalg.pinv(information, hermitian=True)
    if not plan.simple:
        scores = (plan.weights[:, None] * error)[:, :, None] * rows[:, None, :]
        cov = design_cov(scores.reshape(len(y), -1) @ cov, plan)[0]
    spread = np.sqrt(np.clip(np.diag(cov), 0, None)).reshape(b.shape)
    return MultinomialFit(coefficients=b, std_errors=spread, loglik=value)


def multinomial_loglik(x: npt.ArrayLike, level: npt.ArrayLike) -> float:
    """Return the log-likelihood of the model that lets x move every answer freely.

    Parameters
    ----------
    x : array_like, shape (n, p)
    level : array_like of int, shape (n,)

    Returns
    -------
    float
        NaN where the fit fails (an answer that some group never gave).

    Notes
    -----
    Where every row of predictors is a single indicator of a group it is closed form:
    the groups' own shares. Otherwise `fit_multinomial`.

    Examples
    --------
    >>> round(multinomial_loglik([[0], [0], [1], [1]], [0, 1, 1, 1]), 3)
    -1.386
    """
    rows, y = np.asarray(x, dtype=float), np.asarray(level, dtype=np.intp)
    distinct, group = np.unique(rows, axis=0, return_inverse=True)
    if len(distinct) == rows.shape[1] + 1:
        counts = np.zeros((len(distinct), int(y.max()) + 1))
        np.add.at(counts, (group.ravel(), y), 1.0)
        total = counts.sum(axis=1, keepdims=True)
        return float((counts * np.log(np.where(counts > 0, counts / total, 1.0))).sum())
    try:
        return fit_multinomial(rows, y, plan=design(len(y))).loglik
    except DataError:
        return float("nan")


def _climb(rows: Array, picked: Array, w: Array) -> tuple[Array, float]:
    """Newton's steps, halved where they overshoot, to the maximum."""
    b = np.zeros((picked.shape[1], rows.shape[1]))
    value, error, information = _parts(b, rows, picked, w)
    for _ in range(_STEPS):
        slope = ((w[:, None] * error).T @ rows).ravel()
        step = np.linalg.lstsq(information, slope, rcond=None)[0]
        size, trial = 1.0, _parts(b + step.reshape(b.shape), rows, picked, w)
        while trial[0] < value and size > 1e-8:
            size /= 2
            trial = _parts(b + size * step.reshape(b.shape), rows, picked, w)
        if trial[0] < value:
            break
        b, (value, error, information) = b + size * step.reshape(b.shape), trial
        if float(step @ slope) < _GAIN * w.sum() / len(w):
            break
    return b, value


def _parts(
    b: Array, rows: Array, picked: Array, w: Array
) -> tuple[float, Array, Array]:
    """Log-likelihood, errors of the shares and information."""
    every = _shares(rows, b)
    shares = every[:, 1:]
    own = np.where(picked.any(axis=1), (shares * picked).sum(axis=1), every[:, 0])
    k, q = b.shape
    information = np.empty((k, q, k, q))
    for i in range(k):
        for j in range(i + 1):
            mass = w * shares[:, i] * ((i == j) - shares[:, j])
            block = rows.T @ (mass[:, None] * rows)
            information[i, :, j, :] = information[j, :, i, :] = block
    value = float(w @ np.log(np.maximum(own, 1e-300)))
    return value, picked - shares, information.reshape(k * q, k * q)


def _shares(rows: Array, b: Array) -> Array:
    """Shares of every level, the lowest first."""
    eta = np.column_stack([np.zeros(len(rows)), rows @ b.T])
    mass = np.exp(eta - eta.max(axis=1, keepdims=True))
    return np.asarray(mass / mass.sum(axis=1, keepdims=True))
