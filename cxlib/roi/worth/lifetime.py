"""What a customer is still worth: discounted margin over the time they stay."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import DataError
from cxlib.estimate.lifetimes import Lifetime
from cxlib.result import Assumption
from cxlib.roi import _words
from cxlib.roi.worth._customer_ages import Aged, Columns, aged
from cxlib.roi.worth._lifetime_rows import COLUMNS, Plan, bridge, by_year, groups
from cxlib.roi.worth.lifetime_values import LifetimeValues

CURVE = ["years", "n", "estimate", "ci_lower", "ci_upper", "beyond"]


def lifetime_value(
    periods: pd.DataFrame,
    *,
    margin: float,
    discount_rate: float = 0.08,
    horizon: int = 5,
    segment: str = "",
    tenure: str = "",
    revenue: str = "revenue",
    cost: str = "",
    retained: str = "retained",
    entity: str = "customer_id",
    time: str = "period",
    periods_per_year: float = 0,
    confidence_level: float = 0.95,
    currency: str = "",
) -> LifetimeValues:
    """Value a customer who stays until they leave for good (a contract, say).

    Use it where the data say who left. Where customers buy when they like and nobody
    cancels, use `repeat_value`. Do not add it to the value of a score point, which
    already counts customers kept.

    Parameters
    ----------
    periods : pandas.DataFrame
        One row a customer and period, the last one with the leaving in it.
    margin : float
        Contribution margin as a share of revenue, 0 to 1.
    discount_rate : float
        Yearly.
    horizon : int
        Years, 1 to 30.
    segment : str
        Column to value groups by; a customer counts where first seen.
    tenure : str
        Column with whole periods since the customer joined, at that row. Blank: ages
        count from when a customer is first seen, and who was here at the start is shown
        apart from who joined since.
    revenue, cost, retained : str
        Columns; `cost` (to serve) blank where it is not to be counted. `retained` is
        0/1, either way round.
    entity, time : str
    periods_per_year : float
        0 to take it from the period labels.
    confidence_level : float
    currency : str

    Returns
    -------
    LifetimeValues
        With the reason where nobody left, or there is one period.

    Raises
    ------
    DataError
        For missing columns, unreadable periods, a negative tenure.

    Notes
    -----
    Estimand: sum over the horizon of margin in each period x share of customers still
    there x discount factor at the end of the period. Leaving and margin are taken at
    each age from customers at risk at that age, so censored and late-coming customers
    (left truncation) count where they were seen; ages with fewer than 10 customers are
    not used. Beyond the last age, leaving and margin of the last year seen go on: as
    leaving usually falls with age this errs low. Interval: t, delta method, clustered
    by customer, so margin and leaving may be related. Without `tenure` the first ages
    mix old and new customers, and the value is what such a customer is *still* worth.
    `bridge` goes from revenue / churn to the estimate one correction at a time.

    References
    ----------
    Fader, P. S. and Hardie, B. G. S. (2010). Customer-base valuation in a contractual
    setting: the perils of ignoring heterogeneity. Marketing Science 29, 85-93.
    doi:10.1287/mksc.1080.0482. Gupta, S., Lehmann, D. R. and Stuart, J. A. (2004).
    Journal of Marketing Research 41, 7-18. doi:10.1509/jmkr.41.1.7.25084

    Examples
    --------
    >>> from cxlib import simulate
    >>> found = lifetime_value(simulate.periods(300, rng=1), margin=0.4, horizon=3)
    >>> found.table["customers"].tolist(), found.bridge["step"].tolist()[0]
    (['all customers'], 'revenue / churn')
    """
    _checks.in_range(margin, "margin", 0, 1)
    _checks.in_range(horizon, "horizon", 1, 30)
    _checks.in_range(discount_rate, "discount_rate", -1, float("inf"), ends="()")
    names = Columns(
        revenue=revenue, cost=cost, retained=retained, tenure=tenure, entity=entity,
        time=time,
    )  # fmt: skip
    panel = aged(periods, names, margin=margin)
    per_year = periods_per_year or panel.long.calendar.per_year
    plan = Plan(
        horizon=int(horizon), discount_rate=discount_rate,
        per_year=round(per_year) if per_year >= 1 else 0,
        confidence_level=confidence_level,
    )  # fmt: skip
    reason = panel.reason
    if not reason and not plan.per_year:
        reason = "the periods do not say how many make a year; set `periods_per_year`"
    found = None if reason else _attempt(plan, panel)
    if isinstance(found, str) or found is None:
        return _result(plan, names, margin, currency, reason=found or reason)
    table = groups(plan, panel, found, periods, segment, names)
    return _result(
        plan, names, margin, currency, table=table, start_age=found.first,
        bridge=bridge(plan, panel, found), curve=by_year(plan, found),
        assumptions=_assumptions(panel, names, table),
    )  # fmt: skip


def _attempt(plan: Plan, panel: Aged) -> Lifetime | str:
    try:
        return plan.solve(panel, np.ones(len(panel.ages.age), dtype=bool))
    except DataError as error:
        return str(error).rstrip(".")


def _result(
    plan: Plan,
    names: Columns,
    margin: float,
    currency: str,
    *,
    reason: str = "",
    table: pd.DataFrame | None = None,
    bridge: pd.DataFrame | None = None,
    curve: pd.DataFrame | None = None,
    start_age: int = 0,
    assumptions: tuple[Assumption, ...] = (),
) -> LifetimeValues:
    cost = f" less {_words.plain(names.cost)}" if names.cost else ", no cost to serve"
    return LifetimeValues(
        table=pd.DataFrame(columns=COLUMNS) if table is None else table,
        bridge=pd.DataFrame(columns=["step", "amount"]) if bridge is None else bridge,
        curve=pd.DataFrame(columns=CURVE) if curve is None else curve,
        reason=reason, start_age=start_age, horizon=plan.horizon, currency=currency,
        discount_rate=plan.discount_rate, margin=margin, unit="amount",
        confidence_level=plan.confidence_level, known_tenure=bool(names.tenure),
        method=f"Margin {100 * margin:g} % of revenue{cost}; {plan.horizon} years at "
        f"{100 * plan.discount_rate:g} % a year; leaving and margin by age; delta "
        "method, clustered by customer.",
        assumptions=assumptions,
    )  # fmt: skip


def _assumptions(
    panel: Aged, names: Columns, table: pd.DataFrame
) -> tuple[Assumption, ...]:
    found = [
        Assumption(
            text="Past the ages seen, customers leave and earn as in the last year.",
            quality="low" if table["share_beyond"].iloc[0] > 0.5 else "medium",
            impact="high",
        ),
        Assumption(
            text="Customers still here will leave as those of their age did.",
            quality="medium", impact="high",
        ),
    ]  # fmt: skip
    before = 0 if names.tenure else panel.ages.n_units - _joined(panel)
    if before:
        every = before == panel.ages.n_units
        whole = "" if every else f" of {panel.ages.n_units:,}"
        text = (
            f"{'All ' if every else ''}{before:,}{whole} customers were here at the "
            "start, for how long is not known: the value is what a customer as first "
            "seen is still worth."
        )
        found.append(Assumption(text=text, quality="medium", impact="medium"))
    elif panel.share_unknown > 0:
        share = _format.quantity(panel.share_unknown, "share")
        text = f"{share} of rows have no {_words.plain(names.tenure)} and are left out."
        found.append(Assumption(text=text, quality="medium", impact="medium"))
    return tuple(found)


def _joined(panel: Aged) -> int:
    """Count who joined while the data ran."""
    return len(np.unique(panel.ages.unit[panel.joined]))
