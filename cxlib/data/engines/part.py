"""One source in an engine: mapped, filtered, counted in one pass, converted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import narwhals as nw

from cxlib.data.checks import Check
from cxlib.data.engines.columns import Column, converted, tidy
from cxlib.data.engines.counting import count_cells
from cxlib.data.engines.keeping import BLANK, keep_rows
from cxlib.data.engines.opened import Opened, open_lazily
from cxlib.data.engines.state import Part
from cxlib.data.engines.whole import read_scores
from cxlib.data.engines.worker import Worker, reading
from cxlib.data.mapping import name_columns
from cxlib.data.personal import asked_for, is_personal, left_out
from cxlib.data.request import Request
from cxlib.data.source import Source
from cxlib.errors import Problem


def read_part(source: Source, request: Request, engine: Worker, called: str) -> Part:
    """Open, map, filter, count and convert one source."""
    opened = open_lazily(source, engine, called=called, root=request.root)
    part = Part(
        source=source, request=request, engine=engine, rows=opened.rows,
        checks=list(opened.checks),
    )  # fmt: skip
    with reading(source, engine):
        for step in (_map, keep_rows, count_cells, _convert):
            if not part.problems:
                step(part, opened)
    return part


def _map(part: Part, opened: Opened) -> None:
    """Our names, constants, tidy cells; personal columns stay in the file."""
    source, kinds = part.source, part.request.rules.kinds
    schema = part.rows.collect_schema()
    named, part.problems = name_columns([*opened.names], {}, source, kinds)
    wanted = asked_for(source, [*kinds, *part.request.needed])
    personal = [c for c in named if c not in wanted and is_personal(c, source)]
    if personal:
        part.checks.append(left_out(personal, source))
    named = {ours: n for ours, n in named.items() if ours not in personal}
    named = {c: opened.names[n] for c, n in named.items() if c not in source.set}
    nested = [ours for ours, n in named.items() if schema[n].is_nested()]
    if nested:
        part.checks.append(_nested(nested, source))
    named = {ours: n for ours, n in named.items() if ours not in nested}
    part.problems += _alike(named, source)
    if part.problems:
        return
    cells = [
        tidy(n, schema[n], source.missing).alias(ours) for ours, n in named.items()
    ]
    extra = [opened.torn] if opened.torn else []
    blank = nw.all_horizontal(
        *[nw.col(ours).is_null() for ours in named], ignore_nulls=False
    )
    rows = part.rows.select(*cells, *extra).with_columns(blank.alias(BLANK))
    fixed = [nw.lit(str(v)).alias(str(k)) for k, v in source.set.items()]
    part.rows = rows.with_columns(*fixed) if fixed else rows
    part.columns = _columns(part, [*named, *map(str, source.set)])


def _nested(columns: list[str], source: Source) -> Check:
    """Say which columns hold lists or records, and are not read."""
    detail = f"lists or records left in the file: {', '.join(columns)}"
    return Check.caution(source.name, detail)


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
            date=f"cx date {i}" if _dated(kinds.get(name), schema[name]) else "",
        )
        for i, name in enumerate(names)
    ]  # fmt: skip


def _dated(kind: str | None, dtype: nw.dtypes.DType) -> bool:
    """Whether a column becomes dates; those with a zone become UTC without one."""
    return kind == "date" or getattr(dtype, "time_zone", None) is not None


def _convert(part: Part, opened: Opened) -> None:  # noqa: ARG001
    """Give every column its kind."""
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
