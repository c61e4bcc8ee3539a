"""False-alarm rate and power on simulated customers, through the topic functions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxlib import nps
from cxlib.report.alerts import judge
from cxlib.report.thresholds import read

pytestmark = pytest.mark.slow
RUNS = 400
NPS, CSAT, EFFORT = (0.5, 0.2, 0.3), (0.62, 0.38), (0.1, 0.2, 0.4, 0.2, 0.1)
# The truth of those shares: each limit stands exactly at it.
AT_TRUTH = {"NPS": {"min": 20}, "CSAT": {"max": 0.62}, "CSAT mean": {"min": 3.0}}


def customers(rng, n, promoters=NPS[0]):
    """Answers on three questions of the same customers, independent of each other."""
    shares = [promoters, NPS[1], 1 - NPS[1] - promoters]
    return pd.DataFrame({
        "nps": rng.choice([10, 8, 3], n, p=shares),
        "csat": rng.choice([5, 2], n, p=CSAT),
        "effort": rng.choice([1, 2, 3, 4, 5], n, p=EFFORT),
    })  # fmt: skip


def findings(frame):
    made = [nps.score(frame, score="nps"), nps.score(frame, score="csat", scale="csat"),
            nps.score(frame, score="effort", scale="csat_mean")]  # fmt: skip
    named = [one for result in made for one in result.findings]
    return [named[0], named[1], named[2]]


def alerts(seed, n, thresholds, **truth):
    """Number of runs with an alert."""
    rng = np.random.default_rng(seed)
    limits = read(thresholds)
    return sum(
        bool(judge(findings(customers(rng, n, **truth)), limits).alerts)
        for _ in range(RUNS)
    )


def names(seed=0):
    return [one.id for one in findings(customers(np.random.default_rng(seed), 50))]


@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_a_run_at_its_thresholds_alerts_no_more_often_than_declared(rate):
    fired = alerts(1, 150, AT_TRUTH | {"false_alarm_rate": rate})
    assert fired <= stats.binom.isf(0.001, RUNS, rate)
    # Nor is it silent: Holm over three limits loses little of the rate.
    assert fired >= stats.binom.isf(0.999, RUNS, rate / 4)


def test_a_true_fall_below_the_threshold_is_found():
    limits = {"NPS": {"min": 20}}
    fired = alerts(2, 1000, limits, promoters=0.44)
    # True NPS 8, standard error 2.8 points: power 99.6 % at 5 %.
    assert fired >= stats.binom.isf(0.999, RUNS, 0.98)


def test_a_value_on_the_right_side_stays_quiet():
    assert alerts(3, 400, {"NPS": {"min": 20}}, promoters=0.56) <= 2
