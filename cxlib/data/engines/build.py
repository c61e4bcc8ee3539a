"""Read a table in an engine: parts, rules of the whole, the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import pandas as pd

from cxlib.data import checks as _tables
from cxlib.data import rules
from cxlib.data.checks import Check
from cxlib.data.engines.columns import as_text
from cxlib.data.engines.part import read_part
from cxlib.data.engines.state import Part
from cxlib.data.engines.whole import distinct_rows, repeated_keys, respondents, scored
from cxlib.data.engines.worker import Worker, reading, worker
from cxlib.data.frames import Lazy
from cxlib.data.request import Request, stop
from cxlib.data.table import Table
from cxlib.errors import Problem


def read_lazily(request: Request, engine: str) -> Table:
    """Read a table; its frame is the engine's own, and its rows stay in the files.

    Parameters
    ----------
    request : Request
    engine : {'duckdb', 'polars', 'spark'}
    """
    hand = worker(engine)
    source = request.source
    parts = [read_part(one, request, hand, engine) for one in source.files]
    stop(source, [problem for part in parts for problem in part.problems])
    found = [check for part in parts for check in part.checks]
    with reading(source, hand):
        rows = _together(parts)
        rows, counts, checks, problems = _whole(rows, parts, request, hand)
    stop(source, problems)
    return Table(
        name=request.table, frame=rows.to_native(), grain=request.rules.grain,
        checks=_tables.to_frame(found + checks), counts=counts, period=_period(parts),
        files=tuple(part.file for part in parts if part.file is not None),
    )  # fmt: skip


def _whole(
    rows: Lazy, parts: list[Part], request: Request, engine: Worker
) -> tuple[Lazy, dict[str, int], list[Check], list[Problem]]:
    """Rules that need the whole table: blanks, duplicates, keys, the scale."""
    source = request.source
    problems = rules.blank_cells(_blanks(parts, request), request.rules, source)
    total = sum(part.n_rows for part in parts)
    shared = repeated_keys(rows, request)
    twice = 0
    if shared or not request.rules.unique:
        rows, twice = distinct_rows(rows, request, total)
    checks = [rules.identical_rows(source, twice)] if twice else []
    problems += repeated_keys(rows, request) if twice else shared
    n_rows = total - twice
    if request.table == "responses":
        rows, more = respondents(rows, request, engine, n_rows)
        checks += more
    counts = {"rows": n_rows}
    has_score = "score" in rows.collect_schema().names()
    if request.scale is not None or (request.table == "responses" and has_score):
        rows, counts, more, bad = scored(rows, request.scale, source.name, n_rows)
        checks += more
        problems += bad
    return rows, counts, checks, problems


def _blanks(parts: list[Part], request: Request) -> dict[str, int]:
    """Blank cells by column, where there may be none."""
    blanks = {}
    for name in request.rules.filled:
        if any(name in part.found for part in parts):
            seen = [_filled(part, name) for part in parts]
            blanks[name] = sum(part.n_rows for part in parts) - sum(seen)
    return blanks


def _filled(part: Part, name: str) -> int:
    found = part.found.get(name, {"filled": 0})
    return int(found.get("fits", found["filled"]))


def _together(parts: list[Part]) -> Lazy:
    """Put the files under each other; a column is text where it is text in one."""
    if len(parts) == 1:
        return parts[0].rows
    names = dict.fromkeys(column.name for part in parts for column in part.columns)
    types = {name: _type(parts, name) for name in names}
    alike = [part.rows.select(*_columns(part, types)) for part in parts]
    return nw.concat(alike)


def _type(parts: list[Part], name: str) -> Any:
    """The type that all files can share: a whole number becomes a float, then text."""
    found = [column for part in parts for column in part.columns if column.name == name]
    filled = {
        column.dtype
        for part in parts
        for column in part.columns
        if column.name == name and part.found[name]["filled"]
    }
    if len(filled) == 1 and len(found) == len(parts):
        return filled.pop()
    if filled and all(dtype.is_numeric() for dtype in filled):
        return nw.Float64()
    return filled.pop() if len(filled) == 1 else nw.String()


def _columns(part: Part, types: Mapping[str, Any]) -> list[nw.Expr]:
    """Return a part's columns in the types that all parts share."""
    columns = {column.name: column for column in part.columns}
    out = []
    for name, dtype in types.items():
        column = columns.get(name)
        if column is None or not part.found[name]["filled"]:
            out.append(nw.lit(None).cast(dtype).alias(name))
        elif dtype == nw.String():
            found = part.found[name]
            whole = found.get("whole", found["filled"]) == found["filled"]
            out.append(as_text(column, whole=whole))
        else:
            out.append(nw.col(name).cast(dtype))
    return out


def _period(parts: list[Part]) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """First and last date of the column that dates a table's rows."""
    for column in ("responded_at", "occurred_at", "invited_at"):
        seen = [p.found[column] for p in parts if column in p.found]
        lows = [one["low"] for one in seen if pd.notna(one["low"])]
        if lows:
            highs = [one["high"] for one in seen if pd.notna(one["high"])]
            return pd.Timestamp(min(lows)), pd.Timestamp(max(highs))
    return None
