"""The share of customers kept to a tenure, and what a point changes in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxlib.errors import DataError
from cxlib.estimate.cox import Cox, Spells, baseline
from cxlib.roi.regressions._curves import average, complement, level, log_log
from cxlib.roi.regressions._parts import group_totals

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sized:
    effects: Array
    errors: Array


def kept(
    spells: Spells,
    found: Cox,
    horizon: float,
    codes: npt.NDArray[np.int64],
    factor: float,
) -> tuple[Sized, Sized]:
    """Return the change of the share kept by each column, and the share."""
    hazard, pull = baseline(spells, found, horizon)
    if hazard <= 0:
        raise DataError(f"nobody left before a tenure of {horizon:g}; set it higher.")
    design = np.column_stack([spells.x, np.ones(len(spells.x))])
    params = [np.r_[found.coef, np.log(hazard)]]
    pulls = np.column_stack([found.scores @ found.covariance, pull / hazard])
    flags = np.array([set(np.unique(c)) <= {0.0, 1.0} for c in spells.x.T])
    curve = complement(log_log)
    sized = []
    for one in (
        average(design, params, curve, binary=flags), level(design, params, curve),
    ):  # fmt: skip
        rows = pulls @ one.jacobian.T + (one.by_row - one.effects) / len(design)
        sums = group_totals(rows, codes, int(codes.max()) + 1) * factor
        sized.append(Sized(one.effects, np.sqrt(np.square(sums).sum(axis=0))))
    return sized[0], sized[1]
