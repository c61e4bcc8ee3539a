"""Moments of one metric in cells, which merge into larger ones exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.estimate import Moments

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_] | npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One metric in one variant.

    Attributes
    ----------
    exposed : int
        Users in the variant, whether they have a value or not.
    moments : Moments
        Users with a value; value first, then denominator or covariate.
    missing_covariate : int
        Users with a value but no covariate: given the covariate's overall mean.
    """

    exposed: int
    moments: Moments
    missing_covariate: int


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """One metric in every cell of the keys, such as variant by segment.

    Attributes
    ----------
    keys : pandas.DataFrame, shape (k, keys)
        Labels of each cell, the variant first; missing where blank.
    exposed, n, missing : ndarray of int, shape (k,)
        Users, users with a value, and those of them without a covariate.
    mean : ndarray, shape (k, d)
        Of value and, where there is one, denominator or covariate; 0 in empty cells.
    scatter : ndarray, shape (k, d, d)
        Sums of squares and cross products around the cell's means.
    """

    keys: pd.DataFrame
    exposed: Integers
    n: Integers
    missing: Integers
    mean: Floats
    scatter: Floats

    @property
    def variants(self) -> list[str]:
        """Every variant, sorted."""
        return sorted(self.keys.iloc[:, 0].unique())

    def of(self, variant: str) -> Rows:
        """Return the cells of one variant."""
        return (self.keys.iloc[:, 0] == variant).to_numpy(dtype=bool)

    def arm(self, rows: Rows) -> Arm:
        """Merge cells into one arm, which needs at least two values."""
        n = self.n[rows]
        total = int(n.sum())
        mean = n @ self.mean[rows] / max(total, 1)
        apart = self.mean[rows] - mean
        scatter = self.scatter[rows].sum(axis=0) + (apart.T * n) @ apart
        moments = Moments(total, mean, scatter / max(total - 1, 1))
        return Arm(
            int(self.exposed[rows].sum()), moments, int(self.missing[rows].sum())
        )
