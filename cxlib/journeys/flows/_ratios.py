"""Ratios of sums over users: one arm's interval, two arms' difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import narwhals as nw
import numpy as np
import pandas as pd
from scipy import stats

from cxlib.estimate import Moments, ratio
from cxlib.estimate.point import wilson
from cxlib.journeys._frames import Lazy, collect

SUMS = ("x", "d", "xx", "xd", "dd")


@dataclass(frozen=True, slots=True)
class UserRatio:
    """A ratio of sums in [0, 1], `n` users behind it."""

    n: int
    estimate: float
    std_error: float
    ci_lower: float
    ci_upper: float

    def as_row(self) -> dict[str, float]:
        """Return estimate, std_error and interval."""
        return {
            "estimate": self.estimate, "std_error": self.std_error,
            "ci_lower": self.ci_lower, "ci_upper": self.ci_upper,
        }  # fmt: skip


def moment_sums(rows: Lazy, *by: str) -> Lazy:
    """Sum x, d and their products over users, by group; `base` counts the rows."""
    x, d = nw.col("x"), nw.col("d")
    products = rows.with_columns(xx=x * x, xd=x * d, dd=d * d)
    totals = [nw.col(name).sum() for name in SUMS]
    return products.group_by(*by).agg(nw.len().alias("base"), *totals)


def user_ratio(rows: Lazy, *, confidence_level: float) -> UserRatio:
    """Return the ratio of the sums of x and d over all rows, one a user."""
    sums = collect(moment_sums(rows.with_columns(all=nw.lit(1)), "all"))
    row = {str(name): float(sums[name].iloc[0]) for name in ("base", *SUMS)}
    return from_sums(row, int(row["base"]), confidence_level)


def from_sums(
    sums: Mapping[str, float], n: int, confidence_level: float
) -> UserRatio:  # fmt: skip
    """Return a ratio with Wilson's interval on the delta method's effective size.

    The effective number of denominators is never above their number; a ratio of
    exactly 0 or 1, whose linearised error is zero, takes the number of users behind
    the denominator (`base`, else n).
    """
    x, d, xx, xd, dd = (float(sums[name]) for name in SUMS)
    if d <= 0:
        return UserRatio(n, *[float("nan")] * 4)
    share = x / d
    residual = max(xx - 2 * share * xd + share**2 * dd, 0.0)
    error = (residual * n / max(n - 1, 1)) ** 0.5 / d
    if residual > 1e-12 * dd:
        size = min(share * (1 - share) * d**2 / residual, d)
    else:
        size = min(float(sums.get("base", n)), d)
    low, high = wilson(share, size, confidence_level=confidence_level)
    return UserRatio(n, share, error, low, high)


def arm(sums: Mapping[str, float] | None, n: int) -> Moments:
    """Moments of (x, d) over all n users of an arm, zeros included."""
    x, d, xx, xd, dd = (float(sums[k]) if sums else 0.0 for k in SUMS)
    return Moments.from_sums(max(n, 2), [x, d], np.array([[xx, xd], [xd, dd]]))


def contrast(
    control: Mapping[str, float] | None, treatment: Mapping[str, float] | None,
    sizes: Sequence[int], confidence_level: float,
) -> dict[str, float]:  # fmt: skip
    """Compare two arms' ratios, treatment minus control; NaN where one has no base."""
    names = (
        "control", "treatment", "effect_size", "std_error", "effect_size_ci_lower",
        "effect_size_ci_upper", "statistic", "df", "pvalue",
    )  # fmt: skip
    if not (control and treatment and control["d"] > 0 and treatment["d"] > 0):
        return dict.fromkeys(names, float("nan"))
    arms = arm(control, sizes[0]), arm(treatment, sizes[1])
    found = ratio(*arms, confidence_level=confidence_level).as_row()
    return {name: found[name] for name in names}


def records(table: pd.DataFrame, *keys: str) -> dict[tuple[str, ...], dict[str, float]]:
    """Return a table's numbers by its keys."""
    rest = [name for name in table.columns if name not in keys]
    return {
        tuple(str(row[k]) for k in keys): {str(n): float(row[n]) for n in rest}
        for row in table.to_dict("records")
    }


def quantile(confidence_level: float) -> float:
    """Two-sided normal quantile."""
    return float(stats.norm.isf((1 - confidence_level) / 2))
