"""Tables of a simulation: returns, the fan, quantiles, the ledger of overlaps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.roi.investments._evaluate import Flows
from cxlib.roi.investments._flows import Settings
from cxlib.roi.investments.cash import irr
from cxlib.roi.investments.initiatives import Plans

Array = npt.NDArray[np.float64]
PORTFOLIO = "all together"
COLUMNS = [
    *("initiative", "evidence", "n", "cost_amount", "npv_amount", "p10_amount"),
    *("p50_amount", "p90_amount", "share_positive", "payback_years", "rel_irr"),
    *("removed_amount", "rel_roi", "rel_roi_p10", "rel_roi_p90"),
    *("npv_error_amount", "p10_error_amount", "p90_error_amount"),
    "share_positive_error",
]
FAN = ["years", "mean_amount", "p10_amount", "p50_amount", "p90_amount"]
OVERLAPS = ["initiative", "credited_to", "driver", "removed_amount", "share_removed"]


def returns(
    plans: Plans, settings: Settings, flows: Flows, reach: Array
) -> pd.DataFrame:
    """Return one row an initiative by NPV, the portfolio last."""
    npv = flows.npv
    paid = np.column_stack([flows.paid, flows.paid.sum(axis=1)])
    never = np.isnan(flows.payback)
    middle = np.median(np.where(never, np.inf, flows.payback), axis=0)
    each = settings.steps_per_year
    removed = (flows.alone - flows.credited).mean(axis=0)
    table = pd.DataFrame(
        {
            "initiative": [*plans.name, PORTFOLIO],
            "evidence": [*plans.evidence, ""],
            "n": np.r_[reach, plans.customers].round().astype(int),
            "cost_amount": paid.mean(axis=0),
            "npv_amount": npv.mean(axis=0),
            "payback_years": np.where(np.isinf(middle), np.nan, middle),
            "rel_irr": [(1 + irr(cash)) ** each - 1 for cash in flows.mean_cash],
            "removed_amount": np.r_[removed, removed.sum()].round(6) + 0.0,
            **_spread(npv),
            **_ratios(npv, paid),
        }
    )[COLUMNS]
    alone = table.iloc[:-1].sort_values("npv_amount", ascending=False, kind="stable")
    return pd.concat([alone, table.iloc[-1:]], ignore_index=True)


def _spread(npv: Array) -> dict[str, Array]:
    """Return quantiles and chances, and the Monte Carlo error of each."""
    n = len(npv)
    step = (0.09 / n) ** 0.5
    at = [0.1, 0.5, 0.9, 0.1 - step, 0.1 + step, 0.9 - step, 0.9 + step]
    p10, p50, p90, *ends = np.quantile(npv, at, axis=0)
    chance = (npv > 0).mean(axis=0)
    return {
        "p10_amount": p10, "p50_amount": p50, "p90_amount": p90,
        "share_positive": chance, "npv_error_amount": npv.std(axis=0) / n**0.5,
        "p10_error_amount": (ends[1] - ends[0]) / 2,
        "p90_error_amount": (ends[3] - ends[2]) / 2,
        "share_positive_error": (chance * (1 - chance) / n) ** 0.5,
    }  # fmt: skip


def _ratios(npv: Array, paid: Array) -> dict[str, Array]:
    """Return the return on a unit of cost: ratio of means, P10 and P90 of ratios."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = npv / paid
        middle = npv.mean(axis=0) / paid.mean(axis=0)
    free = ~(paid > 0).all(axis=0)
    low, high = np.quantile(np.where(free, 0.0, ratio), [0.1, 0.9], axis=0)
    blank = np.where(free, np.nan, 0.0)
    return {
        "rel_roi": middle + blank,
        "rel_roi_p10": low + blank,
        "rel_roi_p90": high + blank,
    }


def fan(total: Array, settings: Settings) -> pd.DataFrame:
    """Return mean, P10, P50 and P90 of cumulative discounted cash by year."""
    years = np.arange(settings.steps + 1) / settings.steps_per_year
    bands = np.quantile(total, [0.1, 0.5, 0.9], axis=0)
    return pd.DataFrame(
        np.column_stack([years, total.mean(axis=0), *bands]), columns=FAN
    )


def quantiles(plans: Plans, npv: Array) -> pd.DataFrame:
    """Return the percentiles of each NPV."""
    probability, names = np.arange(1, 100) / 100, [*plans.name, PORTFOLIO]
    return pd.DataFrame(
        {
            "initiative": np.repeat(names, len(probability)),
            "probability": np.tile(probability, len(names)),
            "npv_amount": np.quantile(npv, probability, axis=0).T.ravel(),
        }
    )


def ledger(plans: Plans, flows: Flows) -> pd.DataFrame:
    """Return what each initiative loses to whom, the largest first."""
    rows = [
        (
            plans.name[one],
            other if isinstance(other, str) else plans.name[other],
            "" if isinstance(other, str) else plans.driver[one],
            money,
        )
        for (one, other), money in flows.ledger.items()
        if abs(money) > 1e-9
    ]
    table = pd.DataFrame(rows, columns=OVERLAPS[:-1])
    table["removed_amount"] = table["removed_amount"].astype(float)
    total = table["removed_amount"].sum()
    table["share_removed"] = table["removed_amount"] / (total if total else 1.0)
    return table.sort_values(
        "removed_amount", ascending=False, kind="stable", ignore_index=True
    )
