"""Segments of customers: who is in which, and a point's value within each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxlib import _checks
from cxlib.errors import DataError
from cxlib.estimate import pooling
from cxlib.estimate.delta import jacobian
from cxlib.estimate.heterogeneity import Heterogeneity, heterogeneity
from cxlib.roi._calendar import read_calendar
from cxlib.roi.worth._worth import Terms, components

Array = npt.NDArray[np.float64]
MIN_CUSTOMERS, MOST_SEGMENTS = 10, 20
_UNKNOWN = 1e8


@dataclass(frozen=True, slots=True, eq=False)
class Membership:
    """The segment of each row's customer.

    `labels` is text, blank where the customer never has a segment; `share_moved` and
    `share_blank` are shares of customers.
    """

    labels: pd.Series
    share_moved: float
    share_blank: float

    @property
    def names(self) -> list[str]:
        """Segments in alphabetical order."""
        return sorted(self.labels.dropna().unique())


def membership(
    periods: pd.DataFrame, segment: str, *, entity: str, time: str
) -> Membership:
    """Put each customer in the segment of the first period that shows one."""
    _checks.columns(periods, [segment, entity, time], "periods")
    keys = periods[entity]
    ordered = pd.DataFrame(
        {
            "who": keys.to_numpy(dtype=object),
            "at": read_calendar(periods[time]).index,
            "is": periods[segment].astype("string").to_numpy(dtype=object),
        }
    ).sort_values("at", kind="stable")
    people = ordered.groupby("who", sort=False)["is"]
    first, many = people.first(), people.nunique()
    labels = keys.map(first).astype("string")
    names = labels.dropna().unique()
    if len(names) > MOST_SEGMENTS:
        raise DataError(
            f"'{segment}' has {len(names):,} different values; group them into "
            f"{MOST_SEGMENTS} segments or fewer."
        )
    return Membership(labels, float((many > 1).mean()), float(first.isna().mean()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shrunk:
    """Values of k segments, their own and pooled.

    `estimate`, `std_error`, `ci_lower`, `ci_upper` and `weight` have shape (k,);
    `tau` and its interval describe the spread of the true values.
    """

    estimate: Array
    std_error: Array
    ci_lower: Array
    ci_upper: Array
    weight: Array
    tau: float
    tau_ci: tuple[float, float]
    test: Heterogeneity


def shrink(own: Array, half: Array, confidence_level: float) -> Shrunk | None:
    """Pool the segments' values; None where fewer than two could be estimated.

    `half` is half the width of each t interval, NaN where there is no estimate: such a
    segment gets what the others say about one more of their kind.
    """
    known = np.isfinite(own) & (half > 0)
    if known.sum() < 2:
        return None
    z = float(stats.norm.isf((1 - confidence_level) / 2))
    variance = np.square(half[known] / z)
    everywhere = np.full(len(own), _UNKNOWN * float(variance.max()))
    everywhere[known] = variance
    found = pooling.pool(
        np.where(known, own, own[known].mean()), everywhere, min_groups=2,
        scale=pooling.vague_scale(variance), confidence_level=confidence_level,
    )  # fmt: skip
    return Shrunk(
        estimate=found.estimate, std_error=found.std_error, ci_lower=found.ci_lower,
        ci_upper=found.ci_upper, weight=np.where(known, found.weight, 0.0),
        tau=found.tau, tau_ci=(found.tau_ci_lower, found.tau_ci_upper),
        test=heterogeneity(own[known], variance),
    )  # fmt: skip


def revalued(terms: Terms, estimate: float, std_error: float, *, df: float) -> Terms:
    """Move the terms so that their value has another mean and standard error.

    The six numbers are taken as jointly normal: given the value they keep their
    distribution, and the value gets its new one.
    """

    def value(theta: Array) -> float:
        return float(components(terms, theta).sum())

    steps = 0.01 * np.sqrt(np.diag(terms.covariance))
    slope = jacobian(value, terms.theta, steps=steps)[0]
    along = terms.covariance @ slope
    variance = float(slope @ along)
    if variance <= 0:
        return terms
    theta = terms.theta
    for _ in range(4):
        theta = theta + along / variance * (estimate - value(theta))
    change = (std_error**2 - variance) / variance**2
    covariance = terms.covariance + change * np.outer(along, along)
    return replace(terms, theta=theta, covariance=covariance, df=df)
