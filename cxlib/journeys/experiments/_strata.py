"""Post-stratified comparison of two variants from one aggregate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.errors import DataError
from cxlib.estimate import ArmDifference, Moments
from cxlib.estimate.strata import (
    stratified_means,
    stratified_ratios,
    stratified_residuals,
)
from cxlib.journeys._frames import Lazy, collect
from cxlib.journeys.experiments._contrast import from_pair
from cxlib.journeys.experiments._moments import aggregates, moments_of, overall
from cxlib.journeys.experiments.specs import Metric, Ratio, TimeTo

MIN_CELL = 10
STRATUM = "stratum_of_user"


class _Cell(NamedTuple):
    """Moments of one variant in one stratum, which may hold nobody or one user."""

    n: int
    mean: npt.NDArray[np.float64]
    cov: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """Moments' aggregates by variant and stratum.

    Attributes
    ----------
    seen : pandas.DataFrame
        Indexed by variant and stratum.
    columns : tuple of str
    """

    seen: pd.DataFrame
    columns: tuple[str, ...]

    def compare(
        self, metric: Metric, i: int, names: tuple[str, str], level: float
    ) -> tuple[ArmDifference, int]:
        """Compare two variants of metric i; return the number of strata as well."""
        cells = _merged(self._cells(metric, i, names), metric, self.columns)
        a, b = ([Moments(*cell[k]) for cell in cells] for k in (0, 1))
        if isinstance(metric, Ratio):
            pair = stratified_ratios(a, b)
        elif metric.covariate:
            pair = stratified_means(*stratified_residuals(a, b))
        else:
            pair = stratified_means(a, b)
        return from_pair(metric, pair, level), len(cells)

    def _cells(
        self, metric: Metric, i: int, names: tuple[str, str]
    ) -> list[tuple[_Cell, _Cell]]:
        """Moments of both variants in each stratum."""
        fill = overall(self.seen, i) if metric.second else 0.0
        arms = [pd.DataFrame(self.seen.xs(name, level=0)) for name in names]
        strata = sorted(set(arms[0].index) | set(arms[1].index))
        return [
            (_cell(arms[0], key, i, metric, fill), _cell(arms[1], key, i, metric, fill))
            for key in strata
        ]


def by_stratum(
    prepared: Lazy, metrics: Sequence[Metric], variant: str, strata: Sequence[str]
) -> Strata:
    """Return the moments of all metrics by variant and stratum; one pass."""
    for metric in metrics:
        if isinstance(metric, TimeTo):
            raise DataError(
                f"metric '{metric.name}': a time to an event is not post-stratified; "
                "leave `strata` empty, or the metric out."
            )
    label = nw.concat_str(
        [nw.col(name).cast(nw.String()).fill_null("(blank)") for name in strata],
        separator=" / ",
    )
    parts = [e for i, metric in enumerate(metrics) for e in aggregates(i, metric)]
    grouped = prepared.with_columns(label.alias(STRATUM)).group_by(variant, STRATUM)
    seen = collect(grouped.agg(*parts)).set_index([variant, STRATUM]).sort_index()
    return Strata(seen, tuple(strata))


def _cell(
    arm: pd.DataFrame, stratum: str, i: int, metric: Metric, fill: float
) -> _Cell:
    """Moments of one variant's users of a stratum, of which there may be none."""
    k = 2 if metric.second else 1
    row = (
        pd.Series(arm.loc[stratum]) if stratum in arm.index else pd.Series(dtype=float)
    )
    n = int(row.get(f"n{i}", 0))
    if n == 0:
        return _Cell(0, np.zeros(k), np.zeros((k, k)))
    if n == 1:
        other = row[f"mx{i}"] if metric.second and row[f"nx{i}"] else fill
        return _Cell(1, np.array([row[f"m{i}"], other][:k]), np.zeros((k, k)))
    found = moments_of(row, i, metric, fill)
    return _Cell(found.n, found.mean, found.cov)


def _merged(
    cells: Sequence[tuple[_Cell, _Cell]], metric: Metric, columns: tuple[str, ...]
) -> list[tuple[_Cell, _Cell]]:
    """Put strata with under ten users of a variant together, and with the next."""
    ordered = sorted(cells, key=lambda cell: cell[0].n + cell[1].n)
    large = [cell for cell in ordered if min(arm.n for arm in cell) >= MIN_CELL]
    small = [cell for cell in ordered if min(arm.n for arm in cell) < MIN_CELL]
    if small:
        rest = _pooled(small)
        while large and min(arm.n for arm in rest) < MIN_CELL:
            rest = _pooled([rest, large.pop(0)])
        large.append(rest)
    if len(large) < 2:
        raise DataError(
            f"metric '{metric.name}': no two strata of {', '.join(columns)} have "
            f"{MIN_CELL} users of each variant; choose coarser strata, or leave "
            "`strata` empty."
        )
    return large


def _pooled(cells: Sequence[tuple[_Cell, _Cell]]) -> tuple[_Cell, _Cell]:
    """Both variants over several strata."""
    return _union([cell[0] for cell in cells]), _union([cell[1] for cell in cells])


def _union(parts: Sequence[_Cell]) -> _Cell:
    n = sum(part.n for part in parts)
    if n < 2:
        known = [part for part in parts if part.n] or list(parts[:1])
        return known[0]
    mean = np.sum([part.n * part.mean for part in parts], axis=0) / n
    squares = np.zeros_like(parts[0].cov)
    for part in parts:
        gap = part.mean - mean
        squares += max(part.n - 1, 0) * part.cov + part.n * np.outer(gap, gap)
    return _Cell(n, mean, squares / (n - 1))
