"""Word what the counts of a column say: the same rules and texts as in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import pandas as pd

from cxlib.data.checks import Check
from cxlib.data.convert import no_flags, no_numbers
from cxlib.data.dates import advise, no_dates, odd_dates
from cxlib.data.engines.columns import Column, value
from cxlib.data.engines.iso import ISO8601
from cxlib.data.frames import collect
from cxlib.data.source import Source
from cxlib.errors import Problem

_TRIED = 500
Rows = nw.LazyFrame[Any]


def findings(
    column: Column, found: Mapping[str, Any], rows: Rows, source: Source
) -> tuple[list[Check], list[Problem]]:
    """Return what to note of a column and what stops the run."""
    if column.kind == "date":
        return _dates(column, found, rows, source)
    if column.kind not in {"number", "flag"}:
        return [], []
    bad = int(found["filled"] - found["fits"])
    if not bad:
        return [], []
    seen = some(column, value(column), rows)
    word = no_flags if column.kind == "flag" else no_numbers
    return [], [word(seen, bad, source)]


def some(column: Column, read: nw.Expr, rows: Rows) -> pd.Series:
    """Return some distinct cells that are filled and cannot be read."""
    cells = nw.col(column.name)
    odd = rows.filter(read.is_null() & ~cells.is_null()).select(cells).unique()
    return collect(odd.sort(column.name).head(_TRIED))[column.name]


def _dates(
    column: Column, found: Mapping[str, Any], rows: Rows, source: Source
) -> tuple[list[Check], list[Problem]]:
    filled, bad = int(found["filled"]), int(found["filled"] - found["fits"])
    name = f"{source.name}: {column.name}"
    odd = odd_dates(name, int(found["epoch"]), int(found["future"]))
    if not bad:
        return odd, []
    seen = some(column, nw.col(column.date), rows)
    said = no_dates(seen, (bad, filled), source.date_format or ISO8601, source=source)
    if not isinstance(said, Problem):
        return said + odd, []
    return [], [said if source.date_format else advise(seen, (bad, filled), source)]
