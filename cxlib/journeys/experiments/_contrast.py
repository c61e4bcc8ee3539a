"""One metric, two variants: the estimator that fits the metric's kind."""

from __future__ import annotations

from dataclasses import replace

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.errors import DataError
from cxlib.estimate import ArmDifference, Moments, cuped, ratio, welch
from cxlib.estimate.counts import compare_nets, compare_shares
from cxlib.journeys._frames import Lazy, collect
from cxlib.journeys.experiments._cells import Arm
from cxlib.journeys.experiments._moments import second
from cxlib.journeys.experiments.specs import Metric, Proportion, Ratio, Score

MIN_CLUSTERS = 8
_NO_REL = dict.fromkeys(
    ("rel_effect_size", "rel_effect_size_ci_lower", "rel_effect_size_ci_upper"),
    float("nan"),
)


def contrast(
    metric: Metric, control: Arm, treatment: Arm, level: float
) -> ArmDifference:
    """Compare two arms of independent users, in the metric's unit."""
    return in_unit(
        metric, _estimator(metric, control.moments, treatment.moments, level)
    )


def _estimator(
    metric: Metric, control: Moments, treatment: Moments, level: float
) -> ArmDifference:
    if isinstance(metric, Ratio):
        return ratio(control, treatment, confidence_level=level)
    if metric.covariate:
        return cuped(control, treatment, confidence_level=level)
    kind = metric.rule.kind if isinstance(metric, Score) else "mean"
    if kind == "net":
        counts = [_net_counts(arm) for arm in (control, treatment)]
        return compare_nets(counts[0], counts[1], confidence_level=level)
    if kind == "share" or isinstance(metric, Proportion):
        x = [float(np.rint(arm.mean[0] * arm.n)) for arm in (control, treatment)]
        return compare_shares(
            x[0], control.n, x[1], treatment.n, confidence_level=level
        )  # fmt: skip
    return welch(control, treatment, confidence_level=level)


def _net_counts(arm: Moments) -> list[float]:
    """Detractors, passives and promoters from the mean and variance of -1, 0, 1."""
    square = arm.cov[0, 0] * (arm.n - 1) / arm.n + arm.mean[0] ** 2
    promoters = float(np.rint(arm.n * (square + arm.mean[0]) / 2))
    detractors = float(np.rint(arm.n * (square - arm.mean[0]) / 2))
    return [detractors, arm.n - detractors - promoters, promoters]


def in_unit(metric: Metric, found: ArmDifference) -> ArmDifference:
    """Scale to the metric's unit; a score has no relative effect."""
    if not isinstance(metric, Score):
        return found
    scaled = {
        name: getattr(found, name) * metric.factor
        for name in (
            "control", "treatment", "effect_size", "std_error",
            "effect_size_ci_lower", "effect_size_ci_upper",
        )
    }  # fmt: skip
    return replace(found, **scaled, **_NO_REL)


def variance_reduction(metric: Metric, control: Arm, treatment: Arm) -> float:
    """Return the share of the effect's variance that CUPED removed."""
    if not metric.covariate:
        return float("nan")
    plain = welch(control.moments, treatment.moments).std_error
    adjusted = cuped(control.moments, treatment.moments).std_error
    return 1 - (adjusted / plain) ** 2 if plain else 0.0


def cluster_totals(
    prepared: Lazy, metrics: tuple[Metric, ...], variant: str, cluster: str
) -> pd.DataFrame:
    """Return users, sums of values and of covariates by variant and cluster."""
    parts = []
    for i, metric in enumerate(metrics):
        parts += [
            nw.col(f"y{i}").count().alias(f"n{i}"),
            nw.col(f"y{i}").sum().alias(f"y{i}"),
        ]
        if second(metric):
            x = nw.col(f"x{i}")
            parts += [x.sum().alias(f"x{i}"), x.count().alias(f"nx{i}")]
    totals = collect(prepared.group_by(variant, cluster).agg(*parts)).fillna(
        {f"{name}{i}": 0.0 for i in range(len(metrics)) for name in "yx"}
    )
    shared = totals.groupby(cluster)[variant].nunique().gt(1).sum()
    if shared:
        raise DataError(
            f"{shared:,} of {totals[cluster].nunique():,} clusters in '{cluster}' have "
            "users in more than one variant, so variants were not assigned by cluster; "
            "leave `cluster` empty."
        )
    return totals.sort_values([variant, cluster], ignore_index=True)


def clustered(
    metric: Metric, i: int, arms: tuple[Arm, Arm],
    totals: tuple[pd.DataFrame, pd.DataFrame], level: float,
) -> ArmDifference:  # fmt: skip
    """Compare two arms that were assigned by cluster: ratio of cluster totals."""
    theta, centre = slope(arms) if metric.covariate else (0.0, 0.0)
    moments = []
    for rows in totals:
        kept = rows[rows[f"n{i}"] > 0]
        if len(kept) < MIN_CLUSTERS:
            raise DataError(
                f"metric '{metric.name}': {len(kept)} clusters in a variant; a cluster-"
                f"randomised comparison needs at least {MIN_CLUSTERS} in each."
            )
        moments.append(
            Moments.of(np.column_stack(_columns(kept, i, metric, theta, centre)))
        )
    return in_unit(metric, ratio(moments[0], moments[1], confidence_level=level))


def _columns(
    rows: pd.DataFrame, i: int, metric: Metric, theta: float, centre: float
) -> list[npt.NDArray[np.float64]]:
    """Numerator and denominator of each cluster."""
    y = rows[f"y{i}"].to_numpy(dtype=float)
    if isinstance(metric, Ratio):
        return [y, rows[f"x{i}"].to_numpy(dtype=float)]
    if metric.covariate:
        y = y - theta * (rows[f"x{i}"] - centre * rows[f"nx{i}"]).to_numpy(dtype=float)
    return [y, rows[f"n{i}"].to_numpy(dtype=float)]


def slope(arms: tuple[Arm, Arm]) -> tuple[float, float]:
    """Pooled slope on the covariate, and its overall mean."""
    a, b = arms[0].moments, arms[1].moments
    shift = b.mean - a.mean
    pooled = (a.n - 1) * a.cov + (b.n - 1) * b.cov
    pooled = pooled + a.n * b.n / (a.n + b.n) * np.outer(shift, shift)
    centre = (a.n * a.mean[1] + b.n * b.mean[1]) / (a.n + b.n)
    return (float(pooled[0, 1] / pooled[1, 1]) if pooled[1, 1] > 0 else 0.0), float(
        centre
    )
