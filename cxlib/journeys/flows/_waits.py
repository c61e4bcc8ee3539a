"""How long each user waited for a next step: counted durations, with censoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise

import narwhals as nw
import numpy as np
import pandas as pd

from cxlib.errors import DataError
from cxlib.estimate.time_to import (
    Survival,
    Times,
    kaplan_meier,
    log_rank,
    quantile,
    restricted_mean,
)
from cxlib.journeys._frames import Lazy, collect
from cxlib.journeys.flows._clock import seconds_between
from cxlib.journeys.flows._depth import ARM, UNIT
from cxlib.journeys.flows._walk import AT, ORDER, PLACE

NEXT = "(any next step)"
USUAL = 0.9


def waits(rows: Lazy, steps: Sequence[str]) -> pd.DataFrame:
    """Count waits: arm, from, to, seconds, happened, n; one wait a user and step.

    The clock starts at the user's first event at the step and stops at the first event
    at the next one; without one, at the last time of the log.
    """
    last = rows.select(nw.col(AT).max()).collect("pyarrow").to_native()
    end = last[AT][0].as_py()
    if not steps:
        following = nw.col(AT).shift(-1).over(UNIT, order_by=ORDER)
        each = rows.with_columns(following.alias("then"))
        first = nw.col(AT) == nw.col(AT).min().over(UNIT, PLACE)
        each = each.filter(first).group_by(ARM, UNIT, PLACE).agg(
            nw.col(AT).min(), nw.col("then").min()
        )  # fmt: skip
        named = each.with_columns(nw.col(PLACE).alias("from"), to=nw.lit(NEXT))
        return _counted(named, end)
    parts = [_counted(_pair(rows, a, b), end) for a, b in pairwise(steps)]
    return pd.concat(parts, ignore_index=True)


def _pair(rows: Lazy, start: str, to: str) -> Lazy:
    """Return each user's first time at a step and the first time after at the next."""
    here = rows.filter(nw.col(PLACE) == start)
    began = here.group_by(ARM, UNIT).agg(nw.col(AT).min())
    then = rows.filter(nw.col(PLACE) == to).select(UNIT, nw.col(AT).alias("then"))
    both = began.join(then, on=UNIT, how="left")
    after = nw.when(nw.col("then") >= nw.col(AT)).then(nw.col("then"))
    found = both.with_columns(after.alias("then")).group_by(ARM, UNIT, AT)
    return found.agg(nw.col("then").min()).with_columns(
        nw.lit(start).alias("from"), nw.lit(to).alias("to")
    )


def _counted(each: Lazy, end: datetime) -> pd.DataFrame:
    stop = nw.when(nw.col("then").is_null()).then(nw.lit(end)).otherwise(nw.col("then"))
    timed = each.with_columns(
        stop.alias("stop"),
        happened=nw.when(nw.col("then").is_null()).then(0).otherwise(1),
    )
    timed = timed.with_columns(
        seconds_between(timed, AT, "stop").floor().alias("seconds")
    )
    keys = [ARM, "from", "to", "seconds", "happened"]
    return collect(timed.group_by(*keys).agg(nw.len().alias("n")).sort(*keys))


def cut(counts: pd.DataFrame, horizon: float | None) -> pd.DataFrame:
    """Stop every clock at the horizon."""
    if horizon is None:
        return counts
    beyond = counts["seconds"] > horizon
    return counts.assign(
        seconds=counts["seconds"].where(~beyond, horizon),
        happened=counts["happened"].where(~beyond, 0),
    )


def times(counts: pd.DataFrame) -> Times:
    """Return the durations of one arm and step."""
    n = counts["n"].to_numpy(dtype=float)
    weighed = counts.assign(events=n * counts["happened"].to_numpy(), leaving=n)
    by = weighed.groupby("seconds")[["events", "leaving"]].sum().reset_index()
    columns = (by[name].to_numpy(dtype=float) for name in by.columns)
    return Times(*columns)


def described(arm: Times, level: float) -> dict[str, float]:
    """Return who went on and how long it took."""
    curve = kaplan_meier(arm)
    middle, low, high = quantile(curve, 0.5, confidence_level=level)
    return {
        "n": int(arm.leaving.sum()), "n_events": int(arm.events.sum()),
        "share_gone_on": 1 - float(curve.at(curve.last)),
        "lower_quartile": quantile(curve, 0.25)[0], "estimate": middle,
        "ci_lower": low, "ci_upper": high, "upper_quartile": quantile(curve, 0.75)[0],
    }  # fmt: skip


def usual(arms: Sequence[Times]) -> float:
    """Time by which nine of ten next steps seen in any arm had been made."""
    time = np.concatenate([arm.time for arm in arms])
    events = np.concatenate([arm.events for arm in arms])
    order = np.argsort(time)
    share = np.cumsum(events[order]) / max(events.sum(), 1)
    return float(time[order][np.searchsorted(share, USUAL)])


def compared(
    control: Times, treatment: Times, horizon: float, z: float
) -> Mapping[str, float]:
    """Compare restricted mean times up to the horizon, and test by log-rank."""
    curves = kaplan_meier(control), kaplan_meier(treatment)
    means = [_mean(curve, horizon) for curve in curves]
    gap = means[1][0] - means[0][0]
    error = float(np.sqrt(means[0][1] + means[1][1]))
    try:
        test = log_rank([[control, treatment]])
        statistic, pvalue = test.statistic, test.pvalue
    except DataError:
        statistic = pvalue = float("nan")
    return {
        "horizon": horizon, "control": means[0][0], "treatment": means[1][0],
        "effect_size": gap, "std_error": error, "effect_size_ci_lower": gap - z * error,
        "effect_size_ci_upper": gap + z * error, "statistic": statistic,
        "pvalue": pvalue,
    }  # fmt: skip


def _mean(curve: Survival, horizon: float) -> tuple[float, float]:
    try:
        return restricted_mean(curve, horizon)
    except DataError:
        return float("nan"), float("nan")
