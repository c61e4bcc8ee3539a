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
    known = prepared.filter(~nw.col(duration).is_null() & ~nw.col(event).is_null())
    counted = collect(
        known.group_by(variant, duration).agg(
            nw.col(event).sum().alias("events"), nw.len().alias("leaving")
        )
    ).sort_values(duration)
    return {
        str(name): _times(rows, duration) for name, rows in counted.groupby(variant)
    }


def _times(rows: pd.DataFrame, duration: str) -> Times:
    return Times(
        *(rows[c].to_numpy(dtype=float) for c in (duration, "events", "leaving"))
    )


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
