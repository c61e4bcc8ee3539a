"""A group that was changed against groups that were not, before and after."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate.covariates import label
from cxlib.estimate.design import Design, Labels
from cxlib.estimate.did import DoubleDifference
from cxlib.journeys import _words
from cxlib.journeys._frames import Frame
from cxlib.journeys.observed import _panel, _rows
from cxlib.journeys.observed._calendar import (
    EVERY,
    Every,
    Instant,
    Rows,
    calendar,
    told,
)
from cxlib.journeys.observed._panel import MIN_N, Panel
from cxlib.journeys.observed._rows import Outcome
from cxlib.journeys.observed.difference import (
    AGAINST,
    PERIODS,
    DoubleChange,
)
from cxlib.result import Assumption

LEAST_DF = 4


def difference_in_differences(
    rows: Frame,
    *,
    outcome: Outcome,
    group: str,
    treated: str,
    at: Instant,
    until: Instant | None = None,
    time: str = "responded_at",
    every: Every = "month",
    weights: str | None = None,
    cluster: str | None = None,
    confidence_level: float = 0.95,
) -> DoubleChange:
    """Compare how a group changed at a date with how the others did.

    Use it where a redesign met some users only, and nobody drew who. One date and one
    group; where groups follow one another it is biased.

    Parameters
    ----------
    rows : frame
        One row an answer, a user or a unit in a period.
    outcome : str, Metric or mapping
        As in `adjusted_effect`.
    group, treated : str
        Column of the group, and its label that was changed; every other label is the
        comparison.
    at : str, date or number
        First moment that counts as changed.
    until : str, date or number, optional
        Rows from then on are left out.
    time : str
        Column of times, or of numbers that are periods already.
    every : {"day", "week", "month", "quarter"}
        Length of the periods in which the two are followed.
    weights : str, optional
        Column of sampling weights.
    cluster : str, optional
        Column of the unit that repeats (customer, store).
    confidence_level : float

    Returns
    -------
    DoubleChange

    Raises
    ------
    ArgumentError
        For a label that no row has.
    DataError
        For a missing column, or a group without rows before or after.

    Notes
    -----
    Estimand: the mean change of the treated group less what it would have been, taken
    to be the change of the others (parallel trends), each label of them at the share it
    had before, where all have rows on both sides. Four weighted means; standard
    error between clusters from influence values, t with clusters less two. As a check
    each period is one observation of the gap between the groups, with the spread of
    those before and t with their number less one: this allows for shocks that all of a
    group share in a period.

    Placebo: the gap of every period before against the last one before (jointly), and
    the later half of the time before against the earlier; the smaller p-value, doubled.
    A change is claimed where the interval excludes zero, that of the periods does so
    too (from five periods before), and the placebo is silent. Without two periods
    before there is no placebo, and nothing is claimed. Cells of survey answers from
    fewer than ten people are left blank in the tables.

    References
    ----------
    Bertrand, M., Duflo, E. and Mullainathan, S. (2004). QJE 119, 249-275.
    doi:10.1162/003355304772839588. Donald, S. G. and Lang, K. (2007). Inference with
    difference-in-differences and other panel data. Review of Economics and Statistics
    89, 221-233. doi:10.1162/rest.89.2.221

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> month, app = draw.integers(1, 13, 4000), draw.random(4000) < 0.4
    >>> y = 5 + app + 0.1 * month - 2 * (app & (month > 9)) + draw.normal(size=4000)
    >>> rows = pd.DataFrame({"month": month, "app": app, "y": y})
    >>> found = difference_in_differences(
    ...     rows, outcome="y", group="app", treated="True", at=10, time="month"
    ... )
    >>> found.claimed, round(float(found.table["effect_size"].iloc[0]))
    (True, -2)
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    _checks.one_of(every, "every", EVERY)
    frame, metric = _rows.gather(
        rows, outcome, [time, group, weights or "", cluster or ""], "rows"
    )
    names = label(frame[group])
    _check_label(names, group, treated)
    given = frame[[time, group, _rows.VALUE]].notna().all(axis=1)
    known = given.to_numpy(dtype=bool)
    frame, names = frame[known].reset_index(drop=True), names[known]
    clock = calendar(frame[time], at=at, until=until, name=time)
    kept = ~clock.past
    inside = (names == treated).to_numpy(dtype=bool)
    plan = _rows.plan_of(frame, weights, cluster)
    plan = _same_mix(plan.at(kept), names.to_numpy(dtype=object)[kept], inside[kept],
                     clock.after[kept])  # fmt: skip
    panel = Panel(
        metric=metric, y=_rows.values_of(frame)[kept],
        inside=inside[kept], after=clock.after[kept],
        names=names.to_numpy(dtype=object)[kept],
        period=clock.periods(every).to_numpy()[kept],
        plan=plan, level=confidence_level,
    )  # fmt: skip
    return _result(panel, treated, told(clock.at), int((~known).sum()))


def _same_mix(plan: Design, names: Labels, inside: Rows, after: Rows) -> Design:
    """Weigh the others after the change to the mix that they had before."""
    w = plan.weights.copy()
    names = np.asarray(names)
    shares = {
        later: pd.Series(w[rows]).groupby(names[rows]).sum() / w[rows].sum()
        for later, rows in ((False, ~inside & ~after), (True, ~inside & after))
    }
    if len(shares[False]) < 2 or set(shares[False].index) != set(shares[True].index):
        return plan
    factor = shares[False] / shares[True]
    moved = ~inside & after
    w[moved] *= factor.loc[names[moved]].to_numpy(dtype=float)
    return replace(plan, weights=w, weighted=True)


def _check_label(names: pd.Series, group: str, treated: str) -> None:
    seen = sorted(set(names))
    if treated not in seen:
        hint = _checks.did_you_mean(treated, seen)
        raise ArgumentError(f"`treated` is '{treated}', no label of '{group}'; {hint}")
    if len(seen) < 2:
        raise DataError(f"'{group}' has only '{treated}'; there is no other group.")


def _result(panel: Panel, treated: str, at: str, unknown: int) -> DoubleChange:
    main = panel.gap(panel.after)
    table = _choices(panel, main)
    leads, placebo = _panel.leads(panel)
    reasons = _reasons(table, placebo, 1 - panel.level)
    return DoubleChange(
        table=table, unit=panel.metric.result_unit,
        series=_panel.series(panel, treated),
        leads=leads, placebo=placebo, n_before=len(panel.before),
        claimed=not reasons, reasons=reasons, metric=panel.metric.name, treated=treated,
        at=at, n_unknown=unknown, confidence_level=panel.level,
        assumptions=_ASSUMPTIONS, method=_method(panel, unknown),
    )  # fmt: skip


def _choices(panel: Panel, main: DoubleDifference) -> pd.DataFrame:
    """The double difference, as reported and under other reasonable choices."""
    rows = [_panel.row(panel, AGAINST, main, np.ones_like(panel.inside))]
    by_period = _panel.by_period(panel)
    if by_period is not None:
        rows.append(rows[0] | {"comparison": PERIODS} | by_period)
    others = sorted(set(panel.names[~panel.inside]))
    for name in others if len(others) > 1 else []:
        part = panel.inside | (panel.names == name)
        sizes = [
            int((panel.after[panel.names == name] == later).sum())
            for later in (False, True)
        ]
        if min(sizes) >= MIN_N:
            rows.append(
                _panel.row(panel, f"against {name}", panel.gap(panel.after, part), part)
            )
    return pd.DataFrame(rows)


def _reasons(table: pd.DataFrame, placebo: float, alpha: float) -> tuple[str, ...]:
    """What speaks against a change at the date."""
    found = []
    by_period = table[table["comparison"] == PERIODS]
    if not float(table["pvalue"].iloc[0]) < alpha:
        found.append("the two may have changed alike")
    elif (
        len(by_period)
        and by_period["df"].iloc[0] >= LEAST_DF
        and not float(by_period["pvalue"].iloc[0]) < alpha
    ):
        found.append("the gap between the groups moves as much from period to period")
    if not np.isfinite(placebo):
        found.append("one period before leaves no placebo")
    elif placebo < alpha:
        found.append("the two moved apart before it already (placebo)")
    return tuple(found)


def _method(panel: Panel, unknown: int) -> str:
    units = (
        f"clustered ({panel.plan.n_clusters:,} clusters)"
        if panel.plan.clustered
        else "of independent rows"
    )
    left = (
        f" {unknown:,} rows without group, time or outcome left out." if unknown else ""
    )
    return (
        f"Double difference of {'weighted ' if panel.plan.weighted else ''}means, "
        f"standard errors {units}; placebo over {len(panel.before)} "
        f"{_words.listed(['periods'])} before.{left}"
    )


_ASSUMPTIONS = (
    Assumption(
        text="Without the change the group would have moved as the others did "
        "(parallel trends).",
        quality="medium", impact="high",
    ),
    Assumption(
        text="The change did not spill over to the others, and who belongs to which "
        "group did not change with it.",
        quality="medium", impact="high",
    ),
)  # fmt: skip
