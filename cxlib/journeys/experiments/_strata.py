"""Post-stratified comparison of two variants from one aggregate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw

from cxlib.errors import DataError
from cxlib.estimate import ArmDifference
from cxlib.estimate.strata import (
    stratified_means,
    stratified_ratios,
    stratified_residuals,
)
from cxlib.journeys._frames import Lazy
from cxlib.journeys.experiments._cells import Cells
from cxlib.journeys.experiments._contrast import from_pair
from cxlib.journeys.experiments._moments import by_cells
from cxlib.journeys.experiments.specs import Metric, Ratio, TimeTo

MIN_CELL = 10
STRATUM = "stratum of user"


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """Moments of every metric by variant and stratum, and the columns of the strata."""

    cells: list[Cells]
    columns: tuple[str, ...]

    def compare(
        self, metric: Metric, i: int, names: tuple[str, str], level: float
    ) -> ArmDifference:
        """Compare two variants of metric i."""
        cells = self.cells[i]
        groups = self.groups(metric, i, names)
        within = [cells.keys[STRATUM].isin(group).to_numpy(bool) for group in groups]
        a, b = (
            [cells.arm(rows & cells.of(name)).moments for rows in within]
            for name in names
        )
        if isinstance(metric, Ratio):
            pair = stratified_ratios(a, b)
        elif metric.covariate:
            pair = stratified_means(*stratified_residuals(a, b))
        else:
            pair = stratified_means(a, b)
        return from_pair(metric, pair, level)

    def groups(self, metric: Metric, i: int, names: tuple[str, str]) -> list[list[str]]:
        """Put strata with under ten users of a variant together, and with the next."""
        cells = self.cells[i]
        n = {
            str(stratum): [
                int(cells.n[(cells.keys[STRATUM] == stratum) & cells.of(name)].sum())
                for name in names
            ]
            for stratum in sorted(set(cells.keys[STRATUM]))
        }
        ordered = sorted(n, key=lambda name: sum(n[name]))
        large = [[name] for name in ordered if min(n[name]) >= MIN_CELL]
        rest = [name for name in ordered if min(n[name]) < MIN_CELL]
        while large and rest and _fewest(rest, n) < MIN_CELL:
            rest += large.pop(0)
        if rest and _fewest(rest, n) >= MIN_CELL:
            large.append(rest)
        if len(large) < 2:
            raise DataError(
                f"metric '{metric.name}': no two strata of {', '.join(self.columns)} "
                f"have {MIN_CELL} users of each variant; choose coarser strata, or "
                "leave `strata` empty."
            )
        return large


def _fewest(strata: Sequence[str], n: dict[str, list[int]]) -> int:
    """Users of the smaller variant in some strata together."""
    return min(sum(n[name][arm] for name in strata) for arm in (0, 1))


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
    grouped = prepared.with_columns(label.alias(STRATUM))
    return Strata(by_cells(grouped, metrics, [variant, STRATUM]), tuple(strata))
