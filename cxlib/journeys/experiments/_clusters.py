"""Variants that were assigned by cluster: totals of each, CR2 between them."""

from __future__ import annotations

from dataclasses import dataclass

import narwhals as nw
import numpy as np
import pandas as pd

from cxlib.errors import DataError
from cxlib.estimate import ArmDifference, Moments
from cxlib.estimate.clusters import Totals, cluster_pair, intraclass
from cxlib.estimate.moments import slope
from cxlib.journeys._frames import Lazy, collect
from cxlib.journeys.experiments._cells import Arm
from cxlib.journeys.experiments._contrast import from_pair
from cxlib.journeys.experiments.specs import Metric, Ratio, TimeTo

MIN_CLUSTERS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Clustered:
    """Both arms of one metric as cluster totals, and how alike a cluster's users are.

    `arms` hold the adjusted outcome where there is a covariate.
    """

    arms: tuple[Totals, Totals]
    icc: float

    @property
    def facts(self) -> dict[str, float]:
        """Columns of the result table."""
        return {
            "n_clusters_control": float(len(self.arms[0].y)),
            "n_clusters_treatment": float(len(self.arms[1].y)),
            "icc": self.icc,
        }

    def compare(self, metric: Metric, level: float) -> ArmDifference:
        """Compare the ratios of totals, in the metric's unit."""
        return from_pair(metric, cluster_pair(*self.arms, icc=self.icc), level)


def cluster_totals(
    prepared: Lazy, metrics: tuple[Metric, ...], variant: str, cluster: str
) -> pd.DataFrame:
    """Return users, sums of values and of covariates by variant and cluster."""
    parts = []
    for i, metric in enumerate(metrics):
        if isinstance(metric, TimeTo):
            raise DataError(
                f"metric '{metric.name}': a time to an event is compared over single "
                "users; leave `cluster` empty, or the metric out."
            )
        parts += [
            nw.col(f"y{i}").count().alias(f"n{i}"),
            nw.col(f"y{i}").sum().alias(f"y{i}"),
        ]
        if metric.second:
            x = nw.col(f"x{i}")
            parts += [x.sum().alias(f"x{i}"), x.count().alias(f"nx{i}")]
    totals = collect(prepared.group_by(variant, cluster).agg(*parts)).fillna(
        {f"{name}{i}": 0.0 for i in range(len(metrics)) for name in "yx"}
    )
    _check_nested(totals, variant, cluster)
    return totals.sort_values([variant, cluster], ignore_index=True)


def _check_nested(totals: pd.DataFrame, variant: str, cluster: str) -> None:
    """Raise where a cluster is in two variants."""
    shared = totals.groupby(cluster)[variant].nunique().gt(1).sum()
    if shared:
        raise DataError(
            f"{shared:,} of {totals[cluster].nunique():,} clusters in '{cluster}' have "
            "users in more than one variant, so variants were not assigned by cluster; "
            "leave `cluster` empty."
        )


def clustered(
    metric: Metric, i: int, arms: tuple[Arm, Arm],
    totals: tuple[pd.DataFrame, pd.DataFrame],
) -> Clustered:  # fmt: skip
    """Return both arms' cluster totals of one metric."""
    moments = (arms[0].moments, arms[1].moments)
    theta, centre = slope(*moments) if metric.covariate else (0.0, 0.0)
    parts = []
    for rows in totals:
        kept = rows[rows[f"n{i}"] > 0]
        if len(kept) < MIN_CLUSTERS:
            raise DataError(
                f"metric '{metric.name}': {len(kept)} clusters in a variant; a cluster-"
                f"randomised comparison needs at least {MIN_CLUSTERS} in each."
            )
        parts.append(_totals(kept, i, metric, theta, centre))
    both = (parts[0], parts[1])
    alike = tuple(
        _by_users(rows, i, part) if isinstance(metric, Ratio) else part
        for rows, part in zip(totals, both, strict=True)
    )
    squares = [
        _squares(metric, arm, part, theta)
        for arm, part in zip(moments, both, strict=True)
    ]
    icc = intraclass((alike[0], alike[1]), (squares[0], squares[1]))
    return Clustered(both, icc)


def _totals(
    rows: pd.DataFrame, i: int, metric: Metric, theta: float, centre: float
) -> Totals:
    """Outcome and users, or numerator and denominator, of each cluster."""
    y = rows[f"y{i}"].to_numpy(dtype=float)
    if isinstance(metric, Ratio):
        return Totals(y, rows[f"x{i}"].to_numpy(dtype=float))
    if metric.covariate:
        y = y - theta * (rows[f"x{i}"] - centre * rows[f"nx{i}"]).to_numpy(dtype=float)
    return Totals(y, rows[f"n{i}"].to_numpy(dtype=float))


def _by_users(rows: pd.DataFrame, i: int, part: Totals) -> Totals:
    """Sums of a ratio's linearised values, by users instead of denominators."""
    kept = rows[rows[f"n{i}"] > 0]
    return Totals(
        part.y - part.mean * part.size, kept[f"n{i}"].to_numpy(dtype=float)
    )  # fmt: skip


def _squares(metric: Metric, arm: Moments, part: Totals, theta: float) -> float:
    """Sum of squares of the users' (adjusted or linearised) values about their mean."""
    across = part.mean if isinstance(metric, Ratio) else theta
    gradient = np.array([1.0, -across])[: len(arm.mean)]
    return float((arm.n - 1) * (gradient @ arm.cov @ gradient))
