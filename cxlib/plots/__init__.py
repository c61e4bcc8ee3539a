"""One function a chart: tidy table in, Axes out."""

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
from cxlib.plots.roi import outcome_by_score, placebo_lead, point_value, specifications
from cxlib.plots.segmentation import cut_points, league_table, likert
from cxlib.plots.themes import code_sentiment, emerging, keyness, themes_seen
from cxlib.plots.time_to import survival_curves
from cxlib.plots.tracking import control_chart, love_plot, transition_table
from cxlib.plots.voc import code_agreement, code_heatmap, code_shares
from cxlib.plots.voc_shares import code_reweighted, cooccurrence
from cxlib.plots.weighting import balance, tipping_point

__all__ = [
    "account_scores",
    "balance",
    "change_split",
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
    "control_chart",
    "cooccurrence",
    "cut_points",
    "divergence_steps",
    "driver_odds",
    "driver_shares",
    "effect_by_time",
    "emerging",
    "false_alarm_rates",
    "funnel_gap",
    "funnel_steps",
    "importance_performance",
    "keyness",
    "lag_profile",
    "leads",
    "league_table",
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
    "response_bounds",
    "score_sensitivity",
    "score_shares",
    "score_trend",
    "segment_effects",
    "segment_scores",
    "specifications",
    "survival_curves",
    "themes_seen",
    "tipping_point",
    "tornado",
    "transition_differences",
    "transition_table",
]
