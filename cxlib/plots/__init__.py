"""One function a chart: tidy table in, Axes out."""

from cxlib.plots.journeys import (
    funnel_gap,
    funnel_steps,
    metric_forest,
    transition_differences,
)
from cxlib.plots.nps import (
    change_split,
    driver_shares,
    score_sensitivity,
    score_shares,
    score_trend,
    segment_scores,
)
from cxlib.plots.payoff import payoff_fan, payoffs, tornado
from cxlib.plots.roi import (
    outcome_by_score,
    placebo_lead,
    point_value,
    specifications,
)
from cxlib.plots.voc import code_agreement, code_heatmap, code_impact, code_shares

__all__ = [
    "change_split",
    "code_agreement",
    "code_heatmap",
    "code_impact",
    "code_shares",
    "driver_shares",
    "funnel_gap",
    "funnel_steps",
    "metric_forest",
    "outcome_by_score",
    "payoff_fan",
    "payoffs",
    "placebo_lead",
    "point_value",
    "score_sensitivity",
    "score_shares",
    "score_trend",
    "segment_scores",
    "specifications",
    "tornado",
    "transition_differences",
]
