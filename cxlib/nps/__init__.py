"""Scores of survey answers: level, segments, change, drivers, and how sure."""

from cxlib.nps.change import Change, change
from cxlib.nps.decide import caveats, decision
from cxlib.nps.drivers import Drivers, drivers
from cxlib.nps.score import Score, score
from cxlib.nps.segments import SegmentScores, by_segment
from cxlib.nps.sensitivity import Sensitivity, sensitivity
from cxlib.nps.trend import Trend, trend

__all__ = [
    "Change",
    "Drivers",
    "Score",
    "SegmentScores",
    "Sensitivity",
    "Trend",
    "by_segment",
    "caveats",
    "change",
    "decision",
    "drivers",
    "score",
    "sensitivity",
    "trend",
]
