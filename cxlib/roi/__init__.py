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
from cxlib.roi.investments.cash import Payoff, irr, npv, payback, payoff
from cxlib.roi.investments.claimed import with_claims
from cxlib.roi.investments.monte_carlo import simulate
from cxlib.roi.investments.simulation import Simulation
from cxlib.roi.investments.swing import tornado
from cxlib.roi.regressions.checks import diagnose
from cxlib.roi.regressions.choices import specifications
from cxlib.roi.regressions.confounding import sensitivity
from cxlib.roi.regressions.lead import placebo_lead
from cxlib.roi.regressions.levels import by_score
from cxlib.roi.regressions.outcomes import Fits, fit_outcomes
from cxlib.roi.regressions.regression import Fit, fit
from cxlib.roi.regressions.separation import Separation, separation
from cxlib.roi.regressions.structure import panel
from cxlib.roi.verdict import caveats, decision
from cxlib.roi.worth.value import PointValue, point_value

__all__ = [
    "Fit",
    "Fits",
    "Interruption",
    "Payoff",
    "PointValue",
    "Separation",
    "Simulation",
    "Staggered",
    "Tracked",
    "by_score",
    "caveats",
    "decision",
    "diagnose",
    "effort",
    "fit",
    "fit_outcomes",
    "interrupted",
    "irr",
    "npv",
    "panel",
    "payback",
    "payoff",
    "placebo_lead",
    "point_value",
    "register",
    "sensitivity",
    "separation",
    "simulate",
    "specifications",
    "staggered",
    "tornado",
    "track",
    "tracking_caveats",
    "tracking_decision",
    "with_claims",
]
