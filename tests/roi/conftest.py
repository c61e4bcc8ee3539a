"""Small panels whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxlib import roi, simulate


def make_panel(customers=80, periods=6, *, effect=3.0, seed=1, noise=2.0):
    """Revenue that rises by `effect` per point of the score one period before."""
    rng = np.random.default_rng(seed)
    level = rng.normal(size=customers)
    score = 7 + level[:, None] + rng.normal(size=(customers, periods + 1))
    money = 50 + 8 * level[:, None] + effect * score[:, :-1]
    revenue = money + noise * rng.normal(size=(customers, periods))
    return pd.DataFrame(
        {
            "customer_id": np.repeat([f"C{i:03d}" for i in range(customers)], periods),
            "period": np.tile([f"2025-{m + 1:02d}" for m in range(periods)], customers),
            "score": score[:, 1:].ravel(),
            "revenue": revenue.ravel(),
        }
    )


@pytest.fixture(scope="session")
def make():
    """Return the maker of panels: make(customers, periods, effect=, seed=)."""
    return make_panel


@pytest.fixture
def panel():
    return make_panel()


@pytest.fixture(scope="session")
def company():
    """600 customers by month with known truth."""
    return simulate.periods(600, rng=11)


@pytest.fixture(scope="session")
def fits(company):
    outcomes = ["revenue", "retained", "cost_to_serve"]
    return roi.fit_outcomes(company, outcomes, drivers=["plan"], currency="EUR")
