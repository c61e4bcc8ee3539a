"""Monte Carlo of investments: what they return, how surely, what is counted twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.roi.investments import _streams, _tables, _value, _world
from cxlib.roi.investments._evaluate import Flows, evaluate
from cxlib.roi.investments._flows import Overlap, Settings
from cxlib.roi.investments._market import Market
from cxlib.roi.investments._scene import market_of
from cxlib.roi.investments._spans import fifths, spans
from cxlib.roi.investments._stated import stated
from cxlib.roi.investments._streams import Correlation
from cxlib.roi.investments._world import World
from cxlib.roi.investments.draws import Draws
from cxlib.roi.investments.initiatives import WIDTH, Plans, read_plans
from cxlib.roi.investments.simulation import Simulation, nothing
from cxlib.roi.worth._worth import Terms
from cxlib.roi.worth.value import PointValue

Array = npt.NDArray[np.float64]
Value = PointValue | float | Mapping[str, Any] | None


def simulate(
    initiatives: pd.DataFrame | None,
    value: Value,
    *,
    horizon: float = 3,
    discount_rate: float = 0.08,
    n_draws: int = 10_000,
    rng: int | np.random.Generator = 0,
    customers: float | None = None,
    steps_per_year: int = 12,
    overlap: Overlap = "independent",
    correlation: Correlation = 0.0,
    margin: float | None = None,
    means: Mapping[str, float] | None = None,
    by_segment: Mapping[str, tuple[Terms, float]] | None = None,
    currency: str = "",
) -> Simulation:
    """Draw what investments return, from uncertain effects and an uncertain value.

    Parameters
    ----------
    initiatives : pandas.DataFrame or None
        Columns in the notes.
    value : PointValue, float, mapping or None
        What a point is worth. A number is money per point, customer and year, at once
        and without uncertainty; a mapping declares it: `amount`, and optional `low`
        and `high` (P10, P90), `distribution`, `source`, `owner`. None where no
        initiative acts on the score.
    horizon : float
        Years from the first start; what comes later is not counted.
    discount_rate : float
        Yearly.
    n_draws : int
        At least 100.
    rng : int or numpy.random.Generator
        Seed or generator. Each input has a stream of its own by the initiative's name,
        so another initiative leaves the draws of these as they are.
    customers : float, optional
        Customers there are; those of the last period when not given.
    steps_per_year : {12, 4, 1}
        Resolution in time.
    overlap : {"independent", "nested", "none"}
        Who is reached by two initiatives on the same driver: by chance, as many as
        possible, or nobody.
    correlation : float or pandas.DataFrame
        Between the normal scores of the initiatives' effects (Gaussian copula): one
        number from 0 to 1, more within a `group`; or a correlation matrix with names
        as rows and columns, which replaces groups.
    margin : float, optional
        Contribution margin, share of revenue; that of `value` when not given, and the
        same where both are.
    means : mapping, optional
        revenue and cost_to_serve (money a customer and year), retained (share a year);
        those of `value` when not given.
    by_segment : mapping of str to (Terms, float), optional
        What a point is worth in a segment, and its customers, for the initiatives with
        a `segment`.
    currency : str
        Printed after amounts.

    Returns
    -------
    Simulation
        Of nothing, and with the reason, where there is no initiative or no value.

    Raises
    ------
    DataError
        For initiatives that cannot be meant, all problems at once, and for an effect
        that cannot be valued.

    Notes
    -----
    **Columns.** name, cost (once), effect (for a customer reached), effect_low and
    effect_high (P10, P90). Optional: effect_on, what the effect is on: score (points;
    the default), revenue or cost_to_serve (money a customer and year), retained (share
    of customers a year, 0.02 for two points); reach (share of customers, or their
    number above 1); driver; start ('2026-02', or months from today), slip (months
    later than that); duration and ramp (months); decay (share of the effect lost a
    year); running_cost (a year); evidence (randomised, quasi, regression, expert);
    segment; group, whose effects correlate by `rho` (1: one draw); source, owner.
    Every number but the start may have a range, `<column>_low` and `<column>_high`
    (P10, P90), and a shape, `<column>_distribution` (normal2, lognormal, triangular,
    pert, uniform, beta; `distribution` for the effect). Without a range it is fixed.
    Draws beyond the possible (a reach above all customers, a negative cost) are set to
    its edge.

    **Effects** are widened about the centre by the evidence grade (randomised 1, quasi
    1.25, regression 1.5, expert 2). One draw of the value serves all initiatives, so
    its error does not average out.

    **Cash** of a step. Score: points held x the value's time profile (margin at once,
    margins of customers kept later), after the lag of the regression. Revenue: margin.
    Cost to serve: its fall. Retained: the customers kept in the step bring the mean
    margin from the next step on, while they stay. Reach does not shrink with churn:
    the base is taken to keep its size.

    **Overlap.** A customer reached by several initiatives on one driver is credited to
    the strongest (in points; in money where they act on different things, as retention
    and revenue), never the sum, and what the others would have claimed is charged to
    it. A score cannot rise above the best one seen, no more customers can be kept than
    leave, no more cost saved than there is (customers kept by a higher score are not
    in this count). `overlaps` lists every amount.

    References
    ----------
    Savvides, S. (1994). Risk analysis in investment appraisal. Project Appraisal 9,
    3-18. doi:10.1080/02688867.1994.9726923
    Clemen, R. T. and Reilly, T. (1999). Correlations and copulas for decision and risk
    analysis. Management Science 45, 208-224. doi:10.1287/mnsc.45.2.208

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
    check(horizon, discount_rate, n_draws, steps_per_year, overlap, correlation)
    given = _value.read(value, margin=margin, means=means)
    if initiatives is None or initiatives.empty:
        return nothing("no initiatives were given", horizon, currency)
    if given.lacks and _value.on_score(initiatives, by_segment or {}):
        return nothing("a score point has no value", horizon, currency)
    sizes = {name: size for name, (_, size) in (by_segment or {}).items()}
    plans = read_plans(
        initiatives, customers or given.customers,
        segments=sizes if by_segment is not None else None,
    )  # fmt: skip
    settings = Settings.over(
        horizon, each=steps_per_year, discount_rate=discount_rate, overlap=overlap
    )
    start = _streams.root(rng)
    markets = _value.markets(given, plans, by_segment or {}, n=n_draws, start=start)
    world = _world.draw(plans, n=n_draws, start=start, correlation=correlation)
    flows = evaluate(plans, world, markets, settings)
    draws = _draws(plans, world, markets, settings, flows, currency or given.currency)
    found = _gathered(draws, flows)
    return replace(found, assumptions=(*found.assumptions, *given.assumptions))


def check(
    horizon: float,
    rate: float,
    n_draws: int,
    steps: int,
    overlap: str,
    correlation: Correlation,
) -> None:
    """Raise for settings that cannot be meant."""
    _checks.in_range(horizon, "horizon", 0, 100, ends="(]")
    _checks.in_range(rate, "discount_rate", -1, float("inf"), ends="()")
    _checks.in_range(n_draws, "n_draws", 100, float("inf"))
    _checks.one_of(steps, "steps_per_year", (1, 4, 12))
    _checks.one_of(overlap, "overlap", get_args(Overlap))
    _streams.check_correlation(correlation)


def _gathered(draws: Draws, flows: Flows) -> Simulation:
    plans, settings, world = draws.plans, draws.settings, draws.world
    widths = ", ".join(f"{grade} x {width:g}" for grade, width in WIDTH.items())
    found = Simulation(
        table=_tables.returns(
            plans, settings, flows, world.given["reach"].mean(axis=0)
        ),
        unit="amount",
        fan=_tables.fan(flows.total, settings),
        quantiles=_tables.quantiles(plans, flows.npv),
        overlaps=_tables.ledger(plans, flows),
        inputs=spans(plans, draws.markets, settings),
        n_draws=world.n,
        horizon=settings.horizon,
        currency=draws.currency,
        plans=plans,
        markets=draws.markets,
        settings=settings,
        draws=draws,
        assumptions=tuple(stated(plans, draws.markets, fifths(plans, draws.markets))),
    )
    return replace(
        found,
        method=f"{world.n:,} draws; P10 and P90 widened by evidence ({widths}); "
        f"overlap on the same driver: {settings.overlap}; chance: P(ROI > 0). "
        f"{found.precision}",
    )


def _draws(
    plans: Plans,
    world: World,
    markets: dict[str, Market],
    settings: Settings,
    flows: Flows,
    currency: str,
) -> Draws:
    """Return the draws behind a simulation; inputs that vary, by name."""
    inputs = {
        _world.label(name, plans.name[at]): drawn[:, at]
        for name, drawn in world.given.items()
        if len(drawn) > 1
        for at in range(plans.n)
    }
    for segment, market in markets.items():
        kinds = {
            kind
            for at, kind in enumerate(plans.acts_on)
            if market_of(plans, markets, at) == segment
        }
        where = f" in {segment}" if segment else ""
        inputs |= {what + where: d for what, d in market.drawn(kinds).items()}
    return Draws(
        names=plans.name, alone=flows.alone, cost=flows.paid, upfront=flows.upfront,
        inputs={name: drawn for name, drawn in inputs.items() if np.ptp(drawn) > 0},
        currency=currency, horizon=settings.horizon, plans=plans, world=world,
        markets=markets, settings=settings,
    )  # fmt: skip
