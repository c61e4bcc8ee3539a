"""Rows of a comparison nobody randomised: outcome, exposure, covariates, design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from cxlib.errors import ArgumentError, DataError
from cxlib.estimate.design import Array, Design, design
from cxlib.journeys._frames import Frame, check_numeric, collect, lazy
from cxlib.journeys.experiments._moments import value_expr
from cxlib.journeys.experiments.declared import metrics as build
from cxlib.journeys.experiments.specs import Mean, Metric, Proportion, Ratio, Score
from cxlib.scales import Kind

VALUE = "value of the outcome"
Outcome = str | Metric | Mapping[str, Any]


def gather(
    frame: Frame, outcome: Outcome, columns: Sequence[str], table: str
) -> tuple[pd.DataFrame, Metric]:
    """Return the outcome's value and other columns of each row, in a fixed order.

    The order does not depend on the engine: folds are drawn over it.
    """
    asked = _spec(outcome)
    own = [asked] if isinstance(asked, str) else asked.columns
    wanted = list(dict.fromkeys(name for name in columns if name))
    rows = lazy(frame, [*own, *wanted], table)
    check_numeric(rows, own, table)
    metric = _known(rows, asked) if isinstance(asked, str) else asked
    found = collect(rows.select(*wanted, value_expr(metric).alias(VALUE)))
    if isinstance(metric, Proportion):
        _check_flag(found[VALUE], metric)
    names = list(found.columns)
    text = found.astype({n: "str" for n in names if found[n].dtype == object})
    where = text.sort_values(names, kind="stable").index
    return found.loc[where].reset_index(drop=True), metric


def kind(metric: Metric) -> Kind:
    """Which kind of mean the outcome is."""
    if isinstance(metric, Score):
        return metric.rule.kind
    return "share" if isinstance(metric, Proportion) else "mean"


def plan_of(rows: pd.DataFrame, weights: str | None, cluster: str | None) -> Design:
    """The design of the rows."""
    given = None
    if weights:
        given = pd.to_numeric(rows[weights], errors="coerce").to_numpy(dtype=float)
    return design(
        len(rows), weights=given,
        cluster=rows[cluster].to_numpy() if cluster else None,
    )  # fmt: skip


def values_of(rows: pd.DataFrame) -> Array:
    """The outcome's values."""
    return np.asarray(rows[VALUE].to_numpy(dtype=float))


def _spec(outcome: Outcome) -> str | Metric:
    if isinstance(outcome, str):
        return outcome
    metric = build([outcome])[0]
    if isinstance(metric, Ratio):
        raise ArgumentError(
            f"`outcome` '{metric.name}' is a ratio; give a mean, proportion or score."
        )
    return metric


def _known(rows: nw.LazyFrame[Any], column: str) -> Metric:
    """A proportion where the column holds 0 and 1 only, else a mean."""
    y = nw.col(column).cast(nw.Float64())
    odd = nw.when((y != 0) & (y != 1)).then(1).otherwise(0)
    found = collect(rows.select(odd.sum().alias("odd")))["odd"].iloc[0]
    sort = Proportion if pd.isna(found) or int(found) == 0 else Mean
    return sort(name=column, column=column)


def _check_flag(values: pd.Series, metric: Metric) -> None:
    odd = values.dropna()[~values.dropna().isin([0, 1])]
    if len(odd):
        raise DataError(
            f"outcome '{metric.name}': column '{metric.column}' holds {odd.iloc[0]:g}, "
            "which is neither 0 nor 1; declare it as a mean, or recode it."
        )
