"""Estimates of everybody from the part that answered, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxlib.errors import DataError
from cxlib.estimate.design import Array, Design

Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Which of N people answered, in k cells within which that is taken as random.

    Attributes
    ----------
    codes : ndarray of int, shape (N,)
        Cell of each row, 0..k-1.
    answered : ndarray of bool, shape (N,)
    plan : Design
        Of the N rows.
    """

    codes: npt.NDArray[np.intp]
    answered: Rows
    plan: Design

    @property
    def shares(self) -> Array:
        """Weighted share of all N in each cell, shape (k,)."""
        total = np.bincount(self.codes, self.plan.weights)
        return np.asarray(total / total.sum(), dtype=np.float64)

    @property
    def rates(self) -> Array:
        """Weighted share of each cell that answered, shape (k,)."""
        w, k = self.plan.weights, int(self.codes.max()) + 1
        seen = np.bincount(self.codes, np.where(self.answered, w, 0.0), minlength=k)
        return np.asarray(seen / np.bincount(self.codes, w), dtype=np.float64)

    @property
    def weights(self) -> Array:
        """Weights of those who answered, summing to one: the cell's share, spread.

        Raises
        ------
        DataError
            If nobody answered in a cell.
        """
        rates = self.rates
        if (rates == 0).any():
            raise DataError(
                f"nobody answered in {int((rates == 0).sum())} of {len(rates)} cells: "
                "nobody can stand for them; merge cells."
            )
        w = self.plan.weights / self.plan.weights.sum()
        return np.asarray((w / rates[self.codes])[self.answered])

    def influence(self, own: npt.ArrayLike) -> Array:
        """Turn influence under `weights` into that of all N rows, the cells estimated.

        Parameters
        ----------
        own : array_like, shape (n,)
            Influence of those who answered on any estimate made with `weights`, these
            taken as known.

        Returns
        -------
        ndarray, shape (N,)
            For `design_se`.

        Notes
        -----
        A cell's share that grows by a fraction scales the weights of all its rows, so
        the estimate moves by the sum of their influence. People who did not answer
        enter through their cell's share. With one weight and 0/1 answering this is
        inverse-propensity weighting by a logit with a column a cell.

        Examples
        --------
        >>> from cxlib.estimate import design
        >>> cells = Cells(
        ...     codes=np.array([0, 0, 0, 1, 1]), plan=design(5),
        ...     answered=np.array([True, True, False, True, True]),
        ... )
        >>> y, g = np.array([1.0, 0, 0, 1]), cells.weights
        >>> cells.influence(g * (y - g @ y)).round(3).tolist()
        [0.15, -0.15, 0.0, -0.1, 0.1]
        """
        u = np.asarray(own, dtype=float)
        inside = self.codes[self.answered]
        moved = np.bincount(inside, u, minlength=len(self.shares)) / self.shares
        w = self.plan.weights / self.plan.weights.sum()
        found = w * moved[self.codes]
        found[self.answered] += u - self.weights * moved[inside]
        return np.asarray(found, dtype=np.float64)
