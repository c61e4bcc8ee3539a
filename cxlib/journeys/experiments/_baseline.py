"""What a metric looks like before the test: declared, or learnt from earlier users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import Moments
from cxlib.journeys._frames import Frame, lazy
from cxlib.journeys.experiments._cells import Arm
from cxlib.journeys.experiments._clusters import MIN_CLUSTERS, cluster_totals
from cxlib.journeys.experiments._moments import by_variant, prepare
from cxlib.journeys.experiments.specs import Metric, Proportion, Ratio, Score

_ALL = "all earlier users"


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """One metric before the test.

    Attributes
    ----------
    mean : float
        In the metric's unit: a share as a fraction, NPS in points.
    sd : float
        Of one user's value, in the metric's unit; not needed for shares.
    share_answered : float
        Users with a value among all users, in (0, 1]: the response rate of a survey.
    correlation : float
        Of the value with its covariate (CUPED), in (-1, 1).
    deff : float
        Design effect of assignment by cluster, 1 for users.
    cluster_size : float
        Users a cluster, 1 for users.
    """

    mean: float
    sd: float = 0.0
    share_answered: float = 1.0
    correlation: float = 0.0
    deff: float = 1.0
    cluster_size: float = 1.0

    def variance(self, metric: Metric, mean: float) -> float:
        """Return the variance of one user's value at a mean, after CUPED."""
        flag = _is_share(metric)
        plain = mean * (1 - mean) if flag else self.sd**2
        return max(plain, 0.0) * (1 - self.correlation**2)


def _is_share(metric: Metric) -> bool:
    """Return whether the mean alone gives the variance."""
    share = isinstance(metric, Score) and metric.rule.kind == "share"
    return share or isinstance(metric, Proportion)


def baselines(
    users: Frame | None,
    metrics: Sequence[Metric],
    declared: Mapping[str, Mapping[str, Any]],
    cluster: str | None,
) -> list[Baseline]:
    """Return each metric's baseline: from users where given, declared fields first."""
    learnt = _learn(users, metrics, cluster) if users is not None else {}
    return [
        _declare(metric, declared.get(metric.name, {}), learnt.get(metric.name))
        for metric in metrics
    ]


def _declare(
    metric: Metric, given: Mapping[str, Any], learnt: Baseline | None
) -> Baseline:
    """Put declared fields over learnt ones, wording every mistake."""
    where = f"`baselines` of '{metric.name}'"
    known = [part.name for part in fields(Baseline)]
    for key, value in given.items():
        if key not in known:
            raise ArgumentError(
                f"{where} has the field {key!r}; {_checks.did_you_mean(key, known)}"
            )
        low, high, ends = {
            "mean": (-np.inf, np.inf, "()"), "sd": (0, np.inf, "()"),
            "share_answered": (0, 1, "(]"), "correlation": (-1, 1, "()"),
            "deff": (0, np.inf, "()"), "cluster_size": (1, np.inf, "[)"),
        }[key]  # fmt: skip
        _checks.in_range(value, f"{where}: {key}", low, high, ends=ends)
    if learnt is None and "mean" not in given:
        raise ArgumentError(
            f"metric '{metric.name}' has no baseline; give earlier `users` or its "
            "`mean` (and `sd`) in `baselines`."
        )
    found = replace(learnt, **given) if learnt else Baseline(**given)
    if _is_share(metric):
        _checks.in_range(found.mean, f"{where}: mean", 0, 1, ends="()")
    elif not found.sd > 0:
        raise ArgumentError(
            f"{where}: `sd` is {found.sd:g}; values that do not vary, or a missing "
            "standard deviation, give nothing to plan with."
        )
    return found


def _learn(
    users: Frame, metrics: Sequence[Metric], cluster: str | None
) -> dict[str, Baseline]:
    """Learn every metric's baseline from earlier users, all as one group."""
    names = [*([cluster] if cluster else []), *(c for m in metrics for c in m.columns)]
    keys = ["group", *([cluster] if cluster else [])]
    rows = lazy(users, dict.fromkeys(names), "users")
    prepared = prepare(rows.with_columns(nw.lit(_ALL).alias("group")), metrics, keys)
    arms = [found[_ALL] for found in by_variant(prepared, metrics, "group")]
    found = {
        metric.name: _of_arm(metric, arm)
        for metric, arm in zip(metrics, arms, strict=True)
    }
    if not cluster:
        return found
    totals = cluster_totals(prepared, tuple(metrics), "group", cluster)
    return {
        metric.name: _clustered(metric, arm, _parts(totals, i, metric), found)
        for i, (metric, arm) in enumerate(zip(metrics, arms, strict=True))
    }


def _parts(totals: pd.DataFrame, i: int, metric: Metric) -> pd.DataFrame:
    """Return users, values, and what stands beside them, of clusters with a value."""
    kept = totals[totals[f"n{i}"] > 0]
    names = {f"n{i}": "n", f"y{i}": "y", f"x{i}": "x", f"nx{i}": "nx"}
    if len(kept) < 2 * MIN_CLUSTERS:
        raise DataError(
            f"metric '{metric.name}': {len(kept)} clusters have a value; planning by "
            f"cluster needs at least {2 * MIN_CLUSTERS}."
        )
    return kept.rename(columns=names)


def _clustered(
    metric: Metric, arm: Arm, parts: pd.DataFrame, found: Mapping[str, Baseline]
) -> Baseline:
    """Add the design effect that assignment by these clusters would have."""
    y, below = parts["y"], parts["x" if isinstance(metric, Ratio) else "n"]
    if metric.covariate:
        around = parts["x"] - arm.moments.mean[1] * parts["nx"]
        y = y - _slope(arm.moments) * around
    columns = np.column_stack([y.to_numpy(float), below.to_numpy(float)])
    error = linearised(Moments.of(columns))[1] / len(parts)
    plain = unit_variance(metric, arm.moments) / arm.moments.n
    return replace(
        found[metric.name], deff=max(1.0, error / plain) if plain > 0 else 1.0,
        cluster_size=arm.exposed / len(parts),
    )  # fmt: skip


def _of_arm(metric: Metric, arm: Arm) -> Baseline:
    """Learn one metric's baseline from one group of users."""
    moments, factor = arm.moments, metric.factor
    plain = float(moments.cov[0, 0])
    kept = unit_variance(metric, moments)
    mean = linearised(moments)[0] if isinstance(metric, Ratio) else moments.mean[0]
    spread = kept if isinstance(metric, Ratio) else plain
    removed = 1 - kept / plain if metric.covariate and plain > 0 else 0.0
    return Baseline(
        mean=float(mean) * factor, sd=spread**0.5 * factor,
        share_answered=moments.n / arm.exposed,
        correlation=max(0.0, removed) ** 0.5,
    )  # fmt: skip


def unit_variance(metric: Metric, moments: Moments) -> float:
    """Return the variance that one user brings, in the values' own scale."""
    if isinstance(metric, Ratio):
        return linearised(moments)[1]
    removed = _slope(moments) * moments.cov[0, 1] if metric.covariate else 0.0
    return float(moments.cov[0, 0] - removed)


def linearised(moments: Moments) -> tuple[float, float]:
    """Return a ratio of means and the variance that one unit brings to it."""
    (top, below), cov = moments.mean, moments.cov
    if not below:
        raise DataError("a ratio's denominator is zero for every user.")
    r = float(top / below)
    spread = cov[0, 0] - 2 * r * cov[0, 1] + r**2 * cov[1, 1]
    return r, float(max(spread, 0.0) / below**2)


def _slope(moments: Moments) -> float:
    cov = moments.cov
    return float(cov[0, 1] / cov[1, 1]) if cov[1, 1] > 0 else 0.0
