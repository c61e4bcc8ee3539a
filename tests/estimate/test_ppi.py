"""The share corrected by hand readings: identities, bounds and calibration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxlib.errors import DataError
from cxlib.estimate import design, estimate
from cxlib.estimate.ppi import corrected_share


def drawn(rng, n=2000, n_hand=200, share=0.1, sensitivity=0.8, specificity=0.97):
    truth = rng.random(n) < share
    seen = np.where(truth, rng.random(n) < sensitivity, rng.random(n) > specificity)
    return seen, np.where(np.arange(n) < n_hand, truth, np.nan), truth


def test_useless_machine_is_the_hand_only_mean():
    seen, hand, _ = drawn(np.random.default_rng(1))
    found = corrected_share(np.zeros(2000), hand)
    assert found.estimate == pytest.approx(np.nanmean(hand))
    plain = estimate(hand, "share")
    assert found.ci_lower == pytest.approx(plain.ci_lower, abs=0.003)
    assert found.ci_upper == pytest.approx(plain.ci_upper, abs=0.003)
    against = corrected_share(~seen, hand)
    assert against.estimate == pytest.approx(np.nanmean(hand)), "t is held at 0"


def test_formula_by_hand():
    machine = np.array([1, 1, 0, 0, 1, 0, 1, 0, 1, 1.0])
    hand = np.array([1, 0, 0, 0, 1, 1] + [np.nan] * 4)
    f, y = machine[:6], hand[:6]
    t = np.cov(y, f, ddof=0)[0, 1] / f.var()
    expected = t * machine.mean() + (y - t * f).mean()
    assert corrected_share(machine, hand).estimate == pytest.approx(expected)


def test_everything_read_by_hand_is_the_hand_mean():
    seen, _, truth = drawn(np.random.default_rng(2))
    assert corrected_share(seen, truth.astype(float)).estimate == pytest.approx(
        truth.mean()
    )


def test_perfect_machine_is_narrower_but_not_infallible():
    _, hand, truth = drawn(np.random.default_rng(3))
    found = corrected_share(truth, hand)
    assert found.estimate == pytest.approx(truth.mean())
    machine, people = estimate(truth, "share"), estimate(hand, "share")
    width = found.ci_upper - found.ci_lower
    assert machine.ci_upper - machine.ci_lower < width
    assert width < 0.7 * (people.ci_upper - people.ci_lower)


def test_weights_of_one_and_clusters():
    seen, hand, _ = drawn(np.random.default_rng(4))
    plain = corrected_share(seen, hand)
    same = corrected_share(seen, hand, plan=design(2000, weights=np.full(2000, 7.0)))
    assert same.estimate == pytest.approx(plain.estimate)
    assert same.std_error == pytest.approx(plain.std_error)
    twice = [np.repeat(v, 2) for v in (seen, hand)]
    plan = design(4000, cluster=np.repeat(np.arange(2000), 2))
    wide = corrected_share(*twice, plan=plan)
    assert wide.estimate == pytest.approx(plain.estimate)
    assert wide.std_error > 0.95 * plain.std_error


def test_too_few_hand_readings():
    with pytest.raises(DataError) as caught:
        corrected_share([1, 0, 1], [1, 0, np.nan])
    assert str(caught.value) == "2 rows were read by hand here; at least 3 are needed."


@given(st.integers(0, 10_000), st.floats(0.02, 0.98), st.integers(3, 60))
def test_stays_a_share(seed, share, n_hand):
    rng = np.random.default_rng(seed)
    seen, hand, _ = drawn(rng, n=120, n_hand=n_hand, share=share)
    found = corrected_share(seen, hand)
    assert 0 <= found.ci_lower <= found.estimate <= found.ci_upper <= 1


CASES = [
    (0.1, 0.8, 0.97, 200, 2000),
    (0.05, 0.8, 0.97, 200, 2000),
    (0.3, 0.9, 0.9, 100, 3000),
    (0.1, 0.5, 0.7, 200, 2000),
    (0.04, 0.9, 0.99, 300, 5000),
    (0.2, 0.95, 0.98, 60, 2000),
]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_covers_where_the_machine_count_does_not(case):
    """Nominal 95 %; hand-only Wilson with fewer than 5 positives, as in voc."""
    share, sensitivity, specificity, n_hand, n = case
    rng = np.random.default_rng(11)
    inside, raw, width, hand_width = [], [], [], []
    for _ in range(800):
        seen, hand, _ = drawn(rng, n, n_hand, share, sensitivity, specificity)
        people, machine = estimate(hand, "share"), estimate(seen, "share")
        few = np.nansum(hand) < 5
        found = people if few else corrected_share(seen, hand)
        inside.append(found.ci_lower <= share <= found.ci_upper)
        raw.append(machine.ci_lower <= share <= machine.ci_upper)
        width.append(found.ci_upper - found.ci_lower)
        hand_width.append(people.ci_upper - people.ci_lower)
    assert np.mean(inside) >= 0.93
    assert np.mean(width) <= 1.01 * np.mean(hand_width)
    biased = abs(share * sensitivity + (1 - share) * (1 - specificity) - share) > 0.01
    assert np.mean(raw) < 0.7 or not biased
