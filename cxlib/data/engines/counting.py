"""Count a source's cells in one pass and word what breaks a rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import pandas as pd

from cxlib.data.checks import Check
from cxlib.data.convert import no_flags, no_numbers
from cxlib.data.dates import advise, no_dates, odd_dates
from cxlib.data.engines.columns import Column, counts, value
from cxlib.data.engines.iso import ISO8601, spelled
from cxlib.data.engines.opened import Opened
from cxlib.data.engines.state import Part
from cxlib.data.frames import Lazy, collect
from cxlib.data.mapping import missing_columns
from cxlib.data.personal import asked_for, left_out
from cxlib.data.source import Source
from cxlib.errors import DataError, Problem

_TRIED = 500


def count_cells(part: Part, opened: Opened) -> None:  # noqa: ARG001
    """Count all cells in one pass; word what breaks a rule."""
    _parse_dates(part)
    names = {
        f"{i} {what}": (column.name, what, expr)
        for i, column in enumerate(part.columns)
        for what, expr in counts(column).items()
    }
    seen = collect(part.rows.select(**{key: e for key, (*_, e) in names.items()}))
    for key, (name, what, _) in names.items():
        part.found.setdefault(name, {})[what] = seen[key].iloc[0]
    _drop_addresses(part)
    filled = {name: int(one["filled"]) for name, one in part.found.items()}
    part.problems += missing_columns(
        filled, part.n_rows, part.request.needed,
        rules=part.request.rules, name=part.source.name,
    )  # fmt: skip
    for column in part.columns:
        checks, problems = _findings(
            column, part.found[column.name], part.rows, part.source
        )
        part.checks += checks
        part.problems += problems


def _parse_dates(part: Part) -> None:
    """Add a column of parsed dates for each column that holds dates."""
    dates = {column.date: column for column in part.columns if column.date}
    texts = [
        spelled(nw.col(column.name), part.engine.GROUP).alias(f"{new} iso")
        for new, column in dates.items()
        if column.is_text and _format(part.source) == ISO8601
    ]
    rows = part.rows.with_columns(*texts) if texts else part.rows
    plan = {
        new: _plan(column, part.source, f"{new} iso") for new, column in dates.items()
    }
    if plan:
        native = part.engine.with_dates(rows.to_native(), plan)
        part.rows = nw.from_native(native).lazy()


def _format(source: Source) -> str:
    return source.date_format or ISO8601


def _plan(column: Column, source: Source, iso: str) -> tuple[str, str]:
    """Which column to parse into a date, and how."""
    if column.is_text:
        kind = _format(source)
        return (iso, kind) if kind == ISO8601 else (column.name, kind)
    zone = getattr(column.dtype, "time_zone", None)
    if isinstance(column.dtype, (nw.Datetime, nw.Date)):
        return column.name, "UTC" if zone else ""
    raise DataError(
        f"{source.name}: column '{column.name}' holds {str(column.dtype).lower()}, not "
        "dates; map another column, or export dates as text."
    )


def _drop_addresses(part: Part) -> None:
    """Leave columns that hold mostly e-mail addresses in the file."""
    wanted = asked_for(part.source, [*part.request.rules.kinds, *part.request.needed])
    personal = [
        name
        for name, one in part.found.items()
        if name not in wanted and one.get("addresses", 0) > one["filled"] / 2
    ]
    if personal:
        part.checks.append(left_out(personal, part.source))
    part.columns = [c for c in part.columns if c.name not in personal]
    part.found = {name: one for name, one in part.found.items() if name not in personal}


def _findings(
    column: Column, found: Mapping[str, Any], rows: Lazy, source: Source
) -> tuple[list[Check], list[Problem]]:
    """Return what to note of a column and what stops the run."""
    if column.kind == "date":
        return _dates(column, found, rows, source)
    if column.kind not in {"number", "flag"}:
        return [], []
    bad = int(found["filled"] - found["fits"])
    if not bad:
        return [], []
    seen = _some(column, value(column), rows)
    word = no_flags if column.kind == "flag" else no_numbers
    return [], [word(seen, bad, source)]


def _some(column: Column, read: nw.Expr, rows: Lazy) -> pd.Series:
    """Return some distinct cells that are filled and cannot be read."""
    cells = nw.col(column.name)
    odd = rows.filter(read.is_null() & ~cells.is_null()).select(cells).unique()
    return collect(odd.sort(column.name).head(_TRIED))[column.name]


def _dates(
    column: Column, found: Mapping[str, Any], rows: Lazy, source: Source
) -> tuple[list[Check], list[Problem]]:
    filled, bad = int(found["filled"]), int(found["filled"] - found["fits"])
    name = f"{source.name}: {column.name}"
    odd = odd_dates(name, int(found["epoch"]), int(found["future"]))
    if not bad:
        return odd, []
    seen = _some(column, nw.col(column.date), rows)
    said = no_dates(seen, (bad, filled), source.date_format or ISO8601, source=source)
    if not isinstance(said, Problem):
        return said + odd, []
    return [], [said if source.date_format else advise(seen, (bad, filled), source)]
