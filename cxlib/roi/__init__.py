"""Regressions of money on experience, and what improving it returns."""

from __future__ import annotations

from cxlib.roi.afterwards.decide import tracking_caveats, tracking_decision
from cxlib.roi.afterwards.effort import effort
from cxlib.roi.afterwards.interrupted import interrupted
from cxlib.roi.afterwards.interruption import Interruption
from cxlib.roi.afterwards.register import register
from cxlib.roi.afterwards.rollout import Staggered
from cxlib.roi.afterwards.staggered import staggered
from cxlib.roi.afterwards.track import track
from cxlib.roi.afterwards.tracked import Tracked
from cxlib.roi.choice.conflict import conflicts
from cxlib.roi.choice.contract import hypotheses
from cxlib.roi.choice.delay import cost_of_delay
from cxlib.roi.choice.pareto import frontier
from cxlib.roi.choice.portfolio import choose
from cxlib.roi.choice.quadrant import quadrants
from cxlib.roi.choice.ranking import ranks
from cxlib.roi.choice.road import roadmap
from cxlib.roi.choice.stakes import weights
from cxlib.roi.investments.break_even import break_even
from cxlib.roi.investments.case import Case
from cxlib.roi.investments.cash import Payoff, irr, npv, payback, payoff
from cxlib.roi.investments.claimed import with_claims
from cxlib.roi.investments.draws import Draws
from cxlib.roi.investments.information import information
from cxlib.roi.investments.monte_carlo import simulate
from cxlib.roi.investments.reasons import attribute
from cxlib.roi.investments.sceptic import sceptic, side_by_side
from cxlib.roi.investments.simulation import Simulation
from cxlib.roi.investments.study import next_study
from cxlib.roi.investments.swing import tornado
from cxlib.roi.regressions.calibration import calibration
from cxlib.roi.regressions.checks import diagnose
from cxlib.roi.regressions.choices import specifications
from cxlib.roi.regressions.clusters import clustered_errors
from cxlib.roi.regressions.confounding import sensitivity
from cxlib.roi.regressions.feedback import half_panel
from cxlib.roi.regressions.lags import lag_profile
from cxlib.roi.regressions.lead import placebo_lead
from cxlib.roi.regressions.levels import by_score
from cxlib.roi.regressions.outcomes import Fits, fit_outcomes
from cxlib.roi.regressions.regression import Fit, fit
from cxlib.roi.regressions.separation import Separation, separation
from cxlib.roi.regressions.shape import Shape, linearity_caveat, shape
from cxlib.roi.regressions.structure import panel
from cxlib.roi.regressions.survival import Survival, survival
from cxlib.roi.verdict import caveats, decision, not_counted
from cxlib.roi.worth.cost_to_serve import CostToServe, cost_to_serve
from cxlib.roi.worth.declared import DeclaredPoint, worth_of_point
from cxlib.roi.worth.lifetime import lifetime_value
from cxlib.roi.worth.lifetime_values import LifetimeValues
from cxlib.roi.worth.repeat import repeat_value
from cxlib.roi.worth.repeat_values import RepeatValues
from cxlib.roi.worth.segment_values import SegmentValues
from cxlib.roi.worth.segments import value_by_segment
from cxlib.roi.worth.spending import spending
from cxlib.roi.worth.transitions import TransitionValue, transition_value
from cxlib.roi.worth.value import PointValue, point_value

__all__ = [
    "Case",
    "CostToServe",
    "DeclaredPoint",
    "Draws",
    "Fit",
    "Fits",
    "Interruption",
    "LifetimeValues",
    "Payoff",
    "PointValue",
    "RepeatValues",
    "SegmentValues",
    "Separation",
    "Shape",
    "Simulation",
    "Staggered",
    "Survival",
    "Tracked",
    "TransitionValue",
    "attribute",
    "break_even",
    "by_score",
    "calibration",
    "caveats",
    "choose",
    "clustered_errors",
    "conflicts",
    "cost_of_delay",
    "cost_to_serve",
    "decision",
    "diagnose",
    "effort",
    "fit",
    "fit_outcomes",
    "frontier",
    "half_panel",
    "hypotheses",
    "information",
    "interrupted",
    "irr",
    "lag_profile",
    "lifetime_value",
    "linearity_caveat",
    "next_study",
    "not_counted",
    "npv",
    "panel",
    "payback",
    "payoff",
    "placebo_lead",
    "point_value",
    "quadrants",
    "ranks",
    "register",
    "repeat_value",
    "roadmap",
    "sceptic",
    "sensitivity",
    "separation",
    "shape",
    "side_by_side",
    "simulate",
    "specifications",
    "spending",
    "staggered",
    "survival",
    "tornado",
    "track",
    "tracking_caveats",
    "tracking_decision",
    "transition_value",
    "value_by_segment",
    "weights",
    "with_claims",
    "worth_of_point",
]


def __dir__() -> list[str]:
    """Name what is for users; after a Tab, its modules would hide it."""
    return __all__
