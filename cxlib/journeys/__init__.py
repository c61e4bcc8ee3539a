"""Experiments and journeys: does a variant do better, on what, and where on the way."""

from cxlib.journeys.balance import SampleRatio
from cxlib.journeys.comparison import compare
from cxlib.journeys.decide import Decision, decision
from cxlib.journeys.details import Detail, detail
from cxlib.journeys.effects import Comparison
from cxlib.journeys.funnels import Funnel, funnel
from cxlib.journeys.gate import sample_ratio
from cxlib.journeys.population import exposed, users_from_events, with_scores
from cxlib.journeys.response import ResponseRate, response_rate
from cxlib.journeys.robustness import Sensitivity, sensitivity
from cxlib.journeys.specs import Mean, Metric, Proportion, Ratio, Score, metrics
from cxlib.journeys.transitions import Transitions, transitions

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
    "funnel",
    "metrics",
    "response_rate",
    "sample_ratio",
    "sensitivity",
    "transitions",
    "users_from_events",
    "with_scores",
]
