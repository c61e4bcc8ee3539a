"""Adjusted means of groups of rows under a settled specification, with their errors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cxlib.errors import DataError
from cxlib.roi.regressions._design import Prepared, Rows, residual, solve
from cxlib.roi.regressions._solve import Ints, dummies, group_sums, small_sample
from cxlib.roi.regressions._spec import BINARY

Array = npt.NDArray[np.float64]
_STEPS, _SMALL = 60, 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimated:
    """Numbers with the pull of each cluster, whose cross product is the covariance."""

    values: Array
    influence: Array

    @property
    def covariance(self) -> Array:
        """Joint covariance of the values."""
        return np.asarray(self.influence.T @ self.influence)

    @property
    def df(self) -> float:
        """Degrees of freedom: clusters less one."""
        return float(len(self.influence) - 1)

    def times(self, matrix: Array) -> Estimated:
        """Return linear combinations, one a row of the matrix."""
        return Estimated(
            values=matrix @ self.values, influence=self.influence @ matrix.T
        )


def columns(prepared: Prepared, rows: Rows, first: Array) -> Estimated:
    """Regress on some columns in the place of the score; return their coefficients.

    Log odds for a logit, so that only whether they are zero should be read.
    """
    x = np.column_stack([first, rows.x[:, 1:]])
    _check_rank(residual(x, rows.entity, rows.time, prepared.spec.model))
    k = first.shape[1]
    if prepared.spec.model in BINARY:
        design = np.column_stack([x, _nuisance(rows)])
        coef, influence = _logit(prepared, rows, design)
        return Estimated(values=coef[:k], influence=influence[:, :k])
    names = tuple(f"column {j}" for j in range(k))
    solved = solve(prepared, replace(rows, x=x, names=names + rows.names[1:]))
    sign = -1 if solved.cov_type == "CRV3" else 1
    return Estimated(values=solved.coef[:k], influence=sign * solved.influence[:, :k])


def means(prepared: Prepared, rows: Rows, codes: Ints) -> Estimated:
    """Return each group's mean less the mean of all, the rest held constant.

    For a logit the mean probability of all rows, were they all in that group.
    """
    share = np.bincount(codes) / len(codes)
    centre = np.eye(len(share)) - share
    if prepared.spec.model in BINARY:
        return _standardised(prepared, rows, dummies(codes)).times(centre)
    found = columns(prepared, rows, dummies(codes))
    first = np.vstack([np.zeros(len(share) - 1), np.eye(len(share) - 1)])
    return found.times(centre @ first)


def line(prepared: Prepared, rows: Rows, at: Array) -> Estimated:
    """Return what the fitted line says at some scores, less the mean of all.

    A logit is a line in log odds: its mean probability at each score is returned.
    """
    score = rows.x[:, 0]
    if prepared.spec.model not in BINARY:
        apart = (at - score.mean())[:, None]
        return columns(prepared, rows, rows.x[:, :1]).times(apart)
    design = np.column_stack([rows.x, _nuisance(rows)])
    coef, influence = _logit(prepared, rows, design)
    values, jacobian = [], []
    for x in at:
        moved = design.copy()
        moved[:, 0] = x
        p = _share(moved @ coef)
        values.append(float(p.mean()) - float(rows.y.mean()))
        jacobian.append((p * (1 - p)) @ moved / len(p))
    return Estimated(
        values=np.array(values), influence=influence @ np.array(jacobian).T
    )


def _nuisance(rows: Rows) -> Array:
    return np.column_stack([np.ones(len(rows.y)), dummies(rows.time)])


def _standardised(prepared: Prepared, rows: Rows, flags: Array) -> Estimated:
    """Return mean probabilities with all rows moved to each group in turn."""
    design = np.column_stack([flags, rows.x[:, 1:], _nuisance(rows)])
    _check_rank(
        residual(design[:, : flags.shape[1] + rows.x.shape[1] - 1], rows.entity,
                 rows.time, "logit")
    )  # fmt: skip
    coef, influence = _logit(prepared, rows, design)
    k = flags.shape[1]
    values, jacobian = [], []
    for group in range(k + 1):
        moved = design.copy()
        moved[:, :k] = 0.0
        if group:
            moved[:, group - 1] = 1.0
        p = _share(moved @ coef)
        values.append(float(p.mean()))
        jacobian.append((p * (1 - p)) @ moved / len(p))
    return Estimated(
        values=np.array(values), influence=influence @ np.array(jacobian).T
    )


def _share(odds: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-odds)))


def _logit(prepared: Prepared, rows: Rows, design: Array) -> tuple[Array, Array]:
    """Return the coefficients of a logit by Newton's steps and the clusters' pulls."""
    scale = np.sqrt(np.square(design).mean(axis=0))
    z, coef = design / scale, np.zeros(design.shape[1])
    for _ in range(_STEPS):
        p = _share(z @ coef)
        bread = np.linalg.inv((z * (p * (1 - p))[:, None]).T @ z)
        step = bread @ (z.T @ (rows.y - p))
        coef = coef + step * min(1.0, 5 / max(float(np.abs(step).max()), _SMALL))
        if np.abs(step).max() < _SMALL:
            break
    else:
        raise DataError(_ENDLESS)
    if np.abs(coef).max() > 30:
        raise DataError(_ENDLESS)
    scores = group_sums(z * (rows.y - p)[:, None], rows.cluster)
    convention = prepared.spec.cov_type
    named = convention if convention in {"CR0", "CR0_G"} else "CR1"
    factor = small_sample(named, len(scores), len(rows.y), z.shape[1])
    return coef / scale, scores @ bread * factor**0.5 / scale


_ENDLESS = (
    "a level of the score or of a driver decides the outcome without error, so that a "
    "logit by level has no finite coefficient"
)


def _check_rank(left: Array) -> None:
    """Raise DataError where columns repeat each other after the model's effects."""
    size = np.sqrt(np.square(left).sum(axis=0))
    if not (size > 0).all() or np.linalg.cond(left / size) > 1e7:
        raise DataError(
            "the levels of the score and the drivers repeat each other; name fewer "
            "drivers"
        )
