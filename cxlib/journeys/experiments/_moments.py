"""Moments of every metric by cell in one aggregate, wherever the rows live."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import narwhals as nw
import numpy as np
import pandas as pd

from cxlib.errors import DataError
from cxlib.journeys._frames import Lazy, check_numeric, collect
from cxlib.journeys.experiments._cells import Arm, Cells, Floats, Integers
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


def value_expr(metric: Metric) -> nw.Expr:
    """Return a metric's value per user of cleaned columns, null where none."""
    if isinstance(metric, Score):
        return scale_expr(metric.column, metric.rule)
    value = nw.col(metric.column)
    if isinstance(metric, GeometricMean):
        return nw.when(value > 0).then(value).log()
    if isinstance(metric, TimeTo):
        known = nw.when(~nw.col(metric.event).is_null()).then(value)
        capped = nw.when(known > metric.horizon).then(nw.lit(float(metric.horizon)))
        return capped.otherwise(known)
    if isinstance(metric, Ratio):
        return nw.when(~nw.col(metric.denominator).is_null()).then(value)
    return value


def second_expr(metric: Metric) -> nw.Expr:
    """Return a metric's denominator, event within the horizon or covariate."""
    other = nw.col(metric.second)
    if isinstance(metric, TimeTo):
        late = nw.col(metric.column) > metric.horizon
        return nw.when(late).then(nw.lit(0.0)).otherwise(other)
    return other


def unfit_expr(metric: Metric) -> nw.Expr | None:
    """Return whether a user's value cannot belong to a metric of this kind."""
    value = nw.col(metric.column)
    if isinstance(metric, GeometricMean):
        return nw.when(value <= 0).then(1.0).otherwise(0.0)
    if isinstance(metric, TimeTo):
        event = nw.col(metric.event)
        no_flag = (event != 0) & (event != 1)
        return nw.when((value < 0) | no_flag).then(1.0).otherwise(0.0)
    return None


def scale_expr(column: str, scale: Scale) -> nw.Expr:
    """Return `scale.values` as an expression."""
    answer = nw.col(column)
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


def clean(users: Lazy, names: Iterable[str]) -> list[nw.Expr]:
    """Return columns as floats, null where they are not a number; no needless work."""
    schema = users.collect_schema()
    found = []
    for name in dict.fromkeys(names):
        value = nw.col(name).cast(nw.Float64())
        if schema[name].is_float():
            value = nw.when(~value.is_nan()).then(value)
        found.append(value.alias(name))
    return found


def prepare(users: Lazy, metrics: Sequence[Metric], keys: Sequence[str]) -> Lazy:
    """Return keys plus, per metric i, the columns y<i> and x<i>, clean and typed."""
    for metric in metrics:
        check_numeric(users, metric.columns, "users")
    held = [f"key {j}" for j in range(len(keys))]
    read = [name for metric in metrics for name in metric.columns]
    cleaned = users.select(
        *(nw.col(key).alias(name) for key, name in zip(keys, held, strict=True)),
        *clean(users, read),
    )
    columns = [nw.col(name).alias(key) for key, name in zip(keys, held, strict=True)]
    for i, metric in enumerate(metrics):
        value = value_expr(metric)
        columns.append(value.alias(f"y{i}"))
        if metric.second:
            other = nw.when(~value.is_null()).then(second_expr(metric))
            columns.append(other.alias(f"x{i}"))
        unfit = unfit_expr(metric)
        if unfit is not None:
            columns.append(unfit.alias(f"unfit{i}"))
    return cleaned.select(*columns)


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
    if unfit_expr(metric) is not None:
        found.append(nw.col(f"unfit{i}").sum())
    if not metric.second:
        return found
    x = nw.col(f"x{i}")
    found += [
        x.mean().alias(f"mx{i}"),
        x.var(ddof=1).alias(f"vx{i}"),
        nw.cov(y, x, ddof=1).alias(f"c{i}"),
    ]
    if metric.covariate:
        both = nw.when(~x.is_null()).then(y)
        found += [x.count().alias(f"nx{i}"), both.mean().alias(f"my{i}")]
    return found


def by_cells(
    prepared: Lazy, metrics: Sequence[Metric], keys: Sequence[str]
) -> list[Cells]:
    """Return every metric's moments in each cell of the keys; one pass over the users.

    The first key is the variant; users without one are left out.
    """
    parts = [e for i, metric in enumerate(metrics) for e in aggregates(i, metric)]
    seen = collect(prepared.group_by(*keys).agg(nw.len().alias("users"), *parts))
    seen = seen[seen[keys[0]].notna()].sort_values(list(keys), ignore_index=True)
    found = []
    for i, metric in enumerate(metrics):
        _check_fit(seen, i, metric)
        _check_finite(seen, i, metric)
        if isinstance(metric, Proportion):
            _check_flags(prepared, seen, i, metric)
        found.append(_cells(seen, i, metric, keys))
    return found


def by_variant(
    prepared: Lazy, metrics: Sequence[Metric], variant: str
) -> list[dict[str, Arm]]:
    """Return, per metric, the arm of every variant; one pass over the users."""
    found = []
    for metric, cells in zip(
        metrics, by_cells(prepared, metrics, [variant]), strict=True
    ):
        for name, n in zip(cells.keys[variant], cells.n, strict=True):
            if n < 2:
                raise DataError(
                    f"metric '{metric.name}': {n} users of variant '{name}' have a "
                    f"value in '{metric.column}'; at least two are needed."
                )
        found.append({name: cells.arm(cells.of(name)) for name in cells.variants})
    return found


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


def _check_finite(seen: pd.DataFrame, i: int, metric: Metric) -> None:
    """Raise where a value is infinite: its cell has no finite mean or variance."""
    has, varies = seen[f"n{i}"] > 0, seen[f"n{i}"] > 1
    finite = np.isfinite(seen[[f"m{i}", f"v{i}"]].to_numpy(dtype=float))
    if not (finite[has, 0].all() and finite[varies, 1].all()):
        raise DataError(
            f"metric '{metric.name}': '{metric.column}' has infinite values."
        )


def _check_flags(prepared: Lazy, seen: pd.DataFrame, i: int, metric: Metric) -> None:
    """Raise where a flag is no flag: x = x^2 on average only for 0 and 1."""
    n, mean = seen[f"n{i}"].clip(lower=1), seen[f"m{i}"].fillna(0)
    square = seen[f"v{i}"].fillna(0) * (1 - 1 / n) + mean**2
    if not (abs(square - mean) > FLAG_TOLERANCE).any():
        return
    y = nw.col(f"y{i}")
    ends = collect(prepared.select(y.min().alias("low"), y.max().alias("high")))
    low, high = ends["low"].iloc[0], ends["high"].iloc[0]
    raise DataError(
        f"metric '{metric.name}': a proportion needs 0/1 in '{metric.column}'; "
        f"it holds other values, {low:g} to {high:g}. Declare it as a mean, or "
        "recode it."
    )


def _cells(seen: pd.DataFrame, i: int, metric: Metric, keys: Sequence[str]) -> Cells:
    """Assemble one metric's cells; a missing covariate takes the overall mean."""
    n = seen[f"n{i}"].to_numpy(dtype=np.int64)
    mean, var = (np.nan_to_num(_floats(seen, name, i)) for name in "mv")
    scatter = np.maximum(n - 1, 0) * var
    missing = np.zeros(len(n), dtype=np.int64)
    means, scatters = mean[:, None], scatter[:, None, None]
    if metric.second:
        found = _filled(seen, i, n, mean) if metric.covariate else _paired(seen, i, n)
        m_x, s_x, s_xy, missing = found
        means = np.column_stack([mean, m_x])
        scatters = np.stack([scatter, s_xy, s_xy, s_x], axis=1).reshape(-1, 2, 2)
    exposed = seen["users"].to_numpy(dtype=np.int64)
    return Cells(seen[list(keys)], exposed, n, missing, means, scatters)


def _paired(
    seen: pd.DataFrame, i: int, n: Integers
) -> tuple[Floats, Floats, Floats, Integers]:
    """Mean and scatter of a denominator, which every value has."""
    m_x, v_x, cov = (np.nan_to_num(_floats(seen, c, i)) for c in ("mx", "vx", "c"))
    inside = np.maximum(n - 1, 0)
    return m_x, inside * v_x, inside * cov, np.zeros_like(n)


def _filled(
    seen: pd.DataFrame, i: int, n: Integers, mean: Floats
) -> tuple[Floats, Floats, Floats, Integers]:
    """Mean and scatter of a covariate whose gaps hold its overall mean."""
    n_x = seen[f"nx{i}"].to_numpy(dtype=np.int64)
    m_x, v_x, cov, m_y = (
        np.nan_to_num(_floats(seen, c, i)) for c in ("mx", "vx", "c", "my")
    )
    fill = float(n_x @ m_x / n_x.sum()) if n_x.any() else 0.0
    gaps = n - n_x
    whole = np.maximum(n, 1)
    centre = (n_x * m_x + gaps * fill) / whole
    m_gap = np.where(gaps > 0, (n * mean - n_x * m_y) / np.maximum(gaps, 1), mean)
    inside = np.maximum(n_x - 1, 0)
    s_x = inside * v_x + n_x * (m_x - centre) ** 2 + gaps * (fill - centre) ** 2
    s_xy = (
        inside * cov
        + n_x * (m_x - centre) * (m_y - mean)
        + gaps * (fill - centre) * (m_gap - mean)
    )
    return centre, s_x, s_xy, gaps


def _floats(seen: pd.DataFrame, name: str, i: int) -> Floats:
    """Return one aggregate of metric i as floats."""
    return seen[f"{name}{i}"].to_numpy(dtype=float)
