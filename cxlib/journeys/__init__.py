"""Experiments and journeys: does a variant do better, on what, and where on the way."""

from cxlib.journeys.details import Detail, detail
from cxlib.journeys.experiments.balance import SampleRatio
from cxlib.journeys.experiments.bounds import bounds
from cxlib.journeys.experiments.claims import claims
from cxlib.journeys.experiments.comparison import compare
from cxlib.journeys.experiments.criteria import criteria
from cxlib.journeys.experiments.decide import decision
from cxlib.journeys.experiments.declared import metrics
from cxlib.journeys.experiments.effects import Comparison
from cxlib.journeys.experiments.false_alarms import false_alarms
from cxlib.journeys.experiments.gate import sample_ratio
from cxlib.journeys.experiments.horizon import Horizon, horizon
from cxlib.journeys.experiments.memo import Decision
from cxlib.journeys.experiments.midway import midway
from cxlib.journeys.experiments.over_time import by_day
from cxlib.journeys.experiments.power import power
from cxlib.journeys.experiments.response import ResponseRate, response_rate
from cxlib.journeys.experiments.robustness import Sensitivity, sensitivity
from cxlib.journeys.experiments.segments import by_segment
from cxlib.journeys.experiments.specs import (
    GeometricMean,
    Mean,
    Metric,
    Proportion,
    Ratio,
    Score,
    TimeTo,
)
from cxlib.journeys.experiments.tasks import task_metrics, tasks
from cxlib.journeys.experiments.time_to import TimeToEvent, time_to
from cxlib.journeys.flows.divergence import divergence
from cxlib.journeys.flows.durations import durations
from cxlib.journeys.flows.funnels import Funnel, funnel
from cxlib.journeys.flows.journey_features import features
from cxlib.journeys.flows.loops import loops
from cxlib.journeys.flows.paths import paths
from cxlib.journeys.flows.score_by_path import score_by_path
from cxlib.journeys.flows.sessions import session_sensitivity, sessionise
from cxlib.journeys.flows.time_to_next import time_to_next
from cxlib.journeys.flows.transitions import Transitions, transitions
from cxlib.journeys.observed.adjusted import adjusted_effect
from cxlib.journeys.observed.decide import observed_caveats, observed_decision
from cxlib.journeys.observed.parallel import difference_in_differences
from cxlib.journeys.observed.periods import before_after
from cxlib.journeys.observed.series import interrupted_series
from cxlib.journeys.observed.steps import departures
from cxlib.journeys.observed.touchpoints import with_touchpoint
from cxlib.journeys.population import exposed, users_from_events, with_scores
from cxlib.journeys.themes import with_codes

__all__ = [
    "Comparison",
    "Decision",
    "Detail",
    "Funnel",
    "GeometricMean",
    "Horizon",
    "Mean",
    "Metric",
    "Proportion",
    "Ratio",
    "ResponseRate",
    "SampleRatio",
    "Score",
    "Sensitivity",
    "TimeTo",
    "TimeToEvent",
    "Transitions",
    "adjusted_effect",
    "before_after",
    "bounds",
    "by_day",
    "by_segment",
    "claims",
    "compare",
    "criteria",
    "decision",
    "departures",
    "detail",
    "difference_in_differences",
    "divergence",
    "durations",
    "exposed",
    "false_alarms",
    "features",
    "funnel",
    "horizon",
    "interrupted_series",
    "loops",
    "metrics",
    "midway",
    "observed_caveats",
    "observed_decision",
    "paths",
    "power",
    "response_rate",
    "sample_ratio",
    "score_by_path",
    "sensitivity",
    "session_sensitivity",
    "sessionise",
    "task_metrics",
    "tasks",
    "time_to",
    "time_to_next",
    "transitions",
    "users_from_events",
    "with_codes",
    "with_scores",
    "with_touchpoint",
]


def __dir__() -> list[str]:
    """Name what is for users; after a Tab, its modules would hide it."""
    return __all__
