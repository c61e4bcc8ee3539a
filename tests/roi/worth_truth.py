"""Customers whose true worth is known in closed form."""

from __future__ import annotations

import numpy as np
import pandas as pd

MONTHS, RATE = 24, 0.08


def leavers(n, *, months=MONTHS, churn=(0.02, 0.08), revenue=(100.0, 60.0), rng):
    """About half the customers of either kind, all here from the first month."""
    kind = rng.integers(0, 2, n)
    stays = rng.geometric(np.array(churn)[kind])
    level = np.array(revenue)[kind] + 10 * rng.normal(size=n)
    who, age = np.nonzero(np.arange(months) < stays[:, None])
    return pd.DataFrame(
        {
            "customer_id": who,
            "period": (np.datetime64("2024-01", "M") + age).astype(str),
            "kind": np.array(["a", "b"])[kind[who]],
            "revenue": level[who] + 20 * rng.normal(size=len(who)),
            "retained": (age + 1 < stays[who]).astype(int),
        }
    )


def leavers_worth(months, *, margin=0.4, churn=(0.02, 0.08), revenue=(100.0, 60.0)):
    """Mean over the two kinds of discounted margin over the months."""
    age = np.arange(months)
    factor = (1 + RATE) ** (-(age + 1) / 12)
    stay = (1 - np.array(churn)[:, None]) ** age
    return float((margin * np.array(revenue)[:, None] * stay * factor).sum(1).mean())


def newcomers(n, *, rng, window=24, early=0.08, late=0.02, switch=12, revenue=50.0):
    """Customers who joined at any time since a while; the panel sees a window only."""
    start = rng.integers(-30, window, size=n)
    first, second = rng.geometric(early, n), switch + rng.geometric(late, n)
    stays = np.where(first <= switch, first, second)
    who, at = np.nonzero(
        (np.arange(window) >= start[:, None])
        & (np.arange(window) < (start + stays)[:, None])
    )
    age = at - start[who]
    return pd.DataFrame(
        {
            "customer_id": who,
            "period": (np.datetime64("2024-01", "M") + at).astype(str),
            "tenure": age,
            "revenue": revenue + 10 * rng.normal(size=len(who)),
            "retained": (age + 1 < stays[who]).astype(int),
        }
    )


def newcomers_worth(
    months, *, margin=0.4, early=0.08, late=0.02, switch=12, revenue=50.0
):
    """Discounted margin of a customer who joins today."""
    age = np.arange(months)
    hazard = np.where(age < switch, early, late)
    alive = np.r_[1.0, np.cumprod(1 - hazard)[:-1]]
    return float((margin * revenue * alive * (1 + RATE) ** (-(age + 1) / 12)).sum())
