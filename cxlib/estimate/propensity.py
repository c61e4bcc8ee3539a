"""Who answered: a logit, and means of everybody invited that lean on it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from statsmodels.discrete.discrete_model import Logit

from cxlib.errors import DataError
from cxlib.estimate.design import Array

Rows = npt.NDArray[np.bool_]
Base = Literal["everybody", "silent"]
LEAST = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Propensity:
    """A fitted model of who answered among N invited.

    Attributes
    ----------
    x : ndarray, shape (N, k)
        Constant first.
    answered : ndarray of bool, shape (N,)
    coef, std_error : ndarray, shape (k,)
        Log odds of answering.
    probability : ndarray, shape (N,)
    """

    x: Array
    answered: Rows
    coef: Array
    std_error: Array
    probability: Array

    @property
    def weights(self) -> Array:
        """One over the probability, of those who answered."""
        return np.asarray(1 / self.probability[self.answered])

    def influence(self) -> Array:
        """Influence of each invited row on the coefficients, shape (N, k)."""
        p = self.probability
        information = (self.x * (p * (1 - p))[:, None]).T @ self.x
        scores = self.x * (self.answered - p)[:, None]
        return np.asarray(np.linalg.solve(information, scores.T).T)


def fit_propensity(x: npt.ArrayLike, answered: npt.ArrayLike) -> Propensity:
    """Fit the logit of answering by maximum likelihood.

    Parameters
    ----------
    x : array_like, shape (N, k)
        Columns with a constant first, none missing.
    answered : array_like of bool, shape (N,)

    Returns
    -------
    Propensity

    Raises
    ------
    DataError
        Where the columns separate those who answered from the others, or determine
        each other.

    Examples
    --------
    >>> x = np.column_stack([np.ones(8), np.repeat([0, 1], 4)])
    >>> found = fit_propensity(x, [1, 1, 1, 0, 1, 0, 0, 0])
    >>> found.probability.round(6)[[0, 7]].tolist()
    [0.75, 0.25]
    """
    z, r = np.asarray(x, dtype=float), np.asarray(answered, dtype=bool)
    if np.linalg.matrix_rank(z) < z.shape[1]:
        raise DataError(
            "the covariates of non-response determine each other (a column that "
            "repeats another, or never varies); leave one out."
        )
    size = np.abs(z).max(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fit = Logit(r.astype(float), z / size).fit(disp=0, maxiter=100, tol=1e-14)
        except np.linalg.LinAlgError as failed:
            raise DataError(_SEPARATED) from failed
        p = np.asarray(fit.predict(), dtype=float)
        spread = np.asarray(fit.bse, dtype=float) / size
    if min(p.min(), 1 - p.max()) < LEAST or not np.isfinite(spread).all():
        raise DataError(_SEPARATED)
    return Propensity(
        x=z, answered=r, coef=np.asarray(fit.params) / size, std_error=spread,
        probability=p,
    )  # fmt: skip


_SEPARATED = (
    "some of those invited answer (almost) never or always, given the covariates: "
    "nobody can stand for them. Merge small levels, or use fewer covariates."
)


def ipw_influence(values: npt.ArrayLike, model: Propensity) -> Array:
    """Return each invited row's influence on the inverse-propensity mean.

    Parameters
    ----------
    values : array_like, shape (n,)
        Values of those who answered, in order.
    model : Propensity

    Returns
    -------
    ndarray, shape (N,)
        For `design_se` of the invitations.

    Notes
    -----
    Hajek's mean, ``sum(y / p) / sum(1 / p)``. The second part of its influence comes
    from p being estimated from the same rows; it usually lowers the standard error.

    References
    ----------
    Kim, J. K. and Kim, J. J. (2007). Nonresponse weighting adjustment using estimated
    response probability. Canadian Journal of Statistics 35, 501-514.
    doi:10.1002/cjs.5550350403

    Examples
    --------
    >>> x = np.column_stack([np.ones(8), np.repeat([0, 1], 4)])
    >>> model = fit_propensity(x, [1, 1, 1, 0, 1, 1, 0, 0])
    >>> ipw_influence([1.0, 1, 1, 0, 0], model).round(3).tolist()
    [0.062, 0.062, 0.062, 0.062, -0.062, -0.062, -0.062, -0.062]
    """
    y, w = np.asarray(values, dtype=float), model.weights
    mean = float((w * y).sum() / w.sum())
    own = np.zeros(len(model.answered))
    own[model.answered] = w * (y - mean)
    seen = model.x[model.answered]
    slope = seen.T @ ((w - 1) * (y - mean))
    return np.asarray((own - model.influence() @ slope) / w.sum())


def doubly_robust(
    values: npt.ArrayLike, model: Propensity, *, of: Base = "everybody"
) -> tuple[Array, Array]:
    """Return weights and influence of a mean predicted for those invited.

    Parameters
    ----------
    values : array_like, shape (n,)
        Values of those who answered, in order.
    model : Propensity
    of : {"everybody", "silent"}
        Predict for all invited, or for those who did not answer.

    Returns
    -------
    weights : ndarray, shape (n,)
        They sum to one and reproduce the means of all columns of the model among
        those predicted for; one may be negative.
    influence : ndarray, shape (N,)
        Of the invited, both models being estimated.

    Notes
    -----
    A straight-line regression of the answers on the propensity model's columns, fitted
    with weights (1 - p) / p, predicts those who did not answer; everybody is these and
    the answers as they came, so the two add up. As the weighted residuals sum to zero,
    this is the augmented inverse-propensity (AIPW) mean: consistent where either the
    propensities or the regression is right. Influence: all estimating equations
    stacked.

    References
    ----------
    Robins, J. M., Rotnitzky, A. and Zhao, L. P. (1994). Estimation of regression
    coefficients when some regressors are not always observed. JASA 89, 846-866.
    doi:10.1080/01621459.1994.10476818

    Examples
    --------
    >>> x = np.column_stack([np.ones(8), np.repeat([0, 1], 4)])
    >>> model = fit_propensity(x, [1, 1, 1, 0, 1, 1, 0, 0])
    >>> weights, _ = doubly_robust([1.0, 1, 1, 0, 0], model)
    >>> weights.round(4).tolist()
    [0.1667, 0.1667, 0.1667, 0.25, 0.25]
    """
    y, seen = np.asarray(values, dtype=float), model.answered
    x, z, p = model.x, model.x[seen], model.probability[seen]
    w = (1 - p) / p
    gram = (z * w[:, None]).T @ z
    centre = x[~seen].mean(axis=0)
    pull = np.linalg.solve(gram, centre)
    slopes = np.linalg.solve(gram, z.T @ (w * y))
    residual = y - z @ slopes
    weights = w * (z @ pull)
    fitting = -model.influence() @ (z.T @ (w * (z @ pull) * residual))
    fitting[seen] += weights * residual
    if of == "silent":
        own = np.where(seen, 0.0, (x - centre) @ slopes) / (~seen).sum()
        return weights, own + fitting
    share = float((~seen).mean())
    weights = 1 / len(seen) + share * weights
    filled = x @ slopes
    filled[seen] = y
    return weights, (filled - filled.mean()) / len(seen) + share * fitting
