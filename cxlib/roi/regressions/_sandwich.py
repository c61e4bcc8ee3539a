"""Errors of one coefficient under any clustering, and their wild bootstrap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxlib.roi.regressions._design import Rows
from cxlib.roi.regressions._jackknife import crosses

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pulled:
    """The score's coefficient and each row's pull on it.

    `score` is what effects and drivers leave of the score, `restricted` the residual
    of the outcome with the score left out, `estimated` the number of coefficients.
    """

    coef: float
    score: Array
    residual: Array
    restricted: Array
    columns: Array
    estimated: int

    @property
    def pull(self) -> Array:
        """Influence of each row on the coefficient."""
        return np.asarray(self.score * self.residual / np.square(self.score).sum())


def pulled(rows: Rows) -> Pulled:
    """Partial everything out of score and outcome."""
    columns = rows.effects.means_out(np.vstack([rows.x.T, rows.y]))
    left = rows.effects.out(columns)
    score, y, others = left[0], left[-1], left[1:-1]
    if len(others):
        bread = np.linalg.inv(others @ others.T)
        score = score - (score @ others.T @ bread) @ others
        y = y - (y @ others.T @ bread) @ others
    coef = float(score @ y / np.square(score).sum())
    return Pulled(
        coef=coef, score=score, residual=y - coef * score, restricted=y,
        columns=columns, estimated=len(others) + 2 + rows.effects.n_periods,
    )  # fmt: skip


def one_way(found: Pulled, codes: Ints) -> float:
    """Return the CR1 variance with errors clustered by codes 0.. without holes."""
    n, sums = len(codes), np.bincount(codes, found.pull)
    groups = len(sums)
    factor = groups / (groups - 1) * (n - 1) / (n - found.estimated)
    return float(np.square(sums).sum() * factor)


def two_way(found: Pulled, first: Ints, second: Ints) -> tuple[float, bool]:
    """Return the variance clustered both ways, and whether it had to be floored.

    Sum of both less that of their crossing; where this falls below the larger of the
    two, the larger stands.
    """
    pairs = first * (int(second.max()) + 1) + second
    crossed = np.unique(pairs, return_inverse=True)[1]
    single = one_way(found, first), one_way(found, second)
    variance = sum(single) - one_way(found, crossed)
    return max(variance, *single), variance < max(single)


def wild(
    found: Pulled,
    rows: Rows,
    codes: Ints,
    *,
    n_boot: int,
    generator: np.random.Generator,
) -> float:
    """Return the wild cluster bootstrap's p-value of a zero coefficient.

    Customers must not change their cluster. Period effects and drivers are estimated
    afresh in every draw, through the cross products of the clusters.
    """
    groups = int(codes.max()) + 1
    own = crosses(found.columns, codes, groups, rows.effects).sum(axis=0)
    k = len(found.columns) - 1
    at = np.r_[np.arange(k), np.arange(k + 1, len(own))]
    scale = 1 / np.sqrt(np.diag(own)[at])
    bread = np.linalg.pinv(own[np.ix_(at, at)] * np.outer(scale, scale), hermitian=True)
    bread *= np.outer(scale, scale)
    with_score = _products(found.score, found.columns[:k], codes, rows, groups)
    with_error = _products(found.restricted, found.columns[:k], codes, rows, groups)
    taken = with_score @ bread @ with_error.T
    points = np.sqrt([0.5, 1.0, 1.5]) if groups <= 12 else np.ones(1)
    signs = generator.choice(np.r_[-points, points], size=(n_boot, groups))
    direct = np.bincount(codes, found.score * found.restricted, groups)
    sums = signs * direct - signs @ taken.T
    drawn = np.abs(signs @ direct) / np.sqrt(np.square(sums).sum(axis=1))
    errors = np.bincount(codes, found.score * found.residual, groups)
    seen = abs(direct.sum()) / np.sqrt(np.square(errors).sum())
    return float((1 + (drawn >= seen * (1 - 1e-12)).sum()) / (1 + n_boot))


def _products(
    row: Array, columns: Array, codes: Ints, rows: Rows, groups: int
) -> Array:
    """Return each cluster's products of a column with the design."""
    parts = [np.bincount(codes, row * column, groups) for column in columns]
    effects = rows.effects
    if effects.constant:
        whole = np.bincount(codes, row, groups) / len(row) ** 0.5
        return np.column_stack([*parts, whole])
    if not len(effects.time):
        return np.column_stack(parts)
    periods = int(effects.time.max()) + 1
    cells = np.bincount(codes * periods + effects.time, row, groups * periods)
    weight = 1 / np.sqrt(np.bincount(effects.time))
    return np.column_stack([*parts, cells.reshape(groups, periods) * weight])
