"""Rows of a lifetime's value: by group, step by step, and by year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from cxlib.estimate.lifetimes import Lifetime, lifetime
from cxlib.roi.worth._customer_ages import Aged, Columns
from cxlib.roi.worth._segmented import MIN_CUSTOMERS, membership

NAN = float("nan")
EVERYBODY = "all customers"
PRESENT, JOINED = "here at the start", "joined since"
FEW_LEFT = 10
SHOWN, HIDDEN = "shown", "hidden (n < 10)"
COLUMNS = [
    *("customers", "n", "n_left", "estimate", "std_error", "ci_lower", "ci_upper"),
    *("unit", "share_beyond", "share_leaving", "years_seen", "naive_amount", "status"),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """What is asked of every group of customers."""

    horizon: int
    discount_rate: float
    per_year: int
    confidence_level: float

    def solve(self, panel: Aged, keep: np.ndarray) -> Lifetime:
        steps = self.horizon * self.per_year
        rate, periods = 1 + self.discount_rate, np.arange(1, steps + 1)
        return lifetime(
            panel.rows(keep), discount=rate ** (-periods / self.per_year),
            horizons=self.per_year * np.arange(1, self.horizon + 1),
            tail=self.per_year, min_units=MIN_CUSTOMERS,
        )  # fmt: skip

    def half(self, found: Lifetime) -> np.ndarray:
        t = stats.t.isf((1 - self.confidence_level) / 2, found.n_units - 1)
        return np.asarray(t * found.std_error)


def groups(
    plan: Plan,
    panel: Aged,
    whole: Lifetime,
    periods: pd.DataFrame,
    segment: str,
    names: Columns,
) -> pd.DataFrame:
    parts: dict[str, np.ndarray] = {}
    if segment:
        who = membership(periods, segment, entity=names.entity, time=names.time)
        by_entity = dict(zip(periods[names.entity], who.labels, strict=True))
        labels = panel.long.frame[names.entity].map(by_entity)
        parts = {name: (labels == name).to_numpy(dtype=bool) for name in who.names}
    elif not names.tenure and panel.joined.any():
        parts = {PRESENT: ~panel.joined, JOINED: panel.joined}
    rows = [_row(plan, EVERYBODY, whole)]
    for name, keep in parts.items():
        n = len(np.unique(panel.ages.unit[keep]))
        rows.append({"customers": name, "n": n, "unit": "amount", "status": HIDDEN})
        if n >= MIN_CUSTOMERS:
            rows[-1] = _row(plan, name, plan.solve(panel, keep))
    return pd.DataFrame(rows).reindex(columns=COLUMNS)


def _row(plan: Plan, name: str, found: Lifetime) -> dict[str, object]:
    value, half = float(found.estimate[-1]), float(plan.half(found)[-1])
    few = found.n_events < FEW_LEFT
    return {
        "customers": name, "n": found.n_units, "n_left": found.n_events,
        "estimate": value, "std_error": float(found.std_error[-1]),
        "ci_lower": value - half, "ci_upper": value + half, "unit": "amount",
        "share_beyond": float(found.beyond[-1]) / value if value else NAN,
        "share_leaving": 1 - (1 - found.leaving) ** plan.per_year,
        "years_seen": found.seen / plan.per_year,
        "naive_amount": found.average / found.leaving if found.leaving else NAN,
        "status": f"few left ({found.n_events})" if few else SHOWN,
    }  # fmt: skip


def bridge(plan: Plan, panel: Aged, found: Lifetime) -> pd.DataFrame:
    """Return the steps from the formula on the back of an envelope to the estimate."""
    stay = (1 - found.leaving) ** np.arange(plan.horizon * plan.per_year)
    factor = (1 + plan.discount_rate) ** (-np.arange(1, len(stay) + 1) / plan.per_year)
    years = f"{plan.horizon} years"
    steps = [
        ("revenue / churn", float(np.nanmean(panel.revenue)) / found.leaving),
        ("margin / churn", found.average / found.leaving),
        (f"within {years}", found.average * float(stay.sum())),
        ("discounted", found.average * float((stay * factor).sum())),
        ("leaving and margin by age", float(found.estimate[-1])),
    ]
    return pd.DataFrame(steps, columns=["step", "amount"])


def by_year(plan: Plan, found: Lifetime) -> pd.DataFrame:
    half = plan.half(found)
    years = np.arange(1, plan.horizon + 1)
    return pd.DataFrame(
        {
            "years": years, "n": found.n_units, "estimate": found.estimate,
            "ci_lower": found.estimate - half, "ci_upper": found.estimate + half,
            "beyond": years * plan.per_year > found.seen,
        }
    )  # fmt: skip
