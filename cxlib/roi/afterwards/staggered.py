"""What a roll-out in steps delivered: group-time differences, never one regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks
from cxlib.errors import DataError
from cxlib.estimate import staggered as averages
from cxlib.estimate.design import Design
from cxlib.estimate.group_time import Base, Control, Method, group_time
from cxlib.result import Assumption
from cxlib.roi.afterwards import _rollout_rows
from cxlib.roi.afterwards._rollout_rows import Asked, Fitted, Measure
from cxlib.roi.afterwards._units import Columns, Units, read_units
from cxlib.roi.afterwards.rollout import Staggered

FEW = 5


def staggered(
    units: pd.DataFrame | None,
    outcome: str,
    *,
    unit: str = "unit",
    period: str = "period",
    first: str = "first_treated",
    control: Control = "not_yet",
    covariates: Sequence[str] = (),
    method: Method = "dr",
    anticipation: int = 0,
    base: Base = "varying",
    leads: int | None = 6,
    cluster: str = "",
    measure: Measure = "amount",
    margin: float | None = None,
    currency: str = "",
    noun: str = "",
    n_resamples: int = 1999,
    rng: int | np.random.Generator = 0,
    confidence_level: float = 0.95,
) -> Staggered:
    """Measure what a roll-out in steps did to the units that have it.

    Use it where stores, teams or regions got something at different times and nobody
    drew which. Where all got it at once, use `interrupted`.

    Parameters
    ----------
    units : pandas.DataFrame or None
        One row a unit and period; None where there was no roll-out.
    outcome : str
        Column of numbers.
    unit, period, first : str
        Columns of the unit, of the period, and of the first period in which the unit
        had it (blank, 0 or "never" for never).
    control : {"not_yet", "never"}
        Who stands for the units without it: those not treated yet, or the never
        treated only.
    covariates : sequence of str
        Columns in which units that move alike are alike, as of the period before.
    method : {"dr", "regression"}
        With covariates: doubly robust, or outcome regression alone.
    anticipation : int
        Periods before the start in which it may work already, at least 0.
    base : {"varying", "universal"}
        The placebo's: the period before each, or the last one before the start.
    leads : int or None
        Periods before the start in the placebo; None for all.
    cluster : str
        Column of what holds units together (region); "" for the unit.
    measure : {"amount", "share", "score"}
        Unit of the outcome.
    margin : float, optional
        Money that one unit of the outcome leaves (contribution margin of revenue; 1
        where it is margin; -1 for a cost); without it nothing is turned to money.
    currency : str
    noun : str
        What a unit is called; the name of its column where not given.
    n_resamples : int
        Of the simultaneous bands.
    rng : int or numpy.random.Generator
    confidence_level : float

    Returns
    -------
    Staggered

    Raises
    ------
    DataError
        Without a unit that is not treated at the time, with one unit a cohort, or for
        rows that cannot be meant.

    Notes
    -----
    Estimand: the mean difference, over treated units and periods, from what they would
    have had, were the change of the untreated theirs too (parallel trends). Each cohort
    and period is a difference in differences of its own against units not treated by
    then; averages weigh them by treated units. Units seen in one of the two periods
    only drop out of that cell. Variance between clusters within cohorts, t with
    Satterthwaite's df; bands by multiplier bootstrap.

    An effect is claimed where the interval excludes zero, the placebo is silent over
    two periods at least, and there are five treated and five untreated clusters. A
    silent placebo proves no parallel trends: it may only lack the rows to speak. So the
    mean step before the start is printed with its interval, and the average with that
    drift, had it gone on, taken out.

    The static two-way regression is printed as what it would have said: it counts units
    treated earlier as controls and so subtracts their effects.

    References
    ----------
    Callaway, B. and Sant'Anna, P. H. C. (2021). Difference-in-differences with multiple
    time periods. Journal of Econometrics 225, 200-230.
    doi:10.1016/j.jeconom.2020.12.001. Roth, J. (2022). Pretest with caution. American
    Economic Review: Insights 4, 305-322. doi:10.1257/aeri.20210236

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> rows = pd.DataFrame(
    ...     {"unit": np.repeat(np.arange(40), 8), "period": np.tile(np.arange(8), 40)}
    ... )
    >>> early = [rows["unit"] < 10, rows["unit"] < 20]
    >>> rows["first_treated"] = np.select(early, [3, 5])
    >>> on = (rows["first_treated"] > 0) & (rows["period"] >= rows["first_treated"])
    >>> rows["revenue"] = rows["unit"] + rows["period"] + 3 * on + draw.normal(size=320)
    >>> found = staggered(rows, "revenue", margin=0.5, currency="EUR")
    >>> found.claimed, round(float(found.overall["estimate"]))
    (True, 3)
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    _checks.in_range(anticipation, "anticipation", 0, float("inf"))
    _checks.in_range(n_resamples, "n_resamples", 99, float("inf"))
    _checks.one_of(control, "control", ("not_yet", "never"))
    _checks.one_of(method, "method", ("dr", "regression"))
    _checks.one_of(base, "base", ("varying", "universal"))
    _checks.one_of(measure, "measure", ("amount", "share", "score"))
    told = Asked(outcome, noun or unit, measure, margin, currency, confidence_level)
    if units is None or not len(units):
        return _nothing("no units were given", told)
    names = Columns(
        outcome=outcome, unit=unit, period=period, first=first, cluster=cluster,
        covariates=tuple(covariates),
    )  # fmt: skip
    known = read_units(units, names)
    if not np.isfinite(known.first).any():
        return _nothing("no unit started within the periods", told)
    _check_controls(known, control, first)
    effects = group_time(
        known.y, known.first, control=control, anticipation=anticipation, base=base,
        leads=leads, covariates=known.covariates, method=method,
    )  # fmt: skip
    fitted = Fitted(known, effects, anticipation, base, told)
    return _result(fitted, names, (n_resamples, rng), control)


def _check_controls(units: Units, control: Control, first: str) -> None:
    starts = np.unique(units.first[np.isfinite(units.first)])
    never = int(np.isinf(units.first).sum())
    if control == "never" and never < 2:
        raise DataError(
            f"{never or 'no'} unit was never treated, so there is nothing to compare "
            f"with: leave '{first}' blank there, or set `control` to 'not_yet'."
        )
    if never < 2 and len(starts) < 2:
        raise DataError(
            "all units started in the same period and none is untreated: no difference "
            "in differences can be taken; use `interrupted`, or add units without it."
        )


def _result(
    fitted: Fitted, names: Columns, draws: tuple[int, Any], control: Control
) -> Staggered:
    if not fitted.after.any():
        why = {reason for *_, reason in fitted.effects.left_out}
        raise DataError(
            "no cohort can be compared after its start "
            f"({'; '.join(sorted(why)) or 'it started in the first period'}); at "
            "least two units a cohort and two untreated ones are needed."
        )
    told, plan = fitted.told, averages.sampling(
        fitted.units.first, fitted.units.cluster
    )[0]  # fmt: skip
    table, before = _rollout_rows.averaged(fitted, plan, draws)
    _, placebo, test = averages.together(before, plan) if before else (0, np.nan, "")
    reasons = _reasons(table, placebo, fitted, plan)
    return Staggered(
        table=table, unit=told.measure, cells=_rollout_rows.cells(fitted, plan),
        worth=_rollout_rows.worth(table.iloc[0], fitted),
        usual=_rollout_rows.usual(fitted), drift=_rollout_rows.drift(fitted, plan),
        left_out=_rollout_rows.left_out(fitted), placebo=placebo, placebo_test=test,
        claimed=not reasons, reasons=reasons, reason="", outcome=told.outcome,
        unit_name=told.unit, period=fitted.units.period, currency=told.currency,
        confidence_level=told.level, assumptions=_ASSUMPTIONS,
        method=_method(fitted, names, plan, control),
    )  # fmt: skip


def _reasons(
    table: pd.DataFrame, placebo: float, fitted: Fitted, plan: Design
) -> tuple[str, ...]:
    """What speaks against reading the difference as an effect."""
    found, row = [], table.iloc[0]
    early = table["before"].sum()
    if row["ci_lower"] <= 0 <= row["ci_upper"]:
        found.append("the treated may have moved as the others did")
    if early < 2 or not np.isfinite(placebo):
        found.append("fewer than two periods before the start leave no placebo")
    elif placebo < 1 - fitted.told.level:
        found.append("the two moved apart before the start already (placebo)")
    first = fitted.units.first
    on = np.isfinite(first)
    sizes = [len(np.unique(plan.units[rows])) for rows in (on, first > first.min())]
    if min(sizes) < FEW:
        found.append(f"fewer than {FEW} units with it, or without it")
    return tuple(found)


def _method(fitted: Fitted, names: Columns, plan: Design, control: Control) -> str:
    units, e = fitted.units, fitted.effects
    who = "not yet treated" if control == "not_yet" else "never treated"
    parts = [
        f"Group-time differences in differences against units {who}, "
        f"{len(np.unique(e.cohort))} cohorts, weighted by treated units; errors "
        f"between {plan.n_clusters:,} clusters "
        f"({names.cluster or fitted.told.unit}), t with Satterthwaite's df."
    ]
    lost = [t for g, t, _ in e.left_out if t >= g]
    if lost:
        parts.append(
            f"{len(lost)} of {len(lost) + int(fitted.after.sum())} cells after the "
            f"start had no answer (first: {units.labels[min(lost)]}) and are not "
            "counted."
        )
    if units.always:
        parts.append(f"{units.always} units treated from the first period left out.")
    if units.blank:
        parts.append(f"{units.blank:,} blank outcomes.")
    return " ".join(parts)


def _nothing(reason: str, told: Asked) -> Staggered:
    none = pd.DataFrame()
    return Staggered(
        table=none, unit=told.measure, cells=none, worth=none, usual=none, drift=none,
        left_out=none, placebo=float("nan"), placebo_test="", claimed=False,
        reasons=(), reason=reason, outcome=told.outcome, unit_name=told.unit, period="",
        currency=told.currency, confidence_level=told.level,
    )  # fmt: skip


_ASSUMPTIONS = (
    Assumption(
        text="Without the roll-out the treated would have moved as the untreated did "
        "(parallel trends).",
        quality="medium", impact="high",
    ),
    Assumption(
        text="The untreated felt nothing of it, and nobody was treated because of how "
        "they were moving.",
        quality="medium", impact="high",
    ),
)  # fmt: skip
