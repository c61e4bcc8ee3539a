"""One function a chart: tidy table in, Axes out."""

from cxlib.plots.afterwards import event_study, promise_calibration, promises
from cxlib.plots.choice import frontier, quadrants, rank_chances
from cxlib.plots.code_trend import code_trend
from cxlib.plots.coding import code_disputes, coder_drift, coder_quality
from cxlib.plots.drivers import driver_odds, importance_performance
from cxlib.plots.experiment_bounds import response_bounds
from cxlib.plots.experiment_plan import (
    false_alarm_rates,
    peeking_cost,
    planned_power,
)
from cxlib.plots.experiment_segments import effect_by_time, segment_effects
from cxlib.plots.impact import code_change, code_impact
from cxlib.plots.journeys import (
    funnel_gap,
    funnel_steps,
    metric_forest,
    transition_differences,
)
from cxlib.plots.knowing import information, side_by_side
from cxlib.plots.lags import lag_profile
from cxlib.plots.nps import (
    change_split,
    driver_shares,
    score_sensitivity,
    score_shares,
    score_trend,
    segment_scores,
)
from cxlib.plots.observed import leads, neighbours, overlap, parallel_change
from cxlib.plots.own_course import own_course, placebo_cuts
from cxlib.plots.paths import divergence_steps, path_icicle, path_sankey
from cxlib.plots.payoff import payoff_fan, payoffs, tornado
from cxlib.plots.planning import account_scores, power_curve
from cxlib.plots.roadmap import chosen_sets, cost_of_delay, roadmap
from cxlib.plots.roadmap_cash import roadmap_cash
from cxlib.plots.roi import outcome_by_score, placebo_lead, point_value, specifications
from cxlib.plots.roi_models import calibration
from cxlib.plots.roi_shape import score_shape, transition_value
from cxlib.plots.segmentation import cut_points, league_table, likert
from cxlib.plots.themes import code_sentiment, emerging, keyness, themes_seen
from cxlib.plots.time_to import survival_curves
from cxlib.plots.tracking import control_chart, love_plot, transition_table
from cxlib.plots.voc import code_agreement, code_heatmap, code_shares
from cxlib.plots.voc_shares import code_reweighted, cooccurrence
from cxlib.plots.weighting import balance, tipping_point
from cxlib.plots.worth import (
    contact_costs,
    lifetime_value,
    repeat_check,
    value_by_segment,
)

__all__ = [
    "account_scores",
    "balance",
    "calibration",
    "change_split",
    "chosen_sets",
    "code_agreement",
    "code_change",
    "code_disputes",
    "code_heatmap",
    "code_impact",
    "code_reweighted",
    "code_sentiment",
    "code_shares",
    "code_trend",
    "coder_drift",
    "coder_quality",
    "contact_costs",
    "control_chart",
    "cooccurrence",
    "cost_of_delay",
    "cut_points",
    "divergence_steps",
    "driver_odds",
    "driver_shares",
    "effect_by_time",
    "emerging",
    "event_study",
    "false_alarm_rates",
    "frontier",
    "funnel_gap",
    "funnel_steps",
    "importance_performance",
    "information",
    "keyness",
    "lag_profile",
    "leads",
    "league_table",
    "lifetime_value",
    "likert",
    "love_plot",
    "metric_forest",
    "neighbours",
    "outcome_by_score",
    "overlap",
    "own_course",
    "parallel_change",
    "path_icicle",
    "path_sankey",
    "payoff_fan",
    "payoffs",
    "peeking_cost",
    "placebo_cuts",
    "placebo_lead",
    "planned_power",
    "point_value",
    "power_curve",
    "promise_calibration",
    "promises",
    "quadrants",
    "rank_chances",
    "repeat_check",
    "response_bounds",
    "roadmap",
    "roadmap_cash",
    "score_sensitivity",
    "score_shape",
    "score_shares",
    "score_trend",
    "segment_effects",
    "segment_scores",
    "side_by_side",
    "specifications",
    "survival_curves",
    "themes_seen",
    "tipping_point",
    "tornado",
    "transition_differences",
    "transition_table",
    "transition_value",
    "value_by_segment",
]


def __dir__() -> list[str]:
    """Name what is for users; after a Tab, its modules would hide it."""
    return __all__
