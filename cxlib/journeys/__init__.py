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
from cxlib.journeys.flows.journey_features import features
from cxlib.journeys.flows.transitions import Transitions, transitions
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
    "compare",
    "decision",
    "detail",
    "exposed",
    "features",
    "funnel",
    "metrics",
    "response_rate",
    "sample_ratio",
    "sensitivity",
    "transitions",
    "users_from_events",
    "with_scores",
]
