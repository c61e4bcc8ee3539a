"""Experiments and journeys: does a variant do better, on what, and where on the way."""

from cxlib.journeys.details import Detail, detail
from cxlib.journeys.experiments.balance import SampleRatio
from cxlib.journeys.experiments.comparison import compare
from cxlib.journeys.experiments.decide import Decision, decision
from cxlib.journeys.experiments.effects import Comparison
from cxlib.journeys.experiments.gate import sample_ratio
from cxlib.journeys.experiments.response import ResponseRate, response_rate
from cxlib.journeys.experiments.robustness import Sensitivity, sensitivity
from cxlib.journeys.experiments.specs import (
    Mean,
    Metric,
    Proportion,
    Ratio,
    Score,
    metrics,
)
from cxlib.journeys.flows.funnels import Funnel, funnel
from cxlib.journeys.flows.transitions import Transitions, transitions
from cxlib.journeys.observed.adjusted import adjusted_effect
from cxlib.journeys.observed.decide import observed_caveats, observed_decision
from cxlib.journeys.observed.parallel import difference_in_differences
from cxlib.journeys.observed.periods import before_after
from cxlib.journeys.observed.series import interrupted_series
from cxlib.journeys.observed.steps import departures
from cxlib.journeys.observed.touchpoints import with_touchpoint
from cxlib.journeys.population import exposed, users_from_events, with_scores

__all__ = [
    "Comparison",
    "Decision",
    "Detail",
    "Funnel",
    "Mean",
    "Metric",
    "Proportion",
    "Ratio",
    "ResponseRate",
    "SampleRatio",
    "Score",
    "Sensitivity",
    "Transitions",
    "adjusted_effect",
    "before_after",
    "compare",
    "decision",
    "departures",
    "detail",
    "difference_in_differences",
    "exposed",
    "funnel",
    "interrupted_series",
    "metrics",
    "observed_caveats",
    "observed_decision",
    "response_rate",
    "sample_ratio",
    "sensitivity",
    "transitions",
    "users_from_events",
    "with_scores",
    "with_touchpoint",
]
