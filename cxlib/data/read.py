"""Open a table, map it, convert it and hold it to its contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from cxlib import scales
from cxlib.data import checks as _tables
from cxlib.data.checks import Check
from cxlib.data.contract import Contract, contract
from cxlib.data.convert import as_text, convert, natural
from cxlib.data.dates import read_dates
from cxlib.data.mapping import keep_rows, map_columns, missing_columns
from cxlib.data.open import FileInfo, open_source
from cxlib.data.personal import drop_personal
from cxlib.data.scores import check_scores, unscaled
from cxlib.data.source import Source, parse
from cxlib.data.table import Table
from cxlib.errors import DataError, Problem


def read(
    table: str,
    source: str | Mapping[str, Any],
    *,
    scale: str | Mapping[str, Any] | scales.Scale | None = None,
    needs: Iterable[str] = (),
    root: Path | None = None,
) -> Table:
    """Open one table of the workbook and check it against its contract.

    Parameters
    ----------
    table : str
        One of responses, invitations, codings, users, customers, events, periods,
        initiatives.
    source : str or mapping
        A path, or the keys of `data.Source`, as in a params file.
    scale : str, mapping or Scale, optional
        Scale of `score`; answers off the scale are counted as invalid. Blank or None
        where the table has no score.
    needs : iterable of str
        Further columns that the question needs; blank names are ignored.
    root : pathlib.Path, optional
        Folder that relative paths start from; the project's root.

    Returns
    -------
    Table
        The typed frame, its check table, its denominators and its files.

    Raises
    ------
    ArgumentError
        For a source that is not well formed.
    DataError
        With every broken rule: file, column, rule, rows, examples and what to do.

    Notes
    -----
    Nothing is imputed, rescaled or guessed: a blank stays blank, an answer off the
    scale becomes blank and is counted, identical rows that carry an id are dropped
    once and counted. Columns outside the contract come along under their own names;
    they become numbers where every filled cell is one.

    Examples
    --------
    >>> survey = read("responses", "data/sample/responses.csv", scale="nps")
    >>> list(survey.counts)
    ['asked', 'answered', 'blank', 'invalid']
    """
    rules = contract(table)
    whole = parse(table, source)
    chosen = scales.get(scale) if scale else None
    asked = [needs] if isinstance(needs, str) else needs
    needed = [name for name in asked if name] + (["score"] if chosen else [])
    frames, files, found = [], [], list[Check]()
    problems: list[Problem] = []
    for part in whole.files:
        frame, file, checks, bad = _read_part(part, rules, needed, root)
        frames.append(frame)
        files.append(file)
        found += checks
        problems += bad
    _stop(whole, problems)
    merged = pd.concat(_alike(frames), ignore_index=True)
    merged, counts, checks, problems = _whole(
        merged, table, rules, whole, chosen, scale
    )
    _stop(whole, problems)
    return Table(
        name=table, frame=merged, checks=_tables.to_frame(found + checks),
        counts=counts, files=tuple(files), grain=rules.grain,
    )  # fmt: skip


def _stop(source: Source, problems: list[Problem]) -> None:
    """Raise with every problem found so far."""
    if problems:
        what = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise DataError(f"{source.name}: {what} to mend.", problems=problems)


def _read_part(
    part: Source, rules: Contract, needed: list[str], root: Path | None
) -> tuple[pd.DataFrame, FileInfo, list[Check], list[Problem]]:
    """Open, map, filter and convert one file."""
    opened = open_source(part, root)
    frame, problems = map_columns(opened, part, rules.kinds)
    frame, dropped = drop_personal(frame, part, [*rules.kinds, *needed])
    frame, checks, unkept = keep_rows(frame, part)
    unmapped = {problem.rule for problem in problems}
    absent = (
        [] if unmapped or unkept else missing_columns(frame, needed, rules, part.name)
    )
    problems += unkept + absent
    columns: dict[str, pd.Series] = {}
    for name, column in frame.items():
        kind = rules.kinds.get(str(name))
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
    frame: pd.DataFrame, table: str, rules: Contract, source: Source,
    chosen: scales.Scale | None, declared: object,
) -> tuple[pd.DataFrame, dict[str, int], list[Check], list[Problem]]:  # fmt: skip
    """Rules that need the whole table: blanks, duplicates, keys, the scale."""
    problems = _blank_cells(frame, rules, source)
    frame, checks = _drop_identical(frame, rules, source)
    problems += _repeated_keys(frame, rules, source)
    if table == "responses":
        frame, more = _respondents(frame, source)
        checks += more
    counts = {"rows": len(frame)}
    if chosen is not None:
        guarded = chosen if isinstance(declared, str) else replace(chosen, name="")
        frame, counts, more, bad = check_scores(frame, guarded, source.name)
        checks += more
        problems += bad
    elif table == "responses" and "score" in frame.columns:
        frame, more = unscaled(frame, source.name)
        checks += more
    return frame, counts, checks, problems


def _blank_cells(frame: pd.DataFrame, rules: Contract, source: Source) -> list[Problem]:
    found = []
    for column in rules.filled:
        blank = int(frame[column].isna().sum()) if column in frame.columns else 0
        if blank:
            fix = "Fill the cells, or drop those rows from the export."
            found.append(
                Problem(
                    rule="may not be blank", rows=blank, file=source.name,
                    column=column, fix=fix,
                )
            )  # fmt: skip
    return found


def _drop_identical(
    frame: pd.DataFrame, rules: Contract, source: Source
) -> tuple[pd.DataFrame, list[Check]]:
    """Drop rows equal in every column to an earlier one, where ids tell them apart."""
    ids = [c for c, kind in rules.kinds.items() if kind == "id" and c in frame.columns]
    if not ids or "occurred_at" in rules.kinds:
        return frame, []
    twice = frame.duplicated() & frame[ids].notna().any(axis=1)
    if not twice.any():
        return frame, []
    detail = "identical to an earlier row in every column: dropped"
    check = Check.caution(f"{source.name}: repeated rows", detail, int(twice.sum()))
    return frame[~twice].reset_index(drop=True), [check]


def _repeated_keys(
    frame: pd.DataFrame, rules: Contract, source: Source
) -> list[Problem]:
    keys = list(rules.unique)
    if not keys or not set(keys) <= set(frame.columns):
        return []
    twice = frame.duplicated(keys, keep=False)
    if not twice.any():
        return []
    shown = frame.loc[twice, keys].astype(str).agg(" / ".join, axis=1)
    return [
        Problem(
            rule=f"{' + '.join(keys)} must name one row only", rows=int(twice.sum()),
            examples=_tables.examples(shown, words=True), file=source.name,
            column=keys[0], fix="Keep one row for each, or aggregate the export first.",
        )
    ]  # fmt: skip


def _respondents(
    frame: pd.DataFrame, source: Source
) -> tuple[pd.DataFrame, list[Check]]:
    """Number rows that have no respondent id; say when respondents repeat."""
    name = f"{source.name}: respondent_id"
    if "respondent_id" not in frame.columns or frame["respondent_id"].isna().all():
        numbered = frame.assign(
            respondent_id=[f"row {i + 1}" for i in range(len(frame))]
        )
        detail = "no id column: rows are numbered, repeat respondents cannot be seen"
        return numbered, [Check.caution(name, detail, len(frame))]
    checks = []
    blank = int(frame["respondent_id"].isna().sum())
    if blank:
        detail = "blank: each such row counts as a respondent of its own"
        checks.append(Check.caution(name, detail, blank))
    repeats = int(frame["respondent_id"].dropna().duplicated().sum())
    if not repeats:
        return frame, checks
    detail = (
        "answers from a respondent seen before: declare `cluster` for honest intervals"
    )
    return frame, [*checks, Check.caution(name, detail, repeats)]
