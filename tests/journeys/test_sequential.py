"""Inference that holds at any look: sequences, the sample ratio, the planned end."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxlib import journeys
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import Moments, welch
from cxlib.estimate.sequential import (
    anytime,
    confidence_sequence,
    count_evidence,
    sequence_pvalue,
    sequence_quantile,
)
from cxlib.journeys import Mean, Proportion, Ratio, Score

from .conftest import from_sums, with_moments


@pytest.fixture(scope="module")
def oracle(shared):
    cases = json.loads(shared("oracles/ab.json").read_text())["cases"]
    return {case["id"]: case for case in cases}


def split(n=400, seed=0, **columns):
    """Users in two variants with some columns."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"user_id": range(n), "variant": ["control", "b"] * (n // 2)})
    return frame.assign(
        paid=(rng.random(n) < 0.3).astype(int), spend=rng.gamma(1, 10, n),
        before=rng.gamma(1, 10, n), visits=rng.poisson(3, n) + 1,
        score=rng.integers(0, 11, n), **columns,
    )  # fmt: skip


METRICS = [
    Proportion(name="paid", column="paid"), Mean(name="spend", column="spend"),
    Mean(name="cuped", column="spend", covariate="before"),
    Ratio(name="ratio", column="spend", denominator="visits"),
    Score(name="NPS", column="score"),
]  # fmt: skip


def test_sequence_of_growthbook(oracle):
    given_, expected = (oracle["gb_asymptotic_cs"][k] for k in ("input", "expected"))
    n = given_["mean"]["a"]["n"] + given_["mean"]["b"]["n"]
    for name in ("prop", "mean"):
        want = expected[f"{name}_relative"]
        found = confidence_sequence(
            want["expected"], want["se"], n=n, tuning_n=given_[name]["tuning_N"]
        )
        # their estimate and error are published with five decimals
        ends = [found.ci_lower, found.ci_upper]
        assert ends == pytest.approx(want["ci"], abs=3e-5)
        assert found.pvalue == pytest.approx(want["p"], abs=5e-6)


def test_one_sided_sequence_of_growthbook(oracle):
    case = oracle["gb_asymptotic_cs"]
    arms = [
        Moments(arm["n"], *from_sums(arm["n"], [arm["sum"]], [[arm["sum_squares"]]]))
        for arm in case["input"]["mean"].values()
        if isinstance(arm, dict)
    ]
    gap = welch(*arms)
    found = confidence_sequence(
        gap.effect_size, gap.std_error, n=arms[0].n + arms[1].n, alternative="greater"
    )
    want = case["expected"]["one_sided_absolute_greater_N5000"]
    assert found.ci_lower == pytest.approx(want["ci_lower"], abs=5e-6)
    assert found.ci_upper == np.inf
    # theirs is a bisection that stops once the bound is close to zero
    assert found.pvalue == pytest.approx(want["p"], abs=2e-4)
    mirrored = confidence_sequence(
        -gap.effect_size, gap.std_error, n=arms[0].n + arms[1].n, alternative="less"
    )
    assert mirrored.ci_upper == -found.ci_lower
    assert mirrored.pvalue == found.pvalue


def test_comparison_at_any_look_is_the_sequence_of_its_difference(oracle):
    """Through the public comparison, on rows with the moments of the oracle."""
    given_ = oracle["gb_asymptotic_cs"]["input"]["mean"]
    parts = []
    for name, arm in (("control", given_["a"]), ("b", given_["b"])):
        mean, cov = from_sums(arm["n"], [arm["sum"]], [[arm["sum_squares"]]])
        y = with_moments(mean, cov, arm["n"])[:, 0]
        parts.append(pd.DataFrame({"variant": name, "y": y}))
    users = pd.concat(parts)
    tuned = {"looks": "any", "tuning_n": given_["tuning_N"]}
    row = journeys.compare(users, [Mean(name="y", column="y")], **tuned).table.iloc[0]
    want = confidence_sequence(
        row["effect_size"], row["std_error"], n=6461, tuning_n=given_["tuning_N"]
    )
    # Student's quantile in place of the normal one
    width = 1e-3 * (want.ci_upper - want.ci_lower)
    assert row["effect_size_ci_lower"] == pytest.approx(want.ci_lower, abs=width)
    assert row["effect_size_ci_upper"] == pytest.approx(want.ci_upper, abs=width)
    assert row["pvalue"] == pytest.approx(want.pvalue, rel=1e-3)


def test_sequential_sample_ratio_of_optimizely(oracle):
    case = oracle["ssrm_sequential"]
    given_, expected = case["input"], case["expected"]
    log_bf, p = count_evidence(
        given_["batches"], given_["null"], concentration=given_["dirichlet_alpha"]
    )
    # theirs leaves out the multinomial coefficient of each batch in both models
    want = np.subtract(expected["log_marginal_M1"], expected["log_marginal_M0"])
    assert log_bf == pytest.approx(want, rel=1e-6)
    assert p.tolist() == np.minimum.accumulate(np.minimum(1, np.exp(-want))).tolist()


@given(
    z=st.floats(-8, 8), n=st.integers(20, 10**6), tuning=st.integers(100, 10**6),
    side=st.sampled_from(["two-sided", "greater", "less"]),
)  # fmt: skip
def test_interval_and_pvalue_agree(z, n, tuning, side):
    found = confidence_sequence(z, 1.0, n=n, tuning_n=tuning, alternative=side)
    excludes = found.ci_lower > 0 or found.ci_upper < 0
    if abs(found.pvalue - 0.05) > 1e-9:
        assert excludes == (found.pvalue < 0.05)
    assert 0 <= found.pvalue <= 1


@given(n=st.integers(2, 10**7), tuning=st.integers(10, 10**7))
def test_the_sequence_is_always_wider_and_tightest_where_tuned(n, tuning):
    q = sequence_quantile(n, tuning_n=tuning)
    assert q > 2.5
    assert sequence_quantile(tuning, tuning_n=tuning) <= q * (1 + 1e-3)


@pytest.mark.parametrize("cluster", [None, "shop"])
def test_every_kind_is_wider_at_any_look_and_estimates_stay(cluster):
    users = split(800)
    # one variant a shop, 20 shops in each
    users = users.assign(shop=np.arange(800) // 2 % 20 * 2 + (np.arange(800) % 2))
    once = journeys.compare(users, METRICS, cluster=cluster).table
    any_ = journeys.compare(users, METRICS, cluster=cluster, looks="any").table
    assert list(once.columns) == list(any_.columns)
    same = ["effect_size", "std_error", "n_control", "rel_effect_size", "statistic"]
    pd.testing.assert_frame_equal(once[same], any_[same])
    for prefix in ("", "rel_"):
        low, high = (f"{prefix}effect_size_ci_{end}" for end in ("lower", "upper"))
        ratio = (any_[high] - any_[low]) / (once[high] - once[low])
        assert (ratio.dropna() > 1.4).all()
    assert (any_["pvalue"] >= once["pvalue"]).all()


def test_relative_interval_excludes_zero_where_the_absolute_one_does():
    for seed in range(40):
        users = split(seed=seed)
        users["spend"] += 2.6 * (users["variant"] == "b")
        row = journeys.compare(users, METRICS[1:2], looks="any").table.iloc[0]
        assert (row["rel_effect_size_ci_lower"] > 0) == (
            row["effect_size_ci_lower"] > 0
        )


def test_far_below_the_tuning_the_interval_is_stretched_not_broken():
    arms = [Moments.of(with_moments([m], [[4.0]], 30)) for m in (1.0, 2.0)]

    def at(level):
        return welch(*arms, confidence_level=level)

    found = anytime(at, 60, tuning_n=10**6)
    want = confidence_sequence(found.effect_size, found.std_error, n=60, tuning_n=10**6)
    assert found.effect_size_ci_lower < want.ci_lower
    assert np.isfinite(found.effect_size_ci_lower)
    assert np.isnan(found.rel_effect_size_ci_lower)
    assert found.pvalue > 0.99


def test_text_method_and_assumptions_say_how_often_one_may_look():
    users = split()
    once = journeys.compare(users, METRICS[:1])
    any_ = journeys.compare(users, METRICS[:1], looks="any", tuning_n=9000)
    fixed = "length of the test was fixed"
    assert any(fixed in a.text for a in once.assumptions)
    assert not any(fixed in a.text for a in any_.assumptions)
    assert "tightest at 9,000 users" in any_.method
    assert any_.text.endswith("All this holds however often one looks.")
    assert (once.looks, any_.looks, any_.tuning_n) == ("once", "any", 9000)
    again = journeys.sensitivity(users, any_)
    choices = ["as declared", "Miettinen-Nurminen interval"]
    assert again.table["choice"].tolist() == choices


def test_sensitivity_keeps_the_way_of_looking():
    users = split()
    found = journeys.compare(users, METRICS[2:3], looks="any")
    table = journeys.sensitivity(users, found).table.set_index("choice")
    want = journeys.compare(users, METRICS[1:2], looks="any").table.iloc[0]
    low = "effect_size_ci_lower"
    assert table.loc["without CUPED", low] == pytest.approx(want[low])


def test_broken_arguments_are_worded():
    users = split()
    with pytest.raises(ArgumentError, match=r"`looks` is 'twice'; use one of 'once'"):
        journeys.compare(users, METRICS, looks="twice")
    with pytest.raises(ArgumentError, match=r"`tuning_n` is 0; it must lie in"):
        journeys.compare(users, METRICS, looks="any", tuning_n=0)
    with pytest.raises(ArgumentError, match=r"`looks` has 2 classes, `expected` 3"):
        count_evidence([[1, 2]], [1, 1, 1], concentration=10)
    with pytest.raises(ArgumentError, match="must be positive"):
        count_evidence([[1, 2]], [1, 0], concentration=10)
    with pytest.raises(ArgumentError, match="`alternative` is 'up'"):
        sequence_pvalue(1.0, 10, alternative="up")


def test_gate_sees_days_that_the_total_hides(engine):
    """A day gone wrong early, made up for later: the total is as planned."""
    day = np.repeat(["2026-03-01", "2026-03-02"], 2000)
    arm = np.r_[np.repeat(["a", "b"], [1150, 850]), np.repeat(["a", "b"], [850, 1150])]
    users = engine(pd.DataFrame({"user_id": range(4000), "variant": arm, "day": day}))
    whole = journeys.sample_ratio(users, looks="any")
    by_day = journeys.sample_ratio(users, looks="any", time="day")
    assert whole.passed
    assert whole.tests["pvalue"].iloc[0] == 1.0
    assert not by_day.passed
    assert (whole.n_looks, by_day.n_looks) == (1, 2)
    assert "valid over 2 looks" in by_day.text
    with pytest.raises(DataError) as raised:
        by_day.require()
    (problem,) = raised.value.problems
    assert "anytime-valid test" in problem.rule
    assert journeys.sample_ratio(users, time="day").passed


def test_gate_takes_datetimes_repeats_and_blanks(engine):
    times = pd.to_datetime(["2026-03-01 08:00", "2026-03-02 09:00", None, None] * 60)
    users = pd.DataFrame(
        {"user_id": range(240), "variant": ["a", "b"] * 120, "at": times}
    )
    twice = pd.concat([users, users.head(2).assign(at=pd.Timestamp("2026-03-05"))])
    found = journeys.sample_ratio(engine(twice), time="at", looks="any", max_mixed=0.1)
    assert found.n_looks == 3
    assert found.n_repeated == 2
    assert found.n == 240


def test_gate_refuses_text_that_is_no_date():
    users = split(60).assign(at="31/12/2025")
    with pytest.raises(DataError, match="'at' of users holds the text '31/12/2025'"):
        journeys.sample_ratio(users, time="at")


def test_anytime_gate_needs_more_evidence_than_the_chi_square():
    users = pd.DataFrame({"variant": ["a"] * 5320 + ["b"] * 5000})
    test = journeys.sample_ratio(users).tests.iloc[0]
    assert test["pvalue"] < 0.01 < test["pvalue_anytime"]
    assert not journeys.sample_ratio(users).passed
    assert journeys.sample_ratio(users, looks="any").passed
    worse = pd.DataFrame({"variant": ["a"] * 5600 + ["b"] * 5000})
    assert not journeys.sample_ratio(worse, looks="any").passed


@pytest.mark.parametrize(
    ("planned", "status", "looks", "reached", "ships"),
    [
        (0, "open", "any", False, True), (801, "running", "any", False, False),
        (800, "reached", "once", True, True), (762, "reached", "once", True, True),
        (761, "overrun", "once", True, True),
    ],
)  # fmt: skip
def test_horizon(planned, status, looks, reached, ships):
    found = journeys.horizon(split(800), planned)
    assert found.status == status
    assert found.looks == looks
    assert (found.reached, found.may_ship, found.begun) == (reached, ships, True)
    assert ("another look" in found.text) == (status == "overrun")
    assert found.tuning_n == (planned or 5000)
    assert journeys.horizon(split(800), planned, cluster="shop").tuning_n == 100


def test_horizon_counts_users_of_a_variant_once_on_every_engine(engine):
    users = split(100)
    users = pd.concat([users, users.head(10), users.head(5).assign(variant=None)])
    assert journeys.horizon(engine(users), 200).table["n"].iloc[0] == 100
    assert not journeys.horizon(engine(split(10).assign(variant="a")), 9).begun


def test_horizon_refuses_broken_plans():
    with pytest.raises(ArgumentError, match="`planned` is -1; it must lie in"):
        journeys.horizon(split(), -1)
    with pytest.raises(ArgumentError, match=r"`planned` is 10\.5; use one of 10, 11"):
        journeys.horizon(split(), 10.5)


def test_nothing_ships_before_the_planned_end_but_harm_stops():
    users = split(4000)
    gain = users.assign(paid=users["paid"] | (users["variant"] == "b"))
    loss = users.assign(paid=users["paid"] & (users["variant"] != "b"))
    for frame, early, late in (
        (gain, "keep running", "ship"),
        (loss, *["roll back"] * 2),
    ):
        found = journeys.compare(frame, METRICS[:1], looks="any")
        for planned, want in ((5000, early), (4000, late), (0, late)):
            progress = journeys.horizon(frame, planned)
            decision = journeys.decision(found, horizon=progress)
            assert decision.table["decision"].tolist() == [want]
    progress = journeys.horizon(gain, 5000)
    found = journeys.compare(gain, METRICS[:1], looks="any")
    assert journeys.decision(found, horizon=progress).text == (
        "Keep b running: paid is better, but the planned number of users is not "
        "reached."
    )
