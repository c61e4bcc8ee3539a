"""The estimate of every metric and treatment under one design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from cxlib.estimate import ArmDifference
from cxlib.estimate.time_to import Times
from cxlib.journeys._frames import Lazy
from cxlib.journeys.experiments._cells import Arm
from cxlib.journeys.experiments._clusters import Clustered, cluster_totals, clustered
from cxlib.journeys.experiments._contrast import contrast
from cxlib.journeys.experiments._looks import Looking
from cxlib.journeys.experiments._moments import by_variant, winsorise
from cxlib.journeys.experiments._strata import Strata, by_stratum
from cxlib.journeys.experiments._time_to import compare_restricted_means, times
from cxlib.journeys.experiments.specs import Metric, TimeTo

_NAN = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """Aggregates of all metrics, and the estimator of their design.

    Attributes
    ----------
    arms : list of dict
        Per metric, each variant's moments.
    caps : dict
        Values at which metrics were winsorised, by the metric's position.
    totals : pandas.DataFrame, optional
        Sums by cluster, where variants were assigned by cluster.
    strata : Strata, optional
    curves : dict
        Times to the event by variant, by the metric's position.
    """

    metrics: tuple[Metric, ...]
    variant: str
    looking: Looking
    arms: list[dict[str, Arm]]
    caps: dict[int, float] = field(default_factory=dict)
    totals: pd.DataFrame | None = None
    strata: Strata | None = None
    curves: dict[int, dict[str, Times]] = field(default_factory=dict)

    def row(self, i: int, names: tuple[str, str]) -> dict[str, Any]:
        """Return metric i's effect and facts as columns of the result table."""
        metric = self.metrics[i]
        facts = self._facts(metric, i, names)
        n = [facts.get(f"n_clusters_{arm}", 0) for arm in ("control", "treatment")]
        users = sum(self.arms[i][name].moments.n for name in names)
        found = self.looking.at(
            lambda level: self._found(metric, i, names, level), sum(n) or users
        )
        return {
            **found.as_row(),
            "share_variance_removed": self._removed(metric, i, names, found),
            "winsorised_at": self.caps.get(i, _NAN),
            "n_clusters_control": _NAN, "n_clusters_treatment": _NAN, "icc": _NAN,
            "n_strata": _NAN, **facts,
        }  # fmt: skip

    def clusters(self, i: int, names: tuple[str, str]) -> Clustered:
        """Return metric i's cluster totals in two variants."""
        totals = pd.DataFrame(self.totals)
        parts = [totals[totals[self.variant] == name] for name in names]
        arms = (self.arms[i][names[0]], self.arms[i][names[1]])
        return clustered(self.metrics[i], i, arms, (parts[0], parts[1]))

    def _facts(
        self, metric: Metric, i: int, names: tuple[str, str]
    ) -> dict[str, float]:
        """Return what the design has to say of a metric."""
        if isinstance(metric, TimeTo):
            return {}
        if self.totals is not None:
            return self.clusters(i, names).facts
        if self.strata is not None:
            return {"n_strata": float(len(self.strata.groups(metric, i, names)))}
        return {}

    def _found(
        self, metric: Metric, i: int, names: tuple[str, str], level: float
    ) -> ArmDifference:
        """Return the effect under the design."""
        if isinstance(metric, TimeTo):
            a, b = (self.curves[i][name] for name in names)
            return compare_restricted_means(
                a, b, horizon=metric.horizon, confidence_level=level
            )
        if self.totals is not None:
            both = replace(self, metrics=self._with(i, metric)).clusters(i, names)
            return both.compare(metric, level)
        if self.strata is not None:
            return self.strata.compare(metric, i, names, level)
        arms = self.arms[i]
        return contrast(metric, arms[names[0]], arms[names[1]], level)

    def _with(self, i: int, metric: Metric) -> tuple[Metric, ...]:
        return (*self.metrics[:i], metric, *self.metrics[i + 1 :])

    def _removed(
        self, metric: Metric, i: int, names: tuple[str, str], found: ArmDifference
    ) -> float:
        """Share of the effect's variance that covariate and strata removed."""
        if not metric.covariate and (self.strata is None or isinstance(metric, TimeTo)):
            return _NAN
        bare = replace(metric, covariate="") if metric.covariate else metric
        plain = replace(self, strata=None)._found(bare, i, names, self.looking.level)
        return 1 - (found.std_error / plain.std_error) ** 2 if plain.std_error else 0.0


def estimates(
    prepared: Lazy, metrics: tuple[Metric, ...], variant: str, *,
    looking: Looking, cluster: str | None, strata: Sequence[str],
) -> Estimates:  # fmt: skip
    """Return the aggregates that the design needs; one pass each."""
    rows, caps = winsorise(prepared, metrics)
    return Estimates(
        metrics=metrics, variant=variant, looking=looking, caps=caps,
        arms=by_variant(rows, metrics, variant),
        totals=cluster_totals(rows, metrics, variant, cluster) if cluster else None,
        strata=by_stratum(rows, metrics, variant, strata) if strata else None,
        curves={
            i: times(rows, variant, duration=f"y{i}", event=f"x{i}")
            for i, metric in enumerate(metrics)
            if isinstance(metric, TimeTo)
        },
    )  # fmt: skip
