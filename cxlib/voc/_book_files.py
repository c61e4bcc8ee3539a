"""Codebooks as files: YAML, and tables of one row a code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from cxlib import _checks, paths
from cxlib.data.open import open_source
from cxlib.data.source import parse
from cxlib.data.unique_keys import UniqueLoader
from cxlib.errors import ArgumentError, DataError, Problem
from cxlib.voc._codes import LISTS, TEXTS, Code

YAML = (".yaml", ".yml")
TABLES = (".csv", ".tsv", ".xlsx", ".xlsm")
_PLAIN = ("id", "parent", "status", "merged_into", "since")
_KNOWN = ("version", *_PLAIN)
_SPOKEN = re.compile(rf"({'|'.join((*TEXTS, *LISTS))})[_ ]([a-z][\w-]*)", re.IGNORECASE)
_APART = re.compile(r"(?<!\\);|\n")
_TOLD = re.compile(r"`(\w+)(?:\.([\w-]+))?`(?:: )?(.*)", re.DOTALL)


class _BookLoader(UniqueLoader):
    """Merge keys may stand twice: both are read."""

    repeatable = frozenset({"<<"})


def find(path: str | Path) -> Path:
    """Return the codebook's file, from the project root or the working folder."""
    file = _place(path)
    if not file.is_file():
        beside = file.parent.iterdir() if file.parent.is_dir() else ()
        near = [one.name for one in beside if one.suffix.casefold() in YAML + TABLES]
        hint = _checks.did_you_mean(file.name, near) if near else "check the path."
        raise ArgumentError(f"`codebook` is '{path}'; there is no such file: {hint}")
    return file


def _place(path: str | Path) -> Path:
    try:
        return paths.resolve(path)
    except ArgumentError:
        return Path(path)


def count(source: str, problems: Sequence[Problem]) -> str:
    """Head the list of problems."""
    what = "problem" if len(problems) == 1 else "problems"
    return f"{source}: {len(problems)} {what} to mend."


def read_yaml(file: Path) -> Any:  # noqa: ANN401
    """Return what a YAML file holds; say where it is no YAML."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        return yaml.load(text, Loader=_BookLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        told = f"{getattr(error, 'problem', None) or error}{place}."
        raise DataError(f"{file.name} is not readable as YAML: {told}") from None


def write_yaml(path: str | Path, version: str, codes: Iterable[Code]) -> Path:
    """Write a codebook as YAML that `read_yaml` reads back to the same content."""
    content = {"version": version, "codes": [one.to_dict() for one in codes]}
    text = yaml.safe_dump(
        content, sort_keys=False, allow_unicode=True, default_flow_style=None, width=96
    )
    file = _place(path)
    file.write_text(text, encoding="utf-8", newline="\n")
    return file


def table_of(version: str, codes: Iterable[Code]) -> pd.DataFrame:
    """Return one row a code, all text; columns that nothing fills are left out."""
    rows = []
    for one in codes:
        entry = one.to_dict()
        row = {"version": version} | {part: entry.get(part, "") for part in _PLAIN}
        for part in (*TEXTS, *LISTS):
            for language, value in entry.get(part, {}).items():
                row[f"{part}_{language}"] = _cell(value)
        rows.append(row)
    table = pd.DataFrame(rows, dtype=object).fillna("")
    names = [str(c) for c in table.columns]
    order = [c for part in (*TEXTS, *LISTS) for c in names if c.startswith(f"{part}_")]
    used = [c for c in _PLAIN if c == "id" or table[c].ne("").any()]
    return table[["version", *used, *order]].astype("str")


def _cell(value: str | Sequence[str]) -> str:
    if isinstance(value, str):
        return value
    items = [" ".join(item.split("\n")).replace(";", r"\;") for item in value]
    return ("\n" if any(item.endswith("\\") for item in items) else "; ").join(items)


def read_table(table: str | Path | pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the rows of a codebook, all text, numbered as a spreadsheet does."""
    if isinstance(table, pd.DataFrame):
        frame, source = table.reset_index(drop=True), "codebook"
    else:
        file = find(table)
        frame, source = open_source(parse("codebook", str(file))).frame, file.name
    text = frame.astype(object).map(_text)
    text.index = text.index + 2
    text.columns = pd.Index([_column(str(name)) for name in text.columns])
    return text[(text != "").any(axis=1)], source


def _text(value: object) -> str:
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124
        return ""
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole and isinstance(value, float) else value).strip()


def _column(name: str) -> str:
    spoken = _SPOKEN.fullmatch(name.strip())
    if spoken:
        return f"{spoken[1].casefold()}_{spoken[2]}"
    return name.strip().casefold().replace(" ", "_")


def content_of(
    rows: pd.DataFrame, source: str, version: str
) -> tuple[dict[str, Any], list[Problem]]:
    """Turn rows into the content of a codebook; name columns that do not belong."""
    names = [str(c) for c in rows.columns]
    found = [_stray(c, source) for c in names if c not in _KNOWN and not _spoken(c)]
    found += [
        Problem(
            rule="stands twice in the header", fix="Keep one.", file=source, column=c
        )
        for c in dict.fromkeys(rows.columns[rows.columns.duplicated()])
    ]
    if "id" not in rows:
        fix = "Add a column `id`: one row a code, its id never changes."
        found.append(Problem(rule="has no column `id`", fix=fix, file=source))
    if found:
        return {}, found
    told = [v for v in dict.fromkeys(rows.get("version", pd.Series(dtype=str))) if v]
    if not version and len(told) > 1:
        rule = f"holds several versions: {', '.join(told[:4])}"
        fix = "One file is one version of the codebook."
        return {}, [Problem(rule=rule, fix=fix, file=source, column="version")]
    codes = [_entry(row) for row in rows.to_dict("records")]
    return {"version": version or next(iter(told), "1"), "codes": codes}, []


def _spoken(column: str) -> bool:
    return _SPOKEN.fullmatch(column) is not None


def _stray(column: str, source: str) -> Problem:
    fix = _checks.did_you_mean(column, _KNOWN)
    if column in (*TEXTS, *LISTS):
        fix = f"Name its language, as in `{column}_en`."
    fix = fix[:1].upper() + fix[1:]
    rule = "is not a column of a codebook"
    return Problem(rule=rule, fix=fix, file=source, column=column)


def _entry(row: Mapping[Any, str]) -> dict[str, Any]:
    entry: dict[str, Any] = {key: row[key] or None for key in _PLAIN if key in row}
    for column, cell in row.items():
        spoken = _SPOKEN.fullmatch(column)
        if spoken and cell:
            part, language = spoken[1], spoken[2]
            value: object = cell
            if part in LISTS:
                items = (item.replace(r"\;", ";") for item in _APART.split(cell))
                value = [item.strip() for item in items if item.strip()]
            entry.setdefault(part, {})[language] = value
    return entry


def placed(rows: pd.DataFrame, problems: Sequence[Problem]) -> list[Problem]:
    """Name the row and column of the table for what is wrong with a code."""
    row_of = dict(zip(rows["id"], rows.index, strict=True))
    return [_placed(one, row_of, rows) for one in problems]


def _placed(one: Problem, row_of: Mapping[str, int], rows: pd.DataFrame) -> Problem:
    told = _TOLD.fullmatch(one.rule)
    blank = re.match(r"code (\d+) has the id", one.rule)
    column, rule = "", one.rule
    if told:
        column = f"{told[1]}_{told[2]}" if told[2] else told[1]
        rule = told[3] if told[2] else one.rule
    elif "parent" in one.rule:
        column = "parent"
    elif "id" in one.rule.split():
        column = "id"
    row = rows.index[int(blank[1]) - 1] if blank else row_of.get(one.column)
    where = f"row {row}{f' ({one.column})' if one.column else ''}: " if row else ""
    return replace(one, column=column, rule=f"{where}{rule}")
