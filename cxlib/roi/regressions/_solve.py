"""Numbers only: least squares within customers, its clustered errors, and the logit."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from statsmodels.discrete.discrete_model import Logit

from cxlib.errors import DataError
from cxlib.roi.regressions._jackknife import jackknife
from cxlib.roi.regressions._parts import Part, group_totals
from cxlib.roi.regressions._spec import CovType
from cxlib.roi.regressions._within import Effects

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kept:
    """Share of customers kept over a horizon, and its change per point.

    Attributes
    ----------
    horizon : float
        In periods.
    level : float
        Share kept at the scores as they are.
    effects : ndarray, shape (k,)
    influence, level_influence : ndarray, shapes (G, k) and (G,)
    """

    horizon: float
    level: float
    effects: Array
    influence: Array
    level_influence: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beyond:
    """What a model that is not a straight line knows beside its marginal effects.

    `parts` are its indices, `fitted` the mean of each row, `kept` the customers kept.
    """

    parts: tuple[Part, ...]
    fitted: Array
    kept: Kept | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """Coefficients of the terms of interest and what makes up their errors.

    Attributes
    ----------
    coef : ndarray, shape (k,)
    influence : ndarray, shape (G, k)
        Of each cluster, scaled by the small-sample factor: its cross product is the
        covariance, and cross products between outcomes are theirs.
    clusters : ndarray, shape (G,)
        Codes of the clusters, in the rows of `influence`.
    n, n_entities, df_resid : int
        Rows and customers used; rows less everything estimated.
    cov_type : str
        The convention in force.
    r2 : float
        Within customers (McFadden's for a logit; share of the deviance elsewhere).
    beyond : Beyond or None
        Of models that are not straight lines.
    """

    coef: Array
    influence: Array
    clusters: Ints
    n: int
    n_entities: int
    df_resid: int
    cov_type: str
    r2: float
    beyond: Beyond | None = None

    @property
    def std_error(self) -> Array:
        """Square roots of the diagonal of the covariance."""
        return np.asarray(np.sqrt(np.square(self.influence).sum(axis=0)))

    @property
    def df(self) -> float:
        """Degrees of freedom of t: clusters less one."""
        return float(len(self.clusters) - 1)


def group_sums(values: Array, codes: Ints) -> Array:
    """Sum the rows of values, shape (n, k), within groups coded 0.. without holes."""
    steps = np.diff(codes)
    if len(codes) and codes[0] == 0 and ((steps == 0) | (steps == 1)).all():
        starts = np.r_[0, np.flatnonzero(steps) + 1]
        return np.add.reduceat(values.T, starts, axis=1).T
    return group_totals(values, codes, int(codes.max()) + 1)


def demean(values: Array, codes: Ints) -> Array:
    """Subtract the group means of each column."""
    counts = np.bincount(codes)
    return np.asarray(values - (group_sums(values, codes) / counts[:, None])[codes])


def dummies(codes: Ints) -> Array:
    """Return one column a level but the first."""
    levels, at = np.unique(codes, return_inverse=True)
    return np.asarray(np.eye(len(levels))[at][:, 1:])


def least_squares(
    y: Array, x: Array, *, cluster: Ints, effects: Effects, cov_type: CovType
) -> Solved:
    """Regress y on x after the effects are taken out of both.

    Parameters
    ----------
    y, x : ndarray
        Shapes (n,), (n, k); rows sorted by customer.
    cluster : ndarray of int
        Codes 0.. without holes.
    effects : Effects
        Of the same rows.
    cov_type : str
        A convention of `COV_LABEL`.
    """
    columns = np.vstack([x.T, y])
    scale = np.sqrt(np.square(effects.means_out(columns)).sum(axis=1))
    left = effects.out(columns / np.where(scale > 0, scale, 1.0)[:, None])
    z, k, groups = left[:-1].T, x.shape[1], int(cluster.max()) + 1
    bread = np.linalg.inv(z.T @ z)
    coef = bread @ (z.T @ left[-1])
    residual = left[-1] - coef @ left[:-1]
    slopes = k + effects.n_periods
    every = slopes + (effects.absorbed or 1)
    counted = {"CR1": slopes + 1, "CR1_slopes": k, "CR1_dummies": every}
    if cov_type == "CRV3":
        influence = jackknife(columns, scale, coef, cluster=cluster, effects=effects)
    else:
        factor = small_sample(cov_type, groups, len(y), counted.get(cov_type, 0))
        scores = group_sums((left[:-1] * residual).T, cluster)
        influence = scores @ bread * factor**0.5
    per = scale[-1] / scale[:-1]
    return Solved(
        coef=coef * per, influence=influence * per, clusters=np.arange(groups),
        n=len(y), n_entities=effects.n_customers, df_resid=len(y) - every,
        cov_type=cov_type,
        r2=float(1 - np.square(residual).sum()) if scale[-1] > 0 else float("nan"),
    )  # fmt: skip


def small_sample(cov_type: str, groups: int, n: int, counted: int) -> float:
    """Return the factor that a convention puts on the clustered covariance."""
    if cov_type == "CR0":
        return 1.0
    factor = groups / (groups - 1)
    if cov_type == "CR0_G":
        return factor
    if n <= counted:
        raise DataError(
            f"{n:,} rows cannot carry {counted:,} coefficients; name fewer drivers."
        )
    return factor * (n - 1) / (n - counted)


def logit(
    y: Array,
    x: Array,
    nuisance: Array,
    *,
    cluster: Ints,
    n_entities: int,
    cov_type: CovType,
    binary: npt.NDArray[np.bool_],
) -> Solved:
    """Fit a logit and return average marginal effects with clustered errors.

    Notes
    -----
    The effect of a 0/1 column is the change from 0 to 1, of any other the derivative,
    averaged over the rows; errors by the delta method, the rows held fixed. The
    statsmodels estimates carry the CR1 factor that statsmodels uses. There is no
    cheap jackknife here: CRV3 falls back on CR1.
    """
    design = np.column_stack([x, nuisance])
    fitted, params, likelihoods = _maximum(y, design)
    weight = fitted * (1 - fitted)
    bread = np.linalg.inv((design * weight[:, None]).T @ design)
    scores = group_sums(design * (y - fitted)[:, None], cluster)
    convention = (
        "CR1" if cov_type in {"CRV3", "CR1_slopes", "CR1_dummies"} else cov_type
    )
    factor = small_sample(convention, len(scores), len(y), design.shape[1])
    effects, jacobian = _marginal(design, params, fitted, binary)
    return Solved(
        coef=effects, influence=scores @ bread @ jacobian.T * factor**0.5,
        clusters=np.arange(len(scores)), n=len(y), n_entities=n_entities,
        df_resid=len(y) - design.shape[1], cov_type=convention,
        r2=1 - likelihoods[0] / likelihoods[1],
    )  # fmt: skip


def _maximum(y: Array, design: Array) -> tuple[Array, Array, tuple[float, float]]:
    """Return fitted probabilities, coefficients and both log likelihoods."""
    scale = design.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found = Logit(y, design / scale).fit(disp=0, maxiter=50, method="newton")
        except np.linalg.LinAlgError:
            raise DataError(_SEPARATED) from None
        fitted = np.asarray(found.predict())
        sound = found.mle_retvals["converged"] and np.isfinite(found.params).all()
        widest = float(np.abs(found.params).max()) if sound else float("inf")
        likelihoods = (float(found.llf), float(found.llnull))
    if not sound or widest > 30 or likelihoods[0] > -1e-6:
        raise DataError(_SEPARATED)
    return fitted, np.asarray(found.params) / scale, likelihoods


_SEPARATED = (
    "the score and drivers together predict the outcome without error for some rows "
    "(separation), so that a logit has no finite coefficient; drop the driver that "
    "does so, or report the shares by level."
)


def _marginal(
    design: Array, params: Array, fitted: Array, binary: npt.NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Return average marginal effects of the first columns and their Jacobian."""
    density = fitted * (1 - fitted)
    slope = (density * (1 - 2 * fitted)) @ design / len(design)
    effects, jacobian = np.empty(len(binary)), np.empty((len(binary), len(params)))
    for j, is_binary in enumerate(binary):
        if is_binary:
            effects[j], jacobian[j] = _switched(design, params, j)
        else:
            effects[j] = params[j] * density.mean()
            jacobian[j] = params[j] * slope
            jacobian[j, j] += density.mean()
    return effects, jacobian


def _switched(design: Array, params: Array, j: int) -> tuple[float, Array]:
    """Return the mean change of the probability as a 0/1 column goes from 0 to 1."""
    rows, change = [], 0.0
    for value in (1.0, 0.0):
        at = design.copy()
        at[:, j] = value
        p = 1 / (1 + np.exp(-(at @ params)))
        rows.append((p * (1 - p)) @ at / len(at))
        change += (1 if value else -1) * float(p.mean())
    return change, rows[0] - rows[1]
