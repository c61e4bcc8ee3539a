"""One metric, two variants: the estimator that fits the metric's kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cxlib.errors import DataError
from cxlib.estimate import ArmDifference, Moments, cuped, ratio, welch
from cxlib.estimate.counts import compare_nets, compare_shares
from cxlib.estimate.geometric import geometric
from cxlib.estimate.moments import Pair, arm_difference, pair_of_means, residuals
from cxlib.journeys.experiments._cells import Arm
from cxlib.journeys.experiments.specs import (
    GeometricMean,
    Metric,
    Proportion,
    Ratio,
    Score,
    TimeTo,
)

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
    arms = (control, treatment)
    if isinstance(metric, TimeTo):
        raise DataError(
            f"metric '{metric.name}': a time to an event needs its curve, not only "
            "moments; compare it over all users."
        )
    if isinstance(metric, Ratio):
        return ratio(control, treatment, confidence_level=level)
    if isinstance(metric, GeometricMean):
        logs = residuals(*arms) if metric.covariate else arms
        return geometric(pair_of_means(*logs), confidence_level=level)
    if metric.covariate:
        return cuped(control, treatment, confidence_level=level)
    return _unadjusted(metric, control, treatment, level)


def _unadjusted(
    metric: Metric, control: Moments, treatment: Moments, level: float
) -> ArmDifference:
    kind = metric.rule.kind if isinstance(metric, Score) else "mean"
    if kind == "net":
        counts = [_net_counts(arm) for arm in (control, treatment)]
        return compare_nets(counts[0], counts[1], confidence_level=level)
    if kind == "share" or isinstance(metric, Proportion):
        x = [float(np.rint(arm.mean[0] * arm.n)) for arm in (control, treatment)]
        return compare_shares(
            x[0], control.n, x[1], treatment.n, confidence_level=level,
            interval=metric.interval if isinstance(metric, Proportion) else "newcombe",
        )  # fmt: skip
    return welch(control, treatment, confidence_level=level)


def _net_counts(arm: Moments) -> list[float]:
    """Detractors, passives and promoters from the mean and variance of -1, 0, 1."""
    square = arm.cov[0, 0] * (arm.n - 1) / arm.n + arm.mean[0] ** 2
    promoters = float(np.rint(arm.n * (square + arm.mean[0]) / 2))
    detractors = float(np.rint(arm.n * (square - arm.mean[0]) / 2))
    return [detractors, arm.n - detractors - promoters, promoters]


def from_pair(metric: Metric, pair: Pair, level: float) -> ArmDifference:
    """Compare two estimates with their variances, in the metric's unit."""
    if isinstance(metric, GeometricMean):
        return geometric(pair, confidence_level=level)
    return in_unit(metric, arm_difference(pair, confidence_level=level))


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
