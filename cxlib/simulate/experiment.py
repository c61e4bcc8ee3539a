"""The users of an A/B test of a redesigned checkout, with a known effect."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxlib import _checks
from cxlib.simulate import _population
from cxlib.simulate.survey import categories, ids, named

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

VARIANTS = ("control", "treatment")
REGION_MIX = np.array([0.42, 0.24, 0.22, 0.12])
DEVICE_MIX = np.array([0.62, 0.32, 0.06])
DEVICES = ("mobile", "desktop", "tablet")
STEPS = ("home", "search", "product", "cart", "checkout", "payment", "confirmation")
PAYMENT_STEP = STEPS.index("payment") - 1
# P(next step | step) of a control user, home to confirmation: new, loyal
NEXT_STEP = np.array(
    [[0.88, 0.74, 0.45, 0.52, 0.70, 0.93], [0.98, 0.95, 0.86, 0.88, 0.70, 0.93]]
)
LOYAL_SHARE = 0.45
LOYAL_PRE_SPEND = (4.2, 0.7)  # lognormal, EUR in the eight weeks before
NEW_PRE_SPEND_SHARE = 0.15
BASKET = (3.9, 0.30)
BASKET_PER_LOG_PRE_SPEND = 0.85
CONTACTS = 0.16
RESPONSE = 0.35
CONVERTED_NPS = 24.0  # converted minus not converted, in either arm
PASSIVES = 0.30
START = np.datetime64("2025-09-01T06:00:00")
DAYS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Effects of the redesign: on one step's probability and, in points, on NPS."""

    lift: float = 0.12
    nps_lift: float = 12.0
    control_nps: float = 18.0


def users(
    n: int,
    *,
    rng: int | np.random.Generator = 0,
    lift: float = 0.12,
    nps_lift: float = 12.0,
    treatment_share: float = 0.5,
) -> pd.DataFrame:
    """Simulate the users of an A/B test of a redesigned checkout.

    Parameters
    ----------
    n : int
        Randomised users.
    rng : int or numpy.random.Generator
        Seed or generator.
    lift : float
        Rise of P(payment | checkout) in the treatment, over 0.70; the only step
        on which the redesign acts. 0 for no effect; -0.7 to 0.3.
    nps_lift : float
        True difference of the arms' NPS, in points; 0 for no effect.
    treatment_share : float
        Share of treated users; another value than 0.5 plants a sample-ratio
        mismatch for a test that expects 50/50.

    Returns
    -------
    pandas.DataFrame
        user_id, variant, assigned_at, region, device, pre_spend, spend, converted,
        contacts, responded, score; score is NaN when not responded.

    Notes
    -----
    45 % are loyal: they have spent before, go further in the funnel and spend
    more, so `pre_spend` works as a covariate. `contacts` (support contacts, a
    guardrail) and the response rate do not depend on the arm. Give the same `lift`
    to `simulate.events`. Each user is assigned by the toss of a coin, so the arms'
    sizes vary.

    Examples
    --------
    >>> from cxlib import simulate
    >>> users = simulate.users(2000, rng=1)
    >>> rates = users.groupby("variant")["converted"].mean()
    >>> bool(rates["treatment"] > rates["control"])
    True
    """
    _checks.in_range(n, "n", 0, float("inf"))
    _checks.in_range(lift, "lift", -0.7, 0.3)
    _checks.in_range(treatment_share, "treatment_share", 0, 1)
    return _draw(
        n, Trial(lift=lift, nps_lift=nps_lift), treatment_share, _checks.generator(rng)
    )


def _draw(n: int, trial: Trial, share: float, rng: np.random.Generator) -> pd.DataFrame:
    """Draw all columns of the users."""
    seconds = np.sort(rng.integers(0, DAYS * 86400, n)).astype("timedelta64[s]")
    arm = (rng.random(n) < share).astype(np.int64)
    loyal = (rng.random(n) < LOYAL_SHARE).astype(np.int64)
    spent_before = (loyal == 1) | (rng.random(n) < NEW_PRE_SPEND_SHARE)
    log_before = rng.normal(*LOYAL_PRE_SPEND, n) - (1 - loyal)
    pre_spend = np.where(spent_before, np.exp(log_before), 0.0)
    converted = rng.random(n) < reach(trial)[arm, loyal, -1]
    centred = np.where(spent_before, log_before - LOYAL_PRE_SPEND[0], -1.0)
    basket = BASKET[0] + BASKET_PER_LOG_PRE_SPEND * centred
    spend = np.where(converted, np.exp(rng.normal(basket, BASKET[1])), 0.0)
    responded = rng.random(n) < RESPONSE
    score = _scores(arm, converted, trial, rng)
    return pd.DataFrame(
        {
            "user_id": ids("U", n, 6),
            "variant": named(VARIANTS, arm),
            "assigned_at": START + seconds,
            "region": named(_population.REGIONS[:4], categories(REGION_MIX, n, rng)),
            "device": named(DEVICES, categories(DEVICE_MIX, n, rng)),
            "pre_spend": np.round(pre_spend, 2),
            "spend": np.round(spend, 2),
            "converted": converted.astype(np.int64),
            "contacts": np.minimum(rng.poisson(CONTACTS, n), 3),
            "responded": responded.astype(np.int64),
            "score": np.where(responded, score, np.nan),
        }
    )


def reach(trial: Trial) -> Floats:
    """Return P(reaching each step), by arm and type, shape (2, 2, 7)."""
    following = np.stack([NEXT_STEP, NEXT_STEP])
    following[1, :, PAYMENT_STEP] += trial.lift
    steps = np.concatenate([np.ones((2, 2, 1)), following], axis=2)
    reached: Floats = np.cumprod(steps, axis=2)
    return reached


def conversion(trial: Trial) -> Floats:
    """Return the true conversion of control and treatment."""
    share = np.array([1 - LOYAL_SHARE, LOYAL_SHARE])
    rate: Floats = reach(trial)[:, :, -1] @ share
    return rate


def group_nps(trial: Trial) -> Floats:
    """Return the true NPS by arm and conversion, shape (2, 2), in points."""
    rate = conversion(trial)
    arm = trial.control_nps + np.array([0.0, trial.nps_lift])
    base = arm - CONVERTED_NPS * rate
    return np.column_stack([base, base + CONVERTED_NPS])


def _scores(
    arm: Integers,
    converted: NDArray[np.bool_],
    trial: Trial,
    rng: np.random.Generator,
) -> Floats:
    """Draw scores whose NPS is exactly the one of the arm and group."""
    net = group_nps(trial)[arm, converted.astype(np.int64)] / 100
    detractor = (1 - PASSIVES - net) / 2
    u, v = rng.random(arm.size), rng.random(arm.size)
    low = np.array([0, 1, 2, 3, 4, 5, 5, 6, 6, 6])[(10 * v).astype(np.int64)]
    middle = np.where(v < 0.4, 7, 8)
    high = np.where(v < 0.45, 9, 10)
    passive = u < detractor + PASSIVES
    return np.where(u < detractor, low, np.where(passive, middle, high)).astype(float)


def mean_spend(trial: Trial) -> Floats:
    """Return the true mean spend of control and treatment."""
    share, before, factor = _spenders()
    rate = reach(trial)[:, :, -1] @ np.array([[1, 1, 0], [0, 0, 1]])
    mean: Floats = rate @ (share * np.exp(factor + _basket_var(before) / 2))
    return mean


def _spenders() -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Return new users without and with earlier spend, and loyal ones.

    Their share, whether they have spent before, and their log basket's mean.
    """
    new = (1 - LOYAL_SHARE) * np.array([1 - NEW_PRE_SPEND_SHARE, NEW_PRE_SPEND_SHARE])
    share = np.array([*new, LOYAL_SHARE])
    before = np.array([False, True, True])
    basket = BASKET[0] + BASKET_PER_LOG_PRE_SPEND * np.array([-1.0, -1.0, 0.0])
    return share, before, basket


def _basket_var(before: NDArray[np.bool_]) -> Floats:
    """Return the variance of the log basket."""
    carried = (BASKET_PER_LOG_PRE_SPEND * LOYAL_PRE_SPEND[1]) ** 2
    return np.where(before, carried, 0.0) + BASKET[1] ** 2


def correlation(trial: Trial) -> float:
    """Return the correlation of spend with pre_spend in the control."""
    share, before, basket = _spenders()
    rate = reach(trial)[0, :, -1] @ np.array([[1, 1, 0], [0, 0, 1]])
    log_mean, log_var = (
        LOYAL_PRE_SPEND[0] + np.array([0, -1, 0]),
        LOYAL_PRE_SPEND[1] ** 2,
    )
    variance = _basket_var(before)
    spend = rate * np.exp(basket + variance / 2)
    spend_squared = rate * np.exp(2 * basket + 2 * variance)
    pre = before * np.exp(log_mean + log_var / 2)
    pre_squared = before * np.exp(2 * log_mean + 2 * log_var)
    product = spend * pre * np.exp(BASKET_PER_LOG_PRE_SPEND * log_var)
    means = share @ spend, share @ pre
    covariance = share @ product - means[0] * means[1]
    variances = (
        share @ spend_squared - means[0] ** 2,
        share @ pre_squared - means[1] ** 2,
    )
    return float(covariance / np.sqrt(variances[0] * variances[1]))


def mean_contacts() -> float:
    """Return the mean of the contacts, a Poisson number cut at 3."""
    law = [math.exp(-CONTACTS) * CONTACTS**k / math.factorial(k) for k in range(3)]
    return law[1] + 2 * law[2] + 3 * (1 - sum(law))
