"""Scores of survey answers: level, segments, change, drivers, and how sure."""

from cxlib.nps.answer_shares import answer_shares
from cxlib.nps.b2b import b2b
from cxlib.nps.change import Change, change
from cxlib.nps.change_point import change_point
from cxlib.nps.control import control_chart
from cxlib.nps.cut_points import cut_points
from cxlib.nps.decide import caveats, decision
from cxlib.nps.drivers import Drivers, drivers
from cxlib.nps.feature import feature_gap
from cxlib.nps.from_counts import from_counts
from cxlib.nps.linearity import linearity
from cxlib.nps.nonresponse import nonresponse
from cxlib.nps.ordinal import ordinal
from cxlib.nps.pool import pool
from cxlib.nps.power import power
from cxlib.nps.priorities import driver_caveats, driver_decision
from cxlib.nps.response import response_rate
from cxlib.nps.score import Score, score
from cxlib.nps.search import find_segments
from cxlib.nps.segments import SegmentScores, by_segment
from cxlib.nps.sensitivity import Sensitivity, sensitivity
from cxlib.nps.sus import sus
from cxlib.nps.tally import tally
from cxlib.nps.tipping import tipping_point
from cxlib.nps.transitions import transitions
from cxlib.nps.trend import Trend, trend
from cxlib.nps.trust import survey_caveats, survey_decision
from cxlib.nps.ways import ways
from cxlib.nps.weighting import rake
from cxlib.nps.whole_base import whole_base

__all__ = [
    "Change",
    "Drivers",
    "Score",
    "SegmentScores",
    "Sensitivity",
    "Trend",
    "answer_shares",
    "b2b",
    "by_segment",
    "caveats",
    "change",
    "change_point",
    "control_chart",
    "cut_points",
    "decision",
    "driver_caveats",
    "driver_decision",
    "drivers",
    "feature_gap",
    "find_segments",
    "from_counts",
    "linearity",
    "nonresponse",
    "ordinal",
    "pool",
    "power",
    "rake",
    "response_rate",
    "score",
    "sensitivity",
    "survey_caveats",
    "survey_decision",
    "sus",
    "tally",
    "tipping_point",
    "transitions",
    "trend",
    "ways",
    "whole_base",
]


def __dir__() -> list[str]:
    """Name what is for users; after a Tab, its modules would hide it."""
    return __all__
