"""What a customer is still worth: discounted margin over the time they stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _checks, _format
from cxlib.errors import DataError
from cxlib.estimate.lifetimes import Lifetime, lifetime
from cxlib.result import Assumption, Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column, levels
from cxlib.roi.worth._customer_ages import Aged, Columns, aged
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
CURVE = ["years", "n", "estimate", "ci_lower", "ci_upper", "beyond"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LifetimeValues(Told):
    """Discounted margin of one customer over the horizon.

    Attributes
    ----------
    table : pandas.DataFrame
        customers (which), n, n_left; estimate, std_error, ci_lower, ci_upper;
        share_beyond (of the value, from ages nobody was followed to), share_leaving
        (a year), years_seen, naive_amount (margin / churn), status.
    bridge : pandas.DataFrame
        step, amount: from revenue / churn to the estimate of all customers.
    curve : pandas.DataFrame
        years, n, estimate, ci_lower, ci_upper, beyond (whether past the data): value of
        all customers by horizon.
    reason : str
        Why there is no value, else empty.
    start_age : int
        Periods a customer has stayed when the value starts; 0 from the first seen.
    horizon, discount_rate, margin, currency, confidence_level
        As asked.
    known_tenure : bool
        Whether ages count from when a customer joined.
    """

    bridge: pd.DataFrame
    curve: pd.DataFrame
    reason: str
    start_age: int
    horizon: int
    discount_rate: float
    margin: float
    currency: str
    confidence_level: float
    known_tenure: bool

    @property
    def text(self) -> str:
        """Size, interval and n; how much of it was never seen; the naive formula."""
        if self.reason:
            return f"A customer's lifetime cannot be valued: {self.reason}."
        row = self.table.iloc[0]
        size = _words.money(row["estimate"], self.currency)
        ends = _words.interval(
            row["ci_lower"], row["ci_upper"], "amount",
            confidence_level=self.confidence_level,
        )  # fmt: skip
        who = "A new customer" if self._new else "A customer, from when first seen,"
        return (
            f"{who} is worth {size} of margin over {self.horizon} years ({ends}, "
            f"n = {row['n']:,} customers of whom {row['n_left']:,} left). "
            f"{self._beyond(row)} {self._naive(row)}"
        )

    @property
    def _new(self) -> bool:
        return self.known_tenure and self.start_age == 0

    def _beyond(self, row: pd.Series) -> str:
        seen = f"{row['years_seen']:.1f} years followed"
        if not row["share_beyond"]:
            return f"All of it lies within the {seen}."
        share = _format.number(row["share_beyond"], "share", decimals=0)
        return (
            f"{share} % of it lies beyond the {seen} and supposes that leaving goes on."
        )

    def _naive(self, row: pd.Series) -> str:
        naive = _words.money(row["naive_amount"], self.currency)
        return (
            f"Margin divided by churn would say {naive}: no end, no discount, and one "
            "rate of leaving for all."
        )

    @property
    def display(self) -> pd.DataFrame:
        """Values in words."""
        rows = self.table
        return pd.DataFrame(
            {
                "customers": rows["customers"],
                f"value, {self.currency}".rstrip(", "): levels(rows).where(
                    rows["estimate"].notna(), rows["status"]
                ),
                "beyond the data, %": column(rows["share_beyond"], "share", decimals=0),
                "leave in a year, %": column(rows["share_leaving"], "share"),
                "n (left)": [
                    f"{n:,} ({left:,.0f})" if pd.notna(left) else f"{n:,}"
                    for n, left in zip(rows["n"], rows["n_left"], strict=True)
                ],
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The value of each group shown."""
        rows = self.table[self.table["estimate"].notna()]
        return tuple(
            Finding(
                id=f"lifetime value, {row['customers']}",
                statement=self.text if at == 0 else f"Lifetime: {row['customers']}.",
                estimate=float(row["estimate"]), unit="amount", n=int(row["n"]),
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
            )
            for at, (_, row) in enumerate(rows.iterrows())
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    """What is asked of every group of customers."""

    horizon: int
    discount_rate: float
    per_year: int
    confidence_level: float

    def solve(self, panel: Aged, keep: np.ndarray) -> Lifetime:
        steps = self.horizon * self.per_year
        rate = 1 + self.discount_rate
        return lifetime(
            panel.rows(keep), discount=rate ** (-np.arange(1, steps + 1) / self.per_year),
            horizons=self.per_year * np.arange(1, self.horizon + 1),
            tail=self.per_year, min_units=MIN_CUSTOMERS,
        )  # fmt: skip

    def half(self, found: Lifetime) -> np.ndarray:
        t = stats.t.isf((1 - self.confidence_level) / 2, found.n_units - 1)
        return np.asarray(t * found.std_error)


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
    plan = _Plan(
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
    table = _table(plan, panel, found, periods, segment, names)
    return _result(
        plan, names, margin, currency, table=table, start_age=found.first,
        bridge=_bridge(plan, panel, found), curve=_curve(plan, found),
        assumptions=_assumptions(panel, names, table),
    )  # fmt: skip


def _attempt(plan: _Plan, panel: Aged) -> Lifetime | str:
    try:
        return plan.solve(panel, np.ones(len(panel.ages.age), dtype=bool))
    except DataError as error:
        return str(error).rstrip(".")


def _table(
    plan: _Plan,
    panel: Aged,
    whole: Lifetime,
    periods: pd.DataFrame,
    segment: str,
    names: Columns,
) -> pd.DataFrame:
    groups: dict[str, np.ndarray] = {}
    if segment:
        who = membership(periods, segment, entity=names.entity, time=names.time)
        by_entity = dict(zip(periods[names.entity], who.labels, strict=True))
        labels = panel.long.frame[names.entity].map(by_entity)
        groups = {name: (labels == name).to_numpy(dtype=bool) for name in who.names}
    elif not names.tenure and panel.joined.any():
        groups = {PRESENT: ~panel.joined, JOINED: panel.joined}
    rows = [_row(plan, EVERYBODY, whole)]
    for name, keep in groups.items():
        n = len(np.unique(panel.ages.unit[keep]))
        rows.append({"customers": name, "n": n, "unit": "amount", "status": HIDDEN})
        if n >= MIN_CUSTOMERS:
            rows[-1] = _row(plan, name, plan.solve(panel, keep))
    return pd.DataFrame(rows).reindex(columns=COLUMNS)


def _row(plan: _Plan, name: str, found: Lifetime) -> dict[str, object]:
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


def _bridge(plan: _Plan, panel: Aged, found: Lifetime) -> pd.DataFrame:
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


def _curve(plan: _Plan, found: Lifetime) -> pd.DataFrame:
    half = plan.half(found)
    years = np.arange(1, plan.horizon + 1)
    return pd.DataFrame(
        {
            "years": years, "n": found.n_units, "estimate": found.estimate,
            "ci_lower": found.estimate - half, "ci_upper": found.estimate + half,
            "beyond": years * plan.per_year > found.seen,
        }
    )  # fmt: skip


def _result(
    plan: _Plan,
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
            text="Past the ages seen, customers leave and earn as in the last year seen.",
            quality="low" if table["share_beyond"].iloc[0] > 0.5 else "medium",
            impact="high",
        ),
        Assumption(
            text="Customers still here will leave as those of their age did.",
            quality="medium", impact="high",
        ),
    ]  # fmt: skip
    if not names.tenure:
        share = _format.quantity(1 - _share_joined(panel), "share")
        text = (
            f"{share} of customers were here at the start, for how long is not known: "
            "the value is what a customer as first seen is still worth."
        )
        found.append(Assumption(text=text, quality="medium", impact="medium"))
    elif panel.share_unknown > 0:
        share = _format.quantity(panel.share_unknown, "share")
        text = f"{share} of rows have no {_words.plain(names.tenure)} and are left out."
        found.append(Assumption(text=text, quality="medium", impact="medium"))
    return tuple(found)


def _share_joined(panel: Aged) -> float:
    return len(np.unique(panel.ages.unit[panel.joined])) / panel.ages.n_units
