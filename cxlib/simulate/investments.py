"""Investments with uncertain effects, for the simulation of returns."""

from __future__ import annotations

import pandas as pd

_COLUMNS = ["name", "cost", "driver", "effect", "effect_low", "effect_high", "reach"]
_COLUMNS += ["start", "duration", "ramp", "evidence", "source", "owner"]
_ROWS: tuple[tuple[str | float | int, ...], ...] = (
    (
        *("Checkout redesign, all channels", 5000, "ease", 0.30, 0.12, 0.48),
        *(0.45, "2026-02", 24, 3, "randomised", "A/B test of September 2025"),
        "Head of e-commerce",
    ),
    (
        *("Second courier in the South", 11000, "delivery", 0.45, 0.15, 0.75),
        *(0.34, "2026-03", 36, 6, "quasi", "Pilot in Bari against three cities"),
        "Logistics director",
    ),
    (
        *("Store coaching programme", 4200, "staff", 0.25, 0.02, 0.48),
        *(0.30, "2026-01", 24, 4, "regression", "Driver model of the 2025 survey"),
        "Retail director",
    ),
    (
        *("Call-centre call-back", 1900, "speed", 0.35, 0.05, 0.65),
        *(0.10, "2026-02", 24, 2, "regression", "Driver model of the 2025 survey"),
        "Head of customer care",
    ),
    (
        *("App stability squad", 9000, "ease", 0.60, 0.20, 1.00),
        *(0.40, "2026-01", 18, 3, "quasi", "Before and after release 7.2"),
        "Head of digital",
    ),
    (
        *("Loyalty scheme relaunch", 24000, "price", 0.20, -0.10, 0.50),
        *(0.60, "2026-04", 36, 6, "expert", "Workshop of October 2025"),
        "Marketing director",
    ),
)

_PLANNED: dict[str, tuple[str | float | int, ...]] = {
    "cost_low": (4800, 9500, 3600, 1700, 8000, 20000),
    "cost_high": (5300, 14000, 5200, 2300, 11500, 31000),
    "reach_low": (0.42, 0.30, 0.22, 0.07, 0.33, 0.45),
    "reach_high": (0.48, 0.38, 0.36, 0.14, 0.46, 0.72),
    "effort": (8, 12, 10, 4, 16, 26),
    "effort_low": (6, 9, 8, 3, 12, 18),
    "effort_high": (12, 18, 14, 6, 26, 44),
    "needs": ("", "", "", "", "", "Checkout redesign, all channels"),
    "urgency": ("linear", "deadline", "linear", "linear", "decay", "linear"),
    "deadline": ("", 20, "", "", 26, ""),
    "kpi_nps": ("+", "+", "+", "+", "+", "+"),
    "kpi_speed": ("+", "+", "0", "-", "+", "0"),
    "kpi_handling_time": ("0", "0", "-", "+", "0", "-"),
    "hypothesis_experience": (
        "Ease of buying rises", "Delivery in the South is rated like the North's",
        "Staff is rated higher in coached stores", "Callers are served sooner",
        "Fewer app crashes are told of", "",
    ),
    "hypothesis_operational": (
        "More carts reach payment", "Nine parcels in ten on time",
        "Each employee coached twice a quarter", "Nobody waits over five minutes",
        "Crash-free sessions above 99.5 in 100", "",
    ),
    "hypothesis_financial": (
        "More revenue a visitor", "Fewer refunds", "",
        "Fewer repeat calls", "Fewer app customers leave", "Higher spend of members",
    ),
}  # fmt: skip


def initiatives() -> pd.DataFrame:
    """Return six made-up investments of the sample company.

    Returns
    -------
    pandas.DataFrame
        name, cost (EUR, once), driver, effect (points of the 0-10 score for a
        customer reached), effect_low and effect_high (P10, P90), reach (share of
        customers), start (YYYY-MM), duration and ramp (months), evidence
        (randomised, quasi, regression, expert), source, owner; cost and reach and
        effort (weeks of work) with their P10 and P90; needs; urgency and deadline
        (weeks); the sign of each `kpi_…`, better being +; three hypotheses.

    Notes
    -----
    Nothing is drawn. Sized for a base of about 600 customers worth 120 EUR a
    month; the last one, on expert opinion alone, is meant not to pay back.

    Examples
    --------
    >>> from cxlib import simulate
    >>> len(simulate.initiatives())
    6
    """
    return pd.DataFrame(_ROWS, columns=_COLUMNS).assign(**_PLANNED)
