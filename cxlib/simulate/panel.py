"""Customers by month: what a score point is worth, with the answer known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxlib import _checks
from cxlib.simulate import _population
from cxlib.simulate.survey import categories, ids, named

Floats = NDArray[np.float64]

FIRST_MONTH = "2025-01"
SCORE_MEAN, CUSTOMER_SD, SCORE_NOISE_SD, SCORE_AR = 6.6, 1.1, 0.9, 0.4
DRIVER_MEAN = 3.6
DRIVER_ON_SCORE = {"ease": 0.5, "speed": 0.35}
REVENUE_BASE, PLAN_REVENUE = 80.0, np.array([0.0, 30.0, 75.0])
REVENUE_CUSTOMER_SD, REVENUE_NOISE_SD = 16.0, 18.0
SEASON = np.array([0, -4, 0, 2, 4, 0, -6, -8, 4, 6, 15, 25], dtype=float)
CHURN_AT_7, PLAN_CHURN = 0.022, np.array([0.0, -0.2, -0.5])
UPSELL_AT_7 = 0.03
COST_BASE, COST_CUSTOMER_SD, COST_NOISE_SD = 14.0, 2.0, 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Effects of last month's score on this month; see `periods`."""

    revenue_effect: float = 4.0
    churn_odds: float = 0.80
    upsell_odds: float = 1.25
    cost_effect: float = -0.60
    correlation: float = 0.6
    reverse: float = 0.0


def periods(
    n: int,
    *,
    months: int = 12,
    rng: int | np.random.Generator = 0,
    revenue_effect: float = 4.0,
    churn_odds: float = 0.80,
    upsell_odds: float = 1.25,
    cost_effect: float = -0.60,
    correlation: float = 0.6,
    reverse: float = 0.0,
) -> pd.DataFrame:
    """Simulate customers by month, in which the score moves the next month's money.

    Parameters
    ----------
    n : int
        Customers in the first month.
    months : int
        Months from 2025-01, at least 2.
    rng : int or numpy.random.Generator
        Seed or generator.
    revenue_effect, cost_effect : float
        EUR of this month's revenue and cost to serve per point of last month's
        score; 0 for no effect.
    churn_odds, upsell_odds : float
        Factor on this month's odds per point of last month's score; 1 for no effect.
    correlation : float
        Of the customers' lasting level of revenue with that of their score, -1 to
        1: what biases pooled OLS and fixed effects remove. Cost has its opposite.
    reverse : float
        Latent score points that one standard deviation of last month's revenue
        noise adds; other than 0, causality also runs backward and a placebo lead
        should find it.

    Returns
    -------
    pandas.DataFrame
        customer_id, period (YYYY-MM), score, ease, speed, revenue, retained,
        upsell, cost_to_serve, plan. A customer's last row has retained 0 if they
        left; no row after it.

    Notes
    -----
    Score = customer + .50 ease + .35 speed + AR(1) noise, rounded, 0-10. Outcomes
    are linear (revenue, cost) or logistic (churn, upsell) in the *observed* score of
    the month before, also in the first month, whose predecessor is not shown. The
    noise of the outcomes is independent of everything, so leaving on the score
    does not bias fixed effects. Revenue has a season and is not cut at zero.

    Examples
    --------
    >>> from cxlib import simulate
    >>> panel = simulate.periods(50, rng=1)
    >>> panel["period"].min(), panel["customer_id"].nunique()
    ('2025-01', 50)
    """
    _checks.in_range(n, "n", 0, float("inf"))
    _checks.in_range(months, "months", 2, float("inf"))
    _checks.in_range(correlation, "correlation", -1, 1)
    _checks.in_range(churn_odds, "churn_odds", 0, float("inf"), ends="()")
    _checks.in_range(upsell_odds, "upsell_odds", 0, float("inf"), ends="()")
    truth = Panel(
        revenue_effect=revenue_effect,
        churn_odds=churn_odds,
        upsell_odds=upsell_odds,
        cost_effect=cost_effect,
        correlation=correlation,
        reverse=reverse,
    )
    return draw(n, months, truth, _checks.generator(rng))


def draw(n: int, months: int, truth: Panel, rng: np.random.Generator) -> pd.DataFrame:
    """Draw the panel as arrays of customers by months, then as rows."""
    plan = categories(_population.PLAN_MIX, n, rng)
    customer = rng.normal(size=n)
    revenue_noise = rng.normal(size=(n, months))
    drivers = {name: _ratings(n, months, rng) for name in DRIVER_ON_SCORE}
    score = _scores(customer, drivers, revenue_noise, truth, rng)
    last, now = score[:, :-1], score[:, 1:]
    money = _money(customer, plan, last, revenue_noise, truth, rng)
    churn = CHURN_AT_7 / (1 - CHURN_AT_7) * truth.churn_odds ** (last - 7)
    leaves = happens(churn * np.exp(PLAN_CHURN[plan])[:, None], rng)
    upsell = UPSELL_AT_7 / (1 - UPSELL_AT_7) * truth.upsell_odds ** (last - 7)
    left_before: NDArray[np.int64] = np.cumsum(leaves, axis=1) - leaves
    here = left_before == 0
    who, when = np.nonzero(here)
    start = np.datetime64(FIRST_MONTH, "M")
    labels = np.datetime_as_string(start + np.arange(months)).astype(object)
    return pd.DataFrame(
        {
            "customer_id": ids("C", n, 6)[who],
            "period": pd.array(labels[when], dtype="str"),
            "score": now[here],
            **{name: rating[:, 1:][here] for name, rating in drivers.items()},
            "revenue": np.round(money["revenue"][here], 2),
            "retained": 1 - leaves[here].astype(np.int64),
            "upsell": happens(upsell, rng)[here].astype(np.int64),
            "cost_to_serve": np.round(money["cost_to_serve"][here], 2),
            "plan": named(_population.PLANS, plan[who]),
        }
    )


def _ratings(n: int, months: int, rng: np.random.Generator) -> Floats:
    """Return ratings 1-5 from the month before the first, shape (n, months + 1)."""
    latent = 0.6 * rng.normal(size=(n, 1)) + 0.8 * rng.normal(size=(n, months + 1))
    rating: Floats = np.clip(np.floor(DRIVER_MEAN + latent + 0.5), 1, 5)
    return rating


def _scores(
    customer: Floats,
    drivers: dict[str, Floats],
    revenue_noise: Floats,
    truth: Panel,
    rng: np.random.Generator,
) -> Floats:
    """Return scores from the month before the first, shape (n, months + 1)."""
    n, months = revenue_noise.shape
    shocks = rng.normal(0, SCORE_NOISE_SD, size=(n, months + 1))
    shocks[:, 1:] *= np.sqrt(1 - SCORE_AR**2)
    felt = SCORE_MEAN + CUSTOMER_SD * customer[:, None]
    for name, effect in DRIVER_ON_SCORE.items():
        felt = felt + effect * (drivers[name] - DRIVER_MEAN)
    felt[:, 2:] += truth.reverse * revenue_noise[:, :-1]
    for month in range(1, months + 1):
        shocks[:, month] += SCORE_AR * shocks[:, month - 1]
    score: Floats = np.clip(np.floor(felt + shocks + 0.5), 0, 10)
    return score


def _money(
    customer: Floats,
    plan: NDArray[np.int64],
    last: Floats,
    revenue_noise: Floats,
    truth: Panel,
    rng: np.random.Generator,
) -> dict[str, Floats]:
    """Return revenue and cost to serve, shape (n, months)."""
    n, months = last.shape
    spread = np.sqrt(1 - truth.correlation**2)
    level = truth.correlation * customer + spread * rng.normal(size=n)
    burden = -truth.correlation * customer + spread * rng.normal(size=n)
    fixed = REVENUE_BASE + PLAN_REVENUE[plan] + REVENUE_CUSTOMER_SD * level
    season = SEASON[np.arange(months) % 12]
    revenue = (
        fixed[:, None]
        + season
        + truth.revenue_effect * last
        + REVENUE_NOISE_SD * revenue_noise
    )
    cost = (
        (COST_BASE + COST_CUSTOMER_SD * burden)[:, None]
        + truth.cost_effect * last
        + rng.normal(0, COST_NOISE_SD, size=last.shape)
    )
    return {"revenue": revenue, "cost_to_serve": cost}


def happens(odds: Floats, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw events from their odds."""
    drawn: NDArray[np.bool_] = rng.random(odds.shape) < odds / (1 + odds)
    return drawn
