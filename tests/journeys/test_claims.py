"""The gain that may be claimed: selection, past experiments, words, errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from cxlib import journeys
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate.winner import after_selection
from cxlib.journeys import Mean
from cxlib.journeys.experiments._cutoffs import cutoff
from cxlib.journeys.experiments.effects import Comparison
from cxlib.journeys.experiments.verdicts import judge

CLAIM = [f"claimed_effect_size{end}" for end in ("", "_ci_lower", "_ci_upper")]


def comparison(effects, errors=1.0, *, direction="increase", correction="holm", **more):
    """A comparison of treatments with these effects, normal tests."""
    y = np.asarray(effects, dtype=float)
    se = np.broadcast_to(np.asarray(errors, dtype=float), y.shape)
    table = pd.DataFrame(
        {
            "metric": "m", "role": "decision", "unit": "score",
            "treatment_arm": [f"t{i}" for i in range(len(y))],
            "control_arm": "control", "n_control": 1000, "n_treatment": 1000,
            "effect_size": y, "std_error": se, "effect_size_ci_lower": y - 1.96 * se,
            "effect_size_ci_upper": y + 1.96 * se, "statistic": y / se,
            "pvalue": 2 * stats.norm.sf(np.abs(y / se)), "direction": direction,
            "margin": np.nan, **more,
        }
    )  # fmt: skip
    return Comparison(table=judge(table, correction, 0.05), confidence_level=0.95)


def test_median_unbiased_by_scipy_truncated_normal():
    """Where the hybrid's bounds do not bind it is the plain conditional estimate."""
    x, c = 3.0, 1.96

    def miss(mean, p):
        return stats.truncnorm.cdf(x, c - mean, np.inf, loc=mean) - p

    found = after_selection([x], [1.0], cutoffs=[c])
    for ours, p in ((found.estimate, 0.5), (found.ci_upper, 0.025)):
        theirs = optimize.brentq(miss, -10, 10, args=(p,))
        assert ours[0] == pytest.approx(theirs, abs=0.02)


@given(st.floats(0.01, 6), st.floats(0.05, 20), st.floats(0.1, 3))
def test_a_correction_only_shrinks_and_scales_with_the_unit(over, error, limit):
    x = limit + over
    one = after_selection([x], [1.0], cutoffs=[limit])
    same = after_selection([x * error], [error], cutoffs=[limit * error])
    assert one.estimate[0] <= x + 1e-9
    assert one.ci_lower[0] <= one.estimate[0] <= one.ci_upper[0]
    assert same.estimate[0] == pytest.approx(error * one.estimate[0], rel=1e-6)
    free = after_selection([x], [1.0], cutoffs=[-np.inf])
    assert free.estimate[0] == pytest.approx(x, abs=1e-9)


def test_selection_is_refused_where_nothing_was_selected():
    with pytest.raises(ArgumentError, match="`effects` must exceed their `cutoffs`"):
        after_selection([1.0], [1.0], cutoffs=[1.96])
    with pytest.raises(ArgumentError, match="`std_errors` must be positive"):
        after_selection([3.0], [0.0], cutoffs=[1.96])


def test_the_limit_is_what_the_correction_asked_for():
    one = comparison([3.0])
    assert cutoff(one.table, 0, "none", 0.05).least == pytest.approx(1.96, abs=1e-3)
    two = comparison([3.0, -0.5])
    found = cutoff(two.table, 0, "holm", 0.05)
    assert found.best_of == 2
    assert found.least == pytest.approx(stats.norm.isf(0.0125), abs=1e-3)
    close = cutoff(comparison([3.0, 2.9]).table, 0, "holm", 0.05)
    assert close.least == pytest.approx(2.8, abs=1e-3)
    second = cutoff(comparison([3.0, 2.9]).table, 1, "holm", 0.05)
    assert second.best_of == 1


def test_runner_up_moves_with_the_shared_control():
    """x - 2.9 - 0.5 (x - 3) > 0 from x = 2.8 on: correlation 1/2 with equal arms."""
    found = journeys.claims(comparison([3.0, 2.9])).table
    assert found["method"].tolist() == [
        "given that it was best of 2 and better", "given that it was better"
    ]  # fmt: skip
    alone = journeys.claims(comparison([3.0])).table
    assert found[CLAIM[0]][0] < alone[CLAIM[0]][0] < 3.0


def test_only_winners_are_claimed_and_never_at_their_raw_size():
    found = journeys.claims(comparison([3.5, 0.5, -3.0]))
    table = found.table
    assert table["verdict"].tolist() == ["better", "cannot tell", "worse"]
    assert table[CLAIM].notna().all(axis=1).tolist() == [True, False, False]
    assert table["claimed_effect_size"][0] < 3.5
    assert set(table["evidence"]) == {"randomised"}
    ids = [one.id for one in found.findings]
    assert ids == ["m_t0_claim", "m_t1_claim", "m_t2_claim"]
    assert [one.estimate for one in found.findings][1:] == [None, None]
    assert found.findings[0].estimate == table["claimed_effect_size"][0]
    assert "m (t0): the measured +3.5 was picked because it was large; claim +" in (
        found.text
    )
    assert journeys.claims(comparison([0.5])).text == (
        "No decision metric is better, so there is no gain to claim."
    )


def test_less_can_be_better_and_a_near_miss_claims_nothing():
    down = journeys.claims(comparison([-3.0], direction="decrease")).table.iloc[0]
    up = journeys.claims(comparison([3.0])).table.iloc[0]
    assert down[CLAIM[0]] == pytest.approx(-up[CLAIM[0]])
    assert down[CLAIM[1]] == pytest.approx(-up[CLAIM[2]])
    near = journeys.claims(comparison([1.97]))
    assert near.table["share_kept"].iloc[0] == 0
    assert "no gain may be claimed yet" in near.text


@settings(max_examples=20)
@given(st.lists(st.floats(-3, 6), min_size=1, max_size=4))
def test_every_claim_lies_in_its_interval_or_at_zero(effects):
    table = journeys.claims(comparison(effects)).table
    won = table[table["verdict"] == "better"]
    assert (won[CLAIM[0]] >= 0).all()
    assert (won[CLAIM[0]] <= won["effect_size"] + 1e-6).all()
    assert (won[CLAIM[1]] <= won[CLAIM[0]]).all()


def test_past_experiments_shrink_whatever_the_verdict():
    past = [{"effect_size": e, "std_error": 1.0} for e in (0.2, -0.4, 0.6, 2.4, 0.1)]
    found = journeys.claims(comparison([3.0]), past=past)
    row = found.table.iloc[0]
    assert row["method"] == "shrunken to past experiments"
    assert 0 < row["claimed_effect_size"] < 2
    programme = found.programme.iloc[0]
    assert (programme["n_experiments"], programme["n_winners"]) == (6, 2)
    assert programme["effect_size"] == pytest.approx(5.4)
    assert programme["claimed_effect_size"] < 4
    assert "m, all 2 winners of 6 experiments: measured +5.4 together, claim" in (
        found.text
    )
    calm = journeys.claims(comparison([0.5]), past=past).table.iloc[0]
    assert np.isfinite(calm["claimed_effect_size"])
    short = journeys.claims(comparison([3.0]), past=past[:2]).table.iloc[0]
    assert short["method"] == "given that it was better"


@pytest.mark.parametrize(
    ("past", "message"),
    [
        ([{"effect_size": 1.0}], "column 'std_error' is not in past"),
        ([{"effect_size": 1.0, "std_error": 0.0}], "`past` needs a finite effect_size"),
        (
            [{"effect_size": 1.0, "std_error": 1.0, "metric": "n"}],
            "`past` has the metric 'n'; ",
        ),
    ],
)
def test_a_broken_past_is_refused(past, message):
    with pytest.raises(DataError, match=message):
        journeys.claims(comparison([3.0]), past=past)


def test_verdicts_that_do_not_follow_from_p_are_refused():
    odd = comparison([3.0, 1.0])
    odd = Comparison(table=odd.table.assign(pvalue_adj=[0.03, 0.9]))
    with pytest.raises(DataError, match="do not follow from its p-values"):
        journeys.claims(odd)
    guard = Comparison(table=comparison([3.0]).table.assign(role="guardrail"))
    with pytest.raises(DataError, match="no decision metric"):
        journeys.claims(guard)


def test_from_rows_to_claim():
    rng = np.random.default_rng(4)
    users = pd.DataFrame({"variant": np.resize(["control", "b"], 4000)})
    users["y"] = rng.normal(size=4000) + 0.2 * (users["variant"] == "b")
    found = journeys.compare(users, [Mean(name="y", column="y")])
    claim = journeys.claims(found).table.iloc[0]
    assert claim["claimed_effect_size"] < found.table["effect_size"].iloc[0]
    assert claim["n_control"] == 2000
