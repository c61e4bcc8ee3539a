"""Many estimates at once: intervals and differences of all cells as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from cxlib.estimate.contrast import Method
from cxlib.estimate.design import Array
from cxlib.estimate.point import ADDED, Estimate
from cxlib.scales import Kind

_COLUMNS = ("n", "estimate", "std_error", "ci_lower", "ci_upper", "df", "n_eff")
_SCALED = ("estimate", "std_error", "ci_lower", "ci_upper", "centre", "centre_se")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """What `Estimate` holds, for k cells: every field an array of shape (k,).

    `simple` says that rows are one equally weighted independent sample, `clustered`
    that they come in clusters, `known` that a standard error of zero means so (fpc).
    A cell with fewer than two answers has NaN in place of its interval.
    """

    kind: Kind
    n: Array
    estimate: Array
    std_error: Array
    df: Array
    n_eff: Array
    ci_lower: Array
    ci_upper: Array
    centre: Array
    centre_se: Array
    simple: bool
    clustered: bool
    method: Method
    confidence_level: float

    def at(self, which: npt.ArrayLike) -> Cells:
        """Return some of the cells, in the order asked."""
        index = np.asarray(which)
        names = (*_COLUMNS, "centre", "centre_se")
        return replace(self, **{name: getattr(self, name)[index] for name in names})

    def scaled(self, factor: float) -> Cells:
        """Return the estimates in another unit (100 turns a net share into points)."""
        return replace(self, **{name: factor * getattr(self, name) for name in _SCALED})

    def columns(self) -> dict[str, Array]:
        """Return the columns of a result table."""
        return {name: getattr(self, name) for name in _COLUMNS}

    def one(self, i: int) -> Estimate:
        """Return one cell as an `Estimate`."""
        values: dict[str, Any] = {
            name: float(getattr(self, name)[i])
            for name in (*_COLUMNS, "centre", "centre_se")
        }
        values |= {"n": int(self.n[i]), "deff": values["n"] / values["n_eff"]}
        return Estimate(
            kind=self.kind, confidence_level=self.confidence_level, **values
        )


def intervals(
    kind: Kind,
    *,
    n: Array,
    point: Array,
    std_error: Array,
    df: Array,
    n_eff: Array,
    shares: Array | None = None,
    simple: bool = False,
    clustered: bool = False,
    known: bool = False,
    method: Method = "adjusted",
    confidence_level: float = 0.95,
) -> Cells:
    """Make the intervals of k cells; numbers equal those of `estimate`.

    Parameters
    ----------
    kind : {"mean", "share", "net"}
    n, point, std_error, df, n_eff : ndarray, shape (k,)
        See `Estimate`.
    shares : ndarray, shape (3, k), optional
        Weighted shares of -1, 0 and 1; needed for a net score.
    simple, clustered, known, method
        See `Cells` and `contrast.plain`.
    confidence_level : float

    Returns
    -------
    Cells

    Examples
    --------
    >>> found = intervals(
    ...     "net", n=np.array([40.0]), point=np.array([0.275]),
    ...     std_error=np.array([0.129]), df=np.array([39.0]), n_eff=np.array([40.0]),
    ...     shares=np.array([[9], [11], [20]]) / 40,
    ... )
    >>> found.ci_lower.round(3), found.ci_upper.round(3)
    (array([0.016]), array([0.496]))
    """
    enough = n >= 2
    std_error = np.where(enough, std_error, np.nan)
    if method != "adjusted" or kind == "mean":
        wide = std_error
        if method == "wald" and simple:
            with np.errstate(invalid="ignore", divide="ignore"):
                wide = std_error * np.sqrt((n - 1) / n)
        ends = _plain(method, point, wide, df, confidence_level)
        if kind == "mean" and method == "adjusted" and not known:
            ends = (*ends[:2], *(np.where(std_error > 0, e, np.nan) for e in ends[2:]))
    else:
        tail = (1 - confidence_level) / 2
        z = float(stats.norm.isf(tail))
        quantile = stats.t.isf(tail, df) if clustered else np.full(len(n), z)
        with np.errstate(invalid="ignore", divide="ignore"):
            ends = (
                _wilson(point, std_error, n_eff * (z / quantile) ** 2, z)
                if kind == "share" or shares is None
                else _adjusted(point, shares, n_eff, quantile)
            )
    centre, centre_se, lower, upper = (np.where(enough, end, np.nan) for end in ends)
    if method == "wald":
        std_error = centre_se
    return Cells(
        kind=kind, n=n, estimate=point, std_error=std_error, df=df, n_eff=n_eff,
        ci_lower=lower, ci_upper=upper, centre=centre, centre_se=centre_se,
        simple=simple, clustered=clustered, method=method,
        confidence_level=confidence_level,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Levels:
    """Answers counted by value and cell.

    Attributes
    ----------
    values : ndarray, shape (v,)
        What an answer counts.
    n, weight, weight2 : ndarray, shape (v, k)
        Answers, their weights and squared weights.
    """

    values: Array
    n: Array
    weight: Array
    weight2: Array

    def less(self, part: Levels) -> Levels:
        """Return these counts without a part; no dust where nobody is left."""
        n = self.n - part.n
        left = n > 0
        return Levels(
            values=self.values, n=n,
            weight=np.where(left, self.weight - part.weight, 0.0),
            weight2=np.where(left, self.weight2 - part.weight2, 0.0),
        )  # fmt: skip

    def summed(self, groups: npt.NDArray[np.intp], k: int) -> Levels:
        """Return the counts of k groups of cells."""
        member = np.zeros((len(groups), k))
        member[np.arange(len(groups)), groups] = 1.0
        n, weight, weight2 = (
            part @ member for part in (self.n, self.weight, self.weight2)
        )
        return Levels(values=self.values, n=n, weight=weight, weight2=weight2)

    def at(self, which: npt.ArrayLike) -> Levels:
        """Return some cells, in the order asked."""
        index = np.asarray(which, dtype=int)
        n, weight, weight2 = (
            part[:, index] for part in (self.n, self.weight, self.weight2)
        )
        return Levels(values=self.values, n=n, weight=weight, weight2=weight2)


def from_levels(
    levels: Levels,
    kind: Kind,
    *,
    total: float,
    weighted: bool,
    confidence_level: float = 0.95,
) -> Cells:
    """Estimate k cells from counts; numbers equal those of `estimate` on the rows.

    Parameters
    ----------
    levels : Levels
    kind : {"mean", "share", "net"}
    total : float
        Answers of the whole sample, of which the cells are domains.
    weighted : bool
    confidence_level : float

    Returns
    -------
    Cells

    Examples
    --------
    >>> n = np.array([[9.0], [11.0], [20.0]])
    >>> counts = Levels(values=np.array([-1, 0, 1]), n=n, weight=n, weight2=n)
    >>> found = from_levels(counts, "net", total=40, weighted=False)
    >>> found.estimate, found.ci_lower.round(3)
    (array([0.275]), array([0.016]))
    """
    v = levels.values[:, None]
    n, w, w2 = (part.sum(axis=0) for part in (levels.n, levels.weight, levels.weight2))
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = levels.weight / w
        point = (v * levels.weight).sum(axis=0) / w
        point = np.where((shares == 1).any(axis=0), (v * (shares == 1)).sum(0), point)
        off = (v - point) ** 2
        n_eff, std_error = n, np.sqrt((levels.n * off).sum(axis=0) / (n * (n - 1)))
        if weighted:
            variance = (levels.weight2 * off).sum(axis=0) / w**2 * total / (total - 1)
            spread = (shares * off).sum(axis=0) * n / (n - 1)
            own = np.where(variance > 0, spread / variance, np.inf)
            n_eff, std_error = np.minimum(w**2 / w2, own), np.sqrt(variance)
    return intervals(
        kind, n=n, point=point, std_error=std_error, df=n - 1, n_eff=n_eff,
        shares=shares if kind == "net" else None, simple=not weighted,
        confidence_level=confidence_level,
    )  # fmt: skip


def _plain(
    method: Method, point: Array, std_error: Array, df: Array, level: float
) -> tuple[Array, ...]:
    """Estimate ± quantile x standard error."""
    tail = (1 - level) / 2
    quantile = stats.norm.isf(tail) if method == "wald" else stats.t.isf(tail, df)
    half = quantile * std_error
    return point, std_error, point - half, point + half


def _wilson(
    point: Array, std_error: Array, n: Array, z: float
) -> tuple[Array, Array, Array, Array]:
    """Wilson's interval."""
    centre = (point + z**2 / (2 * n)) / (1 + z**2 / n)
    half = np.sqrt(z**2 * point * (1 - point) / n + z**4 / (4 * n**2)) / (1 + z**2 / n)
    lower = np.maximum(0.0, np.minimum(centre - half, point))
    return point, std_error, lower, np.minimum(1.0, np.maximum(centre + half, point))


def _adjusted(
    point: Array, shares: Array, n_eff: Array, quantile: Array
) -> tuple[Array, Array, Array, Array]:
    """Adjusted Wald."""
    total = n_eff + ADDED.sum()
    detractor, _, promoter = (shares * n_eff + ADDED[:, None]) / total
    net = promoter - detractor
    spread = np.sqrt((promoter + detractor - net**2) / total)
    lower = np.maximum(-1.0, np.minimum(net - quantile * spread, point))
    return (
        net,
        spread,
        lower,
        np.minimum(1.0, np.maximum(net + quantile * spread, point)),
    )


def gaps(a: Cells, b: Cells, *, r: npt.ArrayLike = 0.0) -> dict[str, Array]:
    """Compare k pairs of cells, `b` minus `a`; numbers equal those of `contrast`.

    Parameters
    ----------
    a, b : Cells
        Disjoint rows of one sample.
    r : array_like, shape (k,)
        Correlation of the two estimates; zero without clusters.

    Returns
    -------
    dict of ndarray
        estimate, std_error, ci_lower, ci_upper, statistic, df, pvalue.

    Examples
    --------
    >>> one = intervals(
    ...     "net", n=np.array([100.0, 100.0]), point=np.array([0.0, 0.25]),
    ...     std_error=np.array([0.078, 0.077]), df=np.array([99.0, 99.0]),
    ...     n_eff=np.array([100.0, 100.0]), simple=True,
    ...     shares=np.array([[0.3, 0.2], [0.4, 0.35], [0.3, 0.45]]),
    ... )
    >>> gaps(one.at([0]), one.at([1]))["ci_lower"].round(4)
    array([0.0326])
    """
    estimate, adjusted = b.estimate - a.estimate, a.method == "adjusted"
    tail = (1 - a.confidence_level) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        df = _gap_df(a, b)
        quantile = stats.t.isf(tail, df)
        gap = b.centre - a.centre
        std_error = _norm(a.centre_se, b.centre_se, r)
        lower, upper = gap - quantile * std_error, gap + quantile * std_error
        if adjusted and a.kind == "share":
            lower = gap - _norm(b.estimate - b.ci_lower, a.ci_upper - a.estimate, r)
            upper = gap + _norm(b.ci_upper - b.estimate, a.estimate - a.ci_lower, r)
        elif adjusted and a.simple:
            lower, upper = np.minimum(lower, estimate), np.maximum(upper, estimate)
        spread = np.where(std_error > 0, std_error, (upper - lower) / (2 * quantile))
        if adjusted and a.simple and a.kind != "share":
            spread = std_error
        spread = np.where(spread > 0, spread, np.nan)
        statistic = gap / spread
    lower, upper = (np.where(spread > 0, end, np.nan) for end in (lower, upper))
    return {
        "estimate": estimate, "std_error": std_error, "ci_lower": lower,
        "ci_upper": upper, "statistic": statistic, "df": df,
        "pvalue": np.asarray(2 * stats.t.sf(np.abs(statistic), df)),
    }  # fmt: skip


def _gap_df(a: Cells, b: Cells) -> Array:
    """Infinite for a z test; Satterthwaite's, or the smaller part of a design."""
    endless = np.full(len(a.n), np.inf)
    uses_t = a.method == "t" or (
        a.method == "adjusted" and (a.clustered or a.kind == "mean")
    )
    if not uses_t:
        return endless
    if not a.simple:
        return np.minimum(a.df, b.df)
    va, vb = a.std_error**2, b.std_error**2
    free = (va + vb) ** 2 / (va**2 / a.df + vb**2 / b.df)
    return np.where(va + vb == 0, np.minimum(a.df, b.df), free)


def _norm(x: Array, y: Array, r: npt.ArrayLike) -> Array:
    """Length of the difference of two arms with correlation r."""
    return np.asarray(np.sqrt(np.maximum(0.0, x**2 + y**2 - 2 * np.asarray(r) * x * y)))
