"""Regressions of money on experience, and what improving it returns."""

from __future__ import annotations

from cxlib.roi.investments.cash import Payoff, irr, npv, payback, payoff
from cxlib.roi.investments.claimed import with_claims
from cxlib.roi.investments.monte_carlo import simulate
from cxlib.roi.investments.simulation import Simulation
from cxlib.roi.investments.swing import tornado
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
from cxlib.roi.regressions.structure import panel
from cxlib.roi.verdict import caveats, decision
from cxlib.roi.worth.value import PointValue, point_value

__all__ = [
    "Fit",
    "Fits",
    "Payoff",
    "PointValue",
    "Separation",
    "Simulation",
    "by_score",
    "caveats",
    "clustered_errors",
    "decision",
    "diagnose",
    "fit",
    "fit_outcomes",
    "half_panel",
    "irr",
    "lag_profile",
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
