"""Regressions of money on experience, and what improving it returns."""

from __future__ import annotations

from cxlib.roi.choice.conflict import conflicts
from cxlib.roi.choice.contract import hypotheses
from cxlib.roi.choice.delay import cost_of_delay
from cxlib.roi.choice.pareto import frontier
from cxlib.roi.choice.portfolio import choose
from cxlib.roi.choice.quadrant import quadrants
from cxlib.roi.choice.ranking import ranks
from cxlib.roi.choice.road import roadmap
from cxlib.roi.choice.stakes import weights
from cxlib.roi.investments.cash import Payoff, irr, npv, payback, payoff
from cxlib.roi.investments.claimed import with_claims
from cxlib.roi.investments.draws import Draws
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
    "Draws",
    "Fit",
    "Fits",
    "Payoff",
    "PointValue",
    "Separation",
    "Simulation",
    "by_score",
    "caveats",
    "choose",
    "conflicts",
    "cost_of_delay",
    "decision",
    "diagnose",
    "fit",
    "fit_outcomes",
    "frontier",
    "hypotheses",
    "irr",
    "npv",
    "panel",
    "payback",
    "payoff",
    "placebo_lead",
    "point_value",
    "quadrants",
    "ranks",
    "roadmap",
    "sensitivity",
    "separation",
    "simulate",
    "specifications",
    "tornado",
    "weights",
    "with_claims",
]
