"""Proportional-odds regression of ordered answers, for any survey design."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib import _checks
from cxlib.errors import DataError
from cxlib.estimate.covariance import design_cov
from cxlib.estimate.design import Array, Design

Link = Literal["logit", "probit"]
_STEPS, _TOLERANCE = 100, 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrdinalFit:
    """A cumulative-link model ``P(Y <= j) = F(threshold_j - x b)``.

    Attributes
    ----------
    coefficients : ndarray, shape (p,)
    thresholds : ndarray, shape (levels - 1,)
    covariance : ndarray, shape (p + levels - 1, p + levels - 1)
        Of both together: inverse information, or the design's sandwich.
    loglik : float
        Weighted log-likelihood.
    df : float
        For t quantiles; infinite without a design.
    """

    coefficients: Array
    thresholds: Array
    covariance: Array
    loglik: float
    df: float

    @property
    def std_errors(self) -> Array:
        """Of the coefficients, then the thresholds."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    def shares(self, x: npt.ArrayLike, link: Link = "logit") -> Array:
        """Return the model's share of every level for one row of predictors."""
        cdf = _LINKS[link].cdf
        eta = float(np.asarray(x, dtype=float) @ self.coefficients)
        below = np.concatenate([[0.0], cdf(self.thresholds - eta), [1.0]])
        return np.diff(below)


_LINKS = {"logit": stats.logistic, "probit": stats.norm}


def fit_ordinal(
    x: npt.ArrayLike,
    level: npt.ArrayLike,
    *,
    plan: Design,
    link: Link = "logit",
) -> OrdinalFit:
    """Fit a cumulative-link model by (pseudo-)maximum likelihood.

    Parameters
    ----------
    x : array_like, shape (n, p)
        Predictors without a constant.
    level : array_like of int, shape (n,)
        Ordered answers coded 0..k-1, each present.
    plan : Design
        Weights, strata and clusters. Any of them gives sandwich standard errors.
    link : {"logit", "probit"}

    Returns
    -------
    OrdinalFit

    Raises
    ------
    DataError
        Where the maximum is at infinity: a predictor separates the answers.

    References
    ----------
    McCullagh, P. (1980). Regression models for ordinal data. JRSS B 42, 109-142.
    doi:10.1111/j.2517-6161.1980.tb01109.x

    Examples
    --------
    >>> from cxlib.estimate import design
    >>> x = [[0], [0], [0], [0], [1], [1], [1], [1]]
    >>> fit = fit_ordinal(x, [0, 0, 1, 2, 0, 1, 2, 2], plan=design(8))
    >>> fit.coefficients.round(3).tolist(), fit.thresholds.round(3).tolist()
    ([1.099], [0.0, 1.099])
    """
    _checks.one_of(link, "link", tuple(_LINKS))
    rows, y = np.asarray(x, dtype=float), np.asarray(level, dtype=np.intp)
    p, w = rows.shape[1], plan.weights
    ends = _designs(rows, y)
    share = np.cumsum(np.bincount(y, weights=w))[:-1] / w.sum()
    start = np.concatenate([np.zeros(p), _LINKS[link].ppf(share)])
    params, value, scores, hessian = _climb(start, *ends, y, w, link)
    _separated(params, hessian, p)
    cov, df = np.linalg.inv(-hessian), np.inf
    if not plan.simple:
        cov, df = design_cov(scores @ cov, plan)
    return OrdinalFit(
        coefficients=params[:p], thresholds=params[p:], loglik=value, df=df,
        covariance=np.asarray(cov, dtype=float),
    )  # fmt: skip


def _climb(
    params: Array, upper: Array, lower: Array, y: npt.NDArray[np.intp], w: Array,
    link: Link,
) -> tuple[Array, float, Array, Array]:  # fmt: skip
    """Newton's steps, halved where they overshoot, to the maximum."""
    value, scores, hessian = _parts(params, upper, lower, y, w, link)
    for _ in range(_STEPS):
        slope = scores.sum(axis=0)
        step = np.linalg.lstsq(-hessian, slope, rcond=None)[0]
        size, trial = 1.0, _parts(params + step, upper, lower, y, w, link)
        while trial[0] < value and size > 1e-8:
            size /= 2
            trial = _parts(params + size * step, upper, lower, y, w, link)
        if trial[0] < value:
            break
        params = params + size * step
        value, scores, hessian = trial
        if float(step @ slope) < _TOLERANCE * w.sum() / len(w):
            break
    return params, value, scores, hessian


def _designs(x: Array, y: npt.NDArray[np.intp]) -> tuple[Array, Array]:
    """Rows that give the upper and the lower end of each answer's band."""
    k = int(y.max()) + 1
    picks = np.eye(k)
    upper = np.column_stack([-x, picks[y][:, : k - 1]])
    below = np.where(y > 0, y - 1, k - 1)
    lower = np.column_stack([-x, picks[below][:, : k - 1]])
    return upper, lower


def _parts(
    params: Array, upper: Array, lower: Array, y: npt.NDArray[np.intp], w: Array,
    link: Link,
) -> tuple[float, Array, Array]:  # fmt: skip
    """Log-likelihood, weighted scores of the rows and Hessian."""
    law, top = _LINKS[link], int(y.max())
    ends = []
    for rows, absent, full in ((upper, y == top, 1.0), (lower, y == 0, 0.0)):
        at = rows @ params
        density = np.where(absent, 0.0, law.pdf(at))
        slope = -density * (np.tanh(at / 2) if link == "logit" else at)
        ends.append((np.where(absent, full, law.cdf(at)), density, slope))
    (high, a, a_slope), (low, b, b_slope) = ends
    chance = high - low
    if (chance <= 0).any() or not np.isfinite(chance).all():
        return -np.inf, upper, upper
    chance = np.maximum(chance, 1e-300)
    scores = (w * a / chance)[:, None] * upper - (w * b / chance)[:, None] * lower
    ratio_a, ratio_b = a / chance, b / chance
    hessian = upper.T @ ((w * (a_slope / chance - ratio_a**2))[:, None] * upper)
    hessian += lower.T @ ((w * (-b_slope / chance - ratio_b**2))[:, None] * lower)
    cross = upper.T @ ((w * ratio_a * ratio_b)[:, None] * lower)
    return float(w @ np.log(chance)), scores, hessian + cross + cross.T


def _separated(params: Array, hessian: Array, p: int) -> None:
    """Raise where a coefficient runs away or is not identified."""
    if np.linalg.matrix_rank(hessian) < len(params) or np.abs(params[:p]).max() > 30:
        raise DataError(
            "the ordinal model has no finite maximum: a group gave only the highest or "
            "only the lowest answers, or two predictors say the same; leave it out or "
            "merge groups."
        )
