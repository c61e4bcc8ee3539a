"""The Monte Carlo against closed forms and the distributions it was asked for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxlib import roi

pytestmark = pytest.mark.slow
Z90 = 1.2815515655446004
N = 200_000
SHAPES = ["normal2", "lognormal", "triangular", "pert", "uniform", "beta"]


def run(rows, value=2.0, **options):
    usual = {"evidence": "randomised", "effect": 1.0, "cost": 0.0, "reach": 0.5}
    frame = pd.DataFrame([usual | row for row in rows])
    frame["name"] = [f"p{i}" for i in range(len(frame))]
    for end in ("effect_low", "effect_high"):
        frame[end] = frame.get(end, frame["effect"]).fillna(frame["effect"])
    common = {
        "horizon": 2, "discount_rate": 0.1, "steps_per_year": 1, "n_draws": N,
        "customers": 1000, "rng": 11,
    }  # fmt: skip
    return roi.simulate(frame, value, **(common | options))


def test_mean_and_variance_of_a_product_of_inputs():
    """NPV = annuity x value x effect x reach - cost, all four independent."""
    found = run(
        [{"effect_low": 0.4, "effect_high": 1.6, "reach_low": 0.42, "reach_high": 0.58,
          "reach_distribution": "uniform", "cost": 300.0, "cost_low": 200.0,
          "cost_high": 400.0, "cost_distribution": "triangular"}],
        {"amount": 2.0, "low": 1.5, "high": 2.5},
    )  # fmt: skip
    annuity = 1 / 1.1 + 1 / 1.21
    moments = {
        "value": (2.0, (0.5 / Z90) ** 2), "effect": (1.0, (0.6 / Z90) ** 2),
        "reach": (500.0, (200 / 12**0.5) ** 2),
    }  # fmt: skip
    mean = np.prod([m for m, _ in moments.values()])
    second = np.prod([m**2 + v for m, v in moments.values()])
    half = 100 / (1 - 0.2**0.5)
    variance = annuity**2 * (second - mean**2) + half**2 / 6
    draws = found.draws.alone[:, 0]
    assert draws.mean() == pytest.approx(
        annuity * mean - 300, abs=4 * (variance / N) ** 0.5
    )
    assert draws.var() == pytest.approx(variance, rel=0.02)
    assert found.total["npv_error_amount"] == pytest.approx(
        (variance / N) ** 0.5, rel=0.02
    )


@pytest.mark.parametrize("overlap", ["independent", "nested"])
def test_portfolio_of_two_on_one_driver(overlap):
    """E max of two independent normals, weighted by who reaches whom."""
    spread = {"effect_low": 1 - 0.3 * Z90, "effect_high": 1 + 0.3 * Z90, "driver": "x"}
    found = run([spread, spread], 1.0, overlap=overlap, horizon=1, discount_rate=0.0)
    best = 1 + 0.3 / np.pi**0.5
    both = 0.25 if overlap == "independent" else 0.5
    wanted = 1000 * (both * best + 2 * (0.5 - both) * 1.0)
    error = found.total["npv_error_amount"]
    assert found.total["npv_amount"] == pytest.approx(wanted, abs=5 * error)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_tenth_lies_below_p10_and_above_p90(shape):
    found = run(
        [{"effect": 0.3, "effect_low": 0.2, "effect_high": 0.5, "distribution": shape,
          "reach_low": 0.45, "reach_high": 0.56, "reach_distribution": shape,
          "decay": 0.2, "decay_low": 0.1, "decay_high": 0.4,
          "decay_distribution": shape}]
    )  # fmt: skip
    ends = {
        "effect of p0": (0.2, 0.5), "reach of p0": (450, 560), "decay of p0": (0.1, 0.4)
    }  # fmt: skip
    bound = 4 * (0.09 / N) ** 0.5
    for name, (low, high) in ends.items():
        drawn = found.draws.inputs[name]
        assert (drawn < low).mean() == pytest.approx(0.1, abs=bound), name
        assert (drawn > high).mean() == pytest.approx(0.1, abs=bound), name


@pytest.mark.parametrize("shape", ["normal2", "lognormal", "pert"])
def test_the_copula_has_the_rank_correlation_of_a_gaussian(shape):
    spread = {"effect_low": 0.6, "effect_high": 1.9, "distribution": shape}
    rows = [{**spread, "group": g, "rho": 0.7} for g in ("a", "a", "", "")]
    names = [f"p{i}" for i in range(4)]
    matrix = pd.DataFrame(np.eye(4), index=names, columns=names)
    for one, two, rho in (("p0", "p2", -0.6), ("p1", "p3", 0.95)):
        matrix.loc[one, two] = matrix.loc[two, one] = rho
    cases = [
        (0.3, {("p0", "p1"): 0.7, ("p0", "p2"): 0.3, ("p2", "p3"): 0.3}),
        (matrix, {("p0", "p2"): -0.6, ("p1", "p3"): 0.95, ("p0", "p1"): 0.0}),
    ]
    for correlation, wanted in cases:
        drawn = run(rows, correlation=correlation, n_draws=50_000).draws.inputs
        for (one, two), rho in wanted.items():
            pair = (drawn[f"effect of {name}"] for name in (one, two))
            found = stats.spearmanr(*pair).statistic
            expected = 6 / np.pi * np.arcsin(rho / 2)
            assert found == pytest.approx(expected, abs=4 / 50_000**0.5)


def test_the_error_of_the_draws_is_what_other_seeds_show():
    rows = [{"effect_low": 0.2, "effect_high": 2.5, "cost": 1700.0}]
    seeds = [run(rows, n_draws=2000, rng=seed).total for seed in range(100)]
    table = pd.DataFrame(seeds).astype({"npv_amount": float})
    for name, error in (
        ("npv_amount", "npv_error_amount"), ("p10_amount", "p10_error_amount"),
        ("p90_amount", "p90_error_amount"), ("share_positive", "share_positive_error"),
    ):  # fmt: skip
        shown = table[name].astype(float).std()
        assert table[error].astype(float).mean() == pytest.approx(shown, rel=0.3), name
