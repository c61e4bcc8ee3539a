"""The whole table in an engine: files put together, keys, respondents, the scale."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

import narwhals as nw
import pandas as pd

from cxlib import scales
from cxlib.data import rules
from cxlib.data.checks import Check
from cxlib.data.convert import labelled_numbers, read_labels
from cxlib.data.engines.columns import Column, value
from cxlib.data.engines.worker import Worker
from cxlib.data.frames import Lazy, collect
from cxlib.data.request import Request
from cxlib.data.scores import judge, text_scores
from cxlib.errors import DataError, Problem

MAX_LABELS = 1_000


def distinct_rows(rows: Lazy, request: Request, n_rows: int) -> tuple[Lazy, int]:
    """Drop rows equal in every column to another, where ids tell them apart."""
    names = rows.collect_schema().names()
    kinds = request.rules.kinds
    ids = [c for c, kind in kinds.items() if kind == "id" and c in names]
    if not ids or "occurred_at" in kinds:
        return rows, 0
    known = ~nw.all_horizontal(*[nw.col(c).is_null() for c in ids], ignore_nulls=False)
    rest = rows.filter(~known)
    once = rows.filter(known).unique(keep="any")
    left = _count(once) + _count(rest)
    if left == n_rows:
        return rows, 0
    return nw.concat([once.select(*names), rest.select(*names)]), n_rows - left


def repeated_keys(rows: Lazy, request: Request) -> list[Problem]:
    """One problem where rows share what must name one row only."""
    keys = list(request.rules.unique)
    names = rows.collect_schema().names()
    if not keys or not set(keys) <= set(names):
        return []
    each = rows.group_by(*keys).agg(nw.len().alias("cx rows"))
    twice = each.filter(nw.col("cx rows") > 1)
    total = collect(twice.select(nw.col("cx rows").sum()))["cx rows"].iloc[0]
    if pd.isna(total) or not int(total):
        return []
    shown = collect(twice.sort(*keys).head(3))
    return [rules.repeated_key(keys, int(total), shown, request.source)]


def respondents(
    rows: Lazy, request: Request, engine: Worker, n_rows: int
) -> tuple[Lazy, list[Check]]:
    """Number rows that have no respondent id; say when respondents repeat."""
    source, name = request.source, "respondent_id"
    ids = nw.col(name)
    filled = distinct = 0
    if name in rows.collect_schema().names():
        seen = rows.filter(~ids.is_null()).group_by(name).agg(nw.len().alias("n"))
        total = collect(seen.select(nw.col("n").sum(), nw.len().alias("ids"))).iloc[0]
        filled = int(total["n"]) if total["ids"] else 0
        distinct = int(total["ids"])
    checks = rules.respondents(
        source, rows=n_rows, blank=n_rows - filled, repeats=filled - distinct
    )
    if filled:
        return rows, checks
    bare = rows.drop(name, strict=False)
    native = engine.numbered(bare.to_native(), name)
    return nw.from_native(native).lazy(), checks


def scored(
    rows: Lazy, scale: scales.Scale | None, file: str, n_rows: int
) -> tuple[Lazy, dict[str, int], list[Check], list[Problem]]:
    """Blank the answers that are off the scale and count the denominator."""
    score = nw.col("score")
    each = rows.group_by("score").agg(nw.len().alias("n"))
    found = collect(each.filter(~score.is_null()).sort("score"))
    tally = pd.Series(found["n"].to_numpy(), found["score"].astype(float))
    if scale is None:
        texts = int(tally[tally.index == inf].sum())
        counts = {"rows": n_rows}
        good = score < inf
        checks = [text_scores(file, texts)] if texts else []
        problems: list[Problem] = []
    else:
        counts, checks, problems = judge(tally, n_rows, scale, file)
        good = (score >= scale.low) & (score <= scale.high)
        good = good & (score % 1 == 0) if scale.integer else good
    blanked = nw.when(good).then(score).alias("score")
    return rows.with_columns(blanked), counts, checks, problems


def read_scores(
    column: Column, found: Mapping[str, Any], rows: Lazy, file: str
) -> tuple[nw.Expr, list[Check]]:
    """Return scores as numbers, also as survey tools label them; text is infinite."""
    number = value(column)
    if found["fits"] == found["filled"]:
        return number.alias(column.name), []
    cells = nw.col(column.name)
    odd = rows.filter(number.is_null() & ~cells.is_null())
    each = collect(odd.group_by(column.name).agg(nw.len().alias("n")).head(MAX_LABELS))
    if len(each) == MAX_LABELS:
        raise DataError(
            f"{file}: column '{column.name}' holds {MAX_LABELS:,} different texts or "
            "more, not scores; map another column to score."
        )
    read = labelled_numbers(each[column.name])
    expression: nw.Expr = nw.when(~cells.is_null()).then(nw.lit(inf))
    for text, score in zip(each[column.name], read, strict=True):
        if pd.notna(score):
            one = nw.when(cells == text).then(nw.lit(float(score)))
            expression = one.otherwise(expression)
    fits = nw.when(~number.is_null()).then(number).otherwise(expression)
    n = int(each.loc[read.notna(), "n"].sum())
    name = f"{file}: {column.name}"
    return fits.alias(column.name), [read_labels(name, n)] if n else []


def _count(rows: Lazy) -> int:
    return int(collect(rows.select(nw.len().alias("n")))["n"].iloc[0])
