"""Moments of every metric by variant in one aggregate, wherever the rows live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw
import numpy as np
import pandas as pd

from cxlib.errors import DataError
from cxlib.estimate import Moments
from cxlib.journeys._frames import Lazy, check_numeric, collect, number
from cxlib.journeys.experiments.specs import (
    GeometricMean,
    Metric,
    Proportion,
    Ratio,
    Score,
    TimeTo,
)
from cxlib.scales import Scale

FLAG_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One metric in one variant.

    Attributes
    ----------
    exposed : int
        Users in the variant, whether they have a value or not.
    moments : Moments
        Users with a value; value first, then denominator or covariate.
    missing_covariate : int
        Users with a value but no covariate: given the covariate's overall mean.
    """

    exposed: int
    moments: Moments
    missing_covariate: int


def value_expr(metric: Metric) -> nw.Expr:
    """Return a metric's value per user, null where there is none."""
    if isinstance(metric, Score):
        return scale_expr(metric.column, metric.rule)
    value = number(metric.column)
    if isinstance(metric, GeometricMean):
        return nw.when(value > 0).then(value).log()
    if isinstance(metric, TimeTo):
        known = nw.when(~number(metric.event).is_null()).then(value)
        capped = nw.when(known > metric.horizon).then(nw.lit(float(metric.horizon)))
        return capped.otherwise(known)
    if isinstance(metric, Ratio):
        return nw.when(~number(metric.denominator).is_null()).then(value)
    return value


def second_expr(metric: Metric) -> nw.Expr:
    """Return a metric's denominator, event within the horizon or covariate."""
    other = number(metric.second)
    if isinstance(metric, TimeTo):
        late = number(metric.column) > metric.horizon
        return nw.when(late).then(nw.lit(0.0)).otherwise(other)
    return other


def unfit_expr(metric: Metric) -> nw.Expr | None:
    """Return whether a user's value cannot belong to a metric of this kind."""
    value = number(metric.column)
    if isinstance(metric, GeometricMean):
        return nw.when(value <= 0).then(1.0).otherwise(0.0)
    if isinstance(metric, TimeTo):
        event = number(metric.event)
        no_flag = (event != 0) & (event != 1)
        return nw.when((value < 0) | no_flag).then(1.0).otherwise(0.0)
    return None


def scale_expr(column: str, scale: Scale) -> nw.Expr:
    """Return `scale.values` as an expression."""
    answer = number(column)
    valid = (answer >= scale.low) & (answer <= scale.high)
    if scale.integer:
        valid = valid & (answer.floor() == answer)
    if scale.kind == "mean":
        return nw.when(valid).then(answer)
    value = nw.when(answer >= scale.top_from).then(1.0).otherwise(0.0)
    if scale.kind == "net":
        low = nw.when(answer <= scale.bottom_to).then(-1.0).otherwise(0.0)
        value = value + low
    return nw.when(valid).then(value)


def prepare(users: Lazy, metrics: Sequence[Metric], keys: Sequence[str]) -> Lazy:
    """Return keys plus, per metric i, the columns y<i> and x<i>, clean and typed."""
    for metric in metrics:
        check_numeric(users, metric.columns, "users")
    columns = [nw.col(key) for key in keys]
    for i, metric in enumerate(metrics):
        value = value_expr(metric)
        columns.append(value.alias(f"y{i}"))
        if metric.second:
            other = nw.when(~value.is_null()).then(second_expr(metric))
            columns.append(other.alias(f"x{i}"))
        unfit = unfit_expr(metric)
        if unfit is not None:
            columns.append(unfit.alias(f"unfit{i}"))
    return users.select(*columns)


def winsorise(
    prepared: Lazy, metrics: Sequence[Metric]
) -> tuple[Lazy, dict[int, float]]:
    """Cap declared metrics at a quantile of their non-zero values; return the caps."""
    asked = {i: m.winsorise for i, m in enumerate(metrics) if m.winsorise is not None}
    if not asked:
        return prepared, {}
    values = {i: nw.when(nw.col(f"y{i}") != 0).then(nw.col(f"y{i}")) for i in asked}
    row = collect(
        prepared.select(
            values[i].quantile(at, "linear").alias(f"y{i}") for i, at in asked.items()
        )
    ).iloc[0]
    caps = {i: float(row[f"y{i}"]) for i in asked if pd.notna(row[f"y{i}"])}
    return prepared.with_columns(
        nw.when(nw.col(f"y{i}") > cap)
        .then(nw.lit(cap))
        .otherwise(nw.col(f"y{i}"))
        .alias(f"y{i}")
        for i, cap in caps.items()
    ), caps


def aggregates(i: int, metric: Metric) -> list[nw.Expr]:
    """Return the expressions that give metric i's moments."""
    y = nw.col(f"y{i}")
    found = [
        y.count().alias(f"n{i}"),
        y.mean().alias(f"m{i}"),
        y.var(ddof=1).alias(f"v{i}"),
    ]
    found += [y.min().alias(f"low{i}"), y.max().alias(f"high{i}")]
    if unfit_expr(metric) is not None:
        found.append(nw.col(f"unfit{i}").sum())
    if not metric.second:
        return found
    x = nw.col(f"x{i}")
    both = nw.when(~x.is_null()).then(y)
    return [
        *found,
        x.count().alias(f"nx{i}"), x.mean().alias(f"mx{i}"),
        x.var(ddof=1).alias(f"vx{i}"), both.mean().alias(f"my{i}"),
        nw.cov(y, x, ddof=1).alias(f"c{i}"),
    ]  # fmt: skip


def by_variant(
    prepared: Lazy, metrics: Sequence[Metric], variant: str
) -> list[dict[str, Arm]]:
    """Return, per metric, the arm of every variant; one pass over the users."""
    parts = [e for i, metric in enumerate(metrics) for e in aggregates(i, metric)]
    seen = collect(prepared.group_by(variant).agg(nw.len().alias("users"), *parts))
    seen = seen.set_index(variant).sort_index()
    return [_arms(seen, i, metric) for i, metric in enumerate(metrics)]


def _arms(seen: pd.DataFrame, i: int, metric: Metric) -> dict[str, Arm]:
    """Assemble one metric's arms and check their values."""
    _check_values(seen, i, metric)
    fill = overall(seen, i) if metric.second else 0.0
    arms = {}
    for name, row in seen.iterrows():
        moments = moments_of(row, i, metric, fill)
        missing = int(row[f"n{i}"] - row[f"nx{i}"]) if metric.covariate else 0
        arms[str(name)] = Arm(int(row["users"]), moments, missing)
    return arms


def _check_values(seen: pd.DataFrame, i: int, metric: Metric) -> None:
    """Raise where an arm has too few values or a flag is no flag."""
    _check_fit(seen, i, metric)
    for name, row in seen.iterrows():
        if row[f"n{i}"] < 2:
            raise DataError(
                f"metric '{metric.name}': {int(row[f'n{i}'])} users of variant "
                f"'{name}' have a value in '{metric.column}'; at least two are needed."
            )
        if not np.isfinite([row[f"low{i}"], row[f"high{i}"]]).all():
            raise DataError(
                f"metric '{metric.name}': '{metric.column}' has infinite values."
            )
    if isinstance(metric, Proportion):
        square = seen[f"v{i}"] * (1 - 1 / seen[f"n{i}"]) + seen[f"m{i}"] ** 2
        if (abs(square - seen[f"m{i}"]) > FLAG_TOLERANCE).any():
            low, high = seen[f"low{i}"].min(), seen[f"high{i}"].max()
            raise DataError(
                f"metric '{metric.name}': a proportion needs 0/1 in '{metric.column}'; "
                f"it holds other values, {low:g} to {high:g}. Declare it as a mean, or "
                "recode it."
            )


def _check_fit(seen: pd.DataFrame, i: int, metric: Metric) -> None:
    """Raise where values cannot belong to a metric of this kind."""
    count = int(seen[f"unfit{i}"].sum()) if f"unfit{i}" in seen else 0
    if count and isinstance(metric, TimeTo):
        raise DataError(
            f"metric '{metric.name}': {count:,} users have a '{metric.column}' below 0 "
            f"or neither 0 nor 1 in '{metric.event}'; mend or blank them."
        )
    if count:
        raise DataError(
            f"metric '{metric.name}': {count:,} users have zero or less in "
            f"'{metric.column}'; a geometric mean needs positive values. Blank what is "
            "no time, or declare it as a mean."
        )


def overall(seen: pd.DataFrame, i: int) -> float:
    """Return the overall mean of metric i's second column."""
    n = seen[f"nx{i}"]
    return float((n * seen[f"mx{i}"].fillna(0)).sum() / n.sum()) if n.sum() else 0.0


def moments_of(row: pd.Series, i: int, metric: Metric, fill: float) -> Moments:
    """Moments of one arm; a missing covariate is filled with the overall mean."""
    n, mean, var = row[f"n{i}"], row[f"m{i}"], row[f"v{i}"]
    if not metric.second:
        return Moments(int(n), np.array([mean]), np.array([[var]]))
    n_x, n_gap = row[f"nx{i}"], n - row[f"nx{i}"]
    if n_x == 0:
        return Moments(int(n), np.array([mean, fill]), np.diag([var, 0.0]))
    m_x = (n_x * row[f"mx{i}"] + n_gap * fill) / n
    m_gap = (n * mean - n_x * row[f"my{i}"]) / n_gap if n_gap else mean
    within = (n_x - 1) * np.nan_to_num([row[f"vx{i}"], row[f"c{i}"]])
    across = n_x * (row[f"mx{i}"] - m_x) * np.array(
        [row[f"mx{i}"] - m_x, row[f"my{i}"] - mean]
    ) + n_gap * (fill - m_x) * np.array([fill - m_x, m_gap - mean])
    v_x, cov = (within + across) / (n - 1)
    return Moments(int(n), np.array([mean, m_x]), np.array([[var, cov], [cov, v_x]]))
