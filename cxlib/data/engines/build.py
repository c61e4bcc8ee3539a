"""Read a table in an engine: parts, rules of the whole, the table."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pandas as pd

from cxlib.data import checks as _tables
from cxlib.data import rules
from cxlib.data.checks import Check
from cxlib.data.engines.columns import Column, as_text
from cxlib.data.engines.part import Part, read_part
from cxlib.data.engines.whole import distinct_rows, repeated_keys, respondents, scored
from cxlib.data.engines.worker import Worker, reading, worker
from cxlib.data.request import Request, stop
from cxlib.data.table import Table
from cxlib.errors import Problem

Rows = nw.LazyFrame[Any]


def read_lazily(request: Request, engine: str) -> Table:
    """Read the table; its frame is the engine's own, and its rows stay in the files."""
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
    rows: Rows, parts: list[Part], request: Request, engine: Worker
) -> tuple[Rows, dict[str, int], list[Check], list[Problem]]:
    """Rules that need the whole table: blanks, duplicates, keys, the scale."""
    source = request.source
    problems = rules.blank_cells(_blanks(parts, request), request.rules, source)
    total = sum(part.n_rows for part in parts)
    rows, twice = distinct_rows(rows, request, total)
    checks = [rules.identical_rows(source, twice)] if twice else []
    problems += repeated_keys(rows, request)
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


def _together(parts: list[Part]) -> Rows:
    """Put the files under each other; a column is text where it is text in one."""
    if len(parts) == 1:
        return parts[0].rows
    types: dict[str, set[str]] = {}
    for part in parts:
        for column in part.columns:
            if part.found[column.name]["filled"]:
                types.setdefault(column.name, set()).add(_type(column))
    names = list(dict.fromkeys(c.name for part in parts for c in part.columns))
    return nw.concat(
        [
            part.rows.select(*[_like(part, n, types.get(n, {"text"})) for n in names])
            for part in parts
        ]
    )


def _type(column: Column) -> str:
    dtype = column.dtype
    if dtype == nw.String():
        return "text"
    if dtype.is_integer():
        return "whole"
    return "number" if dtype.is_float() else str(dtype)


def _like(part: Part, name: str, types: set[str]) -> nw.Expr:
    """Return a part's column in the type that all parts share."""
    columns = {column.name: column for column in part.columns}
    numbers = types <= {"whole", "number"}
    whole = types == {"whole"} and name in columns
    target = nw.Int64() if whole else nw.Float64() if numbers else nw.String()
    if name not in columns:
        kept = {c.name: c.dtype for c in part.columns}
        _ = kept
        return nw.lit(None).cast(target).alias(name)
    column = columns[name]
    if len(types) == 1 and not numbers and "text" not in types:
        return nw.col(name)
    if numbers:
        return nw.col(name).cast(target)
    whole = part.found[name].get("whole") == part.found[name]["filled"]
    return as_text(column, whole=bool(whole))


def _period(parts: list[Part]) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """First and last date of the column that dates a table's rows."""
    for column in ("responded_at", "occurred_at", "invited_at"):
        seen = [p.found[column] for p in parts if column in p.found]
        lows = [one["low"] for one in seen if pd.notna(one["low"])]
        if lows:
            highs = [one["high"] for one in seen if pd.notna(one["high"])]
            return pd.Timestamp(min(lows)), pd.Timestamp(max(highs))
    return None
