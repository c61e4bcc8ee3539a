"""One source in an engine: mapped, filtered, counted in one pass, converted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import narwhals as nw
import pandas as pd

from cxlib.data.checks import Check
from cxlib.data.engines.columns import Column, as_text, converted, counts, tidy
from cxlib.data.engines.findings import findings
from cxlib.data.engines.iso import ISO8601, spelled
from cxlib.data.engines.opened import Opened, open_lazily
from cxlib.data.engines.whole import read_scores
from cxlib.data.engines.worker import Worker, reading
from cxlib.data.frames import collect
from cxlib.data.mapping import (
    cannot_keep,
    keeps_nothing,
    kept,
    missing_columns,
    name_columns,
    wanted_texts,
)
from cxlib.data.open import FileInfo
from cxlib.data.personal import asked_for, is_personal, left_out
from cxlib.data.request import Request
from cxlib.data.source import Source
from cxlib.errors import DataError, Problem

Rows = nw.LazyFrame[Any]


@dataclass(slots=True, kw_only=True, eq=False)
class Part:
    """What is known of one source: it fills step by step."""

    source: Source
    request: Request
    engine: Worker
    called: str
    rows: Rows
    columns: list[Column] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    n_rows: int = 0
    file: FileInfo | None = None


def read_part(source: Source, request: Request, engine: Worker, called: str) -> Part:
    """Open, map, filter, count and convert one source."""
    opened = open_lazily(source, engine, called=called, root=request.root)
    part = Part(
        source=source, request=request, engine=engine, called=called,
        rows=opened.rows, checks=list(opened.checks),
    )  # fmt: skip
    with reading(source, engine):
        _map(part, opened)
        _keep(part, opened)
        if not part.problems:
            _count(part)
            _convert(part)
    return part


def _map(part: Part, opened: Opened) -> None:
    """Our names, constants, tidy cells; personal columns stay in the file."""
    source, kinds = part.source, part.request.rules.kinds
    schema = part.rows.collect_schema()
    names = [n for n in schema.names() if opened.long_rows is None or n[:3] != "cx "]
    named, part.problems = name_columns(names, {}, source, kinds)
    wanted = asked_for(source, [*kinds, *part.request.needed])
    personal = [c for c in named if c not in wanted and is_personal(c, source)]
    if personal:
        part.checks.append(left_out(personal, source))
    named = {ours: n for ours, n in named.items() if ours not in personal}
    named = {ours: n for ours, n in named.items() if ours not in source.set}
    named = {ours: n for ours, n in named.items() if not schema[n].is_nested()}
    part.problems += _alike(named, source)
    if part.problems:
        return
    cells = [
        tidy(n, schema[n], source.missing).alias(ours) for ours, n in named.items()
    ]
    extra = [n for n in schema.names() if n not in names]
    blank = nw.all_horizontal(
        *[nw.col(ours).is_null() for ours in named], ignore_nulls=False
    )
    rows = part.rows.select(*cells, *extra).with_columns(blank.alias("cx blank"))
    fixed = [nw.lit(str(v)).alias(str(k)) for k, v in source.set.items()]
    part.rows = rows.with_columns(*fixed) if fixed else rows
    part.columns = _columns(part, [*named, *map(str, source.set)])


def _alike(names: Mapping[str, str], source: Source) -> list[Problem]:
    """Raise for names that differ in case only: SQL cannot tell them apart."""
    folded: dict[str, str] = {}
    problems = []
    for name in names:
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            problems.append(
                Problem(
                    rule=f"differs from column '{other}' in case only",
                    fix="Rename one of the two, or read with `engine: pandas`.",
                    file=source.name, column=name,
                )
            )  # fmt: skip
    return problems


def _columns(part: Part, names: list[str]) -> list[Column]:
    schema = part.rows.collect_schema()
    kinds = part.request.rules.kinds
    return [
        Column(
            name=name, kind=kinds.get(name), dtype=schema[name],
            decimal=part.source.decimal,
            date=f"cx date {i}" if kinds.get(name) == "date" else "",
        )
        for i, name in enumerate(names)
    ]  # fmt: skip


def _keep(part: Part, opened: Opened) -> None:
    """Count the rows, drop blank ones and those that `keep` leaves out."""
    if part.problems:
        return
    source = part.source
    known = {column.name: column for column in part.columns}
    unknown = [column for column in source.keep if column not in known]
    part.problems += [cannot_keep(source, column, known) for column in unknown]
    if unknown:
        return
    filled = part.rows.filter(~nw.col("cx blank"))
    tests = {
        c: _comparable(known[c]).is_in(wanted_texts(v)).fill_null(value=False)
        for c, v in source.keep.items()
    }
    inside, asked = ~nw.col("cx blank"), {}
    for i, test in enumerate(tests.values()):
        asked[f"out {i}"] = nw.when(inside & ~test).then(nw.lit(1)).count()
        inside = inside & test
    blanks = nw.when(nw.col("cx blank")).then(nw.lit(1)).count()
    asked |= {"rows": nw.len(), "blank": blanks}
    asked |= {"long": opened.long_rows} if opened.long_rows is not None else {}
    asked |= {"kept": nw.when(inside).then(nw.lit(1)).count()}
    whole = collect(part.rows.select(**asked)).iloc[0].astype(int)
    _denominators(part, opened, whole)
    for i, (column, test) in enumerate(tests.items()):
        values = wanted_texts(source.keep[column])
        outside = filled.filter(~test).select(_comparable(known[column]))
        shown = collect(outside.unique().sort(column, nulls_last=True).head(8))[column]
        part.checks.append(kept(source, column, values, shown, int(whole[f"out {i}"])))
        filled = filled.filter(test)
    part.rows, part.n_rows = filled, int(whole["kept"])
    if not part.n_rows:
        part.problems.append(keeps_nothing(source))


def _comparable(column: Column) -> nw.Expr:
    """Text to compare with `keep`: 1.0 is '1'."""
    text = as_text(column, whole=False)
    if not column.dtype.is_float():
        return text
    whole = nw.col(column.name) % 1 == 0
    short = as_text(column, whole=True)
    return nw.when(whole).then(short).otherwise(text).alias(column.name)


def _denominators(part: Part, opened: Opened, whole: pd.Series) -> None:
    """Stop at torn rows and empty tables; note blank rows and the file's facts."""
    source = part.source
    if whole.get("long", 0):
        raise DataError(
            f"{source.name}: {whole['long']:,} rows have more cells than the header; "
            "quote the texts that hold a separator or quote."
        )
    filled = int(whole["rows"] - whole["blank"])
    if not filled:
        nothing = "returns no rows" if source.query else "has a header but no rows"
        fix = "mend the query" if source.query else "export it again"
        raise DataError(f"{source.name} {nothing}; {fix}.")
    if whole["blank"]:
        detail = "rows with every cell blank: dropped"
        part.checks.append(Check.caution(source.name, detail, int(whole["blank"])))
    part.file = FileInfo(
        path=source.path or "query", sha256=opened.sha256, n_bytes=opened.n_bytes,
        n_rows=filled,
    )  # fmt: skip


def _count(part: Part) -> None:
    """Count all cells in one pass; word what breaks a rule."""
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
    native = part.engine.with_dates(rows.to_native(), plan) if plan else None
    part.rows = nw.from_native(native).lazy() if plan else rows
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
        checks, problems = findings(
            column, part.found[column.name], part.rows, part.source
        )
        part.checks += checks
        part.problems += problems


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


def _convert(part: Part) -> None:
    if part.problems:
        return
    typed = []
    for column in part.columns:
        found = part.found[column.name]
        if column.kind == "score":
            name = part.source.name
            expression, checks = read_scores(column, found, part.rows, name)
            part.checks += checks
        else:
            expression = converted(column, found, part.n_rows)
        typed.append(expression)
    part.rows = part.rows.select(*typed)
    schema = part.rows.collect_schema()
    part.columns = [replace(c, dtype=schema[c.name]) for c in part.columns]
