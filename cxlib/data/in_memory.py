"""Read a table into memory: pandas works it."""

from __future__ import annotations

import pandas as pd

from cxlib.data import checks as _tables
from cxlib.data import rules
from cxlib.data.checks import Check
from cxlib.data.contract import Contract
from cxlib.data.convert import as_text, convert, natural
from cxlib.data.dates import read_dates
from cxlib.data.mapping import keep_rows, map_columns, missing_columns
from cxlib.data.open import FileInfo, open_source
from cxlib.data.personal import drop_personal
from cxlib.data.request import Request, stop
from cxlib.data.scores import check_scores, unscaled
from cxlib.data.source import Source
from cxlib.data.table import Table
from cxlib.errors import Problem


def read_in_memory(request: Request) -> Table:
    """Read the table; its frame is pandas' and holds every row."""
    frames, files, found = [], [], list[Check]()
    problems: list[Problem] = []
    for part in request.source.files:
        frame, file, checks, bad = _read_part(part, request)
        frames.append(frame)
        files.append(file)
        found += checks
        problems += bad
    stop(request.source, problems)
    merged = pd.concat(_alike(frames), ignore_index=True)
    merged, counts, checks, problems = _whole(merged, request)
    stop(request.source, problems)
    return Table(
        name=request.table, frame=merged, checks=_tables.to_frame(found + checks),
        counts=counts, files=tuple(files), grain=request.rules.grain,
        period=_period(merged),
    )  # fmt: skip


def _period(frame: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """First and last date of the column that dates a table's rows."""
    for column in ("responded_at", "occurred_at", "invited_at"):
        if column in frame.columns and frame[column].notna().any():
            return frame[column].min(), frame[column].max()
    return None


def _read_part(
    part: Source, request: Request
) -> tuple[pd.DataFrame, FileInfo, list[Check], list[Problem]]:
    """Open, map, filter and convert one file."""
    kinds = request.rules.kinds
    opened = open_source(part, request.root)
    frame, problems = map_columns(opened, part, kinds)
    frame, dropped = drop_personal(frame, part, [*kinds, *request.needed])
    frame, checks, unkept = keep_rows(frame, part)
    if not (problems or unkept):
        filled = {str(name): int(n) for name, n in frame.notna().sum().items()}
        problems = missing_columns(
            filled, len(frame), request.needed, rules=request.rules, name=part.name
        )
    problems += unkept
    columns: dict[str, pd.Series] = {}
    for name, column in frame.items():
        kind = kinds.get(str(name))
        if kind is None:
            columns[str(name)] = natural(column, part.decimal)
            continue
        reader = (
            read_dates(column, part) if kind == "date" else convert(column, kind, part)
        )
        columns[str(name)] = reader.values
        checks += reader.checks
        problems += reader.problems
    typed = pd.DataFrame(columns, index=frame.index)
    return typed, opened.file, opened.checks + dropped + checks, problems


def _alike(frames: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """Turn a column into text everywhere when it is text in one of the files."""
    named = {name for frame in frames for name in frame.columns}
    text = {
        name
        for name in named
        if any(_is_text(f[name]) and f[name].notna().any() for f in frames if name in f)
        and not all(_is_text(f[name]) for f in frames if name in f)
    }
    return [f.assign(**{c: as_text(f[c]) for c in text if c in f}) for f in frames]


def _is_text(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.StringDtype)


def _whole(
    frame: pd.DataFrame, request: Request
) -> tuple[pd.DataFrame, dict[str, int], list[Check], list[Problem]]:
    """Rules that need the whole table: blanks, duplicates, keys, the scale."""
    source, contract = request.source, request.rules
    blanks = {c: int(frame[c].isna().sum()) for c in contract.filled if c in frame}
    problems = rules.blank_cells(blanks, contract, source)
    frame, checks = _drop_identical(frame, contract, source)
    problems += _repeated_keys(frame, contract, source)
    if request.table == "responses":
        frame, more = _respondents(frame, source)
        checks += more
    counts = {"rows": len(frame)}
    if request.scale is not None:
        frame, counts, more, bad = check_scores(frame, request.scale, source.name)
        checks += more
        problems += bad
    elif request.table == "responses" and "score" in frame.columns:
        frame, more = unscaled(frame, source.name)
        checks += more
    return frame, counts, checks, problems


def _drop_identical(
    frame: pd.DataFrame, contract: Contract, source: Source
) -> tuple[pd.DataFrame, list[Check]]:
    """Drop rows equal in every column to an earlier one, where ids tell them apart."""
    kinds = contract.kinds
    ids = [c for c, kind in kinds.items() if kind == "id" and c in frame.columns]
    if not ids or "occurred_at" in kinds:
        return frame, []
    twice = frame.duplicated() & frame[ids].notna().any(axis=1)
    if not twice.any():
        return frame, []
    check = rules.identical_rows(source, int(twice.sum()))
    return frame[~twice].reset_index(drop=True), [check]


def _repeated_keys(
    frame: pd.DataFrame, contract: Contract, source: Source
) -> list[Problem]:
    keys = list(contract.unique)
    if not keys or not set(keys) <= set(frame.columns):
        return []
    twice = frame.duplicated(keys, keep=False)
    if not twice.any():
        return []
    return [rules.repeated_key(keys, int(twice.sum()), frame.loc[twice, keys], source)]


def _respondents(
    frame: pd.DataFrame, source: Source
) -> tuple[pd.DataFrame, list[Check]]:
    """Number rows that have no respondent id; say when respondents repeat."""
    rows, column = len(frame), frame.get("respondent_id")
    if column is None or column.isna().all():
        numbered = frame.assign(respondent_id=[f"row {i + 1}" for i in range(rows)])
        return numbered, rules.respondents(source, rows=rows, blank=rows, repeats=0)
    blank = int(column.isna().sum())
    repeats = int(column.dropna().duplicated().sum())
    return frame, rules.respondents(source, rows=rows, blank=blank, repeats=repeats)
