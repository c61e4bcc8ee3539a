"""Gap between two groups adjusted for covariates, doubly robust."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate.design import Array, Design, design_se

Estimand = Literal["overlap", "all", "treated"]
OutcomeModel = Literal["linear", "logistic"]
ESTIMANDS = ("overlap", "all", "treated")
Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Nuisance:
    """What is predicted for each row from its covariates.

    `propensity` of the group; `control` and `treated`, the outcome outside and
    inside it. Each of shape (n,).
    """

    propensity: Array
    control: Array
    treated: Array


@dataclass(frozen=True, slots=True, eq=False)
class Adjusted:
    """An adjusted gap: estimate, standard error, df and influence of each row.

    `control` is the level that the same rows would have outside the group.
    """

    estimate: float
    std_error: float
    df: float
    influence: Array
    control: float


def adjusted_gap(
    values: npt.ArrayLike,
    inside: Rows,
    *,
    nuisance: Nuisance,
    plan: Design,
    estimand: Estimand = "overlap",
    keep: Rows | None = None,
) -> Adjusted:
    """Return the augmented inverse-propensity estimate of a gap.

    Parameters
    ----------
    values : array_like, shape (n,)
        Outcome.
    inside : ndarray of bool, shape (n,)
        Rows of the group.
    nuisance : Nuisance
    plan : Design
        Weights, strata and clusters of the n rows.
    estimand : {"overlap", "all", "treated"}
        Whose gap: those who might as well be in the group as not (weight e(1-e)),
        everybody (ATE), or the group (ATT).
    keep : ndarray of bool, optional
        Rows not trimmed; the others carry no influence.

    Returns
    -------
    Adjusted

    Notes
    -----
    Each estimate is ``sum w num / sum w den`` with influence ``w (num - est den)``.
    For "all" num is the augmented score and den 1; for "treated" the residuals from
    the control prediction and den the group; for "overlap" the efficient score, in
    which ``(d - e)^2`` weighs the predicted gap, so that its standard error allows for
    the estimated propensity.

    References
    ----------
    Robins, J. M., Rotnitzky, A. and Zhao, L. P. (1994). JASA 89, 846-866.
    doi:10.1080/01621459.1994.10476818. Li, F., Morgan, K. L. and Zaslavsky, A. M.
    (2018). Balancing covariates via propensity score weighting. JASA 113, 390-400.
    doi:10.1080/01621459.2016.1260466. Chernozhukov, V. et al. (2018).
    Double/debiased machine learning. Econometrics Journal 21, C1-C68.
    doi:10.1111/ectj.12097

    Examples
    --------
    >>> from cxlib.estimate import design
    >>> y, d = np.array([1.0, 0.0, 1.0, 1.0]), np.array([False, False, True, True])
    >>> flat = Nuisance(np.full(4, 0.5), np.full(4, 0.5), np.full(4, 1.0))
    >>> adjusted_gap(y, d, nuisance=flat, plan=design(4), estimand="all").estimate
    0.5
    """
    _checks.one_of(estimand, "estimand", ESTIMANDS)
    y, d = np.asarray(values, dtype=float), inside.astype(float)
    e, m0, m1 = nuisance.propensity, nuisance.control, nuisance.treated
    if estimand == "overlap":
        den = np.square(d - e)
        num = den * (m1 - m0) + d * (1 - e) * (y - m1) - (1 - d) * e * (y - m0)
        base = den * m0 + (1 - d) * e * (y - m0)
    elif estimand == "all":
        den = np.ones_like(y)
        num = m1 - m0 + d * (y - m1) / e - (1 - d) * (y - m0) / (1 - e)
        base = m0 + (1 - d) * (y - m0) / (1 - e)
    else:
        den = d
        num = (d - (1 - d) * e / (1 - e)) * (y - m0)
        base = d * m0 + (1 - d) * e / (1 - e) * (y - m0)
    w = plan.weights if keep is None else np.where(keep, plan.weights, 0.0)
    total = float((w * den).sum())
    found = float((w * num).sum() / total)
    influence = w * (num - found * den) / total
    std_error, df = design_se(influence, plan)
    return Adjusted(found, std_error, df, influence, float((w * base).sum() / total))


def cross_fit(
    values: npt.ArrayLike,
    inside: Rows,
    x: Array,
    *,
    plan: Design,
    folds: int = 5,
    outcome: OutcomeModel = "linear",
    rng: int | np.random.Generator = 0,
) -> Nuisance:
    """Predict propensity and outcomes of each row from the other folds' rows.

    Parameters
    ----------
    values, inside, plan
        As in `adjusted_gap`; rows of one cluster stay in one fold.
    x : ndarray, shape (n, p)
        Covariates as numbers, no constant column.
    folds : int
        At least 2.
    outcome : {"linear", "logistic"}
        Model of the outcome by group; logistic for an outcome in {0, 1}.
    rng : int or numpy.random.Generator

    Returns
    -------
    Nuisance
        Logistic propensity within [0.001, 0.999], outcome by group.

    Raises
    ------
    ArgumentError
        For a logistic model of an outcome that is no 0/1.
    DataError
        If the rows outside a fold hold fewer than two of either group.

    Examples
    --------
    >>> from cxlib.estimate import design
    >>> draw = np.random.default_rng(1)
    >>> x = draw.normal(size=(500, 1))
    >>> d = draw.random(500) < 0.5
    >>> found = cross_fit(x[:, 0] + d, d, x, plan=design(500))
    >>> round(float((found.treated - found.control).mean()), 3)
    1.0
    """
    _checks.in_range(folds, "folds", 2, 50)
    _checks.one_of(outcome, "outcome", ("linear", "logistic"))
    y, d = np.asarray(values, dtype=float), inside.astype(float)
    if outcome == "logistic" and not np.isin(y, (0, 1)).all():
        raise ArgumentError(
            "`outcome` is 'logistic', but the values are no 0/1; use 'linear'."
        )
    z = _standard(np.asarray(x, dtype=float))
    unit = np.unique(plan.cluster, return_inverse=True)[1]
    order = _checks.generator(rng).permutation(int(unit.max()) + 1)
    fold = (order % folds)[unit]
    e, m0, m1 = (np.empty(len(y)) for _ in range(3))
    for k in range(folds):
        train, test = fold != k, fold == k
        if min(d[train].sum(), (1 - d[train]).sum()) < 2:
            raise DataError("too few rows of one group to predict it from covariates.")
        w = np.where(train, plan.weights, 0.0)
        e[test] = z[test] @ logistic(z, d, w)
        m0[test] = _predict(outcome, z, y, w * (1 - d), test)
        m1[test] = _predict(outcome, z, y, w * d, test)
    propensity = np.clip(1 / (1 + np.exp(-e)), 0.001, 0.999)
    return Nuisance(propensity, m0, m1)


def _predict(model: OutcomeModel, z: Array, y: Array, w: Array, rows: Rows) -> Array:
    """Outcome of some rows by a model fitted with weights w."""
    if model == "linear":
        return np.asarray(z[rows] @ _linear(z, y, w))
    return np.asarray(1 / (1 + np.exp(-z[rows] @ logistic(z, y, w))))


def logistic(z: Array, d: Array, w: Array, *, ridge: float = 1e-3) -> Array:
    """Return weighted logistic coefficients by Newton steps.

    Parameters
    ----------
    z : ndarray, shape (n, p)
        Columns, the first a constant.
    d, w : ndarray, shape (n,)
        Outcome in {0, 1}; weights.
    ridge : float
        Penalty on all but the constant, in rows of average weight: keeps separated
        or collinear columns finite.

    Returns
    -------
    ndarray, shape (p,)

    Examples
    --------
    >>> z = np.column_stack([np.ones(4), [0.0, 0.0, 1.0, 1.0]])
    >>> b = logistic(z, np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4))
    >>> bool(abs(b).max() < 1e-9)
    True
    """
    w = w / w[w > 0].mean()
    penalty = np.r_[0.0, np.full(z.shape[1] - 1, ridge)]
    beta = np.zeros(z.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(z @ beta, -30, 30)))
        slope = z.T @ (w * (d - p)) - penalty * beta
        bend = (z.T * (w * p * (1 - p))) @ z + np.diag(penalty + 1e-9)
        move = np.linalg.solve(bend, slope)
        beta = beta + move * min(1.0, 5 / max(float(np.abs(move).max()), 1e-12))
        if np.abs(move).max() < 1e-9:
            break
    return np.asarray(beta)


def _linear(z: Array, y: Array, w: Array) -> Array:
    """Weighted least squares with the same slight ridge."""
    w = w / w[w > 0].mean()
    penalty = np.diag(np.r_[0.0, np.full(z.shape[1] - 1, 1e-3)] + 1e-9)
    return np.asarray(np.linalg.solve((z.T * w) @ z + penalty, z.T @ (w * y)))


def _standard(x: Array) -> Array:
    """A constant, then centred columns of unit spread."""
    spread = x.std(axis=0)
    scaled = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.column_stack([np.ones(len(x)), scaled])
