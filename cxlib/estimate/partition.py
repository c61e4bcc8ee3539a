"""All segments of one sample at once: totals by segment, then every interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from cxlib.errors import DataError
from cxlib.estimate.cells import Cells, gaps, intervals
from cxlib.estimate.contrast import Method
from cxlib.estimate.design import Array, Design, design_se
from cxlib.scales import Kind

Ints = npt.NDArray[np.int64]
Side = tuple[Array, Array, npt.NDArray[np.bool_], Array | None]
_LONELY = (
    "all answers of this group come from one cluster; an interval needs at least two "
    "clusters."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Partition:
    """Segments of one sample, each beside the rest of the answers.

    Attributes
    ----------
    cells, rest : Cells
        The k segments; for each, all other rows.
    r : ndarray, shape (k,)
        Correlation of a segment's estimate with the rest's.
    weight : ndarray, shape (k,)
        Sum of weights.
    covariance : ndarray, shape (k, k)
        Of the segments' estimates; variances are those of the intervals
        (`centre_se`), correlations the design's.
    units, units_rest : ndarray, shape (k,)
        Clusters (rows without clusters) that each touches.
    """

    cells: Cells
    rest: Cells
    r: Array
    weight: Array
    covariance: Array
    units: Array
    units_rest: Array

    def against_rest(self) -> dict[str, Array]:
        """Compare each segment with all other answers; see `gaps`."""
        return gaps(self.rest, self.cells, r=self.r)

    def between(self, a: npt.ArrayLike, b: npt.ArrayLike) -> dict[str, Array]:
        """Compare segments `b` with segments `a`; see `gaps`."""
        first, second = np.asarray(a, dtype=int), np.asarray(b, dtype=int)
        spread = self.cells.centre_se[first] * self.cells.centre_se[second]
        r = _ratio(self.covariance[first, second], spread)
        return gaps(self.cells.at(first), self.cells.at(second), r=np.clip(r, -1, 1))

    def check(self, which: npt.ArrayLike, *, rest: bool = True) -> None:
        """Raise where two answers or more all come from one cluster."""
        index = np.asarray(which, dtype=int)
        n, n_rest = self.cells.n[index], self.rest.n[index]
        alone = (n >= 2) & (self.units[index] < 2)
        if rest:
            alone |= (n >= 2) & (n_rest >= 2) & (self.units_rest[index] < 2)
        if alone.any():
            raise DataError(_LONELY)


def partition(
    values: npt.ArrayLike,
    kind: Kind,
    *,
    codes: npt.ArrayLike,
    k: int,
    plan: Design,
    method: Method = "adjusted",
    confidence_level: float = 0.95,
) -> Partition:
    """Estimate k disjoint segments and the rest of each, in a few passes of the rows.

    Parameters
    ----------
    values : array_like, shape (n,)
        Valid answers only; see `estimate`.
    kind : {"mean", "share", "net"}
    codes : array_like of int, shape (n,)
        Segment 0..k-1 of each row; -1 for none, which stays in every rest.
    k : int
    plan : Design
    method : {"adjusted", "t", "wald"}
    confidence_level : float

    Returns
    -------
    Partition
        The numbers of `estimate` and `contrast` with each segment as a domain.

    Notes
    -----
    Each influence value is linear in the weighted answers and the weights, so totals
    of both by cluster and segment give every variance and covariance: the rows are
    passed once, however many segments there are.

    Examples
    --------
    >>> from cxlib.estimate import design
    >>> found = partition(
    ...     [1, 0, 1, -1, -1, 0], "net", codes=[0, 0, 0, 1, 1, 1], k=2, plan=design(6)
    ... )
    >>> found.cells.estimate.round(2), found.against_rest()["estimate"].round(2)
    (array([ 0.67, -0.67]), array([ 1.33, -1.33]))
    """
    y = np.asarray(values, dtype=float)
    cell = np.asarray(codes, dtype=np.int64)
    cell = np.where(cell < 0, k, cell)
    return _assemble(_Totals(y, kind, cell, k, plan), method, confidence_level)


class _Totals:
    """Sums by segment of one sample and their complements."""

    def __init__(self, y: Array, kind: Kind, cell: Ints, k: int, plan: Design) -> None:
        self.kind, self.k, self.plan = kind, k, plan
        self.y, self.cell, w = y, cell, plan.weights
        self.centre = float((w * y).sum() / w.sum()) if kind == "mean" else 0.0
        off = y - self.centre
        sums = (None, w, w * w, w * off, w * off * off)
        self.sums = np.array([self._by_cell(one) for one in sums])
        self.low, self.high = _extremes(y, cell, k + 1)
        boxes = [w * (y == value) for value in (-1, 0, 1)] if kind == "net" else []
        self.boxes = np.array([self._by_cell(one) for one in boxes])

    def _by_cell(self, weights: Array | None) -> Array:
        total = np.bincount(self.cell, weights=weights, minlength=self.k + 1)
        return np.asarray(total, dtype=float)

    def side(self, *, rest: bool) -> Side:
        """Sums, offset of the mean, whether all answers are equal, and shares."""
        sums, boxes = self.sums[:, :-1], self.boxes[..., :-1]
        low, high = self.low[:-1], self.high[:-1]
        if rest:
            sums = self.sums.sum(axis=1, keepdims=True) - sums
            low, high = _others(self.low), -_others(-self.high)
            boxes = self.boxes.sum(axis=-1, keepdims=True) - boxes
            sums[:, sums[0] == 0] = 0
        same = ~(low < high)
        equal = np.isfinite(low) & same
        offset = np.where(equal, low - self.centre, _ratio(sums[3], sums[1]))
        if self.kind != "net":
            return sums, offset, same, None
        shares = np.array([_ratio(box, sums[1]) for box in boxes])
        exact = np.array([(low == value) for value in (-1, 0, 1)], dtype=float)
        return sums, offset, same, np.where(same, exact, shares)


def _assemble(total: _Totals, method: Method, level: float) -> Partition:
    """Both sides of every segment, and how they go together."""
    plan, k = total.plan, total.k
    ours, theirs = total.side(rest=False), total.side(rest=True)
    if plan.simple:
        errors = [_simple_error(*side[:3]) for side in (ours, theirs)]
        units = [side[0][0] for side in (ours, theirs)]
        degrees = [n - 1 for n in units]
        linked, across = np.eye(k), np.zeros(k)
    else:
        parts = _Pairs(total)
        errors, linked, across = parts.errors(ours, theirs)
        units, degrees = parts.touched()
    cells, rest = (
        _side(total, side, se, df, touched, method, level)
        for side, se, df, touched in zip(
            (ours, theirs), errors, degrees, units, strict=True
        )
    )
    spread = np.nan_to_num(cells.centre_se)
    covariance = linked * np.outer(spread, spread)
    np.fill_diagonal(covariance, cells.centre_se**2)
    return Partition(
        cells=cells, rest=rest, r=across, weight=ours[0][1], covariance=covariance,
        units=units[0], units_rest=units[1],
    )  # fmt: skip


def _simple_error(sums: Array, offset: Array, same: npt.NDArray[np.bool_]) -> Array:
    """Standard errors of separate simple random samples."""
    n = sums[0]
    squares = np.maximum(0.0, sums[4] - n * offset**2)
    return np.where(same, 0.0, np.sqrt(_ratio(squares, n * (n - 1))))


def _side(
    total: _Totals, side: Side, std_error: Array,
    df: Array, units: Array, method: Method, level: float,
) -> Cells:  # fmt: skip
    """Effective n and intervals of the segments, or of their rests."""
    sums, offset, same, shares = side
    n, w, w2 = sums[:3]
    n_eff = _ratio(w**2, w2)
    plan = total.plan
    if not plan.simple:
        spread = (_ratio(sums[4], w) - offset**2) * _ratio(n, n - 1)
        own = _ratio(spread, std_error**2)
        usable = (spread > 0) & (std_error > 0) & ~same
        n_eff = np.minimum(n_eff, np.where(usable, own, units))
    return intervals(
        total.kind, n=n, point=total.centre + offset, std_error=std_error, df=df,
        n_eff=n_eff, shares=shares, simple=plan.simple, clustered=plan.clustered,
        known=plan.fpc is not None, method=method, confidence_level=level,
    )  # fmt: skip


class _Pairs:
    """Totals of weighted answers (x) and weights (v) by cluster and segment."""

    def __init__(self, total: _Totals) -> None:
        plan, self.k = total.plan, total.k
        rows = np.arange(len(total.y))
        unit = pd.factorize(plan.units)[0] if plan.clustered else rows
        stratum = pd.factorize(plan.strata)[0]
        w = plan.weights
        _check(total, plan)
        self.cell, self.unit = total.cell, unit
        self.x, self.v = w * (total.y - total.centre), w
        if plan.clustered:
            key, found = pd.factorize(unit.astype(np.int64) * (self.k + 1) + self.cell)
            self.unit, self.cell = np.divmod(found, self.k + 1)
            self.x, self.v = _sums(key, self.x), _sums(key, self.v)
        size = int(self.unit.max()) + 1
        own = np.zeros(size, dtype=np.int64)
        own[unit] = stratum
        n_h = np.bincount(own).astype(float)
        fraction = np.zeros(len(n_h))
        if plan.fpc is not None:
            fraction[stratum] = n_h[stratum] / plan.fpc
        self.factor = (1 - fraction) * n_h / (n_h - 1)
        self.stratum, self.n_h, self.size = own[self.unit], n_h, size

    def _by(self, values: Array) -> tuple[Array, Array]:
        """Strata x segment sums, and the total of each pair's cluster."""
        width = self.k + 1
        flat = _sums(self.stratum * width + self.cell, values, len(self.n_h) * width)
        whole = _sums(self.unit, values, self.size)[self.unit]
        return flat.reshape(-1, width), whole

    def _product(self, a: Array, b: Array, sum_a: Array, sum_b: Array) -> Array:
        """Design covariance of totals a and b within each segment."""
        raw = np.bincount(self.cell, self.factor[self.stratum] * a * b, self.k + 1)
        means = ((self.factor / self.n_h)[:, None] * sum_a * sum_b).sum(axis=0)
        return np.asarray(raw - means)[: self.k]

    def errors(self, ours: Side, theirs: Side) -> tuple[list[Array], Array, Array]:
        """Standard errors of segments and rests, and how they are correlated."""
        d, e = ours[1], theirs[1]
        own, rest, cross = self._variances(d, e)
        variances = [
            np.where(side[2], 0.0, np.maximum(0.0, variance))
            for side, variance in ((ours, own), (theirs, rest))
        ]
        r = _ratio(cross, np.sqrt(variances[0] * variances[1]))
        found = [
            np.sqrt(variance) * _ratio(np.ones(self.k), side[0][1])
            for variance, side in zip(variances, (ours, theirs), strict=True)
        ]
        return found, self._linked(d, np.sqrt(variances[0])), np.clip(r, -1, 1)

    def _variances(self, d: Array, e: Array) -> tuple[Array, Array, Array]:
        """Variances of segment and rest totals about means d and e, covariance."""
        (sx, tx), (sv, tv) = self._by(self.x), self._by(self.v)
        x, v, ax, av = self.x, self.v, sx.sum(1)[:, None], sv.sum(1)[:, None]
        xx = self._product(x, x, sx, sx)
        xv = self._product(x, v, sx, sv)
        vv = self._product(v, v, sv, sv)
        xt = self._product(x, tx, sx, ax) - e * self._product(x, tv, sx, av)
        vt = self._product(v, tx, sv, ax) - e * self._product(v, tv, sv, av)
        whole = self._whole(tx, tx, ax, ax) - 2 * e * self._whole(tx, tv, ax, av)
        whole += e**2 * self._whole(tv, tv, av, av)
        own = xx - 2 * d * xv + d**2 * vv
        rest = whole - 2 * (xt - e * vt) + xx - 2 * e * xv + e**2 * vv
        return own, rest, xt - d * vt - (xx - (d + e) * xv + d * e * vv)

    def _whole(self, a: Array, b: Array, sum_a: Array, sum_b: Array) -> float:
        """Design covariance of totals over all segments; each cluster counts once."""
        once = np.zeros(self.size)
        once[self.unit] = a * b * self.factor[self.stratum]
        means = (self.factor / self.n_h)[:, None] * sum_a * sum_b
        return float(once.sum() - means.sum())

    def _linked(self, offset: Array, spread: Array) -> Array:
        """Correlations of the segments' estimates."""
        inside = self.cell < self.k
        cell, stratum = self.cell[inside], self.stratum[inside]
        u = (self.x - np.append(offset, 0.0)[self.cell] * self.v)[inside]
        root = np.sqrt(self.factor)
        place = (self.unit[inside], cell)
        table = sparse.csr_array((u * root[stratum], place), (self.size, self.k))
        flat = np.bincount(stratum * self.k + cell, u, len(self.n_h) * self.k)
        means = flat.reshape(-1, self.k) * (root / np.sqrt(self.n_h))[:, None]
        cov = (table.T @ table).toarray() - means.T @ means
        return np.asarray(_ratio(cov, np.outer(spread, spread)))

    def touched(self) -> tuple[list[Array], list[Array]]:
        """Clusters, and clusters less strata, of segments and of their rests."""
        width, k = self.k + 1, self.k
        units = np.bincount(self.cell, minlength=width)[:k]
        alone = self.cell[np.bincount(self.unit)[self.unit] == 1]
        units_rest = self.size - np.bincount(alone, minlength=width)[:k]
        seen = np.unique(self.stratum * width + self.cell)
        cell = seen % width
        strata = np.bincount(cell, minlength=width)[:k]
        single = cell[np.bincount(seen // width)[seen // width] == 1]
        strata_rest = len(self.n_h) - np.bincount(single, minlength=width)[:k]
        counts = [units.astype(float), units_rest.astype(float)]
        df = [
            np.maximum(1.0, u - s)
            for u, s in zip(counts, (strata, strata_rest), strict=True)
        ]
        return counts, df


def _check(total: _Totals, plan: Design) -> None:
    """Raise what `design_se` raises: lonely strata, an fpc that does not fit."""
    design_se(plan.weights * (total.y - total.centre), plan)


def _sums(codes: npt.NDArray[np.intp], values: Array, size: int = 0) -> Array:
    """Sum of the values of each code."""
    return np.asarray(np.bincount(codes, values, size), dtype=float)


def _ratio(a: Array, b: Array) -> Array:
    """Quotient, zero where the divisor is."""
    quotient: Array = np.divide(
        a, b, out=np.zeros(np.broadcast(a, b).shape), where=b != 0
    )
    return quotient


def _extremes(y: Array, cell: Ints, k: int) -> tuple[Array, Array]:
    """Smallest and largest answer of each segment."""
    low, high = np.full(k, np.inf), np.full(k, -np.inf)
    np.minimum.at(low, cell, y)
    np.maximum.at(high, cell, y)
    return low, high


def _others(low: Array) -> Array:
    """Smallest value among all other cells, for all cells but the last."""
    first, second = np.partition(np.append(low, np.inf), 1)[:2]
    lowest = (low == first) & ((low == first).sum() == 1)
    return np.asarray(np.where(lowest, second, first)[:-1])
