"""Regressions of money on experience, and what improving it returns."""

from __future__ import annotations

from cxlib.roi.cash import Payoff, irr, npv, payback, payoff
from cxlib.roi.checks import diagnose
from cxlib.roi.choices import specifications
from cxlib.roi.claimed import with_claims
from cxlib.roi.confounding import sensitivity
from cxlib.roi.lead import placebo_lead
from cxlib.roi.levels import by_score
from cxlib.roi.outcomes import Fits, fit_outcomes
from cxlib.roi.portfolio import simulate
from cxlib.roi.regression import Fit, fit
from cxlib.roi.separation import Separation, separation
from cxlib.roi.simulation import Simulation
from cxlib.roi.structure import panel
from cxlib.roi.swing import tornado
from cxlib.roi.value import PointValue, point_value
from cxlib.roi.verdict import caveats, decision

__all__ = [
    "Fit",
    "Fits",
    "Payoff",
    "PointValue",
    "Separation",
    "Simulation",
    "by_score",
    "caveats",
    "decision",
    "diagnose",
    "fit",
    "fit_outcomes",
    "irr",
    "npv",
    "panel",
    "payback",
    "payoff",
    "placebo_lead",
    "point_value",
    "sensitivity",
    "separation",
    "simulate",
    "specifications",
    "tornado",
    "with_claims",
]
