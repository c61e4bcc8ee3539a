"""Compare the same users under many random labels, with one matrix product each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.errors import DataError
from cxlib.estimate import Moments
from cxlib.journeys.experiments._cells import Arm
from cxlib.journeys.experiments._clusters import clustered
from cxlib.journeys.experiments._contrast import contrast
from cxlib.journeys.experiments.specs import Metric

Array = npt.NDArray[np.float64]
_CELLS = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relabelled:
    """Users with their values (y<i>, x<i>), the unit that is assigned, and how."""

    values: pd.DataFrame
    metrics: tuple[Metric, ...]
    unit: npt.NDArray[np.int64]
    cluster: str | None
    share: float
    level: float


def pvalues(plan: Relabelled, n: int, rng: np.random.Generator) -> Array:
    """Return p-values, shape (n, metrics); NaN where a split cannot be compared."""
    units = int(plan.unit.max()) + 1
    treated = min(max(2, round(units * plan.share)), units - 2)
    columns = [_Columns.of(plan, i) for i in range(len(plan.metrics))]
    found = np.full((n, len(columns)), np.nan)
    chunk = max(1, _CELLS // units)
    for start in range(0, n, chunk):
        size = min(chunk, n - start)
        labels = rng.random((size, units)).argpartition(treated, axis=1)[:, :treated]
        chosen = np.zeros((size, units))
        np.put_along_axis(chosen, labels, 1.0, axis=1)
        for i, column in enumerate(columns):
            found[start : start + size, i] = column.pvalues(chosen)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """One metric's sums by unit, ready for products with labels."""

    plan: Relabelled
    i: int
    sums: Array
    centre: Array
    totals: pd.DataFrame | None

    @classmethod
    def of(cls, plan: Relabelled, i: int) -> _Columns:
        """Add up one metric's values by unit: n, y, x, yy, yx, xx around the means."""
        y = plan.values[f"y{i}"].to_numpy(dtype=float)
        known = np.isfinite(y)
        if known.sum() < 2:
            raise DataError(
                f"metric '{plan.metrics[i].name}': {known.sum()} users have a value."
            )
        x = np.zeros(len(y))
        if plan.metrics[i].second:
            x = plan.values[f"x{i}"].to_numpy(dtype=float)
            mean = np.nanmean(x[known]) if np.isfinite(x[known]).any() else 0.0
            x = np.where(np.isfinite(x), x, mean)
        centre = np.array([y[known].mean(), x[known].mean()])
        dy, dx = np.where(known, y - centre[0], 0.0), np.where(known, x - centre[1], 0)
        parts = [known.astype(float), dy, dx, dy * dy, dy * dx, dx * dx]
        sums = [np.bincount(plan.unit, part) for part in parts]
        return cls(plan, i, np.column_stack(sums), centre, _totals(plan, i))

    def pvalues(self, chosen: Array) -> Array:
        """Return one p-value a labelling, shape (labellings, units)."""
        b = chosen @ self.sums
        a = self.sums.sum(axis=0) - b
        return np.array([self._one(*pair) for pair in zip(a, b, chosen, strict=True)])

    def _one(self, a: Array, b: Array, chosen: Array) -> float:
        """Compare under one labelling, by the estimators of the comparison."""
        if min(a[0], b[0]) < 2:
            return float("nan")
        metric, level = self.plan.metrics[self.i], self.plan.level
        arms = (self._arm(a), self._arm(b))
        if self.totals is None:
            return contrast(metric, arms[0], arms[1], level).pvalue
        treated = chosen[self.totals["unit"].to_numpy()] > 0
        parts = (self.totals[~treated], self.totals[treated])
        try:
            found = clustered(metric, self.i, arms, parts)
            return found.compare(metric, level).pvalue
        except DataError:
            return float("nan")

    def _arm(self, sums: Array) -> Arm:
        n, y, x, yy, yx, xx = sums
        mean = np.array([y, x]) / n
        raw = np.array([[yy, yx], [yx, xx]])
        cov = (raw - n * np.outer(mean, mean)) / (n - 1)
        keep = 2 if self.plan.metrics[self.i].second else 1
        moments = Moments(int(n), (mean + self.centre)[:keep], cov[:keep, :keep])
        return Arm(int(n), moments, 0)


def _totals(plan: Relabelled, i: int) -> pd.DataFrame | None:
    """Return cluster totals as `compare` makes them, with each cluster's unit."""
    if not plan.cluster:
        return None
    y = plan.values[f"y{i}"]
    frame = pd.DataFrame(
        {
            "cluster": plan.values[plan.cluster], "unit": plan.unit,
            f"n{i}": y.notna().astype(float), f"y{i}": y.fillna(0.0),
        }
    )  # fmt: skip
    if plan.metrics[i].second:
        x = plan.values[f"x{i}"]
        frame[f"x{i}"], frame[f"nx{i}"] = x.fillna(0.0), x.notna().astype(float)
    return frame.groupby(["cluster", "unit"], as_index=False).sum()
