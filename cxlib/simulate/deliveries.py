"""A roll-out in steps by store and month, and the register of past promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxlib import _checks
from cxlib.data.seals import seals

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.floating[Any]]
MONTHS, FIRST_MONTH, TODAY = 60, "2021-01", "2025-12-31"
COHORTS = {"2024-04": (0.25, 900.0, 90.0), "2024-10": (0.225, 600.0, 60.0),
           "2025-04": (0.2, 300.0, 30.0)}  # fmt: skip
DESK, DESK_CONTACTS, DESK_COST = "2025-05", -18.0, 6.0
STORE, STORE_SD, NOISE, CHAIN_SD, AR = 42_000.0, 6_000.0, 700.0, 500.0, 0.5
SEASON = np.array([0.94, 0.9, 0.98, 1.0, 1.0, 1.02, 1.05, 0.9, 0.98, 1.0, 1.06, 1.17])
LEVEL, SPREAD, TRUE_SPREAD, MEASURED = 0.8, 0.35, 0.45, 0.12
DELIVERED, COST_FACTOR, TIME_FACTOR, EFFORT_SD = 0.65, 1.25, 1.4, 0.2
WORKS = (
    "Queue tickets in stores", "Faster web search", "Chat in the app",
    "Refund in two days", "Parcel lockers", "Size adviser", "Staff tablets",
    "Bilingual help pages", "Call-centre scripts", "Delivery tracking",
    "Gift wrapping", "Store layout, phase 1", "Express checkout", "Returns by courier",
    "Loyalty app", "Fitting-room booking", "Store layout, phase 2", "Spare parts shop",
    "Voice menu", "Click and collect",
)  # fmt: skip
GRADES = ("quasi", "regression", "expert", "quasi", "randomised")
OWNERS = ("Head of digital", "Retail director", "Head of digital", "Logistics director",
          "Head of customer care")  # fmt: skip


def rollout(stores: int = 40, *, rng: int | np.random.Generator) -> pd.DataFrame:
    """Return stores by month, coached in three steps, with contacts of customers.

    Parameters
    ----------
    stores : int
        At least 12.
    rng : int or numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        unit, period (YYYY-MM), first_treated (blank for never), revenue (EUR a month),
        contacts (a month).

    Notes
    -----
    Coaching lifts a store's revenue at once and more each month; the earlier cohorts
    gain more, so one two-way regression is wrong. Revenue has a season, a chain-wide
    random walk and stores' own autocorrelated noise. A returns desk opened everywhere
    in 2025-05 takes 18 contacts a store and month away.

    Examples
    --------
    >>> from cxlib import simulate
    >>> simulate.rollout(12, rng=1).shape
    (720, 5)
    """
    _checks.in_range(stores, "stores", 12, float("inf"))
    draw = _checks.generator(rng)
    months = pd.period_range(FIRST_MONTH, periods=MONTHS, freq="M").astype("str")
    label, lift = _lifts(stores, np.asarray(months))
    chain = CHAIN_SD * draw.normal(size=MONTHS).cumsum()
    own = STORE + STORE_SD * draw.normal(size=(stores, 1))
    revenue = own * SEASON[np.arange(MONTHS) % 12] + chain + lift
    revenue = revenue + NOISE * _ar(draw, (stores, MONTHS))
    desk = np.asarray(months) >= DESK
    course = 120 + 0.25 * np.arange(MONTHS) + 14 * (SEASON[np.arange(MONTHS) % 12] - 1)
    contacts = course + DESK_CONTACTS * desk + 1.5 * _ar(draw, (1, MONTHS))
    contacts = contacts + 8 * draw.normal(size=(stores, 1))
    contacts = contacts + 8 * draw.normal(size=(stores, MONTHS))
    return pd.DataFrame(
        {
            "unit": np.repeat([f"S{i + 1:02d}" for i in range(stores)], MONTHS),
            "period": np.tile(months, stores),
            "first_treated": np.repeat(label, MONTHS),
            "revenue": revenue.ravel().round(2),
            "contacts": np.maximum(0, contacts.ravel().round()).astype(int),
        }
    )  # fmt: skip


def _lifts(stores: int, months: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Floats]:
    """Label and lift of each store: cohorts one after the other, then never."""
    label = np.full(stores, "", dtype=object)
    lift, start = np.zeros((stores, len(months))), 0
    for first, (share, level, growth) in COHORTS.items():
        end = start + max(2, round(share * stores))
        since = np.arange(len(months)) - int(np.flatnonzero(months == first)[0])
        label[start:end] = first
        lift[start:end] = np.where(since >= 0, level + growth * since, 0.0)
        start = end
    return label, lift


def _ar(draw: np.random.Generator, shape: tuple[int, int]) -> Floats:
    noise = draw.normal(size=shape)
    for t in range(1, shape[1]):
        noise[:, t] += AR * noise[:, t - 1]
    return np.asarray(noise)


def claims(*, rng: int | np.random.Generator) -> pd.DataFrame:
    """Return the register of past promises of the made-up company.

    Parameters
    ----------
    rng : int or numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        Twenty gains of margin with 80 % intervals (three overdue, five not due by the
        end of 2025), six costs and six times; sealed.

    Notes
    -----
    0.65 of what is promised comes, and the truth lies further from that than the
    promises say; costs are 1.25 times their plan, times 1.4 times.

    Examples
    --------
    >>> from cxlib import simulate
    >>> simulate.claims(rng=1)["kind"].value_counts().to_dict()
    {'benefit': 20, 'cost': 6, 'time': 6}
    """
    draw = _checks.generator(rng)
    table = pd.concat([_gains(draw), _efforts(draw)], ignore_index=True)
    dates = pd.DataFrame({c: pd.to_datetime(table[c]) for c in ("made_on", "due_on")})
    table.insert(15, "seal", seals(table.assign(**dates)))
    return table


def _gains(draw: np.random.Generator) -> pd.DataFrame:
    n = len(WORKS)
    promised = np.asarray(draw.uniform(40, 300, n).round() * 100, dtype=np.float64)
    truth = promised * (DELIVERED + TRUE_SPREAD * draw.normal(size=n))
    seen = truth + MEASURED * promised * draw.normal(size=n)
    z = [float(stats.norm.isf((1 - level) / 2)) for level in (LEVEL, 0.95)]
    made = pd.date_range("2023-02-01", periods=n, freq="49D")
    due = made + pd.Timedelta(days=365)
    measured = due + pd.Timedelta(days=30)
    late = np.isin(np.arange(n), [3, 9])
    known = ~late & (measured <= pd.Timestamp(TODAY))
    half = np.asarray(np.round(MEASURED * z[1] * promised), dtype=np.float64)
    return _rows(
        [f"gain-{i + 1:02d}" for i in range(n)], made, due, list(WORKS),
        "margin in the first year", "benefit", "amount", promised,
        (promised - np.round(z[0] * SPREAD * promised),
         promised + np.round(z[0] * SPREAD * promised)),
        [(GRADES[i % 5], OWNERS[i % 5]) for i in range(n)],
        np.where(known, seen.round(), np.nan), half, "stores or customers with against "
        "without", measured,
    )  # fmt: skip


def _efforts(draw: np.random.Generator) -> pd.DataFrame:
    """Costs and weeks of the first six works."""
    tables = []
    for kind, unit, metric, factor, size in (
        ("cost", "amount", "cost", COST_FACTOR, (30, 150)),
        ("time", "count", "weeks to launch", TIME_FACTOR, (6, 26)),
    ):
        planned = draw.integers(*size, 6) * (100.0 if kind == "cost" else 1.0)
        actual = planned * factor * np.exp(EFFORT_SD * draw.normal(size=6))
        made = pd.date_range("2023-02-01", periods=6, freq="49D")
        none = np.full(6, np.nan)
        tables.append(
            _rows(
                [f"{kind}-{i + 1:02d}" for i in range(6)], made,
                made + pd.Timedelta(days=270), list(WORKS[:6]), metric, kind, unit,
                planned, (none, none), [("", OWNERS[i % 5]) for i in range(6)],
                actual.round(), none, "ledger and calendar",
                made + pd.Timedelta(days=300),
            )
        )  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def _rows(
    ids: list[str], made: Any, due: Any, works: list[str], metric: str, kind: str,  # noqa: ANN401
    unit: str, promised: Rows, ends: tuple[Floats, Floats],
    people: list[tuple[str, str]], delivered: Rows, half: Rows, how: str,
    measured: Any,  # noqa: ANN401
) -> pd.DataFrame:  # fmt: skip
    known = np.isfinite(delivered)
    return pd.DataFrame(
        {
            "claim_id": ids, "made_on": made.strftime("%Y-%m-%d"),
            "initiative": works, "statement": [f"{w}: {metric}" for w in works],
            "metric": metric, "kind": kind, "unit": unit, "promised": promised,
            "low": ends[0], "high": ends[1],
            "level": np.where(np.isfinite(ends[0]), LEVEL, np.nan),
            "due_on": due.strftime("%Y-%m-%d"), "owner": [o for _, o in people],
            "evidence": [e for e, _ in people], "source": "business case",
            "delivered": delivered, "delivered_low": delivered - half,
            "delivered_high": delivered + half,
            "measured_how": np.where(known, how, ""),
            "measured_on": np.where(known, measured.strftime("%Y-%m-%d"), ""),
        }
    )  # fmt: skip


def rollout_truth(stores: int = 40) -> dict[str, Any]:
    """Return what the roll-out holds, from its parameters.

    Parameters
    ----------
    stores : int

    Returns
    -------
    dict

    Examples
    --------
    >>> rollout_truth()["revenue per treated store and month"]
    1309.208633
    """
    months = pd.period_range(FIRST_MONTH, periods=MONTHS, freq="M").astype("str")
    label, lift = _lifts(stores, np.asarray(months))
    on = np.asarray(months)[None, :] >= np.where(label == "", "9999", label)[:, None]
    return {
        "revenue per treated store and month": round(float(lift[on].mean()), 6),
        "revenue in all": round(float(lift.sum()), 6),
        "treated store-months": int(on.sum()),
        "by cohort": {
            first: round(float(lift[label == first][on[label == first]].mean()), 6)
            for first in COHORTS
        },
        "returns desk from": DESK,
        "contacts per store and month": DESK_CONTACTS,
        "cost of a contact": DESK_COST,
    }


def claims_truth() -> dict[str, Any]:
    """Return what the register of promises holds, from its parameters.

    Returns
    -------
    dict

    Examples
    --------
    >>> claims_truth()["delivered per promised"]
    0.65
    """
    limit = float(stats.norm.isf((1 - LEVEL) / 2)) * SPREAD
    ends = [(1 + s * limit - DELIVERED) / TRUE_SPREAD for s in (-1, 1)]
    held = float(stats.norm.cdf(ends[1]) - stats.norm.cdf(ends[0]))
    return {
        "delivered per promised": DELIVERED,
        "share of 80 % intervals that hold": round(held, 6),
        "actual over planned cost": COST_FACTOR,
        "actual over planned time": TIME_FACTOR,
    }
