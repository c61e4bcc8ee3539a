"""Monte Carlo of investments: what they return, how surely, what is counted twice."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.result import Assumption, Grade
from cxlib.roi.investments import _flows
from cxlib.roi.investments._flows import Flows, Overlap, Settings
from cxlib.roi.investments.cash import irr
from cxlib.roi.investments.draws import Draws
from cxlib.roi.investments.initiatives import P90, WIDTH, Plans, read_plans
from cxlib.roi.investments.simulation import (
    COLUMNS,
    FAN,
    PORTFOLIO,
    RATE,
    VALUE,
    Simulation,
    nothing,
)
from cxlib.roi.worth._worth import profiles
from cxlib.roi.worth.value import PointValue

Array = npt.NDArray[np.float64]
CHUNK = 20_000
_GRADE: dict[str, Grade] = {
    "randomised": "high", "quasi": "medium", "regression": "medium", "expert": "low"
}  # fmt: skip


def simulate(
    initiatives: pd.DataFrame | None,
    value: PointValue | float,
    *,
    horizon: float = 3,
    discount_rate: float = 0.08,
    n_draws: int = 10_000,
    rng: int | np.random.Generator = 0,
    customers: float | None = None,
    steps_per_year: int = 12,
    overlap: Overlap = "independent",
    correlation: float = 0.0,
    currency: str = "",
) -> Simulation:
    """Draw what investments return, from uncertain effects and an uncertain value.

    Parameters
    ----------
    initiatives : pandas.DataFrame or None
        name, cost (once), effect (score points for a customer reached), effect_low and
        effect_high (P10, P90); optional: reach (share of customers, or their number
        above 1), driver, start ('2026-02', or months from today), duration and ramp
        (months), decay (share of the effect lost a year), running_cost (a year),
        evidence (randomised, quasi, regression, expert).
    value : PointValue or float
        What a point is worth; a number is money per point, customer and year, at once
        and without uncertainty.
    horizon : float
        Years from the first start; what comes later is not counted.
    discount_rate : float
        Yearly.
    n_draws : int
        At least 100.
    rng : int or numpy.random.Generator
        Seed or generator.
    customers : float, optional
        Customers there are; those of the last period when not given.
    steps_per_year : {12, 4, 1}
        Resolution in time.
    overlap : {"independent", "nested", "none"}
        Who is reached by two initiatives on the same driver: by chance, as many as
        possible, or nobody.
    correlation : float
        Between the initiatives' effects, 0 to 1.
    currency : str
        Printed after amounts.

    Returns
    -------
    Simulation
        Of nothing, and with the reason, where there is no initiative or no value.

    Raises
    ------
    DataError
        For initiatives that cannot be meant, all problems at once.

    Notes
    -----
    Effects are two-piece normal through P10, estimate and P90, each widened about the
    estimate by the evidence grade (randomised 1, quasi 1.25, regression 1.5, expert
    2). One draw of the value serves all initiatives, so its error does not average
    out. Cash of a step: points held x the value's time profile (margin at once,
    margins of customers kept later), after the lag of the regression. A customer
    reached by several initiatives on one driver is credited with the strongest; a
    score cannot rise above the best one seen; both show as `removed_amount`. Reach
    does not shrink with churn: the base is taken to keep its size.

    References
    ----------
    Savvides, S. (1994). Risk analysis in investment appraisal. Project Appraisal 9,
    3-18. doi:10.1080/02688867.1994.9726923

    Examples
    --------
    >>> import pandas as pd
    >>> one = pd.DataFrame({"name": ["Callback"], "cost": [100.0], "effect": [1.0],
    ...     "effect_low": [0.5], "effect_high": [1.5], "reach": [50],
    ...     "evidence": ["randomised"]})
    >>> found = simulate(one, 2.0, horizon=2, steps_per_year=1, rng=1, n_draws=2000)
    >>> round(float(found.total["npv_amount"]), -1)
    80.0
    """
    _check(horizon, discount_rate, n_draws, steps_per_year, overlap, correlation)
    priced = value if isinstance(value, PointValue) else None
    if priced is not None and priced.terms is None:
        return nothing("a score point has no value", horizon, currency)
    if initiatives is None or initiatives.empty:
        return nothing("no initiatives were given", horizon, currency)
    plans = read_plans(initiatives, customers or (priced.n_last if priced else None))
    settings = Settings(
        steps=max(1, round(horizon * steps_per_year)),
        steps_per_year=steps_per_year,
        discount_rate=discount_rate,
        overlap=overlap,
        headroom=priced.headroom if priced else float("inf"),
    )
    generator = _checks.generator(rng)
    drawn = [
        (
            plans.draw(size, generator, correlation),
            _profile(value, settings, size, generator),
        )
        for size in _sizes(n_draws)
    ]
    flows = _joined([_flows.run(plans, *each, settings) for each in drawn])
    effects, profile = (np.concatenate(each) for each in zip(*drawn, strict=True))
    money = currency or (priced.currency if priced else "")
    found = _gathered(plans, value, settings, flows, money)
    return replace(found, draws=_draws(found, flows, effects, profile))


def _draws(found: Simulation, flows: Flows, effects: Array, profile: Array) -> Draws:
    """Return the draws behind a simulation."""
    plans, settings = found.plans, found.settings
    if plans is None or settings is None:
        raise TypeError
    spent = _flows.costs(plans, settings, _flows.shapes(plans, settings)[1])
    inputs = {f"effect of {n}": effects[:, i] for i, n in enumerate(plans.name)}
    inputs[VALUE] = profile.sum(axis=1) * settings.steps_per_year
    return Draws(
        names=plans.name, alone=flows.alone,
        cost=np.broadcast_to(spent @ settings.factors, flows.alone.shape),
        upfront=np.broadcast_to(plans.cost, flows.alone.shape),
        inputs={name: drawn for name, drawn in inputs.items() if np.ptp(drawn) > 0},
        currency=found.currency, horizon=found.horizon, plans=plans, effects=effects,
        profile=profile, settings=settings,
    )  # fmt: skip


def _check(
    horizon: float,
    rate: float,
    n_draws: int,
    steps: int,
    overlap: str,
    correlation: float,
) -> None:
    _checks.in_range(horizon, "horizon", 0, 100, ends="(]")
    _checks.in_range(rate, "discount_rate", -1, float("inf"), ends="()")
    _checks.in_range(n_draws, "n_draws", 100, float("inf"))
    _checks.one_of(steps, "steps_per_year", (1, 4, 12))
    _checks.one_of(overlap, "overlap", get_args(Overlap))
    _checks.in_range(correlation, "correlation", 0, 1)


def _sizes(n: int) -> list[int]:
    return [CHUNK] * (n // CHUNK) + ([n % CHUNK] if n % CHUNK else [])


def _profile(
    value: PointValue | float,
    settings: Settings,
    size: int,
    rng: np.random.Generator | None,
) -> Array:
    """Return draws of the value's time profile; its centre where `rng` is None."""
    if not isinstance(value, PointValue):
        fixed = np.zeros((size, settings.steps))
        fixed[:, 0] = float(value) / settings.steps_per_year
        return fixed
    if value.terms is None:
        return np.zeros((size, settings.steps))
    terms = value.terms
    theta = terms.theta[None, :] if rng is None else terms.draw(size, rng)
    return profiles(terms, theta, settings.steps_per_year, settings.steps)


def _joined(chunks: list[Flows]) -> Flows:
    """Put the draws of all chunks together."""
    sizes = [len(chunk.alone) for chunk in chunks]
    return Flows(
        alone=np.concatenate([chunk.alone for chunk in chunks]),
        credited=np.concatenate([chunk.credited for chunk in chunks]),
        cash=np.concatenate([chunk.cash for chunk in chunks]),
        payback=np.concatenate([chunk.payback for chunk in chunks]),
        mean_cash=np.average([c.mean_cash for c in chunks], axis=0, weights=sizes),
    )


def _gathered(
    plans: Plans,
    value: PointValue | float,
    settings: Settings,
    flows: Flows,
    currency: str,
) -> Simulation:
    npv = np.column_stack([flows.alone, flows.credited.sum(axis=1)])
    widths = ", ".join(f"{grade} x {width:g}" for grade, width in WIDTH.items())
    return Simulation(
        table=_table(plans, settings, flows, npv),
        unit="amount",
        fan=_fan(flows.cash, settings),
        quantiles=_quantiles([*plans.name, PORTFOLIO], npv),
        inputs=_inputs(plans, value, settings),
        n_draws=len(npv),
        horizon=settings.steps / settings.steps_per_year,
        currency=currency,
        plans=plans,
        profile=_profile(value, settings, 1, None),
        settings=settings,
        method=f"{len(npv):,} draws; P10 and P90 widened by evidence ({widths}); "
        f"overlap on the same driver: {settings.overlap}; chance: P(ROI > 0); "
        "payback in years.",
        assumptions=_assumptions(plans),
    )


def _fan(cash: Array, settings: Settings) -> pd.DataFrame:
    """Return mean, P10, P50 and P90 of cumulative discounted cash by year."""
    total = np.cumsum(cash * settings.factors, axis=1)
    years = np.arange(settings.steps + 1) / settings.steps_per_year
    bands = np.quantile(total, [0.1, 0.5, 0.9], axis=0)
    return pd.DataFrame(
        np.column_stack([years, total.mean(axis=0), *bands]), columns=FAN
    )


def _quantiles(names: list[str], npv: Array) -> pd.DataFrame:
    probability = np.arange(1, 100) / 100
    return pd.DataFrame(
        {
            "initiative": np.repeat(names, len(probability)),
            "probability": np.tile(probability, len(names)),
            "npv_amount": np.quantile(npv, probability, axis=0).T.ravel(),
        }
    )


def _table(plans: Plans, settings: Settings, flows: Flows, npv: Array) -> pd.DataFrame:
    spent = _flows.costs(plans, settings, _flows.shapes(plans, settings)[1])
    paid = spent @ settings.factors
    p10, p50, p90 = np.quantile(npv, [0.1, 0.5, 0.9], axis=0)
    never = np.isnan(flows.payback)
    middle = np.median(np.where(never, np.inf, flows.payback), axis=0)
    yearly = [
        (1 + irr(cash)) ** settings.steps_per_year - 1 for cash in flows.mean_cash
    ]
    removed = (flows.alone - flows.credited).mean(axis=0)
    table = pd.DataFrame(
        {
            "initiative": [*plans.name, PORTFOLIO],
            "evidence": [*plans.evidence, ""],
            "n": np.r_[plans.reach, plans.customers].round().astype(int),
            "cost_amount": np.r_[paid, paid.sum()],
            "npv_amount": npv.mean(axis=0),
            "p10_amount": p10,
            "p50_amount": p50,
            "p90_amount": p90,
            "share_positive": (npv > 0).mean(axis=0),
            "payback_years": np.where(np.isinf(middle), np.nan, middle),
            "rel_irr": yearly,
            "removed_amount": np.r_[removed, removed.sum()].round(6) + 0.0,
        }
    )[COLUMNS]
    alone = table.iloc[:-1].sort_values("npv_amount", ascending=False, kind="stable")
    return pd.concat([alone, table.iloc[-1:]], ignore_index=True)


def _inputs(
    plans: Plans, value: PointValue | float, settings: Settings
) -> dict[str, tuple[float, float, float]]:
    """Return base, low and high of each input: P10 and P90, or a fifth either way."""
    if isinstance(value, PointValue):
        centre, error = (float(value.total[k]) for k in ("estimate", "std_error"))
        found = {VALUE: (centre, centre - P90 * error, centre + P90 * error)}
    else:
        found = {VALUE: _fifth(float(value))}
    for i, name in enumerate(plans.name):
        span = (plans.effect[i], plans.low[i], plans.high[i])
        found[f"effect of {name}"] = (float(span[0]), float(span[1]), float(span[2]))
        found[f"reach of {name}"] = _fifth(float(plans.reach[i]))
        found[f"cost of {name}"] = _fifth(float(plans.cost[i]))
    return found | {RATE: _fifth(settings.discount_rate)}


def _fifth(value: float) -> tuple[float, float, float]:
    return value, 0.8 * value, 1.2 * value


def _assumptions(plans: Plans) -> tuple[Assumption, ...]:
    graded = [
        Assumption(
            text=f"{name}: {effect:g} score points for a customer reached (P10 to P90 "
            f"{low:.2g} to {high:.2g} after widening; evidence: {grade}).",
            quality=_GRADE[grade],
            impact="high",
        )
        for name, effect, low, high, grade in zip(
            plans.name, plans.effect, plans.low, plans.high, plans.evidence, strict=True
        )
    ]
    same = Assumption(
        text="The number of customers stays as it is, and a point gained by an "
        "initiative is worth what a point is worth in the regression.",
        quality="medium",
        impact="high",
    )
    return (*graded, same)
