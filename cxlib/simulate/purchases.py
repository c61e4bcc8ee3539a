"""Purchases without a contract, with known rates, leaving and amounts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cxlib import _checks
from cxlib.simulate.survey import ids

FIRST_DAY = "2024-01-01"
MEAN_AMOUNT = 35.0


def purchases(
    n: int,
    *,
    weeks: int = 78,
    r: float = 0.5,
    alpha: float = 5.0,
    a: float = 0.8,
    b: float = 2.5,
    rng: int | np.random.Generator = 0,
) -> pd.DataFrame:
    """Simulate customers of a shop who buy when they like and leave unsaid.

    Parameters
    ----------
    n : int
        Customers; their first purchases fall in the first 12 weeks.
    weeks : int
        Weeks from 2024-01-01, at least 24.
    r, alpha : float
        Rates of buying a week are Gamma(r, alpha).
    a, b : float
        Chances of leaving after each repeat are Beta(a, b).
    rng : int or numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        customer_id, bought_at, amount (EUR); one row a purchase, by customer and day.

    Notes
    -----
    Amounts are Gamma(6, nu) with nu ~ Gamma(4, 17.5): a mean of 35, whatever how often
    a customer buys. Times are continuous and dates their day, so two purchases may
    share one.

    Examples
    --------
    >>> from cxlib import simulate
    >>> simulate.purchases(3, rng=1).columns.tolist()
    ['customer_id', 'bought_at', 'amount']
    """
    _checks.in_range(n, "n", 0, float("inf"))
    _checks.in_range(weeks, "weeks", 24, float("inf"))
    for name, value in (("r", r), ("alpha", alpha), ("a", a), ("b", b)):
        _checks.in_range(value, name, 0, float("inf"), ends="()")
    draws = _checks.generator(rng)
    rate = np.maximum(draws.gamma(r, size=n) / alpha, 1e-9)
    most = draws.geometric(np.maximum(draws.beta(a, b, n), 1e-9))
    nu = draws.gamma(4.0, size=n) / (MEAN_AMOUNT * 3 / 6)
    time, going = draws.uniform(0, 12, n), np.arange(n)
    found, count = [(going, time[going])], np.zeros(n, dtype=int)
    while len(going):
        time[going] += draws.exponential(1 / rate[going])
        going = going[time[going] <= weeks]
        found.append((going, time[going].copy()))
        count[going] += 1
        going = going[count[going] < most[going]]
    who = np.concatenate([part[0] for part in found])
    when = np.concatenate([part[1] for part in found])
    amount = draws.gamma(6.0, size=len(who)) / nu[who]
    days = np.datetime64(FIRST_DAY, "D") + np.floor(7 * when).astype(int)
    rows = pd.DataFrame(
        {
            "customer_id": ids("B", n, 6)[who],
            "bought_at": days.astype("datetime64[s]"), "amount": np.round(amount, 2),
        }
    )  # fmt: skip
    return rows.sort_values(["customer_id", "bought_at"], ignore_index=True)
