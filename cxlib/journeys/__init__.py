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
    GeometricMean,
    Mean,
    Metric,
    Proportion,
    Ratio,
    Score,
    TimeTo,
    metrics,
)
from cxlib.journeys.flows.divergence import divergence
from cxlib.journeys.flows.funnels import Funnel, funnel
from cxlib.journeys.flows.loops import loops
from cxlib.journeys.flows.paths import paths
from cxlib.journeys.flows.score_by_path import score_by_path
from cxlib.journeys.flows.sessions import session_sensitivity, sessionise
from cxlib.journeys.flows.time_to_next import time_to_next
from cxlib.journeys.flows.transitions import Transitions, transitions
from cxlib.journeys.population import exposed, users_from_events, with_scores

__all__ = [
    "Comparison",
    "Decision",
    "Detail",
    "Funnel",
    "GeometricMean",
    "Mean",
    "Metric",
    "Proportion",
    "Ratio",
    "ResponseRate",
    "SampleRatio",
    "Score",
    "Sensitivity",
    "TimeTo",
    "Transitions",
    "compare",
    "decision",
    "detail",
    "divergence",
    "exposed",
    "funnel",
    "loops",
    "metrics",
    "paths",
    "response_rate",
    "sample_ratio",
    "score_by_path",
    "sensitivity",
    "session_sensitivity",
    "sessionise",
    "time_to_next",
    "transitions",
    "users_from_events",
    "with_scores",
]
