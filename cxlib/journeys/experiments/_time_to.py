"""Times to an event by variant, from one aggregate."""

from __future__ import annotations

import narwhals as nw
import pandas as pd

from cxlib.estimate import ArmDifference
from cxlib.estimate.moments import Pair, arm_difference
from cxlib.estimate.time_to import Times, kaplan_meier, restricted_mean
from cxlib.journeys._frames import Lazy, collect


def times(
    prepared: Lazy, variant: str, *, duration: str, event: str
) -> dict[str, Times]:
    """Return each variant's events and ends of follow-up by distinct time."""
    counted = counts(prepared, [variant], duration=duration, event=event)
    return {str(name): as_times(rows) for name, rows in counted.groupby(variant)}


def counts(
    prepared: Lazy, keys: list[str], *, duration: str, event: str
) -> pd.DataFrame:
    """Return `events` and ends of follow-up (`leaving`) by keys and distinct `time`."""
    known = prepared.filter(~nw.col(duration).is_null() & ~nw.col(event).is_null())
    counted = collect(
        known.group_by(*keys, duration).agg(
            nw.col(event).sum().alias("events"), nw.len().alias("leaving")
        )
    )
    return counted.rename(columns={duration: "time"}).sort_values([*keys, "time"])


def as_times(rows: pd.DataFrame) -> Times:
    """Return the rows of one arm, in which a time may come more than once."""
    each = rows.groupby("time", as_index=False)[["events", "leaving"]].sum()
    return Times(
        *(each[c].to_numpy(dtype=float) for c in ("time", "events", "leaving"))
    )  # fmt: skip


def compare_restricted_means(
    control: Times, treatment: Times, *, horizon: float, confidence_level: float
) -> ArmDifference:
    """Compare mean times up to a horizon; normal interval."""
    a, b = (restricted_mean(kaplan_meier(arm), horizon) for arm in (control, treatment))
    pair = Pair(
        control=a[0], treatment=b[0], control_var=a[1], treatment_var=b[1],
        df=float("inf"),
    )  # fmt: skip
    return arm_difference(pair, confidence_level=confidence_level)
